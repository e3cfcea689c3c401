"""pydynox, by its asynchronous API: three models, one item."""

# pydynox is not installed where types are checked:
# pyright: basic, reportMissingImports=false

import asyncio
import sys
from dataclasses import dataclass

from pydynox import DynamoDBClient, Model, ModelConfig, set_default_client
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
from told import tell


@dataclass
class Address:
    city: str
    zip: str


class Order(Model):
    model_config = ModelConfig(table="orders")
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


class Customer(Model):
    model_config = ModelConfig(table="customers")
    customer_id = StringAttribute(partition_key=True)
    name = StringAttribute()
    address = MapAttribute(Address)
    joined_at = DatetimeAttribute()


class Product(Model):
    model_config = ModelConfig(table="products")
    sku = StringAttribute(partition_key=True)
    title = StringAttribute()
    price = DecimalAttribute()
    labels = StringSetAttribute()


async def main() -> None:
    set_default_client(DynamoDBClient(region="eu-central-1", endpoint_url=sys.argv[1]))
    order = await Order.get(customer_id="customer-00000000001", order_id="order#2026-11-21#000000")
    tell(order is not None and order.address is not None and order.address.city == "Berlin")


asyncio.run(main())
