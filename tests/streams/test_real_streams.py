"""Records as DynamoDB's streams have them, read by their API from adorm's own DynamoDB over
HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm.testing import LocalDynamoDB
from tests.streams.models import Address, Order

pytestmark = pytest.mark.anyio


async def test_records_of_a_real_stream_are_the_changes_that_were_made(
    local_dynamodb: LocalDynamoDB,
) -> None:
    session_module = pytest.importorskip("aiobotocore.session")
    options: dict[str, Any] = {
        "region_name": "eu-central-1",
        "endpoint_url": local_dynamodb.endpoint_url,
        "aws_access_key_id": "streams0",
        "aws_secret_access_key": "x",
    }
    session = session_module.get_session()
    async with (
        session.create_client("dynamodb", **options) as client,
        session.create_client("dynamodbstreams", **options) as streams,
    ):
        db = adorm.connect(client=client)
        request = {
            "TableName": "orders",
            "KeySchema": [
                {"AttributeName": "customer_id", "KeyType": "HASH"},
                {"AttributeName": "order_id", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("customer_id", "order_id")
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        }
        created = await db.call("CreateTable", request)
        orders = db.table(Order)
        order = Order(
            customer_id="c1",
            order_id="o1",
            total=Decimal("19.90"),
            tags={"new"},
            address=Address(city="Berlin", zip="10115"),
        )
        await orders.create(order)
        await orders.update("c1", "o1").set(Order.status, "paid")
        await orders.delete("c1", "o1")

        arn = created["TableDescription"]["LatestStreamArn"]
        shards = (await streams.describe_stream(StreamArn=arn))["StreamDescription"]["Shards"]
        answers: list[dict[str, Any]] = []
        for shard in shards:
            start = await streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )
            answers.append(await streams.get_records(ShardIterator=start["ShardIterator"]))

        seen: list[tuple[str, Any]] = []
        changes = adorm.StreamHandler()

        @changes.insert(Order)
        async def inserted(new: Order) -> None:
            seen.append(("insert", new))

        @changes.modify(Order)
        async def modified(old: Order, new: Order) -> None:
            seen.append(("modify", (old.status, new.status, new.version)))

        @changes.remove(Order)
        async def removed(old: Order, change: adorm.StreamChange[Order]) -> None:
            seen.append(
                (
                    "remove",
                    (
                        change.key.values,
                        change.expired,
                        change.approximate_creation_time is not None,
                    ),
                )
            )

        for answer in answers:
            result = await changes.process(answer["Records"], db, table_name="orders")
            assert result.failures == []
    assert seen == [
        ("insert", order),
        ("modify", ("open", "paid", 2)),
        ("remove", (("c1", "o1"), False, True)),
    ]
