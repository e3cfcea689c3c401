"""Clients at the real engine over loopback: adorm's wire, aiobotocore, and some ill-behaved."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

import adorm
from adorm.errors import ServiceError
from adorm.memory.engine import Engine
from adorm.memory.server import Server, Service
from tests.support.raw_http import LIMIT_S, dial, post

pytestmark = pytest.mark.anyio

REGION = "eu-central-1"
TABLE: dict[str, Any] = {
    "TableName": "orders",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@asynccontextmanager
async def serving() -> AsyncGenerator[Server, None]:
    server = Server(Service(Engine()).answer)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def botocore_client(server: Server, name: str) -> AsyncGenerator[Any, None]:
    session = get_session()
    made: Any = session.create_client(name, region_name=REGION, endpoint_url=server.endpoint_url)
    async with made as client:
        yield client


async def test_aiobotocore_works_against_it() -> None:
    async with serving() as server, botocore_client(server, "dynamodb") as client:
        await client.create_table(**TABLE)
        waiter = client.get_waiter("table_exists")
        await waiter.wait(TableName="orders")
        item = {"pk": {"S": "é"}, "b": {"B": b"\xff\x00"}, "n": {"N": "1.50"}}
        await client.put_item(TableName="orders", Item=item)
        answer = await client.get_item(TableName="orders", Key={"pk": {"S": "é"}})
        assert answer["Item"] == item | {"n": {"N": "1.5"}}
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        assert headers["server"] == "Server"
        assert len(answer["ResponseMetadata"]["RequestId"]) == 52
        with pytest.raises(ClientError) as caught:
            await client.put_item(
                TableName="orders", Item=item, ConditionExpression="attribute_not_exists(pk)"
            )
        error = cast("dict[str, Any]", caught.value.response)["Error"]
        assert error["Code"] == "ConditionalCheckFailedException"
        assert error["Message"] == "The conditional request failed"
        with pytest.raises(client.exceptions.TransactionCanceledException) as cancelled:
            condition = {"ConditionExpression": "attribute_not_exists(pk)"}
            put = {"TableName": "orders", "Item": item} | condition
            await client.transact_write_items(TransactItems=[{"Put": put}])
        reasons = cancelled.value.response["CancellationReasons"]
        assert [reason["Code"] for reason in reasons] == ["ConditionalCheckFailed"]
        assert cancelled.value.response["Error"]["Message"].startswith("Transaction cancelled")
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            await client.describe_table(TableName="nothing")


async def test_streams_are_read_at_the_same_address() -> None:
    async with serving() as server, botocore_client(server, "dynamodb") as client:
        made = await client.create_table(**TABLE)
        await client.put_item(TableName="orders", Item={"pk": {"S": "a"}})
        arn = made["TableDescription"]["LatestStreamArn"]
        assert arn.startswith(f"arn:aws:dynamodb:{REGION}:")
        async with botocore_client(server, "dynamodbstreams") as streams:
            described = await streams.describe_stream(StreamArn=arn)
            (shard,) = described["StreamDescription"]["Shards"]
            iterator = await streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )
            found = await streams.get_records(ShardIterator=iterator["ShardIterator"])
            assert [each["dynamodb"]["NewImage"] for each in found["Records"]] == [
                {"pk": {"S": "a"}}
            ]


async def test_adorm_works_against_it() -> None:
    @adorm.model(table="orders")
    class Order:
        pk: str = adorm.partition_key()
        total: int = 0

    async with (
        serving() as server,
        adorm.connect(endpoint_url=server.endpoint_url, region=REGION) as db,
    ):
        await db.create_table(Order)
        orders = db.table(Order)
        await asyncio.gather(*(orders.put(Order(pk=f"o{n}", total=n)) for n in range(100)))
        assert await orders.get("o7") == Order(pk="o7", total=7)
        assert len([order async for order in orders.scan()]) == 100
        with pytest.raises(ServiceError, match="not found"):
            await db.call("DescribeTable", {"TableName": "nothing"})


BROKEN: list[bytes] = [
    b"[]",
    b"7",
    b'"x"',
    b"null",
    b"true",
    b"{}",
    b'{"TableName":7}',
    b'{"TableName":null}',
    b'{"TableName":["orders"]}',
    b'{"TableName":"orders","Item":[]}',
    b'{"TableName":"orders","Item":{"pk":7}}',
    b'{"TableName":"orders","Item":{"pk":{"S":7}}}',
    b'{"TableName":"orders","Item":{"pk":{"S":"a","N":"1"}}}',
    b'{"TableName":"orders","Item":{"pk":{"S":"a"},"n":{"N":"NaN"}}}',
    b'{"TableName":"orders","Item":{"pk":{"S":"a"},"n":{"N":1e400}}}',
    b'{"TableName":"orders","Item":{"pk":{"S":"a"},"b":{"B":"***"}}}',
    b'{"TableName":"orders","Item":{"pk":{"S":"a"},"l":{"L":[[]]}}}',
    b'{"TableName":"orders","Item":{"pk":{"S":"a"},"x":{"M":{"":{"M":{"":null}}}}}}',
    b'{"TableName":"orders","Item":{"pk":{"S":"\\ud800"}}}',
    b'{"TableName":"orders","Item":{"pk":{"S":"a"},"pk":{"S":"b"}},"x":1,"x":2}',
    b'{"TableName":"orders","Key":{},"ExpressionAttributeNames":{"":""}}',
]


@pytest.mark.parametrize("depth", [30, 40, 500, 511, 1_000, 10_000, 100_000])
@pytest.mark.parametrize("kind", ["M", "L"])
async def test_deep_values_are_refused(depth: int, kind: str) -> None:
    start, end = (b'{"M":{"k":', b"}}") if kind == "M" else (b'{"L":[', b"]}")
    value = start * depth + b'{"S":"x"}' + end * depth
    body = b'{"TableName":"orders","Item":{"pk":{"S":"a"},"v":%b}}' % value
    async with serving() as server, dial(server) as client:
        await client.send(post("CreateTable", TABLE))
        assert (await client.answer()).status == 200
        for operation in ("PutItem", "UpdateItem", "Query", "BatchWriteItem", "ExecuteStatement"):
            await client.send(post(operation, body))
            answer = await client.answer()
            fine = operation == "PutItem" and depth == 30
            assert answer.status == (200 if fine else 400), answer.body


async def test_no_body_brings_the_server_down() -> None:
    chance = random.Random(11)
    good: list[tuple[str, dict[str, Any]]] = [
        ("PutItem", {"TableName": "orders", "Item": {"pk": {"S": "a"}, "n": {"N": "1"}}}),
        ("GetItem", {"TableName": "orders", "Key": {"pk": {"S": "a"}}}),
        (
            "UpdateItem",
            {
                "TableName": "orders",
                "Key": {"pk": {"S": "a"}},
                "UpdateExpression": "SET #n = #n + :one",
                "ExpressionAttributeNames": {"#n": "n"},
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            },
        ),
        ("BatchGetItem", {"RequestItems": {"orders": {"Keys": [{"pk": {"S": "a"}}]}}}),
        ("Scan", {"TableName": "orders", "Limit": 1, "TotalSegments": 2, "Segment": 0}),
        ("CreateTable", TABLE),
    ]
    async with serving() as server, dial(server) as client:
        await client.send(post("CreateTable", TABLE))
        assert (await client.answer()).status == 200

        async def check(operation: str, body: bytes) -> None:
            await client.send(post(operation, body))
            answer = await client.answer()
            assert answer.status in (200, 400), (operation, body, answer)
            if answer.status == 400:
                assert "#" in answer.content["__type"]

        for operation, parameters in good:
            for body in BROKEN:
                await check(operation, body)
            for _ in range(150):
                await check(operation, json.dumps(mutated(parameters, chance)).encode())


STRANGE: tuple[Any, ...] = (
    *(None, True, -1, 10**30, 1.5, "", "é" * 300),
    *([], {}, [None], {"S": None}, {"X": 1}),
)


def mutated(value: Any, chance: random.Random) -> Any:
    """The value with a part of it, at some depth, replaced by something else."""
    if chance.random() < 0.15 or not isinstance(value, dict | list) or not value:
        return chance.choice(STRANGE)
    if isinstance(value, list):
        parts = cast("list[object]", value)
        at = chance.randrange(len(parts))
        return [*parts[:at], mutated(parts[at], chance), *parts[at + 1 :]]
    members = cast("dict[str, object]", value)
    chosen = chance.choice(list(members))
    if chance.random() < 0.1:
        return {name: part for name, part in members.items() if name != chosen}
    return members | {chosen: mutated(members[chosen], chance)}


async def test_many_connections_at_once_lose_nothing() -> None:
    async def count_up(server: Server, name: str) -> int:
        update = {
            "TableName": "orders",
            "Key": {"pk": {"S": name}},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
            "ReturnValues": "ALL_NEW",
        }
        number = 0
        async with dial(server) as client:
            for _ in range(20):
                await client.send(post("UpdateItem", update))
                answer = await client.answer()
                assert answer.status == 200, answer.body
                number = int(answer.content["Attributes"]["n"]["N"])
        return number

    async with serving() as server, dial(server) as client:
        await client.send(post("CreateTable", TABLE))
        assert (await client.answer()).status == 200
        names = ["shared"] * 25 + [f"own{n}" for n in range(25)]
        async with asyncio.timeout(LIMIT_S):
            counts = await asyncio.gather(*(count_up(server, name) for name in names))
        assert max(counts[:25]) == 25 * 20
        assert counts[25:] == [20] * 25
