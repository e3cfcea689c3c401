"""Models with keys of indexes that are made of parts, and what must hold of their items."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

import attrs

import adorm

T = TypeVar("T")

shop = adorm.SingleTable(
    "shop",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("GSI2", partition="GSI2PK", sort="GSI2SK"),
    ],
)


class Status(StrEnum):
    OPEN = "open"
    PAID = "paid"
    SENT = "sent"


@adorm.model(table=shop)
class Order:
    """Its key by_status is made of two fields that change; every order has it."""

    user_name: str
    order_id: str
    status: Status = Status.OPEN
    total: Decimal = Decimal(0)
    place: str = "here"
    note: str | None = None
    tags: list[str] = adorm.attribute(factory=list)
    version: int = adorm.version()

    @adorm.key
    def key(self, user_name: str, order_id: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"ORDER#{order_id}"

    by_status = adorm.key("PLACE#{place}", "{status}#{total:d}", index="GSI1")


@adorm.model(table=shop)
class Message:
    """It is in the index while it is unread, and when it was sent."""

    user_name: str
    message_id: str
    unread: bool = True
    text: str = ""
    sent_at: datetime | None = None

    @adorm.key
    def key(self, user_name: str, message_id: str) -> adorm.KeyText:
        return f"USER#{user_name}", f"MESSAGE#{message_id}"

    unread_by_time = adorm.key(
        "UNREAD#{user_name}", "{sent_at}", index="GSI1", only={"unread": True}
    )


@adorm.model(table=shop)
class Repo:
    """A fork has another key of GSI2 than a repository without a source; every write moves GSI1."""

    owner: str
    name: str
    source: str | None = None
    source_name: str | None = None
    stars: int = 0
    created_at: datetime = adorm.created_at()
    updated_at: datetime = adorm.updated_at()

    @adorm.key
    def key(self, owner: str, name: str) -> adorm.KeyText:
        return f"REPO#{owner}#{name}", f"REPO#{owner}#{name}"

    by_account = adorm.key("ACCOUNT#{owner}", "#{updated_at}", index="GSI1")
    fork_of = adorm.key("REPO#{source}#{source_name}", "FORK#{owner}", index="GSI2")
    with_forks = adorm.key("REPO#{owner}#{name}", "#REPO#{name}", index="GSI2")


@adorm.model(table=shop)
class Visit:
    """The time of its creation is in a key."""

    visit_id: str
    note: str = ""
    created_at: datetime = adorm.created_at()

    @adorm.key
    def key(self, visit_id: str) -> adorm.KeyText:
        return f"VISIT#{visit_id}", "VISIT"

    by_day = adorm.key("DAY#{created_at:%Y-%m-%d}", "{created_at}", index="GSI1")


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def order(**changes: Any) -> Order:
    """An order, with other values in some fields."""
    values: dict[str, Any] = {"user_name": "ada", "order_id": "o1", "total": Decimal(5)}
    return Order(**{**values, **changes})


def changed(item: T, **changes: Any) -> T:
    """A copy with other values in some fields."""
    evolve: Any = attrs.evolve
    made: T = evolve(item, **changes)
    return made


async def raw_items(db: adorm.Database, table: str = "shop") -> list[dict[str, Any]]:
    """All items of a table as they are stored."""
    items: list[dict[str, Any]] = (await db.call("Scan", {"TableName": table}))["Items"]
    return items


async def stale_items(db: adorm.Database, *models: type[Any]) -> list[dict[str, Any]]:
    """The items whose keys are not what their model makes of their fields."""
    by_type: dict[str, type[Any]] = {model.__name__: model for model in models}
    stale: list[dict[str, Any]] = []
    for item in await raw_items(db):
        model = by_type[item["_type"]["S"]]
        written = adorm.to_attribute_map(adorm.from_attribute_map(model, item))
        names = {"PK", "SK", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK", "_type"}
        if any(written.get(name) != item.get(name) for name in names):
            stale.append(item)
    return stale
