"""Writes of single items, where what is stored or held is not as it should be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

import adorm
from adorm.database import Database
from tests.support.scripted import ScriptedTransport, refusal

pytestmark = pytest.mark.anyio


@adorm.model(table="notes")
class Note:
    note_id: str = adorm.partition_key()
    text: str = ""
    created_at: datetime = adorm.created_at()
    version: int = adorm.version()


WRITES: dict[str, Callable[[adorm.Table[Note], Note], Awaitable[Any]]] = {
    "put": lambda notes, note: notes.put(note),
    "save": lambda notes, note: notes.save(note),
    "delete": lambda notes, note: notes.delete(note),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("version", [None, "3", True, -1, 1.0])
async def test_a_version_that_is_none_is_refused_before_the_wire(write: str, version: Any) -> None:
    transport = ScriptedTransport()
    async with Database(lambda: transport) as db:
        with pytest.raises(adorm.UsageError, match=r"Note\.version: a version is a whole number from 0 on"):
            await WRITES[write](db.table(Note), Note(note_id="n", version=version))
    assert transport.sent == []


async def test_a_save_over_an_unreadable_creation_time_is_settled_before_the_error() -> None:
    transport = ScriptedTransport([{"Attributes": {"created_at": {"S": "yesterday"}}}])
    note = Note(note_id="n")
    async with Database(lambda: transport) as db:
        with pytest.raises(adorm.ItemDecodeError, match=r'Note \$\.created_at: expected a date and time.*"yesterday"') as caught:
            await db.table(Note).save(note)
    assert note.version == 1
    assert "was saved" in caught.value.__notes__[0]


async def test_a_stored_version_that_is_no_whole_number_is_still_a_conflict() -> None:
    refused: Any = refusal("ConditionalCheckFailedException", operation="UpdateItem")
    refused.attribute_map = {"note_id": {"S": "n"}, "version": {"N": "2.5"}}
    async with Database(lambda: ScriptedTransport([refused])) as db:
        with pytest.raises(adorm.VersionConflict) as caught:
            await db.table(Note).save(Note(note_id="n", version=1))
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    assert "does not fit the model" in caught.value.__notes__[-1]
