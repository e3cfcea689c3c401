"""Queries over shards: read side by side, merged by the sort key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from zlib import crc32

import anyio
import orjson
import pytest

import adorm
from adorm.errors import AccessDenied, BadCursor, DeadlineExceeded, UsageError
from adorm.query.cursors import encode_cursor, open_cursor
from adorm.query.query import Query
from adorm.testing import Faults, Recorder
from tests.support.virtual_time import VIRTUAL

pytestmark = pytest.mark.anyio

events_table = adorm.SingleTable(
    "events", indexes=[adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK")]
)
SHARDS = 4


@adorm.model(table=events_table)
class Event:
    event_id: int
    day: date = date(2026, 1, 5)
    size: int = 0

    @adorm.key
    def key(self, event_id: int) -> adorm.KeyText:
        return f"EVENT#{event_id:d}", "EVENT"

    everything = adorm.key("ALL#{event_id:shard(4)}", "{size:03d}", index="GSI1")


@adorm.model(table="visits")
class Visit:
    day: date
    visitor: str
    number: int
    key = adorm.key("VISITS#{day:%Y-%m-%d}#{visitor:shard(3)}", "{number:04d}")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def db(recorder: Recorder, faults: Faults) -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory", wrap=lambda engine: recorder(faults(engine))) as db:
        await db.create_table(Event)
        await db.create_table(Visit)
        await db.table(Event).batch_write(
            puts=[Event(event_id=number, size=(number * 37) % 50) for number in range(40)]
        )
        recorder.clear()
        yield db


def everything(db: adorm.Database) -> Query[Event]:
    return db.table(Event).query().index(Event.everything)


SIZES = sorted((number * 37) % 50 for number in range(40))


async def sizes(query: Query[Event]) -> list[int]:
    return [event.size for event in await query]


def shard_of(request: Any) -> str:
    return str(request["ExpressionAttributeValues"][":v0"]["S"])


async def test_shards_are_merged_by_their_sort_key(db: adorm.Database, recorder: Recorder) -> None:
    query = everything(db)
    assert query.explain().partitions == ("ALL#0", "ALL#1", "ALL#2", "ALL#3")
    assert await sizes(query) == SIZES
    assert recorder.max_in_flight == SHARDS
    assert await sizes(query.descending()) == SIZES[::-1]
    assert await sizes(query.page_size(2)) == SIZES
    assert await sizes(query.limit(5)) == SIZES[:5]
    assert await query.count() == 40
    assert await query.limit(7).count() == 7
    first = await query.first()
    assert first is not None
    assert first.size == SIZES[0]
    assert await query.exists()
    assert await query.sum(Event.size) == sum(SIZES)
    assert await query.select(Event.size) == [(size,) for size in SIZES]
    assert [event.size for event in (await query.collect_errors()).items] == SIZES
    assert await sizes(query.hydrate()) == SIZES
    async with query.page_size(3).stream() as rows:
        assert [event.size async for event in rows] == SIZES
        assert rows.capacity.read_units > 0


async def test_a_given_field_reads_its_shard(db: adorm.Database) -> None:
    query = everything(db).where(Event.event_id == 7)
    shard = crc32(b"7") % SHARDS
    assert shard_of(query.request()) == f"ALL#{shard}"
    assert query.explain().partitions == ()
    assert await sizes(query) == [7 * 37 % 50]


async def test_a_plain_loop_is_refused(db: adorm.Database) -> None:
    with pytest.raises(UsageError, match="which live in a block"):
        async for _ in everything(db):
            pass


async def test_ranges_of_the_sort_key_hold_in_each_shard(db: adorm.Database) -> None:
    query = everything(db).where(Event.size >= 10, Event.size < 20)
    assert await sizes(query) == [size for size in SIZES if 10 <= size < 20]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 40, None])
async def test_pages_go_across_shards(
    db: adorm.Database, limit: int | None, descending: bool
) -> None:
    query = everything(db).page_size(4)
    query = query.descending() if descending else query
    query = query if limit is None else query.limit(limit)
    found: list[int] = []
    cursor: str | None = None
    for _ in range(60):
        page = await query.page(cursor)
        assert limit is None or len(page.items) <= limit
        found += [event.size for event in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert cursor is None
    assert found == (SIZES[::-1] if descending else SIZES)


async def test_a_cursor_belongs_to_its_query(db: adorm.Database) -> None:
    page = await everything(db).limit(3).page()
    with pytest.raises(BadCursor, match="another query"):
        await everything(db).descending().page(page.cursor)


async def test_a_forged_cursor_is_a_bad_cursor(db: adorm.Database) -> None:
    query = everything(db).limit(8)
    cursor = (await query.page()).cursor
    assert cursor is not None
    digest, content = open_cursor(cursor, None)
    held = orjson.loads(content)
    first, *others = held["at"]
    forgeries: list[Any] = [
        held["at"],
        {**held, "at": first},
        {**held, "at": others},
        {**held, "at": [*others, first]},
        {**held, "at": [5, *others]},
        {**held, "at": [False, *others]},
        {**held, "at": [{}, *others]},
        {**held, "at": [{**first, "PK": {"S": ""}}, *others]},
        {**held, "range": ["size", [">", {"N": "1"}], ["<", {"N": "2"}]]},
    ]
    for forged in forgeries:
        with pytest.raises(BadCursor):
            await query.page(encode_cursor(forged, digest, None))
            pytest.fail(f"{forged} was taken for a cursor")
    from_start = await query.page(encode_cursor({**held, "at": [None] * SHARDS}, digest, None))
    assert [event.size for event in from_start.items] == SIZES[:8]


async def test_days_of_shards_are_read_day_by_day(db: adorm.Database) -> None:
    visits = db.table(Visit)
    for number in range(30):
        day = date(2026, 1, 5 + number % 3)
        await visits.create(Visit(day=day, visitor=f"v{number}", number=number))
    query = visits.query().where(Visit.day >= date(2026, 1, 5), Visit.day <= date(2026, 1, 6))
    expected = [*range(0, 30, 3), *range(1, 30, 3)]
    assert len(query.explain().partitions) == 6
    assert [visit.number for visit in await query] == expected
    descending = [visit.number for visit in await query.descending().limit(12)]
    assert descending == expected[::-1][:12]
    found: list[int] = []
    cursor = None
    while True:
        page = await query.limit(4).page(cursor)
        found += [visit.number for visit in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == expected


async def test_a_shard_that_fails_stops_the_others(
    db: adorm.Database, faults: Faults, recorder: Recorder
) -> None:
    def is_first(request: Any) -> bool:
        return shard_of(request) == "ALL#0"

    faults.on("Query", matching=is_first).refuse("AccessDeniedException")
    with pytest.raises(AccessDenied):
        await everything(db)
    with pytest.raises(AccessDenied):
        await everything(db).count()
    async with everything(db).stream() as rows:
        with pytest.raises(AccessDenied):
            async for _ in rows:
                pass
    assert recorder.in_flight == 0


async def test_a_block_that_is_left_reads_no_further(
    db: adorm.Database, recorder: Recorder
) -> None:
    async with everything(db).page_size(1).stream() as rows:
        async for _ in rows:
            break
    sent = len(recorder.sent)
    assert sent <= 3 * SHARDS
    await anyio.sleep(10)
    assert len(recorder.sent) == sent
    assert recorder.in_flight == 0


async def test_a_slow_shard_does_not_fill_the_memory_with_the_others(
    db: adorm.Database, faults: Faults, recorder: Recorder
) -> None:
    hold = faults.on("Query", matching=lambda request: shard_of(request) == "ALL#0").hold()
    found: list[int] = []
    async with everything(db).page_size(1).stream() as rows, anyio.create_task_group() as group:

        async def read() -> None:
            found.extend([event.size async for event in rows])

        group.start_soon(read)
        await hold.reached()
        await anyio.sleep(100)
        assert len(recorder.sent) <= 1 + 3 * (SHARDS - 1)
        assert not found
        faults.clear()
        hold.release()
    assert found == SIZES


async def test_a_deadline_tells_how_far_it_came(db: adorm.Database, faults: Faults) -> None:
    faults.on("Query", matching=lambda request: "ExclusiveStartKey" in request).delay(60)
    query = everything(db).page_size(5)
    with pytest.raises(DeadlineExceeded) as caught:
        async with adorm.deadline(5):
            await query
    done = [event.size for event in caught.value.result]
    assert done == SIZES[: len(done)]
    assert done
    faults.clear()
    rest = await query.limit(100).page(caught.value.cursor)
    assert done + [event.size for event in rest.items] == SIZES


async def test_a_cancelled_query_leaves_no_task(
    db: adorm.Database, faults: Faults, recorder: Recorder
) -> None:
    hold, before = faults.on("Query").hold(), asyncio.all_tasks()
    task = asyncio.ensure_future(everything(db).run())
    await hold.reached(SHARDS)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recorder.in_flight == 0
    assert asyncio.all_tasks() == before
