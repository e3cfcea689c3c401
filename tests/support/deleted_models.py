"""Models whose items are deleted softly."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import adorm

shop = adorm.SingleTable(
    "shop",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("turned", partition="SK", sort="PK"),
    ],
)


@adorm.model(table=shop)
class Order:
    """It has a key of an index that is made of parts, and a ttl."""

    user_name: str
    order_id: str
    status: str = "open"
    total: int = 0
    updated_at: datetime = adorm.updated_at()
    expires_at: datetime | None = adorm.ttl()
    deleted_at: datetime | None = adorm.deleted_at(keep=timedelta(days=30))
    version: int = adorm.version()

    @adorm.key
    def key(self, user_name: str, order_id: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"ORDER#{order_id}"

    by_status = adorm.key("STATUS#{status}", "{total:010d}", index="GSI1")


@adorm.model(table=shop)
class Customer:
    """Another model in the same partitions, whose items are removed."""

    user_name: str

    @adorm.key
    def key(self, user_name: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", "CUSTOMER"


@adorm.model(
    table="notes",
    indexes=[
        adorm.GlobalIndex("by-topic", partition="topic"),
        adorm.GlobalIndex("topics-only", partition="topic", projection="KEYS_ONLY"),
        adorm.GlobalIndex("with-text", partition="topic", projection=["text"]),
        adorm.GlobalIndex("bin", partition="topic", sort="removed"),
    ],
)
class Note:
    """Its keys are plain fields, and it has neither a version nor a ttl."""

    note_id: str = adorm.partition_key()
    topic: str = "misc"
    text: str = ""
    removed: datetime | None = adorm.deleted_at(name="gone")


def order(**changes: Any) -> Order:
    """An order, with other values in some fields."""
    values: dict[str, Any] = {"user_name": "ada", "order_id": "o1", "total": 5}
    return Order(**(values | changes))


@adorm.model(table=shop)
class Member:
    """It has a unique value, which a deletion frees."""

    user_name: str
    email: str = adorm.attribute(unique=True)
    deleted_at: datetime | None = adorm.deleted_at()

    @adorm.key
    def key(self, user_name: str) -> adorm.KeyText:
        return f"MEMBER#{user_name}", "MEMBER"


@adorm.model(table=shop, abstract=True)
class Account:
    """Its subclasses have keys of one shape."""

    name: str
    deleted_at: datetime | None = adorm.deleted_at()

    @adorm.key
    def key(self, name: str) -> adorm.KeyText:
        return f"ACCOUNT#{name}", "ACCOUNT"


@adorm.model(table=shop)
class User(Account):
    """An account that is in an index."""

    city: str = "Irvine"

    by_city = adorm.key("CITY#{city}", "{name}", index="GSI1")
