"""adorm's model of an order, and its works on any table of them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import orders
from peers.base import Peer, attributes

import adorm


@adorm.model
class Address:
    city: str
    zip: str


@adorm.model(table=orders.TABLE)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str
    total: Decimal
    quantity: int
    paid: bool
    tags: set[str]
    address: Address
    lines: list[str]
    placed_at: datetime


def make(number: int) -> Order:
    own: dict[str, Any] = orders.values(number)
    own["address"] = Address(**own["address"])
    return Order(**own)


def peer(db: adorm.Database) -> Peer:
    table = db.table(Order)
    order = make(0)
    ten = [make(number) for number in range(orders.TRANSACTION_ITEMS)]
    keys = [(orders.CUSTOMER, orders.order_id(number)) for number in range(orders.BATCH_KEYS)]

    async def get() -> Order:
        return await table.get(orders.CUSTOMER, orders.FIRST)

    async def put() -> None:
        await table.put(order)

    async def update() -> None:
        await (
            table.update(orders.CUSTOMER, orders.FIRST)
            .set(Order.status, order.status)
            .set(Order.total, order.total)
            .set(Order.quantity, order.quantity)
            .set(Order.paid, order.paid)
            .set(Order.tags, order.tags)
            .set(Order.address, order.address)
            .set(Order.lines, order.lines)
            .set(Order.placed_at, order.placed_at)
        )

    async def page() -> list[Order]:
        return await table.query(orders.CUSTOMER)

    async def batch() -> list[Order | None]:
        return list((await table.batch_get(keys)).items)

    async def transact() -> None:
        async with db.transaction() as tx:
            for each in ten:
                tx.put(each)

    async def scan() -> int:
        count = 0
        async with table.scan().segments(orders.SEGMENTS).stream() as rows:
            async for _ in rows:
                count += 1
        return count

    stored = adorm.to_attribute_map(order)
    return Peer(
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
            "encode": lambda: adorm.to_attribute_map(order),
            "decode": lambda: adorm.from_attribute_map(Order, stored),
        },
    )
