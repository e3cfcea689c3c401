"""Cursors and checkpoints that nobody was given: forged, or put together from others."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson
import pytest

import adorm
from adorm import attr
from adorm.errors import BadCursor, UsageError
from adorm.testing import Recorder

pytestmark = pytest.mark.anyio


@adorm.model(
    table="events",
    indexes=[adorm.GlobalIndex("by-kind", partition="kind", sort="size")],
)
class Event:
    stream: str = adorm.partition_key()
    number: int = adorm.sort_key()
    kind: str = "k"
    size: Decimal = Decimal(0)


@adorm.model(table="blobs")
class Blob:
    name: str = adorm.partition_key()
    part: bytes = adorm.sort_key()


def forged(cursor: str, key: Any) -> str:
    """The cursor with another key in it, sealed as an unsigned one is."""
    sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    body = sealed[16:33] + orjson.dumps(key)
    return (
        urlsafe_b64encode(sha256(b"adorm cursor" + body).digest()[:16] + body).rstrip(b"=").decode()
    )


GOOD = {"stream": {"S": "s"}, "number": {"N": "4"}}
FORGED: dict[str, Any] = {
    "another type": {"stream": {"N": "1"}, "number": {"N": "4"}},
    "a sort key of another type": {"stream": {"S": "s"}, "number": {"S": "4"}},
    "no number": {"stream": {"S": "s"}, "number": {"N": "four"}},
    "a number beyond DynamoDB's": {"stream": {"S": "s"}, "number": {"N": "1e999"}},
    "too many digits": {"stream": {"S": "s"}, "number": {"N": "1" * 39}},
    "not a number": {"stream": {"S": "s"}, "number": {"N": "NaN"}},
    "a number with blanks": {"stream": {"S": "s"}, "number": {"N": " 4"}},
    "another partition": {"stream": {"S": "t"}, "number": {"N": "4"}},
    "below the range": {"stream": {"S": "s"}, "number": {"N": "2"}},
    "above the range": {"stream": {"S": "s"}, "number": {"N": "9"}},
    "a key that is too long": {"stream": {"S": "s" * 3000}, "number": {"N": "4"}},
    "an empty key": {"stream": {"S": ""}, "number": {"N": "4"}},
    "a part less": {"stream": {"S": "s"}},
    "a part more": {**GOOD, "kind": {"S": "k"}},
    "two types": {"stream": {"S": "s", "N": "1"}, "number": {"N": "4"}},
    "a list": [],
}


@pytest.mark.parametrize("what", FORGED)
async def test_a_forged_cursor_is_a_bad_cursor_before_the_wire(what: str) -> None:
    recorder = Recorder()
    async with adorm.connect("memory", wrap=recorder) as db:
        await db.create_table(Event)
        events = db.table(Event)
        for number in range(3, 9):
            await events.put(Event(stream="s", number=number))
        query = events.query("s").where(attr(Event.number).between(3, 8)).limit(2)
        cursor = (await query.page()).cursor
        assert cursor is not None
        assert [each.number for each in (await query.page(forged(cursor, GOOD))).items] == [5, 6]
        recorder.clear()
        with pytest.raises(BadCursor):
            await query.page(forged(cursor, FORGED[what]))
        assert recorder.sent == ()


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        (Event.size == 3, "3.0", "4"),
        (Event.size < 3, "2", "3"),
        (Event.size <= 3, "3", "3.1"),
        (Event.size > 3, "3.1", "3"),
        (Event.size >= 3, "3", "2.9"),
    ],
)
async def test_every_condition_of_a_key_holds_for_cursors_of_indexes_too(
    condition: Any, inside: str, outside: str
) -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Event)
        events = db.table(Event)
        for number, size in enumerate(["2", "2.5", "3", "3", "3.1", "4"]):
            await events.put(Event(stream="s", number=number, size=Decimal(size)))
        query = events.query().index("by-kind").where(Event.kind == "k", condition)
        cursor = (await query.page_size(1).page()).cursor
        assert cursor is not None
        key = {"stream": {"S": "s"}, "number": {"N": "3"}, "kind": {"S": "k"}}
        await query.page(forged(cursor, {**key, "size": {"N": inside}}))
        with pytest.raises(BadCursor, match="size does not meet the key condition"):
            await query.page(forged(cursor, {**key, "size": {"N": outside}}))
        with pytest.raises(BadCursor, match="kind does not meet the key condition"):
            await query.page(forged(cursor, {**key, "kind": {"S": "z"}, "size": {"N": inside}}))


async def test_prefixes_and_bytes_too() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Blob)
        blobs = db.table(Blob)
        for part in (b"a1", b"a2", b"a3"):
            await blobs.put(Blob(name="n", part=part))
        query = blobs.query("n").where(attr(Blob.part).begins_with(b"a")).limit(1)
        cursor = (await query.page()).cursor
        assert cursor is not None
        assert [each.part for each in (await query.page(cursor)).items] == [b"a2"]
        with pytest.raises(BadCursor, match="part does not meet the key condition"):
            await query.page(forged(cursor, {"name": {"S": "n"}, "part": {"B": "YjE="}}))
        with pytest.raises(BadCursor, match="part is not of the type"):
            await query.page(forged(cursor, {"name": {"S": "n"}, "part": {"S": "a1"}}))


async def test_a_cursor_that_was_given_goes_on_at_its_place_whatever_the_query() -> None:
    async with adorm.connect("memory") as db:
        await db.create_table(Event)
        events = db.table(Event)
        for number in range(9):
            await events.put(Event(stream="s", number=number, size=Decimal(number % 3)))
        queries: list[Any] = [
            events.query("s"),
            events.query("s").descending(),
            events.query("s").where(Event.number >= 1),
            events.query("s").filter(Event.size > 0),
            events.query().index("by-kind").where(Event.kind == "k"),
            events.query().index("by-kind").where(Event.kind == "k", Event.size > 0).descending(),
            events.scan(),
            events.scan().index("by-kind"),
        ]
        for query in queries:
            read: list[Any] = []
            cursor = None
            for _ in range(20):
                page = await query.limit(2).page(cursor)
                read += page.items
                cursor = page.cursor
                if cursor is None:
                    break
            assert read == await query


async def test_a_checkpoint_with_keys_of_another_type_is_damaged() -> None:
    recorder = Recorder()
    async with adorm.connect("memory", wrap=recorder) as db:
        await db.create_table(Event)
        events = db.table(Event)
        await events.batch_write(puts=[Event(stream="s", number=number) for number in range(5)])
        async with events.scan().page_size(1).stream() as rows:
            async for _ in rows:
                break
            checkpoint = rows.checkpoint()
        assert len(await events.scan().resume(checkpoint)) == 4
        recorder.clear()
        damaged = orjson.loads(checkpoint)
        damaged["segments"][0]["after"]["number"] = {"N": "x"}
        with pytest.raises(UsageError, match="this checkpoint is damaged: number is no number"):
            await events.scan().resume(orjson.dumps(damaged).decode())
        assert recorder.sent == ()
