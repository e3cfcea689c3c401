"""dynamoxy: three models, one item."""

# dynamoxy is not installed where types are checked:
# pyright: basic, reportMissingImports=false, reportGeneralTypeIssues=false, reportCallIssue=false

import asyncio
import sys
from datetime import datetime
from decimal import Decimal

import dynamoxy
from dynamoxy import Attr, Document, Model, partition_key, sort_key
from told import tell


class Address(Document):
    city: Attr[str]
    zip: Attr[str]


class Order(Model, table="orders"):
    customer_id: Attr[str] = partition_key()
    order_id: Attr[str] = sort_key()
    status: Attr[str]
    total: Attr[Decimal]
    quantity: Attr[int]
    paid: Attr[bool]
    tags: Attr[set[str]]
    address: Attr[Address]
    lines: Attr[list[str]]
    placed_at: Attr[datetime]


class Customer(Model, table="customers"):
    customer_id: Attr[str] = partition_key()
    name: Attr[str]
    address: Attr[Address]
    joined_at: Attr[datetime]


class Product(Model, table="products"):
    sku: Attr[str] = partition_key()
    title: Attr[str]
    price: Attr[Decimal]
    labels: Attr[set[str]]


async def main() -> None:
    async with dynamoxy.Client(region="eu-central-1", endpoint_url=sys.argv[1]) as client:
        order = await client.repository(Order).get_or_raise(
            "customer-00000000001", "order#2026-11-21#000000"
        )
        tell(order.address.city == "Berlin")


asyncio.run(main())
