"""The table that stands behind the loopback server in tests of retries, through the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adorm.calls.calls import Calls
from adorm.errors import (
    ConditionalCheckFailed,
    ConnectionFailed,
    TransactionCanceled,
    ValidationFailed,
)
from adorm.retry import RetryPolicy
from adorm.testing.clock import FakeClock
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.transport import WireTransport
from tests.support.fake_table import FakeTable
from tests.support.loopback import Drop, LoopbackServer

pytestmark = pytest.mark.anyio

ORDERS: dict[str, Any] = {
    "TableName": "orders",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
KEY = {"pk": {"S": "c1"}}
ADD = {
    "TableName": "orders",
    "Key": KEY,
    "UpdateExpression": "ADD #n :one",
    "ExpressionAttributeNames": {"#n": "n"},
    "ExpressionAttributeValues": {":one": {"N": "1"}},
}
CREATE = {
    "TableName": "orders",
    "Item": {**KEY, "raw": {"B": b"\xff"}},
    "ConditionExpression": "attribute_not_exists(pk)",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


class Stack:
    """Calls by wire to a table behind the loopback server."""

    def __init__(
        self, table: FakeTable, server: LoopbackServer, calls: Calls, clock: FakeClock
    ) -> None:
        self.table = table
        self.server = server
        self.calls = calls
        self.clock = clock


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    table = FakeTable()
    await table.open(ORDERS)
    async with LoopbackServer(table) as server:
        transport = WireTransport(
            region="eu-central-1",
            endpoint_url=server.url,
            credentials=Credentials("AKIDEXAMPLE", "secret"),
            environ={},
        )
        await transport.open()
        clock = FakeClock()
        yield Stack(
            table, server, Calls(transport, retry=RetryPolicy(jitter=0.0), clock=clock), clock
        )
        await transport.close()
    await table.close()


async def test_what_was_applied_is_told_apart_from_what_was_answered(stack: Stack) -> None:
    stack.server.script("UpdateItem", Drop("request", applied=False), Drop("half the body"))
    with pytest.raises(ConnectionFailed) as caught:
        await stack.calls.call("UpdateItem", ADD, repeat="never")
    assert (caught.value.maybe_applied, stack.table.writes, stack.table.item("orders", KEY)) == (
        True,
        [],
        None,
    )
    with pytest.raises(ConnectionFailed) as caught:
        await stack.calls.call("UpdateItem", ADD, repeat="never")
    assert caught.value.maybe_applied is True
    assert stack.table.writes == ["UpdateItem"]
    assert stack.table.item("orders", KEY) == {**KEY, "n": {"N": "1"}}


async def test_a_failed_condition_carries_the_item_that_a_lost_attempt_wrote(stack: Stack) -> None:
    stack.server.script("PutItem", Drop("answer headers"))
    with pytest.raises(ConditionalCheckFailed) as caught:
        await stack.calls.call("PutItem", CREATE)
    assert caught.value.maybe_applied is True
    assert caught.value.attribute_map == {**KEY, "raw": {"B": "/w=="}}
    assert (stack.server.operations, stack.table.writes, stack.clock.sleeps) == (
        ["PutItem", "PutItem"],
        ["PutItem"],
        [0.05],
    )


async def test_a_transaction_with_a_token_is_applied_once_and_its_token_fits_nothing_else(
    stack: Stack,
) -> None:
    transaction = {"TransactItems": [{"Update": ADD}], "ClientRequestToken": "token-1"}
    stack.server.script("TransactWriteItems", Drop("status line"))
    await stack.calls.call("TransactWriteItems", transaction)
    assert stack.server.operations == ["TransactWriteItems"] * 2
    assert stack.table.writes == ["TransactWriteItems"]
    assert stack.table.item("orders", KEY) == {**KEY, "n": {"N": "1"}}
    with pytest.raises(ValidationFailed) as caught:
        await stack.calls.call(
            "TransactWriteItems", {**transaction, "TransactItems": [{"Put": CREATE}]}
        )
    assert caught.value.code == "IdempotentParameterMismatchException"


async def test_a_cancelled_transaction_tells_its_reasons_and_applies_nothing(stack: Stack) -> None:
    await stack.calls.call("PutItem", CREATE)
    other = {**ADD, "Key": {"pk": {"S": "c2"}}}
    with pytest.raises(TransactionCanceled) as caught:
        await stack.calls.call(
            "TransactWriteItems", {"TransactItems": [{"Update": other}, {"Put": CREATE}]}
        )
    assert [reason.code for reason in caught.value.reasons] == [None, "ConditionalCheckFailed"]
    assert (stack.table.writes, stack.table.item("orders", {"pk": {"S": "c2"}})) == (
        ["PutItem"],
        None,
    )


async def test_a_table_that_does_not_exist_is_said_so() -> None:
    table = FakeTable()
    await table.open()
    with pytest.raises(LookupError, match="ResourceNotFoundException"):
        table.item("orders", KEY)
    await table.close()
