"""Writes of single items, where what is stored or held is not as it should be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import attrs
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
        with pytest.raises(
            adorm.UsageError, match=r"Note\.version: a version is a whole number from 0 on"
        ):
            await WRITES[write](db.table(Note), Note(note_id="n", version=version))
    assert transport.sent == []


async def test_a_save_over_an_unreadable_creation_time_changes_the_instance_before_the_error() -> (
    None
):
    transport = ScriptedTransport([{"Attributes": {"created_at": {"S": "yesterday"}}}])
    note = Note(note_id="n")
    async with Database(lambda: transport) as db:
        with pytest.raises(
            adorm.ItemDecodeError,
            match=r'Note \$\.created_at: expected a date and time.*"yesterday"',
        ) as caught:
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


@adorm.model(
    table="tickets", indexes=[adorm.GlobalIndex("by_owner", partition="owner", sort="rank")]
)
class Ticket:
    ticket_id: str = adorm.partition_key()
    owner: str = adorm.attribute(
        default="nobody", validator=attrs.validators.in_(["nobody", "ann", ""])
    )
    rank: str = "a"


INDEX_KEYS: dict[str, Callable[[adorm.Update[Ticket, None]], adorm.Update[Ticket, None]]] = {
    "set": lambda update: update.set(Ticket.owner, ""),
    "set in the sort key": lambda update: update.set(Ticket.rank, "x" * 1025),
    "set if absent": lambda update: update.apply(adorm.attr(Ticket.owner).set_if_absent("")),
}


@pytest.mark.parametrize("name", INDEX_KEYS)
async def test_an_update_to_a_key_of_an_index_that_dynamodb_refuses_is_refused_before_the_wire(
    name: str,
) -> None:
    transport = ScriptedTransport()
    async with Database(lambda: transport) as db:
        with pytest.raises(
            adorm.UsageError, match=r"Ticket\.(owner|rank) \(key of index by_owner\)"
        ):
            await INDEX_KEYS[name](db.table(Ticket).update("t"))
    assert transport.sent == []


async def test_what_a_validator_says_is_told_without_the_field_s_definition() -> None:
    ticket = Ticket(ticket_id="t")
    object.__setattr__(ticket, "owner", "bob")
    async with Database(ScriptedTransport) as db:
        with pytest.raises(adorm.UsageError) as caught:
            await db.table(Ticket).put(ticket)
    assert str(caught.value) == "Ticket.owner: 'owner' must be in ['nobody', 'ann', ''] (got 'bob')"
    with pytest.raises(adorm.ItemDecodeError) as refused:
        adorm.from_attribute_map(Ticket, {"ticket_id": {"S": "t"}, "owner": {"S": "bob"}})
    assert str(refused.value) == (
        "Ticket t $.owner: refused by Ticket: 'owner' must be in ['nobody', 'ann', ''] (got 'bob')"
    )
