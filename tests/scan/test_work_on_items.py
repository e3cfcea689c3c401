"""Work on the items of a scan: side by side, within its limit, and on each item at least once."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import pytest

import adorm
from adorm.testing import FakeClock, use_clock
from tests.support.aftermath import leaves_nothing_behind
from tests.support.scan_bench import NO_WAITING, Bench, OddTable, all_ids, ids, is_segment_3
from tests.support.stub_table import Number

pytestmark = pytest.mark.anyio


async def test_aggregates_go_over_all_segments() -> None:
    bench = Bench(1000, page_size=30)
    async with bench.connect() as db:
        scan = db.table(Number).scan().segments(8)
        values = [number * 7 % 1000 for number in range(1000)]
        assert await scan.sum(Number.value) == sum(values)
        assert await scan.min(Number.value) == min(values)
        assert await scan.max(Number.value) == max(values)
        assert await scan.avg(Number.value) == sum(values) / 1000
        assert sum((await scan.count_by(Number.value)).values()) == 1000
        assert await scan.fold(0, lambda total, item: total + item.value) == sum(values)


async def test_work_on_items_runs_side_by_side_within_its_limit() -> None:
    bench = Bench(200, page_size=10)
    running = most = 0

    async def worker(item: Number) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        running -= 1
        return item.value

    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        scan = db.table(Number).scan().segments(4)
        assert await scan.for_each(worker, limit=5) == 200
        assert most == 5
        assert sorted(await scan.map(worker, limit=3)) == sorted(
            number * 7 % 1000 for number in range(200)
        )


async def test_a_worker_that_fails_loses_no_item() -> None:
    bench = Bench(200, page_size=10)
    done: list[str] = []

    async def worker(item: Number) -> None:
        await anyio.lowlevel.checkpoint()
        if len(done) == 73:
            raise ValueError(item.number_id)
        done.append(item.number_id)

    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        with pytest.raises(adorm.ScanFailed) as caught:
            await db.table(Number).scan().segments(4).for_each(worker, limit=5)
        error = caught.value
        assert any(isinstance(each, ValueError) for each in error.exceptions)
        assert error.result == 73
        assert error.checkpoint is not None
        first, done = set(done), []
        await (
            db.table(Number)
            .scan()
            .resume(error.checkpoint)
            .for_each(lambda item: note(done, item), limit=5)
        )
        assert sorted(first | set(done)) == all_ids(200)
        # Only items whose workers ran beside the failed one can come again.
        assert len(first & set(done)) <= 5 + 4


def plain(_item: Number) -> None:
    """Not async: what it returns can't be awaited."""


PLAIN_WORKERS: dict[str, Any] = {
    "a function": plain,
    "a part of one": partial(plain),
    "a builtin": print,
    "no function": 5,
}


@pytest.mark.parametrize("name", PLAIN_WORKERS)
async def test_a_worker_that_is_not_async_is_refused_before_anything_is_read(name: str) -> None:
    bench = Bench(10)
    async with bench.connect() as db:
        scan = db.table(Number).scan()
        for work in (scan.for_each, scan.map, scan.collect_errors().for_each):
            with pytest.raises(adorm.UsageError, match="an async function of one item"):
                work(PLAIN_WORKERS[name])
        assert "Scan" not in bench.recorder.operations


async def test_a_worker_that_turns_out_to_give_nothing_to_await_says_so() -> None:
    bench, seen = Bench(10), list[Number]()

    def give_none(item: Number) -> Any:
        seen.append(item)

    async with bench.connect() as db:
        with pytest.raises(adorm.ScanFailed, match="it returned something that can't be awaited"):
            await db.table(Number).scan().for_each(give_none, limit=1)
    assert len(seen) == 1


async def note(done: list[str], item: Number) -> None:
    done.append(item.number_id)


