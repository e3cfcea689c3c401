"""Scans that are interrupted from where nobody expects it: nothing is lost in silence, and what can
go on does."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

import adorm
from tests.support.aftermath import leaves_nothing_behind
from tests.support.scan_bench import Bench, all_ids, ids
from tests.support.stub_table import Number, StubTable

pytestmark = pytest.mark.anyio


async def test_a_worker_whose_own_task_somebody_cancelled_is_a_failure_and_no_end() -> None:
    bench = Bench(100, page_size=5)
    elsewhere = asyncio.get_running_loop().create_future()
    elsewhere.cancel()
    done: list[Number] = []

    async def work(item: Number) -> None:
        if item.number_id == Number.id_of(42) and elsewhere.cancelled():
            await elsewhere
        done.append(item)

    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        with pytest.raises(adorm.ScanFailed, match="somebody else cancelled") as caught:
            await db.table(Number).scan().segments(4).for_each(work, limit=3)
        elsewhere = asyncio.get_running_loop().create_future()
        await db.table(Number).scan().resume(caught.value.checkpoint or "").for_each(work)
        assert {item.number_id for item in done} == set(all_ids(100))


async def test_a_segment_whose_request_somebody_cancelled_is_a_failure_and_no_end() -> None:
    bench = Bench(100, page_size=5)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        bench.faults.on("Scan", call=7).cancel()
        with pytest.raises(adorm.ScanFailed, match="somebody else cancelled") as caught:
            await db.table(Number).scan().segments(4)
        rest = await db.table(Number).scan().resume(caught.value.checkpoint or "")
        assert ids(caught.value.result + rest) == all_ids(100)


async def test_after_a_deadline_of_one_consumer_the_stream_goes_on() -> None:
    bench = Bench(40, page_size=10)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        held = bench.faults.on("Scan", call=1).hold()
        async with db.table(Number).scan().segments(2).stream() as rows:
            first = [await anext(rows) for _ in range(20)]
            with pytest.raises(adorm.DeadlineExceeded):
                async with adorm.deadline(0.01):
                    await anext(rows)
            assert rows.errors == []
            held.release()
            assert ids([*first, *[row async for row in rows]]) == all_ids(40)


async def test_a_deadline_is_one_of_the_errors_that_are_collected() -> None:
    bench = Bench(100, page_size=10)
    async with bench.connect() as db, leaves_nothing_behind(bench.recorder, db):
        held = bench.faults.on("Scan", call=range(5, 100)).hold()
        async with adorm.deadline(0.02):
            result = await db.table(Number).scan().segments(4).collect_errors()
        held.release()
        assert len(result.items) == 40
        assert {type(error) for error in result.errors} == {adorm.DeadlineExceeded}
        assert ids(
            [*result.items, *await db.table(Number).scan().resume(result.checkpoint)]
        ) == all_ids(100)


async def test_a_segment_with_a_wrong_item_has_not_finished_even_if_it_was_read_to_its_end() -> (
    None
):
    class Odd(StubTable):
        def _numbered(self, number: int) -> dict[str, Any] | None:
            item = super()._numbered(number)
            return {**item, "value": {"S": "x"}} if item is not None and number == 3 else item

    async with (
        adorm.connect("memory", wrap=Odd(10).instead_of) as db,
        db.table(Number).scan().segments(2).stream() as rows,
    ):
        with pytest.raises(adorm.ScanFailed):
            [row async for row in rows]
        for _ in range(5):
            await asyncio.sleep(0)  # segment 0 is read to its end meanwhile
        assert [outcome.finished for outcome in rows.outcomes] == [False, False]


async def test_an_async_report_of_progress_is_awaited() -> None:
    told: list[int] = []

    async def report(progress: adorm.Progress) -> None:
        await asyncio.sleep(0)
        told.append(progress.done)

    async with Bench(30, page_size=10).connect() as db:
        scan = db.table(Number).scan().on_progress(report)
        assert len(await scan) == 30
        assert await scan.count() == 30
    assert told == [10, 20, 30] * 2


@pytest.mark.parametrize("total_segments", [0, -1, True, 1.5, "2", 10_001, 10**9])
async def test_a_checkpoint_with_an_impossible_number_of_segments_is_refused(
    total_segments: object,
) -> None:
    async with Bench(30).connect() as db:
        async with db.table(Number).scan().segments(1).stream() as rows:
            body = orjson.loads(rows.checkpoint())
        with pytest.raises(adorm.UsageError, match="damaged"):
            db.table(Number).scan().resume(
                orjson.dumps({**body, "total_segments": total_segments}).decode()
            )


@pytest.mark.parametrize(
    "key", [{}, {"value": {"N": "1"}}, {"number_id": {"S": "1"}, "value": {"N": "1"}}]
)
async def test_a_checkpoint_with_keys_that_the_table_does_not_have_is_refused_and_nothing_is_sent(
    key: object,
) -> None:
    bench = Bench(30)
    async with bench.connect() as db:
        async with db.table(Number).scan().segments(1).stream() as rows:
            body = orjson.loads(rows.checkpoint())
        sent = len(bench.recorder.sent)
        text = orjson.dumps({**body, "segments": [{"after": key}]}).decode()
        with pytest.raises(adorm.UsageError, match="damaged: its keys are not those of the table"):
            await db.table(Number).scan().resume(text)
        assert len(bench.recorder.sent) == sent
