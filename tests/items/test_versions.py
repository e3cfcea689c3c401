"""Versions that other libraries stored: counted from 0, NULL, or not there at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.memory.engine import Engine

pytestmark = pytest.mark.anyio


@adorm.model(table="notes")
class Note:
    note_id: str = adorm.partition_key()
    text: str = ""
    version: int = adorm.version()


@adorm.model(table="notes", frozen=True)
class FrozenNote:
    note_id: str = adorm.partition_key()
    text: str = ""
    version: int = adorm.version()


async def _tx_save(db: adorm.Database, _notes: adorm.Table[Note], note: Note) -> None:
    async with db.transaction() as tx:
        tx.save(note)


async def _tx_put(db: adorm.Database, _notes: adorm.Table[Note], note: Note) -> None:
    async with db.transaction() as tx:
        tx.put(note)


async def _tx_delete(db: adorm.Database, _notes: adorm.Table[Note], note: Note) -> None:
    async with db.transaction() as tx:
        tx.delete(note)


Write = Callable[[adorm.Database, adorm.Table[Note], Note], Awaitable[Any]]

WRITES: dict[str, Write] = {
    "save": lambda _, notes, note: notes.save(note),
    "save only": lambda _, notes, note: notes.save(note, only=[Note.text]),
    "put": lambda _, notes, note: notes.put(note),
    "tx.save": _tx_save,
    "tx.put": _tx_put,
}
DELETES: dict[str, Write] = {
    "delete": lambda _, notes, note: notes.delete(note),
    "tx.delete": _tx_delete,
}
ZEROS: dict[str, dict[str, Any]] = {
    "0": {"version": {"N": "0"}},
    "NULL": {"version": {"NULL": True}},
    "none": {},
}


async def fill(db: adorm.Database, version: dict[str, Any]) -> None:
    item = {"note_id": {"S": "n"}, "text": {"S": "old"}, **version}
    await db.call("PutItem", {"TableName": "notes", "Item": item})


async def stored(db: adorm.Database) -> dict[str, Any] | None:
    answer = await db.call("GetItem", {"TableName": "notes", "Key": {"note_id": {"S": "n"}}})
    found: dict[str, Any] | None = answer.get("Item")
    return found


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("zero", ZEROS)
async def test_an_item_with_no_version_yet_is_written_with_the_first(write: str, zero: str) -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Note)
        await fill(db, ZEROS[zero])
        note = await db.table(Note).get("n")
        assert note.version == 0
        note.text = "new"
        await WRITES[write](db, db.table(Note), note)
        assert note.version == 1
        assert await stored(db) == {
            "note_id": {"S": "n"},
            "text": {"S": "new"},
            "version": {"N": "1"},
        }


@pytest.mark.parametrize("delete", DELETES)
@pytest.mark.parametrize("zero", ZEROS)
async def test_an_item_with_no_version_yet_is_deleted(delete: str, zero: str) -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Note)
        await fill(db, ZEROS[zero])
        await DELETES[delete](db, db.table(Note), await db.table(Note).get("n"))
        assert await stored(db) is None


@pytest.mark.parametrize("zero", ZEROS)
async def test_read_modify_write_changes_an_item_with_no_version_yet(zero: str) -> None:
    def change(note: Note) -> None:
        note.text += "!"

    async with adorm.connect("memory") as db:
        await db.create_table(Note)
        await fill(db, ZEROS[zero])
        note = await db.table(Note).read_modify_write("n", change)
        assert (note.text, note.version) == ("old!", 1)


@pytest.mark.parametrize("zero", ZEROS)
async def test_a_frozen_item_with_no_version_yet_is_saved_as_the_first(zero: str) -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(FrozenNote)
        await fill(db, ZEROS[zero])
        notes = db.table(FrozenNote)
        assert (await notes.save(await notes.get("n"))).version == 1


@pytest.mark.parametrize("write", [*WRITES, *DELETES])
@pytest.mark.parametrize("zero", ZEROS)
async def test_another_writer_after_the_read_is_a_conflict(write: str, zero: str) -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Note)
        await fill(db, ZEROS[zero])
        notes = db.table(Note)
        note = await notes.get("n")
        await fill(db, {"version": {"N": "1"}})
        before = await stored(db)
        note.text = "mine"
        with pytest.raises((adorm.VersionConflict, adorm.TransactionCanceled)) as caught:
            await {**WRITES, **DELETES}[write](db, notes, note)
        error: Any = caught.value
        (conflict,) = [error] if isinstance(error, adorm.VersionConflict) else error.exceptions
        assert isinstance(conflict, adorm.VersionConflict)
        assert (conflict.expected, conflict.actual) == (0, 1)
        assert note.version == 0
        assert await stored(db) == before


async def test_a_put_of_a_new_instance_hides_no_stored_version() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Note)
        notes = db.table(Note)
        await fill(db, {"version": {"N": "7"}})
        with pytest.raises(adorm.VersionConflict, match="expected version 0, version 7 is stored"):
            await notes.put(Note(note_id="n"))
        assert (await notes.put(Note(note_id="n", text="last")).unchecked()).version == 1
        assert (await notes.get("n")).text == "last"


async def test_a_version_that_is_no_number_is_refused_by_name_and_a_conflict() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Note)
        notes = db.table(Note)
        await fill(db, {"version": {"S": "three"}})
        with pytest.raises(adorm.ItemDecodeError, match=r"version: expected a whole n") as caught:
            await notes.get("n")
        assert caught.value.path == "$.version"
        for version in (0, 3):
            with pytest.raises(adorm.VersionConflict, match="its version is no number") as conflict:
                await notes.save(Note(note_id="n", version=version))
            assert conflict.value.actual is None


NUMBERS = ("0", "0.0", "1", "2", "41", "1E+1")
VERSIONS = st.sampled_from([{}, {"NULL": True}, *({"N": text} for text in NUMBERS)])


@given(version=VERSIONS, meanwhile=st.none() | VERSIONS, write=st.sampled_from([*WRITES, *DELETES]))
@settings(max_examples=80, deadline=None)
def test_a_write_of_an_instance_is_done_exactly_where_the_version_read_is_stored(
    version: dict[str, Any], meanwhile: dict[str, Any] | None, write: str
) -> None:
    def number(value: dict[str, Any]) -> int:
        return int(float(value.get("N", "0")))

    async def run() -> None:
        engine = Engine()
        async with adorm.connect(engine) as db, adorm.connect(engine) as other:
            await db.create_table(Note)
            await fill(other, {"version": version} if version else {})
            notes = db.table(Note)
            note = await notes.get("n")
            assert note.version == number(version)
            if meanwhile is not None:
                await fill(other, {"version": meanwhile} if meanwhile else {})
            before = await stored(other)
            fits = meanwhile is None or number(meanwhile) == number(version)
            note.text = "mine"
            try:
                await {**WRITES, **DELETES}[write](db, notes, note)
            except (adorm.VersionConflict, adorm.TransactionCanceled):
                assert not fits
                assert await stored(other) == before
                assert note.version == number(version)
                return
            assert fits
            after = await stored(other)
            if write in DELETES:
                assert after is None
            else:
                assert after is not None
                assert (after["text"], after["version"]) == (
                    {"S": "mine"},
                    {"N": str(number(version) + 1)},
                )
                assert note.version == number(version) + 1

    asyncio.run(run())
