"""Immutable fields keep the value with which an item was created."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import adorm
from adorm import attr

pytestmark = pytest.mark.anyio


@adorm.model(table="accounts")
class Account:
    account_id: str = adorm.partition_key()
    owner: str = adorm.attribute(immutable=True)
    region: str | None = adorm.attribute(default=None, immutable=True)
    balance: int = 0
    version: int = adorm.version()


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(Account)
        yield db


CHANGES: dict[str, Callable[[adorm.Update[Account, None]], Any]] = {
    "set": lambda update: update.set(Account.owner, "eve"),
    "remove": lambda update: update.remove(Account.region),
    "another path": lambda update: update.set(Account.owner, Account.region),
    "an untyped path": lambda update: update.apply(adorm.path("owner").set("eve")),
    "upsert": lambda update: update.set(Account.owner, "eve").upsert(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_an_update_of_it_is_refused(db: adorm.Database, change: Callable[[Any], Any]) -> None:
    accounts = db.table(Account)
    await accounts.create(Account(account_id="a", owner="ada"))
    with pytest.raises(adorm.UsageError, match=r"(owner|region) is immutable"):
        await change(accounts.update("a"))
    with pytest.raises(adorm.UsageError, match="is immutable"):
        async with db.transaction() as tx:
            change(tx.update(Account, "a"))


async def test_other_fields_are_updated_and_an_upsert_sets_it_once(db: adorm.Database) -> None:
    accounts = db.table(Account)
    upsert = accounts.update("a").add(Account.balance, 1).upsert()
    await upsert.apply(attr(Account.owner).set_if_absent("ada"))
    await upsert.apply(attr(Account.owner).set_if_absent("eve"))
    account = await accounts.get("a")
    assert (account.owner, account.balance) == ("ada", 2)


async def test_a_save_or_put_of_another_value_fails_and_names_the_field(
    db: adorm.Database,
) -> None:
    accounts = db.table(Account)
    account = await accounts.create(Account(account_id="a", owner="ada"))
    account.owner = "eve"
    for write in (
        accounts.save(account),
        accounts.save(account, only=[Account.owner]),
        accounts.put(account),
        accounts.save(account).unchecked(),
    ):
        with pytest.raises(adorm.ConditionalCheckFailed) as caught:
            await write
        assert not isinstance(caught.value, adorm.VersionConflict)
        assert "Account.owner is immutable" in caught.value.__notes__[0]
        assert caught.value.item.owner == "ada"
    with pytest.raises(adorm.TransactionCanceled) as canceled:
        async with db.transaction() as tx:
            tx.save(account)
    error = canceled.value.reasons[0].error
    assert error is not None
    assert "Account.owner is immutable" in error.__notes__[0]
    account.balance = 7
    await accounts.save(account, only=[Account.balance])
    assert (await accounts.get("a")).balance == 7


async def test_the_same_value_is_saved_and_an_absent_one_is_set_once(db: adorm.Database) -> None:
    accounts = db.table(Account)
    account = await accounts.create(Account(account_id="a", owner="ada"))
    account.balance = 5
    await accounts.save(account)
    await accounts.put(account)
    account.region = "eu"
    await accounts.save(account)
    account.region = None
    with pytest.raises(adorm.ConditionalCheckFailed) as caught:
        await accounts.save(account)
    assert "Account.region is immutable" in caught.value.__notes__[0]
    account.region = "us"
    with pytest.raises(adorm.ConditionalCheckFailed):
        await accounts.put(account)
    assert (await accounts.get("a")).region == "eu"


async def test_a_version_conflict_stays_one(db: adorm.Database) -> None:
    accounts = db.table(Account)
    account = await accounts.create(Account(account_id="a", owner="ada"))
    await accounts.update("a").add(Account.balance, 1)
    account.owner = "eve"
    with pytest.raises(adorm.VersionConflict):
        await accounts.save(account)


async def test_an_item_may_be_saved_where_there_is_none(db: adorm.Database) -> None:
    await db.table(Account).save(Account(account_id="a", owner="ada", region="eu"))
    await db.table(Account).put(Account(account_id="b", owner="bob"))
    assert len(await db.table(Account).scan()) == 2
