"""Raw aiobotocore: attribute maps in, attribute maps out; boto3's own codec beside it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orders
from peers.base import CONNECTIONS, REGION, Peer, SyncCall


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    session: Any = get_session()
    config = AioConfig(max_pool_connections=CONNECTIONS)
    async with session.create_client(
        "dynamodb", region_name=REGION, endpoint_url=url, config=config
    ) as client:
        requests = {name: orders.request(name) for name in orders.REQUESTS}
        keys = [orders.key(number) for number in range(orders.BATCH_KEYS)]

        async def get() -> Any:
            return (await client.get_item(**requests["GetItem"]))["Item"]

        async def put() -> None:
            await client.put_item(**requests["PutItem"])

        async def update() -> None:
            await client.update_item(**requests["UpdateItem"])

        async def page() -> Any:
            return (await client.query(**requests["Query"]))["Items"]

        async def chunk(first: int) -> list[Any]:
            answer = await client.batch_get_item(
                RequestItems={orders.TABLE: {"Keys": keys[first : first + 100]}}
            )
            return list(answer["Responses"][orders.TABLE])

        async def batch() -> list[Any]:
            chunks = await asyncio.gather(
                *(chunk(first) for first in range(0, orders.BATCH_KEYS, 100))
            )
            return [item for each in chunks for item in each]

        async def transact() -> None:
            await client.transact_write_items(**requests["TransactWriteItems"])

        async def segment(number: int) -> int:
            count, after = 0, dict[str, Any]()
            while True:
                answer = await client.scan(
                    TableName=orders.TABLE, Segment=number, TotalSegments=orders.SEGMENTS, **after
                )
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
            codec=codec(),
        )


def codec() -> Mapping[str, SyncCall]:
    """boto3's TypeSerializer and TypeDeserializer, with the datetime as text: they take none."""
    boto3_types: Any = importlib.import_module("boto3.dynamodb.types")  # untyped
    serialize, deserialize = (
        boto3_types.TypeSerializer().serialize,
        boto3_types.TypeDeserializer().deserialize,
    )
    stored = orders.item(0)
    own = {**orders.values(0), "placed_at": stored["placed_at"]["S"]}
    return {
        "encode": lambda: {name: serialize(value) for name, value in own.items()},
        "decode": lambda: {name: deserialize(value) for name, value in stored.items()},
    }


def plain(item: Any) -> Mapping[str, Any]:
    """From an attribute map, or from what boto3's codec makes of one."""
    boto3_types: Any = importlib.import_module("boto3.dynamodb.types")
    deserialize = boto3_types.TypeDeserializer().deserialize
    raw = isinstance(item["status"], dict)
    return {
        name: deserialize(value) if raw else value
        for name, value in item.items()
        if name != "placed_at"
    }
