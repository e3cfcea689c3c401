"""The models that the contract suite works with: those of the README, and a few with odd needs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import adorm


@adorm.model
class Address:
    city: str
    zip: str


@adorm.model
class Line:
    sku: str
    quantity: int = 1
    price: Decimal = Decimal(0)


@adorm.model(
    table="orders",
    indexes=[
        adorm.GlobalIndex("by-status", partition="status", sort="created_at"),
        adorm.GlobalIndex("by-note", partition="note", projection="KEYS_ONLY"),
        adorm.GlobalIndex("by-city", partition="shipped_to", sort="total", projection=["status"]),
        adorm.LocalIndex("by-total", sort="total"),
    ],
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    tags: set[str] = adorm.attribute(factory=set)
    address: Address | None = None
    lines: list[Line] = adorm.attribute(factory=list)
    labels: dict[str, str] = adorm.attribute(factory=dict)
    meta: dict[str, Any] = adorm.attribute(factory=dict, as_json=True)
    note: str = adorm.attribute(default="", name="n", omit_empty=True)
    shipped_to: str | None = None
    created_at: datetime = adorm.created_at()
    updated_at: datetime = adorm.updated_at()
    expires_at: datetime | None = adorm.ttl()
    version: int = adorm.version()


@adorm.model(table="counters")
class Counter:
    """No sort key, no version, no timestamps."""

    name: str = adorm.partition_key()
    value: int = 0
    history: list[int] = adorm.attribute(factory=list)
    seen: set[int] = adorm.attribute(factory=set)


@adorm.model(table="events", naming="camelCase")
class Event:
    """Number and time keys, generated id, camel case."""

    stream_id: int = adorm.partition_key()
    happened_at: datetime = adorm.sort_key()
    event_id: UUID = adorm.attribute(factory=adorm.uuid7)
    body_text: str = ""


@adorm.model(table="bare")
class Bare:
    """Nothing but its key."""

    name: str = adorm.partition_key()


@adorm.model(table="receipts", frozen=True)
class Receipt:
    receipt_id: str = adorm.partition_key()
    amount: int = 0
    version: int = adorm.version()
