"""What an engine does on demand: conflicts, throttling, several accounts and regions."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory import Engine, EngineError
from tests.memory.table_setup import create_request

KEY = {"pk": {"S": "a"}}


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    made.call("CreateTable", create_request())
    return made


def put(engine: Engine, **item: Any) -> dict[str, Any]:
    return engine.call("PutItem", {"TableName": "orders", "Item": {**KEY, **item}})


def code_of(engine: Engine, operation: str, **request: Any) -> str:
    with pytest.raises(EngineError) as refusal:
        engine.call(operation, request)
    return refusal.value.code


def test_a_held_item_conflicts_with_every_write_and_transaction(engine: Engine) -> None:
    write = {"TableName": "orders", "Key": KEY}
    with engine.hold("orders", KEY):
        assert code_of(engine, "PutItem", TableName="orders", Item=KEY) == (
            "TransactionConflictException"
        )
        assert code_of(engine, "DeleteItem", **write) == "TransactionConflictException"
        with pytest.raises(EngineError) as cancelled:
            engine.call("TransactWriteItems", {"TransactItems": [{"Delete": write}]})
        assert cancelled.value.fields["CancellationReasons"] == [
            {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
        ]
        engine.call("GetItem", write)
        engine.call("PutItem", {"TableName": "orders", "Item": {"pk": {"S": "another"}}})
    put(engine)


def test_a_held_item_is_unprocessed_in_a_batch(engine: Engine) -> None:
    writes = [{"PutRequest": {"Item": {"pk": {"S": each}, "b": {"B": b"x"}}}} for each in "ab"]
    with engine.hold("orders", KEY):
        answer = engine.call("BatchWriteItem", {"RequestItems": {"orders": writes}})
    unprocessed = {"PutRequest": {"Item": {**KEY, "b": {"B": "eA=="}}}}
    assert answer["UnprocessedItems"] == {"orders": [unprocessed]}


def test_only_an_item_of_a_table_can_be_held(engine: Engine) -> None:
    with pytest.raises(EngineError, match="does not match the schema"), engine.hold("orders", {}):
        pass


def test_a_table_throttles_above_its_units_and_recovers_by_the_second() -> None:
    clock = Clock()
    engine = Engine(now=clock, throttle_above=(1, 2))
    engine.call("CreateTable", create_request())
    put(engine)
    put(engine)
    refused = "ProvisionedThroughputExceededException"
    assert code_of(engine, "PutItem", TableName="orders", Item=KEY) == refused
    engine.call("GetItem", {"TableName": "orders", "Key": KEY, "ConsistentRead": True})
    assert code_of(engine, "GetItem", TableName="orders", Key=KEY) == refused
    clock.now += 1
    put(engine)
    engine.call("GetItem", {"TableName": "orders", "Key": KEY})


def test_a_throttled_batch_returns_its_unprocessed_requests() -> None:
    engine = Engine(now=Clock(), throttle_above=(1, 2))
    engine.call("CreateTable", create_request())
    items = [{"pk": {"S": str(number)}} for number in range(4)]
    writes = [{"PutRequest": {"Item": item}} for item in items]
    answer = engine.call("BatchWriteItem", {"RequestItems": {"orders": writes}})
    assert answer["UnprocessedItems"] == {"orders": writes[2:]}
    request = {"RequestItems": {"orders": {"Keys": items, "ConsistentRead": True}}}
    answer = engine.call("BatchGetItem", request)
    assert answer["Responses"] == {"orders": items[:1]}
    assert answer["UnprocessedKeys"]["orders"]["Keys"] == items[1:]
    assert code_of(engine, "BatchGetItem", **request) == "ProvisionedThroughputExceededException"


def test_accounts_and_regions_have_tables_of_their_own(engine: Engine) -> None:
    assert engine.call("ListTables", {}, account="000000000001") == {"TableNames": []}
    assert engine.call("ListTables", {}, region="eu-central-1") == {"TableNames": []}
    assert engine.call("ListTables", {}) == {"TableNames": ["orders"]}


def test_an_operation_that_does_not_exist_is_refused(engine: Engine) -> None:
    assert code_of(engine, "FlyToTheMoon") == "UnknownOperationException"


def test_an_answer_shares_nothing_with_what_is_stored(engine: Engine) -> None:
    put(engine, m={"M": {"a": {"L": []}}})
    request = {"TableName": "orders", "Key": KEY}
    engine.call("GetItem", request)["Item"]["m"]["M"]["a"]["L"].append("spoilt")
    assert engine.call("GetItem", request)["Item"]["m"] == {"M": {"a": {"L": []}}}
    item: dict[str, Any] = {**KEY, "l": {"L": [{"S": "x"}]}}
    engine.call("PutItem", {"TableName": "orders", "Item": item})
    item["l"]["L"].append({"S": "later"})
    assert engine.call("GetItem", request)["Item"]["l"] == {"L": [{"S": "x"}]}
