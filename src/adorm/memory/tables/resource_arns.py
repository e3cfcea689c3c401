"""Internal: the ARNs of tables and streams by which tags and policies are addressed.

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
    """The parts of a table's or a stream's ARN."""

    region: str
    account: str
    table: str
    label: str | None
    """The stream's, if it is one's."""


def read_resource_arn(arn: str) -> ResourceArn:
    """Take an ARN apart.

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
    """The earlier text for an ARN that is refused, and today's for one of another region."""
    return f"Invalid TableArn: Invalid ResourceArn provided as input {arn}"
