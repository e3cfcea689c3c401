"""A write is built once: sent alone, in a transaction or in a batch it says the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

import adorm
from adorm.clock import use_clock
from adorm.database import Database
from adorm.items.single_write import SingleWrite
from adorm.testing import FakeClock
from tests.support.scripted import ScriptedTransport

pytestmark = pytest.mark.anyio


@adorm.model(table="notes")
class Note:
    note_id: str = adorm.partition_key()
    text: str = ""
    version: int = adorm.version()
    created_at: datetime = adorm.created_at()
    updated_at: datetime = adorm.updated_at()


WRITES: dict[str, tuple[str, Callable[[adorm.Table[Note], Note], Any]]] = {
    "create": ("Put", lambda notes, note: notes.create(note)),
    "put": ("Put", lambda notes, note: notes.put(note)),
    "put with a condition": ("Put", lambda notes, note: notes.put(note).when(Note.text == "x")),
    "save": ("Update", lambda notes, note: notes.save(note)),
    "save of one field": ("Update", lambda notes, note: notes.save(note, only=[Note.text])),
    "delete of an instance": ("Delete", lambda notes, note: notes.delete(note)),
    "delete by key": ("Delete", lambda notes, _: notes.delete("a").when(Note.text == "x")),
    "update": ("Update", lambda notes, _: notes.update("a").set(Note.text, "x")),
    "upsert": ("Update", lambda notes, _: notes.update("a").set(Note.text, "x").upsert()),
}


@pytest.mark.parametrize("name", WRITES)
async def test_a_transaction_says_what_the_write_alone_says(name: str) -> None:
    action, build = WRITES[name]
    with use_clock(FakeClock()):
        async with Database(ScriptedTransport) as db:
            write: SingleWrite[Any] = build(db.table(Note), Note(note_id="a", version=2))
            alone = write.request()
            tx = db.transaction()
            tx.include(write)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # a write of either kind
            (item,) = tx.request()["TransactItems"]
    alone.pop("ReturnValues", None)  # a transaction returns nothing
    assert item == {action: alone}


async def test_a_batch_puts_the_item_that_a_put_alone_puts() -> None:
    with use_clock(FakeClock()):
        async with Database(ScriptedTransport) as db:
            note = Note(note_id="a", version=2)
            alone = db.table(Note).put(note).request()
            batch = db.table(Note).batch_write(puts=[note]).request()
    assert batch["RequestItems"]["notes"] == [{"PutRequest": {"Item": alone["Item"]}}]


@pytest.mark.parametrize("name", WRITES)
async def test_an_instance_changes_only_when_the_write_is_applied(name: str) -> None:
    _, build = WRITES[name]
    with use_clock(FakeClock()):
        async with Database(ScriptedTransport) as db:
            note = Note(note_id="a", version=2)
            prepared = build(db.table(Note), note).prepare()
            assert note.version == 2
            prepared.on_applied(None)
    by_instance = {"create": 1, "put": 3, "put with a condition": 3, "save": 3}
    assert note.version == {**by_instance, "save of one field": 3}.get(name, 2)
