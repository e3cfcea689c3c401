"""Keys of indexes that are made of parts, where whole instances are written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import pytest

import adorm
from tests.support.keyed_models import (
    NOON,
    Message,
    Order,
    Repo,
    Status,
    Visit,
    order,
    raw_items,
    stale_items,
)

pytestmark = pytest.mark.anyio


def message() -> Message:
    return Message(user_name="ada", message_id="m1", sent_at=NOON)


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(Order)
        yield db


async def stored(db: adorm.Database) -> dict[str, Any]:
    """The only item, as DynamoDB has it, after a look whether its keys are right."""
    assert not await stale_items(db, Order, Message, Repo)
    (item,) = await raw_items(db)
    return item


def gsi1(item: dict[str, Any]) -> tuple[str, str] | None:
    """The key of GSI1 in an item; None where it is not in the index."""
    sides = [item.get(name) for name in ("GSI1PK", "GSI1SK")]
    assert (sides[0] is None) is (sides[1] is None), "half a key"
    return None if sides[0] is None or sides[1] is None else (sides[0]["S"], sides[1]["S"])


WriteOrder: TypeAlias = Callable[[adorm.Database, Order], Awaitable[object]]


async def _transact(db: adorm.Database, method: str, item: Order) -> None:
    async with db.transaction() as tx:
        getattr(tx, method)(item)


async def _batch(db: adorm.Database, item: Order) -> None:
    async with db.table(Order).batch() as batch:
        await batch.put(item)


WHOLE: dict[str, WriteOrder] = {
    "put": lambda db, item: db.table(Order).put(item),
    "save": lambda db, item: db.table(Order).save(item),
    "batch_write": lambda db, item: db.table(Order).batch_write(puts=[item]),
    "batch": _batch,
    "tx.put": lambda db, item: _transact(db, "put", item),
    "tx.save": lambda db, item: _transact(db, "save", item),
}
FIRST: dict[str, WriteOrder] = {
    "create": lambda db, item: db.table(Order).create(item),
    "create_many": lambda db, item: db.table(Order).create_many([item]),
    "tx.create": lambda db, item: _transact(db, "create", item),
    **WHOLE,
}


@pytest.mark.parametrize("write", FIRST.values(), ids=FIRST.keys())
async def test_a_new_item_has_its_keys(db: adorm.Database, write: WriteOrder) -> None:
    await write(db, order())
    item = await stored(db)
    assert gsi1(item) == ("PLACE#here", "open#5")
    assert item["_type"] == {"S": "Order"}


@pytest.mark.parametrize("write", WHOLE.values(), ids=WHOLE.keys())
async def test_an_instance_that_is_written_again_moves_in_its_indexes(
    db: adorm.Database, write: WriteOrder
) -> None:
    item = await db.table(Order).create(order())
    item.status, item.place = Status.PAID, "there"
    await write(db, item)
    assert gsi1(await stored(db)) == ("PLACE#there", "paid#5")


async def test_save_takes_both_attributes_away_where_an_item_leaves_the_index(
    db: adorm.Database,
) -> None:
    messages = db.table(Message)
    sent = await messages.save(message())
    assert gsi1(await stored(db)) == ("UNREAD#ada", "2026-01-02T12:00:00.000000Z")
    sent.unread = False
    await messages.save(sent)
    assert gsi1(await stored(db)) is None
    sent.unread = True
    await messages.save(sent)
    assert gsi1(await stored(db)) is not None
    sent.sent_at = None
    await messages.save(sent)
    assert gsi1(await stored(db)) is None


async def test_created_at_in_a_key_is_written_as_the_instance_has_it(db: adorm.Database) -> None:
    visits = db.table(Visit)
    first = await visits.create(Visit(visit_id="v1"))
    read = await visits.get("v1")
    assert (await visits.save(read)).created_at == first.created_at
    assert not await stale_items(db, Visit)
    anew = await visits.save(Visit(visit_id="v1"))
    assert anew.created_at > first.created_at
    assert await visits.get("v1") == anew
    assert not await stale_items(db, Visit)


REPOS: dict[str, Callable[[adorm.Database, Repo], Awaitable[object]]] = {
    "create": lambda db, repo: db.table(Repo).create(repo),
    "put": lambda db, repo: db.table(Repo).put(repo),
    "save": lambda db, repo: db.table(Repo).save(repo),
    "batch_write": lambda db, repo: db.table(Repo).batch_write(puts=[repo]),
    "create_many": lambda db, repo: db.table(Repo).create_many([repo]),
}


@pytest.mark.parametrize(
    "write",
    REPOS.values(),
    ids=REPOS.keys(),
)
async def test_the_times_in_keys_are_those_that_are_stored(
    db: adorm.Database, write: Callable[[adorm.Database, Repo], Awaitable[object]]
) -> None:
    for _ in range(2):
        repo = Repo(owner="ada", name="x")
        try:
            await write(db, repo)
        except (adorm.ItemExists, adorm.BatchFailed):
            continue
        item = await stored(db)
        assert item["GSI1SK"] == {"S": f"#{item['updated_at']['S']}"}
