"""The models of the events, and the events."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import adorm

EVENTS = Path(__file__).parent / "events"


@adorm.model
class Address:
    city: str
    zip: str


@adorm.model
class Line:
    sku: str
    quantity: int = 1


@adorm.model(table="orders")
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    tags: set[str] = adorm.attribute(factory=set)
    address: Address | None = None
    lines: list[Line] = adorm.attribute(factory=list)
    version: int = adorm.version()


@adorm.model(table="sessions")
class Session:
    token: bytes = adorm.partition_key()
    parts: set[bytes] = adorm.attribute(factory=set)
    scores: set[Decimal] = adorm.attribute(factory=set)
    roles: set[str] = adorm.attribute(factory=set)
    expires_at: datetime | None = adorm.ttl()


@adorm.model(table="app")
class Customer:
    pk: str = adorm.partition_key()
    sk: str = adorm.sort_key()
    name: str = ""
    kind: str = adorm.discriminator("customer")


@adorm.model(table="app")
class Invoice:
    pk: str = adorm.partition_key()
    sk: str = adorm.sort_key()
    amount: int = 0
    kind: str = adorm.discriminator("invoice")


@adorm.model(table="app")
class Anything:
    pk: str = adorm.partition_key()
    sk: str = adorm.sort_key()


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


def records(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = event(name)["Records"]
    return found


def failed(response: dict[str, list[dict[str, str]]]) -> list[str]:
    """The sequence numbers of a batch response, after a look at its shape."""
    assert response.keys() == {"batchItemFailures"}
    assert all(entry.keys() == {"itemIdentifier"} for entry in response["batchItemFailures"])
    return [entry["itemIdentifier"] for entry in response["batchItemFailures"]]


def order(order_id: str, status: str = "open") -> Order:
    return Order(customer_id="c1", order_id=order_id, status=status)


class Seen(list[Any]):
    """What handlers were called with."""

    def handler(self, **options: Any) -> adorm.StreamHandler:
        async def rest(record: adorm.StreamRecord) -> None:
            self.append(("rest", record.kind))

        return adorm.StreamHandler(rest, **options)
