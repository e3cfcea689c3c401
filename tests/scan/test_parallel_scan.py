"""Parallel scans: every item once, bounded, and nothing left behind however they end."""

from __future__ import annotations

import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

import adorm
from tests.support.aftermath import leaves_nothing_behind
from tests.support.scan_bench import Bench, all_ids, ids
from tests.support.stub_table import Number, StubTable

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("segments", [1, 2, 8, 100])
async def test_every_item_comes_once(segments: int) -> None:
    bench = Bench(1000, page_size=30)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        scan = db.table(Number).scan().segments(segments)
        assert ids(await scan) == all_ids(1000)
        async with scan.stream() as rows:
            assert ids([row async for row in rows]) == all_ids(1000)
            assert [outcome.finished for outcome in rows.outcomes] == [True] * segments
            assert sum(outcome.value or 0 for outcome in rows.outcomes) == 1000
            assert rows.outcomes[0].label == f"segment 1 of {segments}"
        assert await scan.count() == 1000
        assert len(await scan.limit(17)) == 17
        assert await scan.limit(17).count() == 17


async def test_a_plain_loop_over_segments_is_refused_with_the_block_named() -> None:
    async with Bench(10).connect() as db:
        with pytest.raises(
            adorm.UsageError, match=r"async with orders.scan\(\).segments\(8\).stream\(\) as rows"
        ):
            db.table(Number).scan().segments(8).__aiter__()


async def test_segments_come_one_after_the_other_when_asked_for() -> None:
    bench = Bench(100, page_size=7)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        rows = await db.table(Number).scan().segments(4).in_segment_order()
        assert [row.number_id for row in rows] == all_ids(100)


Work = Callable[[adorm.Database], Awaitable[Any]]


async def read_some(db: adorm.Database, stop_after: int | None = None) -> None:
    async with db.table(Number).scan().segments(4).stream() as rows:
        count = 0
        async for _row in rows:
            count += 1
            if count == stop_after:
                break


async def collect(db: adorm.Database) -> None:
    await db.table(Number).scan().segments(4)


async def aggregate(db: adorm.Database) -> None:
    await db.table(Number).scan().segments(4).sum(Number.value)


async def work(db: adorm.Database) -> None:
    async def worker(_item: Number) -> None:
        await anyio.lowlevel.checkpoint()

    await db.table(Number).scan().segments(4).for_each(worker, limit=3)


WAYS: dict[str, Work] = {
    "stream": read_some,
    "collect": collect,
    "aggregate": aggregate,
    "for_each": work,
}


REQUESTS = 24  # 4 segments of 5 pages, each with one that finds the end, are fewer


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_cancelled_at_any_request_it_leaves_nothing(way: str, when: Any) -> None:
    fired = 0
    for number in range(1, REQUESTS + 1):
        bench = Bench(100, page_size=5)
        async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
            scope = anyio.CancelScope()
            fault = bench.faults.on("Scan", call=number).cancel(scope, when=when)
            with scope:
                await WAYS[way](db)
            fired += fault.used
            assert scope.cancelled_caught == fault.used
    assert fired >= 20


@pytest.mark.parametrize("count", [1, 4, 5, 6, 19, 50, 99, 100])
async def test_a_consumer_that_breaks_sends_nothing_more(count: int) -> None:
    bench = Bench(100, page_size=5)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        await read_some(db, stop_after=count)


@pytest.mark.parametrize("count", [1, 5, 6, 50, 100])
async def test_an_exception_in_the_body_leaves_bare(count: int) -> None:
    class Mine(Exception):
        pass

    bench = Bench(100, page_size=5)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        with pytest.raises(Mine):
            async with db.table(Number).scan().segments(4).stream() as rows:
                seen = 0
                async for _row in rows:
                    seen += 1
                    if seen == count:
                        raise Mine


async def test_a_consumer_that_stops_makes_the_segments_stop() -> None:
    bench = Bench(100_000, page_size=10)
    async with (
        bench.connect() as db,
        leaves_nothing_behind(bench.recorder, db),
        db.table(Number).scan().segments(8).stream() as rows,
    ):
        await anext(rows)
        for _ in range(500):
            await anyio.lowlevel.checkpoint()
        # One page in use, one for each segment that waits to be taken, and no more.
        assert len(bench.recorder.sent) <= 9 + 1


async def test_a_table_of_200_000_items_streams_in_constant_memory() -> None:
    stub = StubTable(200_000, page_size=500)
    async with adorm.connect("memory", wrap=stub.instead_of) as db:
        peaks: list[int] = []
        count = 0
        async with db.table(Number).scan().segments(8).stream() as rows:
            tracemalloc.start()
            try:
                async for _row in rows:
                    count += 1
                    if count % 50_000 == 0:
                        peaks.append(tracemalloc.get_traced_memory()[1])
                        tracemalloc.reset_peak()
            finally:
                tracemalloc.stop()
    assert count == 200_000
    assert max(peaks) < 12 * 2**20
    assert peaks[-1] < peaks[0] * 1.5


async def test_several_tasks_share_one_stream() -> None:
    bench = Bench(300, page_size=7)
    seen: list[str] = []
    async with bench.connect() as db, db.table(Number).scan().segments(4).stream() as rows:

        async def read() -> None:
            async for row in rows:
                seen.append(row.number_id)
                await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(read)
    assert sorted(seen) == all_ids(300)
