"""moto's `mock_aws` around adorm's own wire, which it does not reach: it stands in botocore's
place, and adorm's requests go by a connection of their own, to AWS itself.

Only programs that have imported moto load this module.
"""

from __future__ import annotations

import sys
from typing import Any

from adorm.errors import UsageError
from adorm.transport.wire.endpoint import DEFAULT_SUFFIXES, PARTITIONS, Endpoint

HINT = (
    "moto's mock_aws is active, and it mocks botocore alone: adorm sends its requests by a connection of its own, to AWS itself. "
    'In tests connect("memory"), which is adorm\'s own DynamoDB, or connect("moto"); or give the endpoint_url= of a server'
)


def is_mocked() -> bool:
    """Whether `mock_aws` is active here, and DynamoDB is not among what it lets pass."""
    models, config = sys.modules.get("moto.core.models"), sys.modules.get("moto.core.config")
    stubber: Any = getattr(models, "botocore_stubber", None)
    if not getattr(stubber, "enabled", False):
        return False
    passes: Any = getattr(config, "passthrough_service", None)
    return not (callable(passes) and passes("dynamodb"))


def refuse_mock(endpoint: Endpoint) -> None:
    """Refuse to send to AWS what a test means for moto.

    Raises:
        UsageError: `mock_aws` is active, and the endpoint is AWS's own.
    """
    if is_mocked() and is_aws(endpoint):
        raise UsageError(HINT)


def is_aws(endpoint: Endpoint) -> bool:
    """Whether this is one of AWS's own endpoints."""
    suffixes = {suffix for pair in (DEFAULT_SUFFIXES, *PARTITIONS.values()) for suffix in pair}
    return any(endpoint.host.endswith(f".{suffix}") for suffix in suffixes)
