"""Writes by the table of an abstract model, whose subclasses may have keys of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import adorm
from tests.support.keyed_models import changed, raw_items

pytestmark = pytest.mark.anyio

hub = adorm.SingleTable(
    "hub", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]
)


@adorm.model(table=hub, abstract=True)
class Account:
    name: str
    city: str = "here"
    plan: str = "free"

    @adorm.key
    def key(self, name: str) -> adorm.KeyText:
        return f"ACCOUNT#{name}", f"ACCOUNT#{name}"

    by_plan = adorm.key("PLAN#{plan}", "{name}", index="GSI1")


@adorm.model(table=hub)
class User(Account):
    age: int = 0


@adorm.model(table=hub)
class Organization(Account):
    by_plan = adorm.key("PLAN#{plan}", "{city}#{name}", index="GSI1")


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(User)
        yield db


async def stale(db: adorm.Database) -> bool:
    """Whether an item has other keys than its model makes."""
    for item in await raw_items(db, "hub"):
        instance = adorm.from_attribute_map(hub, item)
        if adorm.to_attribute_map(instance) != item:
            return True
    return False


async def test_what_all_subclasses_have_in_their_keys_alike_is_updated(
    db: adorm.Database,
) -> None:
    accounts = db.table(Account)
    await accounts.create(User(name="ada"))
    with pytest.raises(adorm.UsageError, match=r"db\.table\(Organization\)"):
        await accounts.update("ada").set(Account.plan, "paid")
    with pytest.raises(adorm.UsageError, match=r"db\.table\(Organization\)"):
        await accounts.update("ada").set(Account.city, "there")
    await db.table(User).update("ada").set(User.plan, "paid").set(User.city, "there")
    assert not await stale(db)


async def test_items_are_created_moved_and_repaired_as_what_they_are(db: adorm.Database) -> None:
    accounts = db.table(Account)
    user, created = await accounts.get_or_create(User(name="ada"))
    assert created
    assert isinstance(user, User)
    organization, created = await accounts.get_or_create(Organization(name="acme"))
    assert created
    again, created = await accounts.update_or_create(
        Organization(name="acme", city="there"), only=[Organization.city]
    )
    assert not created
    assert isinstance(again, Organization)
    assert again.city == "there"
    moved = await accounts.move(user, changed(user, name="eve"))
    assert isinstance(moved, User)
    await accounts.move(accounts.key("eve"), changed(user, name="bob"))
    assert not await stale(db)
    for item in await raw_items(db, "hub"):
        await db.call("PutItem", {"TableName": "hub", "Item": {**item, "GSI1SK": {"S": "old"}}})
    result = await accounts.repair()
    assert (result.checked, result.changed, result.errors) == (2, 2, [])
    assert not await stale(db)
    assert organization.name == "acme"
