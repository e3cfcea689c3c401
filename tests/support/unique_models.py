"""Models with unique values, and what their guards are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import adorm
from adorm.codec.chosen_codec import default_codec
from adorm.items.guards import owner_of, unique_values
from adorm.models import model_info

shop = adorm.SingleTable("shop")


@adorm.model(table=shop, unique=["SLUG#{org_id}#{slug:lower}"])
class Member:
    """A member with an email of his own in any spelling, a badge, and a slug within its org."""

    name: str
    email: str | None = adorm.attribute(unique=str.casefold, default=None)
    badge: int | None = adorm.attribute(unique=True, default=None)
    org_id: str = "o"
    slug: str | None = None
    age: int = 0

    key = adorm.key("MEMBER#{name}", "MEMBER#{name}")


@adorm.model(table="users")
class User:
    """A user with plain keys and a version."""

    id: str = adorm.partition_key()
    rank: int = adorm.sort_key(default=0)
    email: str | None = adorm.attribute(unique=True, default=None)
    name: str = ""
    version: int = adorm.version()
    created_at: Any = None


def member_key(name: str) -> dict[str, Any]:
    return {"PK": {"S": f"MEMBER#{name}"}, "SK": {"S": f"MEMBER#{name}"}}


async def all_items(db: adorm.Database, table: str) -> list[dict[str, Any]]:
    answer = await db.call("Scan", {"TableName": table, "ConsistentRead": True})
    items: list[dict[str, Any]] = answer["Items"]
    return items


async def guards(db: adorm.Database, table: str = "shop") -> dict[str, str]:
    """The text of each guard, with the partition key of its owner."""
    found: dict[str, str] = {}
    for item in await all_items(db, table):
        owner = owner_of(item)
        if owner is not None:
            name = "PK" if table == "shop" else "id"
            found[item[name]["S"]] = owner[name]["S"]
    return found


async def problems(db: adorm.Database, model: type[Any], table: str) -> list[str]:
    """What is wrong: items without their guards, and values that two items have."""
    info = model_info(model)
    uniques = unique_values(info, default_codec(model))
    items = await all_items(db, table)
    partition = info.key_order[0]
    held = {item[partition]["S"]: owner_of(item) for item in items if owner_of(item) is not None}
    wrong: list[str] = []
    holders: dict[str, Mapping[str, Any]] = {}
    for item in items:
        if owner_of(item) is not None:
            continue
        key = {name: item[name] for name in info.key_order}
        for text in uniques.texts_of_item(item):
            if text in holders:
                wrong.append(f"{text} is held twice: {holders[text]} and {key}")
            holders[text] = key
            if held.get(text) != key:
                wrong.append(f"{key} has no guard {text}: {held.get(text)}")
    return wrong


async def stray_guards(db: adorm.Database, model: type[Any], table: str) -> list[str]:
    """Texts of guards that no item needs."""
    info = model_info(model)
    uniques = unique_values(info, default_codec(model))
    items = await all_items(db, table)
    needed: set[str] = set()
    for item in items:
        if owner_of(item) is None:
            needed |= uniques.texts_of_item(item)
    return sorted(set(await guards(db, table)) - needed)
