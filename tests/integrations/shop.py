"""The model that the services of these tests serve."""

from __future__ import annotations

import attrs

import adorm


@attrs.define
class Line:
    sku: str
    quantity: int = 1


@adorm.model(
    table="orders", indexes=[adorm.GlobalIndex("by-status", partition="status", sort="order_id")]
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"
    lines: list[Line] = adorm.attribute(factory=list)
    version: int = adorm.version()


def some_orders(count: int, customer_id: str = "c1") -> list[Order]:
    return [
        Order(customer_id=customer_id, order_id=f"o{number:03}", lines=[Line("tea")])
        for number in range(count)
    ]
