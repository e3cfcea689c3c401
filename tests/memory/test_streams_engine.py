"""Streams through the engine's own entrance, from CreateTable to GetRecords."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.engine import Engine
from adorm.memory.errors import EngineError

TABLE: dict[str, Any] = {
    "TableName": "orders",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ON = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}}


def read(engine: Engine, arn: str) -> list[dict[str, Any]]:
    description = engine.call("DescribeStream", {"StreamArn": arn})["StreamDescription"]
    records: list[dict[str, Any]] = []
    for shard in description["Shards"]:
        request = {
            "StreamArn": arn,
            "ShardId": shard["ShardId"],
            "ShardIteratorType": "TRIM_HORIZON",
        }
        iterator = engine.call("GetShardIterator", request)["ShardIterator"]
        records += engine.call("GetRecords", {"ShardIterator": iterator})["Records"]
    return records


def test_every_kind_of_write_makes_the_records_that_the_service_makes() -> None:
    # As LocalStack's tests saw it on the service: tests/aws/services/dynamodb/test_dynamodb.py.
    engine = Engine()
    created = engine.call("CreateTable", {**TABLE, "StreamSpecification": ON})
    arn = created["TableDescription"]["LatestStreamArn"]
    named = {"TableName": "orders"}
    engine.call("PutItem", {**named, "Item": key("Fred")})
    engine.call(
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Put": {**named, "Item": key("Fred")}},
                {"Put": {**named, "Item": {**key("New"), "a": {"S": "value"}}}},
            ]
        },
    )
    engine.call(
        "BatchWriteItem",
        {
            "RequestItems": {
                "orders": [
                    {"PutRequest": {"Item": {**key("Fred"), "name": {"S": "Fred"}}}},
                    {"DeleteRequest": {"Key": key("New")}},
                    {"DeleteRequest": {"Key": key("nobody")}},
                ]
            }
        },
    )
    update = {
        **named,
        "Key": key("Fred"),
        "UpdateExpression": "SET n = :n",
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    }
    engine.call("UpdateItem", update)
    engine.call("UpdateItem", update)
    engine.call("DeleteItem", {**named, "Key": key("Fred")})
    engine.call("DeleteItem", {**named, "Key": key("Fred")})
    seen = [
        (each["eventName"], each["dynamodb"]["Keys"]["pk"]["S"], each["dynamodb"]["SizeBytes"])
        for each in read(engine, arn)
    ]
    assert sorted(seen) == sorted(
        [
            ("INSERT", "Fred", 12),
            ("INSERT", "New", 16),
            ("MODIFY", "Fred", 26),
            ("REMOVE", "New", 16),
            ("MODIFY", "Fred", 6 + 14 + 17),
            ("REMOVE", "Fred", 6 + 17),
        ]
    )


def test_a_stream_is_turned_on_and_off_by_update_table() -> None:
    engine = Engine()
    engine.call("CreateTable", TABLE)
    engine.call("PutItem", {"TableName": "orders", "Item": key("before")})
    assert engine.call("ListStreams", {"TableName": "orders"}) == {"Streams": []}
    engine.call("UpdateTable", {"TableName": "orders", "StreamSpecification": ON})
    table = engine.call("DescribeTable", {"TableName": "orders"})["Table"]
    assert table["StreamSpecification"] == ON
    engine.call("PutItem", {"TableName": "orders", "Item": key("while")})
    engine.call(
        "UpdateTable", {"TableName": "orders", "StreamSpecification": {"StreamEnabled": False}}
    )
    engine.call("PutItem", {"TableName": "orders", "Item": key("after")})
    arn = table["LatestStreamArn"]
    assert [each["dynamodb"]["Keys"] for each in read(engine, arn)] == [key("while")]
    description = engine.call("DescribeStream", {"StreamArn": arn})["StreamDescription"]
    assert description["StreamStatus"] == "DISABLED"
    after = engine.call("DescribeTable", {"TableName": "orders"})["Table"]
    assert "StreamSpecification" not in after
    assert after["LatestStreamArn"] == arn


def test_a_deleted_tables_stream_is_still_read() -> None:
    engine = Engine()
    created = engine.call("CreateTable", {**TABLE, "StreamSpecification": ON})
    arn = created["TableDescription"]["LatestStreamArn"]
    engine.call("PutItem", {"TableName": "orders", "Item": key("a")})
    engine.call("DeleteTable", {"TableName": "orders"})
    with pytest.raises(EngineError):
        engine.call("DescribeTable", {"TableName": "orders"})
    assert [each["eventName"] for each in read(engine, arn)] == ["INSERT"]


def test_streams_belong_to_their_account_and_region() -> None:
    engine = Engine()
    created = engine.call("CreateTable", {**TABLE, "StreamSpecification": ON})
    arn = created["TableDescription"]["LatestStreamArn"]
    for place in ({"region": "eu-west-1"}, {"account": "000000000001"}):
        assert engine.call("ListStreams", {}, **place) == {"Streams": []}
        with pytest.raises(EngineError, match="not found"):
            engine.call("DescribeStream", {"StreamArn": arn}, **place)


def test_time_to_live_removes_what_expired_and_the_record_says_so() -> None:
    now = [1_700_000_000.0]
    engine = Engine(now=lambda: now[0], stream_shards=2)
    created = engine.call("CreateTable", {**TABLE, "StreamSpecification": ON})
    arn = created["TableDescription"]["LatestStreamArn"]
    specification = {"AttributeName": "expires_at", "Enabled": True}
    engine.call(
        "UpdateTimeToLive",
        {"TableName": "orders", "TimeToLiveSpecification": specification},
    )
    item = {**key("a"), "expires_at": {"N": "1700000060"}}
    engine.call("PutItem", {"TableName": "orders", "Item": item})
    assert engine.remove_expired() == 0
    now[0] += 3600
    assert "Item" in engine.call("GetItem", {"TableName": "orders", "Key": key("a")})
    assert engine.remove_expired() == 1
    assert engine.call("GetItem", {"TableName": "orders", "Key": key("a")}) == {}
    removal = read(engine, arn)[-1]
    assert removal["eventName"] == "REMOVE"
    assert removal["userIdentity"] == {
        "Type": "Service",
        "PrincipalId": "dynamodb.amazonaws.com",
    }


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("ListStreams", {"Limit": 0}),
        ("ListStreams", {"Limit": 101}),
        ("DescribeStream", {}),
        ("DescribeStream", {"StreamArn": "short"}),
        ("GetShardIterator", {"StreamArn": "x" * 40, "ShardId": "x" * 30}),
        (
            "GetShardIterator",
            {"StreamArn": "x" * 40, "ShardId": "x" * 30, "ShardIteratorType": "FIRST"},
        ),
        ("GetRecords", {}),
        ("GetRecords", {"ShardIterator": ""}),
        ("GetRecords", {"ShardIterator": "x", "Limit": 1001}),
    ],
)
def test_some_requests_are_refused_without_a_stream(
    operation: str, request_: dict[str, Any]
) -> None:
    with pytest.raises(EngineError) as raised:
        Engine().call(operation, request_)
    assert raised.value.code == "ValidationException"
