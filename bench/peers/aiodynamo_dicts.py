"""aiodynamo on aiohttp, its faster backend: dicts in, dicts out (numbers as float, datetimes as
text)."""

# aiodynamo is not installed where types are checked:
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import reduce
from operator import and_
from typing import Any

import orders
from aiodynamo.client import URL, Client
from aiodynamo.credentials import Credentials
from aiodynamo.expressions import F, HashKey
from aiodynamo.http.aiohttp import AIOHTTP
from aiodynamo.models import BatchGetRequest
from aiodynamo.operations import Put
from aiohttp import ClientSession, TCPConnector
from peers.base import CONNECTIONS, REGION, Peer


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    own = {**orders.values(0), "placed_at": orders.item(0)["placed_at"]["S"]}
    ten = [
        {**orders.values(number), "placed_at": own["placed_at"]}
        for number in range(orders.TRANSACTION_ITEMS)
    ]
    key = {"customer_id": orders.CUSTOMER, "order_id": orders.FIRST}
    keys = [
        {"customer_id": orders.CUSTOMER, "order_id": orders.order_id(number)}
        for number in range(orders.BATCH_KEYS)
    ]
    async with ClientSession(
        connector=TCPConnector(limit=CONNECTIONS, ssl=trusted(url))
    ) as session:
        client = Client(AIOHTTP(session), Credentials.auto(), REGION, URL(url))
        table = client.table(orders.TABLE)

        async def get() -> Any:
            return await table.get_item(key)

        async def put() -> None:
            await table.put_item(own)

        async def update() -> None:
            await table.update_item(
                key, reduce(and_, [F(name).set(own[name]) for name in orders.CHANGED])
            )

        async def page() -> list[Any]:
            return [item async for item in table.query(HashKey("customer_id", orders.CUSTOMER))]

        async def chunk(first: int) -> list[Any]:
            return list(
                (
                    await client.batch_get(
                        {orders.TABLE: BatchGetRequest(keys[first : first + 100])}
                    )
                ).items[orders.TABLE]
            )

        async def batch() -> list[Any]:
            chunks = await asyncio.gather(
                *(chunk(first) for first in range(0, orders.BATCH_KEYS, 100))
            )
            return [item for each in chunks for item in each]

        async def transact() -> None:
            await client.transact_write_items([Put(orders.TABLE, each) for each in ten])

        # It has no segments: no "scan".
        yield Peer(
            plain=plain,
            calls={
                "get": get,
                "put": put,
                "update": update,
                "page": page,
                "batch": batch,
                "transact": transact,
            },
        )


def trusted(url: str) -> Any:
    """aiohttp takes its CA from a context."""
    if not url.startswith("https:"):
        return True
    import os
    import ssl

    return ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])


def plain(item: Any) -> Mapping[str, Any]:
    return {name: value for name, value in item.items() if name != "placed_at"}
