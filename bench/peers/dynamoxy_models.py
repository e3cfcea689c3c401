"""dynamoxy: typed models on a core in Rust."""

# dynamoxy is not installed where types are checked:
# pyright: basic, reportMissingImports=false, reportGeneralTypeIssues=false, reportCallIssue=false

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import dynamoxy
import orders
from dynamoxy import Attr, Document, Model, partition_key, sort_key
from peers.base import REGION, Peer, attributes


class Address(Document):
    city: Attr[str]
    zip: Attr[str]


class Order(Model, table=orders.TABLE):
    customer_id: Attr[str] = partition_key()
    order_id: Attr[str] = sort_key()
    status: Attr[str] = dynamoxy.field()
    total: Attr[Decimal] = dynamoxy.field()
    quantity: Attr[int] = dynamoxy.field()
    paid: Attr[bool] = dynamoxy.field()
    tags: Attr[set[str]] = dynamoxy.field()
    address: Attr[Address] = dynamoxy.field()
    lines: Attr[list[str]] = dynamoxy.field()
    placed_at: Attr[datetime] = dynamoxy.field()


def make(number: int) -> Any:
    own = orders.values(number)
    return Order(**{**own, "address": Address(**own["address"])})


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    order = make(0)
    ten = [make(number) for number in range(orders.TRANSACTION_ITEMS)]
    keys = [(orders.CUSTOMER, orders.order_id(number)) for number in range(orders.BATCH_KEYS)]
    async with dynamoxy.Client(region=REGION, endpoint_url=url) as client:
        table = client.repository(Order)

        async def get() -> Any:
            return await table.get_or_raise(orders.CUSTOMER, orders.FIRST)

        async def put() -> None:
            await table.put(order)

        async def update() -> None:
            await table.update(
                Order.key(orders.CUSTOMER, orders.FIRST),
                Order.status.set(order.status),
                Order.total.set(order.total),
                Order.quantity.set(order.quantity),
                Order.paid.set(order.paid),
                Order.tags.set(order.tags),
                Order.address.set(order.address),
                Order.lines.set(order.lines),
                Order.placed_at.set(order.placed_at),
            )

        async def page() -> list[Any]:
            return list(await table.query(customer_id=orders.CUSTOMER).all())

        async def batch() -> list[Any]:
            return list(await table.batch_get(keys))

        async def transact() -> None:
            async with client.transaction() as tx:
                for each in ten:
                    tx.put(each)

        async def scan() -> int:
            count = 0
            async for _ in table.scan().segments(orders.SEGMENTS):
                count += 1
            return count

        stored = dynamoxy.to_wire(order.to_item())
        yield Peer(
            plain=attributes,
            calls={
                "get": get,
                "put": put,
                "update": update,
                "page": page,
                "batch": batch,
                "transact": transact,
                "scan": scan,
            },
            codec={
                "encode": lambda: dynamoxy.to_wire(order.to_item()),
                "decode": lambda: Order.from_item(dynamoxy.from_wire(stored)),
            },
        )
