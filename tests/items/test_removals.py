"""Removing attributes alone makes no item: after a save or an upsert there is one all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest

import adorm
from adorm import attr
from adorm.database import Database
from adorm.testing import Recorder

pytestmark = pytest.mark.anyio


@adorm.model(table="notes", indexes=[adorm.GlobalIndex("by-owner", partition="owner")])
class Note:
    note_id: str = adorm.partition_key()
    text: str | None = None
    tags: set[str] = adorm.attribute(factory=set)
    title: str = adorm.attribute(default="", omit_empty=True)
    owner: str | None = None
    expires_at: datetime | None = adorm.ttl()


@adorm.model(table="owned", indexes=[adorm.GlobalIndex("by-owner", partition="owner")])
class Owned:
    note_id: str = adorm.partition_key()
    owner: str | None = None


@adorm.model(table="tagged")
class Tagged:
    note_id: str = adorm.partition_key()
    tags: set[str] = adorm.attribute(factory=set)


MODELS: list[Any] = [Note, Owned, Tagged]


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with adorm.connect("memory") as db:
        for model in MODELS:
            await db.create_table(model)
        yield db


async def stored(db: Database, table: str, key: str = "a") -> Any:
    return (await db.call("GetItem", {"TableName": table, "Key": {"note_id": {"S": key}}})).get(
        "Item"
    )


@pytest.mark.parametrize("model", MODELS)
async def test_a_save_of_absent_fields_stores_the_item_and_nothing_but_its_key(
    db: Database, model: Any
) -> None:
    table = db.table(model)
    await table.save(model(note_id="a"))
    assert await stored(db, table.name) == {"note_id": {"S": "a"}}
    assert await table.get("a") == model(note_id="a")
    await table.save(model(note_id="a"))
    assert await table.get("a") == model(note_id="a")


async def test_a_save_of_absent_fields_takes_what_is_stored_away_and_leaves_what_no_field_declares(
    db: Database,
) -> None:
    await db.call(
        "PutItem",
        {
            "TableName": "notes",
            "Item": {"note_id": {"S": "a"}, "text": {"S": "x"}, "more": {"S": "y"}},
        },
    )
    await db.table(Note).save(Note(note_id="a"))
    assert await stored(db, "notes") == {"note_id": {"S": "a"}, "more": {"S": "y"}}


UPSERTS: dict[str, Callable[[adorm.Table[Note]], adorm.Update[Note, Any]]] = {
    "a removal": lambda notes: notes.update("a").remove(Note.text),
    "a value stored as absence": lambda notes: notes.update("a").set(Note.text, None),
    "an empty set": lambda notes: notes.update("a").set(Note.tags, set()),
    "members taken out of a set": lambda notes: notes.update("a").apply(
        attr(Note.tags).delete({"x"})
    ),
    "a removal of what no field declares": lambda notes: notes.update("a").apply(
        adorm.path("legacy").remove()
    ),
    "all fields removed": lambda notes: notes.update("a").remove(
        Note.text, Note.tags, Note.title, Note.owner, Note.expires_at
    ),
}


@pytest.mark.parametrize("name", UPSERTS)
async def test_an_upsert_that_only_removes_creates_the_item(db: Database, name: str) -> None:
    update = UPSERTS[name](db.table(Note)).upsert()
    assert await update is None
    assert await stored(db, "notes") == {"note_id": {"S": "a"}}
    assert await update.returning("new") == Note(note_id="a")


@pytest.mark.parametrize("name", UPSERTS)
async def test_an_upsert_that_only_removes_gives_the_new_item_where_there_was_none(
    db: Database, name: str
) -> None:
    assert await UPSERTS[name](db.table(Note)).upsert().returning("new") == Note(note_id="a")


@pytest.mark.parametrize("name", UPSERTS)
async def test_update_many_with_upsert_creates_what_it_removes_from(
    db: Database, name: str
) -> None:
    notes = db.table(Note)
    result = await notes.update_many(
        [UPSERTS[name](notes).upsert(), notes.update("b").remove(Note.text).upsert()]
    )
    assert len(result.updated) == 2
    assert await notes.scan().count() == 2


@pytest.mark.parametrize("name", UPSERTS)
@pytest.mark.parametrize("exactly_once", [False, True])
async def test_an_upsert_that_only_removes_creates_the_item_in_a_transaction_too(
    db: Database, name: str, exactly_once: bool
) -> None:
    update = UPSERTS[name](db.table(Note)).upsert()
    if name == "all fields removed":
        with pytest.raises(
            adorm.ItemNotFound if exactly_once else adorm.TransactionCanceled
        ) as caught:
            await in_transaction(db, update, exactly_once=exactly_once)
        assert (
            "a transaction can't create one by removing attributes: use create() or put()"
            in str(caught.value)
        )
        return
    await in_transaction(db, update, exactly_once=exactly_once)
    assert await db.table(Note).get("a") == Note(note_id="a")


async def in_transaction(
    db: Database, update: adorm.Update[Note, Any], *, exactly_once: bool
) -> None:
    if exactly_once:
        await update.exactly_once()
    else:
        async with db.transaction() as tx:
            tx.include(update)


@pytest.mark.parametrize("model", [Note, Tagged])
async def test_a_save_in_a_transaction_stores_the_item(db: Database, model: Any) -> None:
    async with db.transaction() as tx:
        tx.save(model(note_id="a"))
    assert await db.table(model).get("a") == model(note_id="a")


async def test_a_save_in_a_transaction_that_can_store_nothing_says_what_does(db: Database) -> None:
    with pytest.raises(adorm.TransactionCanceled) as caught:
        async with db.transaction() as tx:
            tx.save(Owned(note_id="a"))
    assert "use create() or put()" in str(caught.value)
    await db.table(Owned).create(Owned(note_id="a", owner="ann"))
    async with db.transaction() as tx:
        tx.save(Owned(note_id="a"))
    assert await stored(db, "owned") == {"note_id": {"S": "a"}}


async def test_text_stands_in_before_a_set_to_which_members_are_added_later(db: Database) -> None:
    async with db.transaction() as tx:
        tx.save(Note(note_id="a"))
    await db.table(Note).update("a").add(Note.tags, {"x"})
    assert await db.table(Note).get("a") == Note(note_id="a", tags={"x"})


async def test_a_condition_of_ones_own_decides_whether_there_is_an_item_or_not(
    db: Database,
) -> None:
    notes = db.table(Note)
    with pytest.raises(adorm.ConditionalCheckFailed):
        await notes.save(Note(note_id="a")).when(attr(Note.text) == "x")
    with pytest.raises(adorm.ConditionalCheckFailed):
        await notes.update("a").remove(Note.title).upsert().when(attr(Note.text) == "x")
    assert await stored(db, "notes") is None
    await notes.save(Note(note_id="a")).when(attr(Note.text).not_exists())
    assert await stored(db, "notes") is not None


async def test_an_item_that_is_there_takes_one_request(db: Database) -> None:
    recorder = Recorder()
    async with adorm.connect("memory", wrap=recorder) as other:
        await other.create_table(Note)
        await other.table(Note).put(Note(note_id="a", text="x"))
        recorder.clear()
        await other.table(Note).save(Note(note_id="a"))
        assert len(recorder.sent) == 1


async def test_an_item_that_another_creates_in_between_is_what_is_saved(db: Database) -> None:
    from adorm.items.send import MAX_TURNS, write_or_create

    notes, sent = db.table(Note), list[str]()

    async def send(request: dict[str, Any]) -> Any:
        sent.append("removes" if "UpdateExpression" in request else "creates")
        if len(sent) == 2:
            await notes.put(Note(note_id="a", text="theirs"))
        return await db.call("UpdateItem", request)

    write: Any = notes.save(Note(note_id="a"))
    prepared = write.prepare()
    await write_or_create(send, prepared.request, prepared.creation)
    assert sent == ["removes", "creates", "removes"]
    assert await stored(db, "notes") == {"note_id": {"S": "a"}}
    assert MAX_TURNS > 1
