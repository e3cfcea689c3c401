"""Refuses to send to AWS while moto's `mock_aws` is active.

`mock_aws` replaces botocore only. adorm sends its requests by connections of its own, so they would
reach AWS. Only programs that have imported moto load this module.
"""

from __future__ import annotations

import sys
from typing import Any

from adorm.errors import UsageError
from adorm.transport.wire.endpoint import DEFAULT_SUFFIXES, PARTITIONS, Endpoint

HINT = (
    "moto's mock_aws is active, but it mocks only botocore: adorm's own connections go to AWS "
    'itself. In tests use connect("memory"), which is adorm\'s own DynamoDB, or connect("moto"), '
    "or give the endpoint_url= of a server"
)


def is_mocked() -> bool:
    """Whether `mock_aws` is active and mocks DynamoDB."""
    models, config = sys.modules.get("moto.core.models"), sys.modules.get("moto.core.config")
    stubber: Any = getattr(models, "botocore_stubber", None)
    if not getattr(stubber, "enabled", False):
        return False
    passes: Any = getattr(config, "passthrough_service", None)
    return not (callable(passes) and passes("dynamodb"))


def refuse_mock(endpoint: Endpoint) -> None:
    """Refuse an endpoint of AWS while `mock_aws` is active."""
    if is_mocked() and is_aws(endpoint):
        raise UsageError(HINT)


def is_aws(endpoint: Endpoint) -> bool:
    """Whether this is one of AWS's own endpoints."""
    suffixes = {suffix for pair in (DEFAULT_SUFFIXES, *PARTITIONS.values()) for suffix in pair}
    return any(endpoint.host.endswith(f".{suffix}") for suffix in suffixes)
