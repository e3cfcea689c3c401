"""Scans that fail in part: one error with all that was read, and where to go on."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import anyio
import pytest

import adorm
from tests.support.aftermath import leaves_nothing_behind
from tests.support.scan_bench import NO_WAITING, Bench, OddTable, all_ids, ids, is_segment_3
from tests.support.stub_table import Number

pytestmark = pytest.mark.anyio


REQUESTS = 24  # 4 segments of 5 pages, each with one that finds the end, are fewer


@pytest.mark.parametrize("number", range(1, REQUESTS, 3))
async def test_a_deadline_is_one_error_with_all_that_was_read(number: int) -> None:
    bench = Bench(100, page_size=5)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        hold = bench.faults.on("Scan", call=number).hold()
        try:
            async with adorm.deadline(0.05):
                items = await db.table(Number).scan().segments(4)
        except adorm.DeadlineExceeded as error:
            items = error.result
            assert len(error.outcomes) == 4
            assert error.checkpoint is not None
            assert sorted(item for outcome in error.outcomes for item in ids(outcome.value)) == ids(
                items
            )
            bench.faults.clear()
            hold.release()
            rest = await db.table(Number).scan().resume(error.checkpoint)
            items = items + rest
        assert ids(items) == all_ids(100)


async def test_a_deadline_inside_the_block_bounds_the_waiting() -> None:
    bench = Bench(100, page_size=5)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        bench.faults.on("Scan").hold()
        async with db.table(Number).scan().segments(2).stream() as rows:
            with pytest.raises(adorm.DeadlineExceeded):
                async with adorm.deadline(0.02):
                    await anext(rows)
        bench.faults.clear()


@pytest.mark.parametrize("pages", [0, 1, 3])
async def test_one_segment_of_eight_fails_and_the_rest_is_resumed(pages: int) -> None:
    bench = Bench(800, page_size=20)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        bench.faults.on("Scan", call=pages + 1, matching=is_segment_3).refuse(
            "AccessDeniedException"
        )
        with pytest.raises(adorm.ScanFailed) as caught:
            await db.table(Number).scan().segments(8)
        error = caught.value
        assert len(error.outcomes) == 8
        assert isinstance(error.outcomes[3].error, adorm.AccessDenied)
        assert error.outcomes[3].label == "segment 4 of 8"
        assert [
            outcome.error for outcome in error.outcomes if outcome.label != "segment 4 of 8"
        ] == [None] * 7
        assert isinstance(error.exceptions[0], adorm.AccessDenied)
        assert "segment 4 of 8" in str(error)
        # The others stopped within the page in flight.
        assert all(count <= pages + 3 for count in bench.stub.pages.values())
        assert error.checkpoint is not None
        rest = await db.table(Number).scan().resume(error.checkpoint)
        assert ids([*error.result, *rest]) == all_ids(800)


def merged(first: dict[int, int], rest: dict[int, int]) -> dict[int, int]:
    return dict(Counter(first) + Counter(rest))


AGGREGATES: dict[
    str, tuple[Callable[[adorm.Scan[Number]], adorm.Operation[Any]], Callable[[Any, Any], Any]]
] = {
    "sum": (lambda scan: scan.sum(Number.value), lambda first, rest: first + rest),
    "min": (lambda scan: scan.min(Number.value), min),
    "max": (lambda scan: scan.max(Number.value), max),
    "count_by": (lambda scan: scan.count_by(Number.value), merged),
}


@pytest.mark.parametrize("name", AGGREGATES)
async def test_an_aggregate_that_failed_and_its_rest_make_the_whole(name: str) -> None:
    aggregate_of, together = AGGREGATES[name]
    bench = Bench(800, page_size=20)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        whole = await aggregate_of(db.table(Number).scan())
        bench.faults.on("Scan", call=2, matching=is_segment_3).refuse("AccessDeniedException")
        with pytest.raises(adorm.ScanFailed) as caught:
            await aggregate_of(db.table(Number).scan().segments(8))
        error = caught.value
        assert error.result is not None
        assert error.checkpoint is not None
        assert (
            together(
                error.result, await aggregate_of(db.table(Number).scan().resume(error.checkpoint))
            )
            == whole
        )


async def test_a_mean_that_failed_gives_the_sum_and_the_count_until_then() -> None:
    bench = Bench(800, page_size=20)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        numbers = db.table(Number)
        whole = await numbers.scan().sum(Number.value)
        bench.faults.on("Scan", call=2, matching=is_segment_3).refuse("AccessDeniedException")
        with pytest.raises(adorm.ScanFailed) as caught:
            await numbers.scan().segments(8).avg(Number.value)
        total, count = caught.value.result
        rest = await numbers.scan().resume(caught.value.checkpoint or "")
        assert 0 < count == 800 - len(rest)
        assert total + sum(item.value for item in rest) == whole


async def test_a_sum_that_the_deadline_ends_is_gone_on_with() -> None:
    bench = Bench(100, page_size=10)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        numbers = db.table(Number)
        whole = await numbers.scan().sum(Number.value)
        bench.faults.on("Scan", call=4, matching=lambda request: "Segment" in request).hold()
        with pytest.raises(adorm.DeadlineExceeded) as caught:
            async with adorm.deadline(0.05):
                await numbers.scan().segments(1).sum(Number.value)
        bench.faults.clear()
        assert caught.value.result > 0
        assert (
            caught.value.result
            + await numbers.scan().resume(caught.value.checkpoint or "").sum(Number.value)
            == whole
        )


async def test_a_count_that_failed_tells_what_each_segment_counted() -> None:
    bench = Bench(800, page_size=20)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        bench.faults.on("Scan", call=2, matching=is_segment_3).refuse("AccessDeniedException")
        with pytest.raises(adorm.ScanFailed) as caught:
            await db.table(Number).scan().segments(8).count()
        error = caught.value
        assert error.result == sum(int(outcome.value or 0) for outcome in error.outcomes)
        assert any(outcome.value for outcome in error.outcomes)
        assert (
            error.result + await db.table(Number).scan().resume(error.checkpoint or "").count()
            == 800
        )


async def test_failures_are_caught_by_their_own_type_too() -> None:
    bench = Bench(100, page_size=5)
    bench.faults.on("Scan", call=3).throttle()
    seen: list[BaseException] = []
    async with bench.connect() as db:
        try:
            await db.table(Number).scan().segments(4)
        except* adorm.Throttled as group:
            seen.extend(group.exceptions)
    assert len(seen) == 1


async def test_collecting_errors_finishes_the_other_segments_and_raises_nothing() -> None:
    bench = Bench(800, page_size=20)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        bench.faults.on("Scan", call=2, matching=is_segment_3).refuse("AccessDeniedException")
        scan = db.table(Number).scan().segments(8).collect_errors()
        result = await scan
        assert len(result.items) == 700 + 20
        assert [type(error) for error in result.errors] == [adorm.AccessDenied]
        assert [outcome.finished for outcome in result.outcomes] == [
            number != 3 for number in range(8)
        ]
        rest = await db.table(Number).scan().resume(result.checkpoint)
        assert ids([*result.items, *rest]) == all_ids(800)
        bench.faults.on("Scan", call=2, matching=is_segment_3).refuse("AccessDeniedException")
        async with scan.stream() as rows:
            assert len([row async for row in rows]) == 720
            assert len(rows.outcomes) == 8


async def test_an_item_that_does_not_fit_is_recorded_and_the_rest_goes_on() -> None:
    stub = OddTable(100, page_size=10)
    async with adorm.connect("memory", wrap=stub.instead_of, retry=NO_WAITING) as db:
        with pytest.raises(adorm.ScanFailed) as caught:
            await db.table(Number).scan().segments(4)
        assert isinstance(caught.value.exceptions[0], adorm.ItemDecodeError)
        result = await db.table(Number).scan().segments(4).collect_errors()
        assert len(result.items) == 99
        (error,) = result.errors
        assert isinstance(error, adorm.ItemDecodeError)
        assert error.key == {"number_id": {"S": Number.id_of(42)}}
        assert error.attribute_map is not None
        assert error.attribute_map["value"] == {"S": "x"}


async def test_what_on_progress_raises_leaves_bare_and_costs_no_item() -> None:
    def fail(_progress: adorm.Progress) -> None:
        raise ZeroDivisionError

    async def worker(_item: Number) -> None: ...

    bench = Bench(100, page_size=10)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        scan = db.table(Number).scan().segments(2).on_progress(fail)
        for operation in (
            scan.for_each(worker),
            scan.map(worker),
            scan.fold(0, lambda total, _item: total),
            scan.count(),
            scan,
        ):
            with pytest.raises(ZeroDivisionError):
                await operation
        async with scan.stream() as rows:
            read: list[Number] = []
            while len(read) < 100:
                with contextlib.suppress(ZeroDivisionError):
                    read.append(await anext(rows))
        assert ids(read) == all_ids(100)


async def test_a_failure_after_all_that_was_asked_for_is_none() -> None:
    bench = Bench(100, page_size=10)
    failed = anyio.Event()

    async def refuse(_attempt: Any) -> Any:
        failed.set()
        raise ZeroDivisionError

    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        bench.faults.on("Scan", matching=lambda request: "ExclusiveStartKey" in request).run(refuse)
        async with db.table(Number).scan().segments(2).limit(10).stream() as rows:
            read = [await anext(rows) for _ in range(10)]
            await failed.wait()
            while not rows.errors:
                await anyio.lowlevel.checkpoint()
            assert [row async for row in rows] == []
    assert len(ids(read)) == 10
