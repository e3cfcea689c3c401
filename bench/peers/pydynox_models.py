"""pydynox: typed models on a core in Rust, by its asynchronous API."""

# pydynox is not installed where types are checked:
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orders
from peers.base import REGION, Peer, attributes
from pydynox import (
    DynamoDBClient,
    Model,
    ModelConfig,
    Transaction,
    pydynox_core,
    set_default_client,
)
from pydynox.attributes import (
    BooleanAttribute,
    DatetimeAttribute,
    DecimalAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    StringAttribute,
    StringSetAttribute,
)


@dataclass
class Address:
    city: str
    zip: str


class Order(Model):
    model_config = ModelConfig(table=orders.TABLE)

    customer_id = StringAttribute(partition_key=True)
    order_id = StringAttribute(sort_key=True)
    status = StringAttribute()
    total = DecimalAttribute()
    quantity = NumberAttribute()
    paid = BooleanAttribute()
    tags = StringSetAttribute()
    address = MapAttribute(Address)
    lines = ListAttribute()
    placed_at = DatetimeAttribute()


class PlainOrder(Order):
    """For the codec alone: what it exposes of that can't read a Decimal."""

    model_config = ModelConfig(table=orders.TABLE)
    total = NumberAttribute()


def make(number: int) -> Any:
    own = orders.values(number)
    return Order(**{**own, "address": Address(**own["address"])})


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    order = make(0)
    changed = {name: getattr(order, name) for name in orders.CHANGED}
    ten = [make(number) for number in range(orders.TRANSACTION_ITEMS)]
    keys = [
        {"customer_id": orders.CUSTOMER, "order_id": orders.order_id(number)}
        for number in range(orders.BATCH_KEYS)
    ]
    client = DynamoDBClient(region=REGION, endpoint_url=url)
    set_default_client(client)

    async def get() -> Any:
        return await Order.get(customer_id=orders.CUSTOMER, order_id=orders.FIRST)

    async def put() -> None:
        await order.save()

    async def update() -> None:
        await Order.update_by_key(customer_id=orders.CUSTOMER, order_id=orders.FIRST, **changed)

    async def page() -> list[Any]:
        return [each async for each in Order.query(partition_key=orders.CUSTOMER)]

    async def batch() -> list[Any]:
        return list(await Order.batch_get(keys))

    async def transact() -> None:
        async with Transaction(client) as tx:
            for each in ten:
                tx.save_model(each)

    async def scan() -> int:
        found, _ = await Order.parallel_scan(orders.SEGMENTS)
        return len(found)

    to_stored, from_stored = pydynox_core.py_to_dynamo, pydynox_core.dynamo_to_py
    own = PlainOrder(
        **{
            **{name: getattr(order, name) for name in order._attributes},
            "total": float(order.total),
        }
    )
    stored = {name: to_stored(value) for name, value in own.to_dict().items()}
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
            "encode": lambda: {name: to_stored(value) for name, value in own.to_dict().items()},
            "decode": lambda: PlainOrder.from_dict(
                {name: from_stored(value) for name, value in stored.items()}
            ),
        },
    )
