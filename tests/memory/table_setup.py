"""An engine whose clock the test moves, and requests to change, for the tests of tables."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.engine import Engine
from adorm.memory.errors import EngineError

START = 1_700_000_000.25
"""14 November 2023, 22:13:20 UTC."""

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"

UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


class Tables:
    """An engine and its clock."""

    def __init__(self, *, delay_s: float | None = None, **options: Any) -> None:
        self.now = START
        self.engine = Engine(now=lambda: self.now, table_delay_s=delay_s, **options)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.engine.call(operation, request)

    def create(self, **changes: Any) -> dict[str, Any]:
        """Create `orders`, and return what the answer says of it."""
        description: dict[str, Any] = self.call("CreateTable", **create_request(**changes))[
            "TableDescription"
        ]
        return description

    def update(self, **changes: Any) -> dict[str, Any]:
        answer = self.call("UpdateTable", TableName="orders", **changes)
        description: dict[str, Any] = answer["TableDescription"]
        return description

    def describe(self, name: str = "orders") -> dict[str, Any]:
        description: dict[str, Any] = self.call("DescribeTable", TableName=name)["Table"]
        return description

    def index(self, name: str = "by_status") -> dict[str, Any]:
        """The description of a global index."""
        (found,) = (
            each for each in self.describe()["GlobalSecondaryIndexes"] if each["IndexName"] == name
        )
        description: dict[str, Any] = found
        return description

    def put(self, **item: Any) -> None:
        self.call("PutItem", TableName="orders", Item=item)

    def refusal(self, operation: str, **request: Any) -> tuple[str, str]:
        """The code and the text with which a request is refused."""
        with pytest.raises(EngineError) as raised:
            self.call(operation, **request)
        return raised.value.code, raised.value.message

    def refused_update(self, **changes: Any) -> tuple[str, str]:
        return self.refusal("UpdateTable", TableName="orders", **changes)


def key(*names: str) -> list[dict[str, str]]:
    """A key schema: the first attribute is the partition key, the second the sort key."""
    kinds = ("HASH", "RANGE")
    return [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(names, kinds[: len(names)], strict=True)
    ]


def defined(**types: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def index(name: str = "by_status", *names: str, **changes: Any) -> dict[str, Any]:
    """An index of `status`, or of other attributes, that projects everything."""
    return {
        "IndexName": name,
        "KeySchema": key(*(names or ("status",))),
        "Projection": {"ProjectionType": "ALL"},
        **changes,
    }


def create_request(**changes: Any) -> dict[str, Any]:
    """CreateTable for `orders`, billed by requests; None removes a member."""
    request = {
        "TableName": "orders",
        "AttributeDefinitions": defined(pk="S"),
        "KeySchema": key("pk"),
        "BillingMode": "PAY_PER_REQUEST",
        **changes,
    }
    return {member: value for member, value in request.items() if value is not None}


def provisioned(**changes: Any) -> dict[str, Any]:
    """Changes of `create_request` that make the table a provisioned one."""
    return {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS, **changes}
