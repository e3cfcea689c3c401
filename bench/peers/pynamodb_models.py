"""PynamoDB: typed models, synchronous; with many tasks in threads. Its numbers are floats."""

# pynamodb is not installed where types are checked:
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import orders
from peers.base import CONNECTIONS, REGION, Peer, attributes
from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.connection import Connection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite


class Address(MapAttribute):
    city = UnicodeAttribute()
    zip = UnicodeAttribute()


class Order(Model):
    class Meta:
        table_name = orders.TABLE
        region = REGION
        host = os.environ.get("BENCH_URL")
        max_pool_connections = CONNECTIONS

    customer_id = UnicodeAttribute(hash_key=True)
    order_id = UnicodeAttribute(range_key=True)
    status = UnicodeAttribute()
    total = NumberAttribute()
    quantity = NumberAttribute()
    paid = BooleanAttribute()
    tags = UnicodeSetAttribute()
    address = Address()
    lines = ListAttribute(of=UnicodeAttribute)
    placed_at = UTCDateTimeAttribute()


def make(number: int) -> Any:
    own = orders.values(number)
    return Order(**{**own, "total": float(own["total"]), "address": Address(**own["address"])})


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    Order.Meta.host = url
    order = make(0)
    ten = [make(number) for number in range(orders.TRANSACTION_ITEMS)]
    keys = [(orders.CUSTOMER, orders.order_id(number)) for number in range(orders.BATCH_KEYS)]
    connection = Connection(region=REGION, host=url)

    def get() -> Any:
        return Order.get(orders.CUSTOMER, orders.FIRST)

    def put() -> None:
        order.save()

    def update() -> None:
        actions = [getattr(Order, name).set(getattr(order, name)) for name in orders.CHANGED]
        Order(orders.CUSTOMER, orders.FIRST).update(actions=actions)

    def page() -> list[Any]:
        return list(Order.query(orders.CUSTOMER))

    def batch() -> list[Any]:
        return list(Order.batch_get(keys))

    def transact() -> None:
        with TransactWrite(connection=connection) as tx:
            for each in ten:
                tx.save(each)

    def scan() -> int:
        def segment(number: int) -> int:
            return sum(1 for _ in Order.scan(segment=number, total_segments=orders.SEGMENTS))

        with ThreadPoolExecutor(orders.SEGMENTS) as pool:
            return sum(pool.map(segment, range(orders.SEGMENTS)))

    stored = order.serialize()

    def decode() -> Any:
        fresh = Order()
        fresh.deserialize(stored)
        return fresh

    yield Peer(
        plain=attributes,
        sync_calls={
            "get": get,
            "put": put,
            "update": update,
            "page": page,
            "batch": batch,
            "transact": transact,
            "scan": scan,
        },
        codec={"encode": order.serialize, "decode": decode},
    )
