"""aioboto3's resource: plain values in, plain values out (numbers as Decimal, datetimes as
text)."""

# aioboto3 is not installed where types are checked:
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orders
from peers.base import CONNECTIONS, REGION, Peer


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    import aioboto3
    from aiobotocore.config import AioConfig
    from boto3.dynamodb.conditions import Key

    own = {**orders.values(0), "placed_at": orders.item(0)["placed_at"]["S"]}
    config = AioConfig(max_pool_connections=CONNECTIONS)
    key = {"customer_id": orders.CUSTOMER, "order_id": orders.FIRST}
    keys = [
        {"customer_id": orders.CUSTOMER, "order_id": orders.order_id(number)}
        for number in range(orders.BATCH_KEYS)
    ]
    ten = [
        {**orders.values(number), "placed_at": own["placed_at"]}
        for number in range(orders.TRANSACTION_ITEMS)
    ]
    change = orders.request("UpdateItem")
    change_values = {f":v{at}": own[name] for at, name in enumerate(orders.CHANGED)}
    session: Any = aioboto3.Session()
    async with session.resource(
        "dynamodb", region_name=REGION, endpoint_url=url, config=config
    ) as resource:
        table: Any = await resource.Table(orders.TABLE)
        client: Any = resource.meta.client

        async def get() -> Any:
            return (await table.get_item(Key=key))["Item"]

        async def put() -> None:
            await table.put_item(Item=own)

        async def update() -> None:
            await table.update_item(
                Key=key,
                UpdateExpression=change["UpdateExpression"],
                ExpressionAttributeNames=change["ExpressionAttributeNames"],
                ExpressionAttributeValues=change_values,
            )

        async def page() -> Any:
            condition: Any = Key("customer_id").eq(orders.CUSTOMER)
            return (await table.query(KeyConditionExpression=condition))["Items"]

        async def chunk(first: int) -> list[Any]:
            answer = await resource.batch_get_item(
                RequestItems={orders.TABLE: {"Keys": keys[first : first + 100]}}
            )
            return list(answer["Responses"][orders.TABLE])

        async def batch() -> list[Any]:
            chunks = await asyncio.gather(
                *(chunk(first) for first in range(0, orders.BATCH_KEYS, 100))
            )
            return [item for each in chunks for item in each]

        async def transact() -> None:
            await client.transact_write_items(
                TransactItems=[{"Put": {"TableName": orders.TABLE, "Item": each}} for each in ten]
            )

        async def segment(number: int) -> int:
            count, after = 0, dict[str, Any]()
            while True:
                answer = await table.scan(Segment=number, TotalSegments=orders.SEGMENTS, **after)
                count += len(answer["Items"])
                if "LastEvaluatedKey" not in answer:
                    return count
                after = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

        async def scan() -> int:
            return sum(
                await asyncio.gather(*(segment(number) for number in range(orders.SEGMENTS)))
            )

        yield Peer(
            plain=plain,
            calls={
                "get": get,
                "put": put,
                "update": update,
                "page": page,
                "batch": batch,
                "transact": transact,
                "scan": scan,
            },
        )


def plain(item: Any) -> Mapping[str, Any]:
    return {name: value for name, value in item.items() if name != "placed_at"}
