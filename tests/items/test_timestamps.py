"""`created_at` is the time of the first write: never the time of reading, and never lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import adorm
from adorm.database import Database
from adorm.testing import FakeClock

pytestmark = pytest.mark.anyio

LONG_AGO = datetime(2019, 5, 6, tzinfo=UTC)


@adorm.model(table="versioned")
class Versioned:
    note_id: str = adorm.partition_key()
    text: str = ""
    created_at: datetime = adorm.created_at()
    updated_at: datetime = adorm.updated_at()
    version: int = adorm.version()


@adorm.model(table="plain")
class Plain:
    note_id: str = adorm.partition_key()
    text: str = ""
    created_at: datetime = adorm.created_at()
    updated_at: datetime = adorm.updated_at()


@adorm.model(table="plain")
class Lenient:
    note_id: str = adorm.partition_key()
    text: str = ""
    created_at: datetime | None = adorm.created_at()
    updated_at: datetime | None = adorm.updated_at()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def db(clock: FakeClock) -> AsyncIterator[Database]:
    async with adorm.connect("memory", clock=clock) as db:
        await db.create_table(Versioned)
        await db.create_table(Plain)
        yield db


async def stored(db: Database, table: str, key: str = "a") -> dict[str, Any]:
    item: dict[str, Any] = (
        await db.call("GetItem", {"TableName": table, "Key": {"note_id": {"S": key}}})
    )["Item"]
    return item


async def in_transaction(
    db: Database, add: Callable[[adorm.Transaction], Any], *, keep: bool
) -> None:
    async with db.transaction() as tx:
        write = add(tx)
        if keep:
            write.keep_timestamps()


def table_of(db: Database, item: object) -> adorm.Table[Any]:
    model: Any = type(item)
    table: adorm.Table[Any] = db.table(model)
    return table


async def in_block(db: Database, item: Any, *, keep: bool) -> None:
    batch = table_of(db, item).batch()
    async with batch.keep_timestamps() if keep else batch as block:
        await block.put(item)


def kept(write: Any, keep: bool) -> Any:
    return write.keep_timestamps() if keep else write


WRITES: dict[str, Callable[[Database, Any, bool], Awaitable[Any]]] = {
    "create": lambda db, item, keep: kept(table_of(db, item).create(item), keep),
    "put": lambda db, item, keep: kept(table_of(db, item).put(item), keep),
    "save": lambda db, item, keep: kept(table_of(db, item).save(item), keep),
    "batch_write": lambda db, item, keep: kept(table_of(db, item).batch_write(puts=[item]), keep),
    "batch": lambda db, item, keep: in_block(db, item, keep=keep),
    "create_many": lambda db, item, keep: kept(table_of(db, item).create_many([item]), keep),
    "create_many in a transaction": lambda db, item, keep: kept(
        table_of(db, item).create_many([item], transact=True), keep
    ),
    "tx.create": lambda db, item, keep: in_transaction(db, lambda tx: tx.create(item), keep=keep),
    "tx.put": lambda db, item, keep: in_transaction(db, lambda tx: tx.put(item), keep=keep),
    "tx.save": lambda db, item, keep: in_transaction(db, lambda tx: tx.save(item), keep=keep),
}


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("model", [Versioned, Plain])
async def test_without_a_word_it_is_the_time_of_the_first_write(
    db: Database, clock: FakeClock, name: str, model: Any
) -> None:
    item = model(note_id="a")
    clock.advance(100)
    await WRITES[name](db, item, False)
    assert item.created_at == item.updated_at == clock.now()
    assert await db.table(model).get("a") == item


@pytest.mark.parametrize("name", WRITES)
async def test_a_time_given_by_hand_gives_way_to_that_of_the_first_write(
    db: Database, clock: FakeClock, name: str
) -> None:
    await WRITES[name](db, Versioned(note_id="a", created_at=LONG_AGO), False)
    assert (await db.table(Versioned).get("a")).created_at == clock.now()


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("model", [Versioned, Plain])
async def test_an_import_keeps_the_timestamps_that_it_brings(
    db: Database, clock: FakeClock, name: str, model: Any
) -> None:
    item = model(note_id="a", created_at=LONG_AGO, updated_at=LONG_AGO + timedelta(days=1))
    clock.advance(100)
    await WRITES[name](db, item, True)
    assert (item.created_at, item.updated_at) == (LONG_AGO, LONG_AGO + timedelta(days=1))
    read = await db.table(model).get("a")
    assert (read.created_at, read.updated_at) == (LONG_AGO, LONG_AGO + timedelta(days=1))


@pytest.mark.parametrize("model", [Versioned, Plain])
@pytest.mark.parametrize("write", ["put", "save"])
async def test_later_writes_keep_the_time_of_the_first(
    db: Database, clock: FakeClock, model: Any, write: str
) -> None:
    item = await db.table(model).create(model(note_id="a"))
    first = item.created_at
    for _ in range(2):
        clock.advance(100)
        item = await db.table(model).get("a")
        item.text += "x"
        await WRITES[write](db, item, False)
        assert item.created_at == first
        assert await db.table(model).get("a") == item


@pytest.mark.parametrize("model", [Versioned, Plain])
async def test_an_item_without_a_creation_time_is_told_with_the_remedy(
    db: Database, model: Any
) -> None:
    table = db.table(model)
    await db.call(
        "PutItem",
        {
            "TableName": table.name,
            "Item": {"note_id": {"S": "a"}, "updated_at": {"S": "2026-01-01T00:00:00.000000Z"}},
        },
    )
    reads: list[Awaitable[Any]] = [
        table.get("a"),
        table.query("a"),
        table.query("a").select(model.created_at),
        table.query("a").max(model.created_at),
    ]
    for read in reads:
        with pytest.raises(
            adorm.ItemDecodeError,
            match=r"a \$\.created_at: missing, and the time is not known: "
            r"annotate .* `datetime \| None`",
        ):
            await read


async def test_none_is_read_where_the_field_may_be_none_and_no_save_makes_a_time_of_it(
    db: Database, clock: FakeClock
) -> None:
    table = db.table(Lenient)
    await db.call("PutItem", {"TableName": "plain", "Item": {"note_id": {"S": "a"}}})
    one = await table.get("a")
    clock.advance(10)
    assert await table.get("a") == one == Lenient(note_id="a", created_at=None, updated_at=None)
    for write in ("save", "put", "tx.save"):
        await WRITES[write](db, await table.get("a"), False)
        assert "created_at" not in await stored(db, "plain")
        assert (await table.get("a")).created_at is None
    assert await table.query("a").select(Lenient.created_at) == [(None,)]


async def test_a_creation_time_can_be_filled_in_by_hand(db: Database) -> None:
    table = db.table(Lenient)
    await db.call("PutItem", {"TableName": "plain", "Item": {"note_id": {"S": "a"}}})
    item = await table.get("a")
    item.created_at = LONG_AGO
    await table.save(item, only=[Lenient.created_at])
    assert (await table.get("a")).created_at == LONG_AGO


async def test_an_absent_update_time_reads_as_the_creation_time(
    db: Database, clock: FakeClock
) -> None:
    """No later write is known of; two reads agree, and select reads it so too."""
    table = db.table(Plain)
    await db.call(
        "PutItem",
        {
            "TableName": "plain",
            "Item": {"note_id": {"S": "a"}, "created_at": {"S": "2026-01-01T00:00:00.000000Z"}},
        },
    )
    clock.advance(10)
    assert (await table.get("a")).updated_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert await table.query("a").select(Plain.updated_at) == [(datetime(2026, 1, 1, tzinfo=UTC),)]
    assert await table.get("a").select(Plain.updated_at) == (datetime(2026, 1, 1, tzinfo=UTC),)


async def test_no_update_takes_the_creation_time_away_where_it_has_to_be_there(
    db: Database,
) -> None:
    with pytest.raises(
        adorm.UsageError,
        match=r"Plain\.created_at has no default, so an item without it can't be read",
    ):
        await db.table(Plain).update("a").remove(Plain.created_at)
    await db.table(Plain).update("a").set(Plain.text, "x").upsert()
    assert (await db.table(Plain).get("a")).created_at is not None