async def test_segments_in_order_are_worked_on_side_by_side_each_read_in_a_scope_of_its_own() -> (
    None
):
    bench = Bench(60, page_size=4)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        scan = db.table(Number).scan().segments(5).in_segment_order()
        done: list[str] = []

        async def worker(item: Number) -> None:
            await anyio.lowlevel.checkpoint()
            done.append(item.number_id)

        assert await scan.for_each(worker, limit=3) == 60
        assert sorted(done) == all_ids(60)
        async with scan.stream() as rows:
            read: list[Number] = []
            while len(read) < 60:
                with anyio.fail_after(5):
                    read.append(await anext(rows))
        assert [row.number_id for row in read] == all_ids(60)


@pytest.mark.parametrize("segments", [1, 4])
async def test_an_unreadable_item_ends_the_work_unless_errors_are_collected(segments: int) -> None:
    stub = OddTable(100, page_size=10)
    async with adorm.connect("memory", wrap=stub.instead_of, retry=NO_WAITING) as db:
        scan = db.table(Number).scan().segments(segments)
        done: list[str] = []
        with pytest.raises(adorm.ScanFailed) as caught:
            await scan.for_each(lambda item: note(done, item))
        assert isinstance(caught.value.exceptions[0], adorm.ItemDecodeError)
        done.clear()
        result = await scan.collect_errors().for_each(lambda item: note(done, item))
        expected = [name for name in all_ids(100) if name != Number.id_of(42)]
        assert sorted(done) == expected
        assert (result.done, result.results) == (99, [])
        (error,) = result.errors
        assert isinstance(error, adorm.ItemDecodeError)
        assert error.key == {"number_id": {"S": Number.id_of(42)}}
        assert all(outcome.finished for outcome in result.outcomes)
        assert await db.table(Number).scan().resume(result.checkpoint) == []


async def test_collected_work_goes_on_past_workers_and_segments_that_fail() -> None:
    bench = Bench(800, page_size=20)

    async def half(item: Number) -> int:
        if item.value % 2:
            raise ValueError(item.number_id)
        return item.value

    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        scan = db.table(Number).scan().segments(8).collect_errors()
        bench.faults.on("Scan", call=2, matching=is_segment_3).refuse("AccessDeniedException")
        result = await scan.map(half, limit=5)
        assert len(result.results) == result.done
        assert all(value % 2 == 0 for value in result.results)
        of_items = [outcome for outcome in result.outcomes if "item of" in outcome.label]
        assert result.done + len(of_items) == 700 + 20
        assert {type(outcome.error) for outcome in of_items} == {ValueError}
        assert [type(error) for error in result.errors].count(adorm.AccessDenied) == 1
        assert len(result.errors) == len(of_items) + 1
        assert len(await db.table(Number).scan().resume(result.checkpoint)) == 80


async def test_collected_work_that_a_deadline_ends_is_gone_on_with() -> None:
    bench, clock = Bench(100, page_size=10), FakeClock()
    done: list[str] = []

    async def until_late(item: Number) -> None:
        if len(done) == 30:
            clock.advance(5)
            raise adorm.DeadlineExceeded("no time is left")
        await note(done, item)

    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        scan = db.table(Number).scan().segments(4).collect_errors()
        with use_clock(clock):
            async with adorm.deadline(5):
                result = await scan.for_each(until_late, limit=3)
        assert result.done == 30
        assert any(isinstance(error, adorm.DeadlineExceeded) for error in result.errors)
        rest = await db.table(Number).scan().resume(result.checkpoint)
        assert {*done, *ids(rest)} == set(all_ids(100))


async def test_what_on_progress_raises_ends_collected_work_too() -> None:
    def report(progress: adorm.Progress) -> None:
        raise RuntimeError(f"enough at {progress.done}")

    bench = Bench(100, page_size=10)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        scan = db.table(Number).scan().segments(2).on_progress(report).collect_errors()
        with pytest.raises(RuntimeError, match="enough at 10"):
            await scan.for_each(lambda item: note([], item))
