"""Internal: the ARNs of tables and streams, which operations on tags and policies use.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from adorm.memory.errors import invalid, invalid_value

_ARN = re.compile(
    r"arn:[a-z-]+:dynamodb:(?P<region>[^:]+):(?P<account>\d+)"
    r":table/(?P<table>[A-Za-z0-9_.-]{3,255})(/(?P<kind>index|stream)/(?P<label>[^/]+))?"
)


class ResourceArn(NamedTuple):
    """The parts of the ARN of a table or a stream."""

    region: str
    account: str
    table: str
    label: str | None
    """The label of the stream; None for the ARN of a table."""


def read_resource_arn(arn: str) -> ResourceArn:
    """Split an ARN into its parts.

    Raises:
        EngineError: the ARN is not of a table or stream.
    """
    old = invalid_table_arn(arn)
    if not arn.startswith("arn:"):
        raise invalid(
            f"One or more parameter values were invalid: ARNs must start with 'arn:': {arn}",
            old=old,
        )
    found = _ARN.fullmatch(arn)
    if found is None:
        raise invalid(
            "One or more parameter values were invalid: Provided Arn is not a DynamoDB resource"
            f" arn: {arn}",
            old=old,
        )
    if found["kind"] == "index":
        raise invalid_value(
            "Invalid resource arn provided, only table or stream is accepted. Provided resource"
            f" arn: {arn}"
        )
    return ResourceArn(found["region"], found["account"], found["table"], found["label"])


def invalid_table_arn(arn: str) -> str:
    """The message for a refused ARN. It is the old wording; the new one only for another region."""
    return f"Invalid TableArn: Invalid ResourceArn provided as input {arn}"
