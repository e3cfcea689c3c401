"""PynamoDB: three models, one item."""

# pynamodb is not installed where types are checked:
# pyright: basic, reportMissingImports=false

import sys

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model
from told import tell


class Address(MapAttribute):
    city = UnicodeAttribute()
    zip = UnicodeAttribute()


class Order(Model):
    class Meta:
        table_name = "orders"
        region = "eu-central-1"
        host = sys.argv[1]

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


class Customer(Model):
    class Meta:
        table_name = "customers"
        host = sys.argv[1]

    customer_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    address = Address()
    joined_at = UTCDateTimeAttribute()


class Product(Model):
    class Meta:
        table_name = "products"
        host = sys.argv[1]

    sku = UnicodeAttribute(hash_key=True)
    title = UnicodeAttribute()
    price = NumberAttribute()
    labels = UnicodeSetAttribute()


tell(Order.get("customer-00000000001", "order#2026-11-21#000000").address.city == "Berlin")
