"""Items whose keys another writer spelled otherwise: what reads them, and what refuses them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, NewType
from uuid import UUID

import pytest

import adorm

pytestmark = pytest.mark.anyio


@adorm.model(table="events")
class Event:
    room: str = adorm.partition_key()
    at: datetime = adorm.sort_key()
    note: str = ""


THEIRS = {"room": {"S": "a"}, "at": {"S": "2025-12-17T21:47:08+00:00"}, "note": {"S": "theirs"}}
OURS = Event(room="a", at=datetime(2025, 12, 18, tzinfo=UTC), note="ours")


async def _filled(db: adorm.Database) -> adorm.Table[Event]:
    await db.create_table(Event)
    events = db.table(Event)
    await db.call("PutItem", {"TableName": events.name, "Item": THEIRS})
    await events.create(OURS)
    return events


async def _for_each(events: adorm.Table[Event]) -> Any:
    return await events.scan().for_each(events.delete)


async def _page(events: adorm.Table[Event]) -> Any:
    page = await events.query("a").page()
    raise page.errors[0]


READS: dict[str, Callable[[adorm.Table[Event]], Awaitable[Any]]] = {
    "query": lambda events: events.query("a"),
    "page": _page,
    "first": lambda events: events.query("a").first(),
    "scan": lambda events: events.scan(),
    "select of the key": lambda events: events.query("a").select(Event.at),
    "min of the key": lambda events: events.query("a").min(Event.at),
    "count by the key": lambda events: events.scan().count_by(Event.at),
    "for_each": _for_each,
}


@pytest.mark.parametrize("read", READS)
async def test_whatever_reads_the_key_refuses_it(read: str) -> None:
    async with adorm.connect("memory") as db:
        events = await _filled(db)
        with pytest.raises((adorm.ItemDecodeError, adorm.ScanFailed)) as caught:
            await READS[read](events)
        failure = caught.value
        errors = failure.exceptions if isinstance(failure, adorm.ScanFailed) else [failure]
        assert any(isinstance(each, adorm.ItemDecodeError) for each in errors)
        assert any("another key" in str(each) for each in errors)
        assert await events.scan().select(Event.note).collect_errors() is not None
        answer = await db.call(
            "GetItem",
            {"TableName": events.name, "Key": {name: THEIRS[name] for name in ("room", "at")}},
        )
        assert answer["Item"] == THEIRS


async def test_what_reads_no_key_reads_the_item_all_the_same() -> None:
    async with adorm.connect("memory") as db:
        events = await _filled(db)
        assert await events.query("a").select(Event.note) == [("theirs",), ("ours",)]
        assert await events.query("a").count() == 2


async def test_with_collected_errors_the_items_that_were_read_are_deleted_alone() -> None:
    async with adorm.connect("memory") as db:
        events = await _filled(db)
        result = await events.scan().collect_errors()
        assert result.items == [OURS]
        for event in result.items:
            await events.delete(event)
        assert (await db.call("Scan", {"TableName": events.name}))["Items"] == [THEIRS]


@adorm.model(
    table="indexed",
    indexes=[adorm.GlobalIndex("by-owner", partition="owner", projection="KEYS_ONLY")],
)
class Indexed:
    id: str = adorm.partition_key()
    owner: UUID | None = None
    note: str = ""


async def test_the_old_item_that_a_delete_gives_back_is_refused_too() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Indexed)
        table = db.table(Indexed)
        item = {"id": {"S": "i"}, "owner": {"S": str(UUID(int=10)).upper()}}
        await db.call("PutItem", {"TableName": table.name, "Item": item})
        with pytest.raises(adorm.ItemDecodeError, match="another key"):
            await table.get("i")
        with pytest.raises(adorm.ItemDecodeError, match="another key"):
            await table.delete("i").returning("old")


@adorm.model(table="events")
class EventAsText:
    room: str = adorm.partition_key()
    at: str = adorm.sort_key()
    note: str = ""


async def test_declared_as_text_the_same_items_are_read_saved_and_deleted() -> None:
    async with adorm.connect("memory") as db:
        await _filled(db)
        texts = db.table(EventAsText)
        theirs, _ = await texts.query("a")
        theirs.note = "changed"
        await texts.save(theirs)
        await texts.delete(theirs)
        assert len(await texts.query("a")) == 1


PynamoTime = NewType("PynamoTime", datetime)


@adorm.model(table="events")
class PynamoEvent:
    room: str = adorm.partition_key()
    at: PynamoTime = adorm.sort_key()
    note: str = ""


async def test_with_a_hook_that_writes_the_form_of_the_other_writer_they_are_too() -> None:
    async with adorm.connect("memory") as db:
        db.converter.register_unstructure_hook(PynamoTime, lambda at: {"S": at.isoformat()})
        await db.create_table(PynamoEvent)
        await db.call("PutItem", {"TableName": "events", "Item": THEIRS})
        events = db.table(PynamoEvent)
        (theirs,) = await events.query("a")
        assert await events.query("a").where(PynamoEvent.at == theirs.at) == [theirs]
        theirs.note = "changed"
        await events.save(theirs)
        answer = await db.call("Scan", {"TableName": "events"})
        assert answer["Items"] == [{**THEIRS, "note": {"S": "changed"}}]
        await events.delete(theirs)
        assert await events.scan() == []
