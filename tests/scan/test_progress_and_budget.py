"""Progress, the budget of read units, and the number of segments by the size of the table."""

from __future__ import annotations

import gc
import time
from typing import Any

import anyio
import pytest

import adorm
from adorm.testing import FakeClock
from tests.support.aftermath import leaves_nothing_behind
from tests.support.scan_bench import Bench, all_ids, ids
from tests.support.stub_table import Number, StubTable

pytestmark = pytest.mark.anyio


async def test_the_budget_of_read_units_is_held() -> None:
    clock = FakeClock()
    bench = Bench(20_000, page_size=100, read_units_per_item=0.5, latency_s=0.005, clock=clock)
    async with bench.connect(clock=clock) as db:
        started_s = clock.monotonic()
        assert len(await db.table(Number).scan().segments(4).read_units_per_s(500)) == 20_000
        elapsed_s = clock.monotonic() - started_s
    assert bench.stub.read_units == 10_000
    assert 0.9 * 500 <= 10_000 / elapsed_s <= 1.1 * 500


async def test_the_budget_does_not_block_the_loop() -> None:
    """A ticker beside the scan gets its turns: no stretch between two of them takes 20 ms of this
    thread's own time."""
    bench = Bench(5_000, page_size=50, read_units_per_item=0.5)
    stretches: list[float] = []
    turns = 0

    async def tick() -> None:
        nonlocal turns
        last_s = time.thread_time()  # not wall time: other processes must not fail this test
        while True:
            await anyio.sleep(0.001)
            now_s = time.thread_time()
            stretches.append(now_s - last_s)
            last_s = now_s
            turns += 1

    gc.collect()
    gc.disable()  # a collection would look at all objects of the test run, not of the scan
    try:
        async with bench.connect() as db, anyio.create_task_group() as tasks:
            tasks.start_soon(tick)
            assert len(await db.table(Number).scan().segments(4).read_units_per_s(10_000)) == 5_000
            tasks.cancel_scope.cancel()
    finally:
        gc.enable()
    assert turns > 20
    assert max(stretches) < 0.020


async def test_progress_is_told_after_each_page() -> None:
    bench = Bench(100, page_size=10)
    told: list[adorm.Progress] = []
    async with bench.connect() as db:
        await db.table(Number).scan().segments(2).on_progress(told.append)
        assert [progress.done for progress in told] == sorted(progress.done for progress in told)
        assert told[-1].done == 100

        def fail(_progress: adorm.Progress) -> None:
            raise ZeroDivisionError

        async with leaves_nothing_behind(bench.recorder, db):
            with pytest.raises(ZeroDivisionError):
                await db.table(Number).scan().segments(2).on_progress(fail)


async def test_auto_takes_segments_by_the_size_of_the_table() -> None:
    class Sized(StubTable):
        def __init__(self, size_bytes: int) -> None:
            super().__init__(100, page_size=10)
            self.size_bytes = size_bytes

        async def send(self, operation: str, request: Any, /, *_: object) -> Any:
            if operation == "DescribeTable":
                return {"Table": {"TableSizeBytes": self.size_bytes, "ItemCount": 100}}
            return await super().send(operation, request)

    for size_bytes, segments in ((0, 1), (40 * 2**20, 5), (2**40, 32)):
        stub = Sized(size_bytes)
        async with (
            adorm.connect("memory", wrap=stub.instead_of) as db,
            db.table(Number).scan().segments("auto").stream() as rows,
        ):
            assert ids([row async for row in rows]) == all_ids(100)
            assert len(rows.outcomes) == segments


async def test_what_is_expected_of_an_index_is_told_by_its_own_description() -> None:
    class Sized(StubTable):
        async def send(self, operation: str, request: Any, /, *_: object) -> Any:
            if operation == "DescribeTable":
                index = {"IndexName": "by-value", "IndexSizeBytes": 20 * 2**20, "ItemCount": 7}
                return {
                    "Table": {
                        "TableSizeBytes": 2**40,
                        "ItemCount": 100,
                        "GlobalSecondaryIndexes": [index],
                    }
                }
            return await super().send(operation, request)

    @adorm.model(table="numbers", indexes=[adorm.GlobalIndex("by-value", partition="value")])
    class Indexed:
        number_id: str = adorm.partition_key()
        value: int = 0

    told: list[adorm.Progress] = []
    async with adorm.connect("memory", wrap=Sized(100, page_size=10).instead_of) as db:
        async with (
            db.table(Indexed)
            .scan()
            .index("by-value")
            .segments("auto")
            .on_progress(told.append)
            .stream() as rows
        ):
            assert len([row async for row in rows]) == 100
            assert len(rows.outcomes) == 3
    assert {progress.total for progress in told} == {7}
