"""Who may use a transaction, when it has ended, and what its handles have then."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import anyio
import pytest

import adorm
from tests.support.accounts import Account, Frozen, scripted

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("token", ["", "x" * 37, 5])
def test_a_token_that_does_not_fit_is_refused(token: Any) -> None:
    db, _ = scripted()
    with pytest.raises(adorm.UsageError, match="an idempotency token has 1 to 36 characters"):
        db.transaction(token=token)


async def call(what: Callable[[], Any]) -> None:
    made = what()
    if inspect.isawaitable(made):
        await made


async def test_nothing_is_added_after_the_end_and_nothing_is_sent_twice() -> None:
    db, transport = scripted()
    async with db.transaction() as tx:
        update = tx.update(Account, "a").set(Account.balance, 1)
        write = tx.create(Account(name="b"))
    late: list[Any] = [
        lambda: tx.create(Account(name="c")),
        lambda: update.add(Account.balance, 1),
        lambda: write.when(Account.balance == 0),
        write.unchecked,
        tx.__aenter__,
        tx.commit,
    ]
    for each in late:
        with pytest.raises(adorm.UsageError, match="this transaction has ended"):
            await call(each)
    assert len(transport.sent) == 1


async def test_a_failed_transaction_has_ended_too() -> None:
    db, _ = scripted()
    tx = db.transaction()
    with pytest.raises(LookupError):
        async with tx:
            raise LookupError
    with pytest.raises(adorm.UsageError, match="this transaction has ended"):
        tx.create(Account(name="a"))


async def test_a_transaction_is_entered_once_and_the_block_sends_it() -> None:
    db, transport = scripted()

    async def nested() -> None:
        async with db.transaction() as tx:
            tx.create(Account(name="a"))
            async with tx:
                pass

    async def committed() -> None:
        async with db.transaction() as tx:
            tx.create(Account(name="a"))
            await tx.commit()

    with pytest.raises(adorm.UsageError, match="transactions don't nest"):
        await nested()
    with pytest.raises(adorm.UsageError, match=r"take commit\(\) away"):
        await committed()
    assert transport.sent == []


async def test_another_task_may_not_use_it() -> None:
    db, transport = scripted()
    refused: list[str] = []

    async def other(tx: adorm.Transaction) -> None:
        try:
            tx.create(Account(name="b"))
        except adorm.UsageError as error:
            refused.append(str(error))

    async with db.transaction() as tx:
        tx.create(Account(name="a"))
        await asyncio.create_task(other(tx))
    assert len(refused) == 1
    assert "belongs to the task that began it" in refused[0]
    assert [*transport.sent[0][1]["TransactItems"][0]] == ["Put"]


async def test_one_that_was_made_outside_of_the_loop_belongs_to_whom_uses_it_first() -> None:
    db, transport = scripted()
    tx = await anyio.to_thread.run_sync(db.transaction)
    tx.create(Account(name="a"))
    await tx.commit()
    assert len(transport.sent) == 1


async def test_what_was_stored_is_told_by_the_handle() -> None:
    db, _ = scripted()
    account = Account(name="a")
    async with db.transaction() as tx:
        created = tx.create(account)
        frozen = tx.create(Frozen(name="f"))
        deleted = tx.delete(Account(name="b", version=1))
        assert repr(deleted) == "<delete Account, in a transaction>"
        assert repr(tx) == "<adorm.Transaction, 3 operations>"
    assert created.stored is account
    assert frozen.stored == Frozen(name="f", version=1)
    with pytest.raises(adorm.UsageError, match="delete Account b: nothing was stored by it"):
        deleted.stored
