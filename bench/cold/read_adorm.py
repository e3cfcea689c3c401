"""adorm: three models, one item."""

import asyncio
import sys
from datetime import datetime
from decimal import Decimal

from told import tell

import adorm


@adorm.model
class Address:
    city: str
    zip: str


@adorm.model(table="orders")
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


@adorm.model(table="customers")
class Customer:
    customer_id: str = adorm.partition_key()
    name: str
    address: Address
    joined_at: datetime


@adorm.model(table="products")
class Product:
    sku: str = adorm.partition_key()
    title: str
    price: Decimal
    labels: set[str]


async def main() -> None:
    async with adorm.connect(region="eu-central-1", endpoint_url=sys.argv[1]) as db:
        order = await db.table(Order).get("customer-00000000001", "order#2026-11-21#000000")
        tell(order.address.city == "Berlin")


asyncio.run(main())
