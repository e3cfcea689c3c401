"""Parallel scans: every item once, bounded, and nothing left behind however they end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import anyio
import orjson
import pytest

import adorm
from adorm.testing import FakeClock, Faults, Recorder
from tests.support.aftermath import leaves_nothing_behind
from tests.support.stub_table import Number, StubTable

pytestmark = pytest.mark.anyio

NO_WAITING = adorm.RetryPolicy(max_attempts=1)


def is_segment_3(request: Mapping[str, Any]) -> bool:
    return bool(request.get("Segment") == 3)


class Bench:
    """A stub table behind faults behind a recorder."""

    def __init__(self, items: int, **options: Any) -> None:
        self.stub = StubTable(items, **options)
        self.faults = Faults()
        self.recorder = Recorder()

    def connect(self, **options: Any) -> adorm.Database:
        def wrap(engine: Any) -> Any:
            return self.recorder(self.faults(self.stub.instead_of(engine)))

        options.setdefault("retry", NO_WAITING)
        return adorm.connect("memory", wrap=wrap, **options)


def ids(items: list[Number]) -> list[str]:
    return sorted(item.number_id for item in items)


def all_ids(count: int) -> list[str]:
    return [Number.id_of(number) for number in range(count)]


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
            assert rows.outcomes[0].label == f"segment 0 of {segments}"
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
        assert error.outcomes[3].label == "segment 3 of 8"
        assert [
            outcome.error for outcome in error.outcomes if outcome.label != "segment 3 of 8"
        ] == [None] * 7
        assert isinstance(error.exceptions[0], adorm.AccessDenied)
        assert "segment 3 of 8" in str(error)
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


async def test_what_was_given_before_and_after_a_resume_is_the_whole_table_over_random_schedules() -> (
    None
):
    """The consumer leaves, or a segment fails, anywhere; no item but those of a page in flight is
    read twice, none is given twice."""
    for seed in range(200):
        chance = random.Random(seed)
        count, page_size, segments = (
            chance.randint(1, 120),
            chance.randint(1, 12),
            chance.randint(1, 9),
        )
        bench = Bench(count, page_size=page_size)
        given: list[Number] = []
        checkpoint: str | None = None
        finished = False
        async with bench.connect() as db:
            for _round in range(100):
                scan = db.table(Number).scan()
                scan = scan.segments(segments) if checkpoint is None else scan.resume(checkpoint)
                leave_after = chance.choice([None, chance.randint(1, 40)])
                bench.faults.clear()
                if chance.random() < 0.6:
                    bench.faults.on("Scan", call=chance.randint(1, 10)).refuse(
                        "AccessDeniedException"
                    )
                async with scan.stream() as rows:
                    try:
                        taken = 0
                        async for row in rows:
                            given.append(row)
                            taken += 1
                            if taken == leave_after:
                                break
                        else:
                            finished = True
                    except adorm.ScanFailed as error:
                        assert error.checkpoint == rows.checkpoint()
                    checkpoint = rows.checkpoint()
                assert orjson.loads(checkpoint)["total_segments"] == segments
                if finished:
                    break
        assert finished
        assert ids(given) == all_ids(count), seed


async def test_no_page_but_those_in_flight_is_read_twice() -> None:
    bench = Bench(400, page_size=10)
    async with bench.connect() as db:
        bench.faults.on("Scan", call=17).refuse("AccessDeniedException")
        with pytest.raises(adorm.ScanFailed) as caught:
            await db.table(Number).scan().segments(4)
        checkpoint = caught.value.checkpoint
        assert checkpoint is not None
        await db.table(Number).scan().resume(checkpoint)
    starts = Counter(
        (sent.request["Segment"], str(sent.request.get("ExclusiveStartKey")))
        for sent in bench.recorder.of("Scan")
    )
    repeated = [start for start, times in starts.items() if times > 1]
    # One page for each of the four segments may have been on its way.
    assert len(repeated) <= 4
    assert max(starts.values()) == 2


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
    gc.disable()  # a collection looks at all that the whole test run has made, which is no work of the scan's
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


async def note(done: list[str], item: Number) -> None:
    done.append(item.number_id)


async def test_an_item_that_does_not_fit_is_recorded_and_the_rest_goes_on() -> None:
    class Odd(StubTable):
        def _stored(self, number: int) -> Any:
            item = super()._stored(number)
            return {**item, "value": {"S": "x"}} if item is not None and number == 42 else item

    stub = Odd(100, page_size=10)
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


async def test_bad_input_is_refused_by_name() -> None:
    bench = Bench(100, page_size=10)
    async with bench.connect() as db:
        scan = db.table(Number).scan()
        for wrong in (0, -1, 1_000_000, True, 1.5, "many"):
            with pytest.raises(adorm.UsageError, match="whole number from 1 to"):
                scan.segments(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake
        for units in (0, -1, float("inf"), float("nan")):
            with pytest.raises(adorm.UsageError, match="positive number of read units"):
                scan.read_units_per_s(units)
        async with scan.segments(4).stream() as rows:
            await anext(rows)
            checkpoint = rows.checkpoint()
        assert await scan.resume(checkpoint).count() == 99
        with pytest.raises(adorm.UsageError, match="of 4 segments, not of 8: leave segments"):
            await scan.segments(8).resume(checkpoint)
        with pytest.raises(adorm.UsageError, match="another filter"):
            await scan.filter(Number.value > 1).resume(checkpoint)
        with pytest.raises(adorm.UsageError, match="one of table numbers"):
            await db.table(Number, name="others").scan().resume(checkpoint)
        for damaged in (
            "",
            "{}",
            "nonsense",
            checkpoint[:-1],
            checkpoint.replace('"S"', '"M"'),
            "[]",
            "null",
        ):
            with pytest.raises(adorm.UsageError, match="checkpoint"):
                scan.resume(damaged)
        for limit in (0, True, -3):
            with pytest.raises(adorm.UsageError, match="how many workers"):
                await scan.segments(2).for_each(lambda item: note([], item), limit=limit)
        stream = scan.segments(2).stream()
        with pytest.raises(adorm.UsageError, match="inside its block"):
            await anext(stream)
        async with stream:
            pass
        with pytest.raises(adorm.UsageError, match="inside its block"):
            await anext(stream)
        with pytest.raises(adorm.UsageError, match="entered before"):
            async with stream:
                pass
        with pytest.raises(adorm.UsageError, match="pages and cursors"):
            scan.segments(2).page()
        assert await scan.limit(0) == []
        before = len(bench.recorder.sent)
        assert await scan.segments(4).limit(0) == []
        assert len(bench.recorder.sent) == before


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


async def test_a_consumer_that_is_cancelled_anywhere_and_comes_back_loses_nothing() -> None:
    """By `task.cancel()`, as `asyncio.timeout` does it: inside the block the scan goes on."""
    for seed in range(30):
        chance = random.Random(seed)
        bench = Bench(60, page_size=4)
        seen: list[Number] = []

        async def read(rows: AsyncIterator[Number], seen: list[Number] = seen) -> None:
            async for row in rows:
                seen.append(row)
                if len(seen) % 3 == 0:
                    await anyio.lowlevel.checkpoint()

        async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
            async with db.table(Number).scan().segments(3).stream() as rows:
                for _round in range(1000):
                    reader = asyncio.ensure_future(read(rows))
                    for _ in range(chance.randint(1, 12)):
                        await anyio.lowlevel.checkpoint()
                    reader.cancel()
                    await asyncio.wait([reader])
                    if not reader.cancelled():
                        reader.result()
                        break
        assert ids(seen) == all_ids(60), seed


async def test_segments_in_order_can_be_worked_on_side_by_side_and_read_in_scopes_of_their_own() -> (
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


async def test_a_checkpoint_of_whole_items_keeps_their_place_in_the_index() -> None:
    """By the time a whole item is fetched another value may stand in the index's key, or none."""

    @adorm.model(
        table="moved",
        indexes=[adorm.GlobalIndex("by-group", partition="group", projection="KEYS_ONLY")],
    )
    class Moved:
        name: str = adorm.partition_key()
        group: str | None = None

    recorder, faults = Recorder(), Faults()

    async def change_first(attempt: Any) -> Any:
        answer = await attempt.send()
        for item in answer["Responses"]["moved"]:
            item.pop("group") if item["name"]["S"] == "a" else item.update(group={"S": "elsewhere"})
        return answer

    async with adorm.connect("memory", wrap=lambda engine: recorder(faults(engine))) as db:
        await db.create_table(Moved)
        moved = db.table(Moved)
        for name in "abc":
            await moved.put(Moved(name=name, group="g"))
        faults.on("BatchGetItem").run(change_first)
        scan = moved.scan().index("by-group").hydrate()
        async with scan.stream() as rows:
            first = await anext(rows)
            checkpoint = rows.checkpoint()
        assert orjson.loads(checkpoint)["segments"] == [
            {"after": {"name": {"S": first.name}, "group": {"S": "g"}}}
        ]
        rest = await scan.resume(checkpoint)
        assert sorted([first.name, *(item.name for item in rest)]) == ["a", "b", "c"]


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
