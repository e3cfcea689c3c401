"""Abstract models: their table reads each item as the subclass that it is, and takes each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import adorm
from adorm.database import Database

pytestmark = pytest.mark.anyio

github = adorm.SingleTable(
    "github",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("keys", partition="GSI2PK", projection="KEYS_ONLY"),
    ],
)


@adorm.model(table=github, abstract=True)
class Account:
    name: str
    stars: int = 0
    version: int = adorm.version()

    @adorm.key
    def key(self, name: str) -> adorm.KeyText:
        return f"ACCOUNT#{name}", f"ACCOUNT#{name}"

    all_accounts = adorm.key("ACCOUNTS", "{name}", index="GSI1")
    all_names = adorm.key("NAMES", index="keys")


@adorm.model
class User(Account):
    plan: str = "free"


@adorm.model(entity=("organization", "Organization"))
class Organization(Account):
    seats: int = 1


@adorm.model(table=github)
class Membership:
    organization: str
    user: str
    key = adorm.key("ACCOUNT#{organization}", "MEMBERSHIP#{user}")


USER, ORGANIZATION = User(name="ada", plan="paid"), Organization(name="aws", seats=3)


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(github)
        await db.table(User).put(User(name="ada", plan="paid"))
        await db.table(Organization).put(Organization(name="aws", seats=3))
        await db.table(Membership).put(Membership(organization="aws", user="ada"))
        yield db


def plain(given: Any) -> Any:
    """An item, or each of a list, without its version, which every write raises."""
    many = not hasattr(given, "version")
    items: list[object] = given if many else [given]
    return [_plain(item) for item in items] if many else _plain(given)


def _plain(item: object) -> dict[str, object]:
    return {**vars(item), "class": type(item), "version": 0}


async def test_each_item_is_read_as_what_it_is(db: Database) -> None:
    accounts = db.table(Account)
    both = plain([USER, ORGANIZATION])
    assert plain(await accounts.get(name="aws")) == plain(ORGANIZATION)
    assert plain(await accounts.get(Account.key("ada"))) == plain(USER)
    assert plain(await accounts.get_or_none("ada")) == plain(USER)
    assert await accounts.exists("ada")
    assert plain(await accounts.query("aws")) == plain([ORGANIZATION])
    assert plain(await accounts.query().index("GSI1")) == both
    found = sorted(await accounts.scan(), key=lambda each: each.name)
    assert plain(found) == both
    found = sorted(await accounts.scan().segments(3), key=lambda each: each.name)
    assert plain(found) == both
    assert await accounts.scan().count() == 2
    hydrated = await accounts.scan().index("keys").hydrate()
    assert plain(sorted(hydrated, key=lambda each: each.name)) == both
    keys = [Account.key("ada"), Account.key("none"), Account.key("aws")]
    got = await accounts.batch_get(keys)
    assert plain(got.items) == both
    assert got.missing == [Account.key("none")]
    assert plain((await db.batch_get(keys)).items) == both
    assert plain(list(await db.transact_get(keys[0], keys[2]))) == both
    async with accounts.loader() as loader:
        loaded = await loader.load(Account.key("aws"))
        assert plain(loaded) == plain(ORGANIZATION)


async def test_a_key_of_a_subclass_is_taken(db: Database) -> None:
    accounts: Any = db.table(Account)
    assert plain(await accounts.get(User.key("ada"))) == plain(USER)
    assert accounts.key(USER) == User.key("ada")
    assert plain((await accounts.batch_get([User.key("ada")])).items) == plain([USER])


async def test_parts_can_be_selected(db: Database) -> None:
    accounts = db.table(Account)
    assert await accounts.get("ada").select(Account.stars, Account.name) == (0, "ada")
    assert sorted(await accounts.scan().select(Account.name)) == [("ada",), ("aws",)]


async def test_an_item_of_no_subclass_is_not_there(db: Database) -> None:
    accounts = db.table(Account)
    item = {"PK": {"S": "ACCOUNT#x"}, "SK": {"S": "ACCOUNT#x"}, "_type": {"S": "Bot"}}
    await db.call("PutItem", {"TableName": "github", "Item": item})
    wanted = '_type is "Bot", that of Account is "User" or "organization" or "Organization"'
    with pytest.raises(adorm.ItemNotFound, match=wanted):
        await accounts.get("x")
    assert await accounts.query("x") == []
    assert len(await accounts.scan()) == 2


async def test_instances_of_each_subclass_are_written(db: Database) -> None:
    accounts = db.table(Account)
    with pytest.raises(adorm.ItemExists) as taken:
        await accounts.create(User(name="aws"))
    assert plain(taken.value.item) == plain(ORGANIZATION)
    created = await accounts.create(Organization(name="new", seats=9))
    assert (await db.table(Organization).get("new")).seats == 9
    created.stars = 4
    await accounts.save(created)
    await accounts.save(created, only=[Account.stars])
    assert (await accounts.get("new")).stars == 4
    await accounts.put(User(name="eve"))
    await accounts.update("new").add(Account.stars, 2)
    assert (await db.table(Organization).get("new")).stars == 6
    await accounts.delete(await accounts.get("new"))
    await accounts.delete("eve")
    assert len(await accounts.scan()) == 2


async def test_batches_take_each_subclass(db: Database) -> None:
    accounts = db.table(Account)
    await accounts.batch_write(puts=[User(name="u"), Organization(name="o")])
    async with accounts.batch() as batch:
        await batch.put(User(name="u2"))
        await batch.put(Organization(name="o2"))
        await batch.delete(User(name="u"))
        await batch.delete("o")
    await accounts.create_many([User(name="u3"), Organization(name="o3")])
    names = sorted((type(each).__name__, each.name) for each in await accounts.scan())
    assert names == [
        ("Organization", "aws"), ("Organization", "o2"), ("Organization", "o3"),
        ("User", "ada"), ("User", "u2"), ("User", "u3"),
    ]  # fmt: skip
    untyped: Any = accounts
    await untyped.batch_write(deletes=[User(name="u2"), User.key("u3"), Account.key("o2")])
    assert await accounts.scan().count() == 3


async def test_a_change_of_what_was_read_is_saved_as_its_own_class(db: Database) -> None:
    def change(account: Account) -> None:
        account.stars += 5

    await db.table(Account).read_modify_write(Account.key("aws"), change)
    assert (await db.table(Organization).get("aws")).stars == 5


async def test_items_are_created_where_there_are_none_and_moved(db: Database) -> None:
    accounts = db.table(Account)
    _, created = await accounts.get_or_create(User(name="new"))
    assert created
    found, created = await accounts.get_or_create(User(name="ada"))
    assert (plain(found), created) == (plain(USER), False)
    changed = Organization(name="aws", stars=9)
    _, created = await accounts.update_or_create(changed, only=[Account.stars])
    assert (created, (await accounts.get("aws")).stars) == (False, 9)
    await accounts.move(await accounts.get("new"), User(name="newer"))
    await accounts.move(Account.key("newer"), User(name="newest"))
    assert [await accounts.exists(name) for name in ("new", "newer", "newest")] == [
        False, False, True,
    ]  # fmt: skip


async def test_transactions_take_instances_and_keys(db: Database) -> None:
    async with db.transaction() as tx:
        tx.create(User(name="eve"))
        tx.update(Account.key("aws")).add(Account.stars, 1)
    assert plain(await db.table(Account).get("eve")) == plain(User(name="eve"))
    assert (await db.table(Account).get("aws")).stars == 1


async def test_what_an_abstract_model_can_not_do_is_refused(db: Database) -> None:
    accounts: Any = db.table(Account)
    with pytest.raises(adorm.UsageError, match="an instance of one of its subclasses is expected"):
        await accounts.create(Membership(organization="a", user="b"))
    with pytest.raises(adorm.UsageError, match="User or Organization, not Account"):
        await accounts.put(Account(name="x"))
    with pytest.raises(adorm.UsageError, match=r"upsert\(\) does not know what to create"):
        accounts.update("x").set(Account.stars, 1).upsert()


def test_an_image_of_an_abstract_model_is_what_it_is() -> None:
    image = adorm.to_attribute_map(ORGANIZATION)
    assert adorm.from_attribute_map(Account, image) == ORGANIZATION
    with pytest.raises(adorm.UsageError, match="Account is abstract"):
        adorm.from_plain(Account, adorm.to_plain(ORGANIZATION))


def test_an_abstract_model_is_one_of_a_single_table() -> None:
    with pytest.raises(adorm.ModelError, match="abstract=True is for models of a SingleTable"):

        @adorm.model(table="accounts", abstract=True)
        class Base:
            name: str = adorm.partition_key()
