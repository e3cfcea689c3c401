"""Cancelled, late or failed at every request: nothing is left running, nothing is sent after, and
the pool is usable.

Each way of doing many things is driven once to learn how many requests it makes, and then once for
each of them, with the caller cancelled, the deadline over, or the request refused there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from tests.batch.stubbed import Number, Stubbed, ids, made, stubbed
from tests.support.aftermath import leaves_nothing_behind
from tests.support.environment import LOOPS

pytestmark = pytest.mark.anyio


@pytest.fixture(params=LOOPS, scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


async def get(it: Stubbed) -> None:
    await it.numbers.batch_get([ids(number) for number in range(350)]).concurrency(3)


async def write(it: Stubbed) -> None:
    await it.numbers.batch_write(
        puts=[made(number, 1) for number in range(80)], deletes=[ids(300)]
    ).concurrency(3)


async def write_stream(it: Stubbed) -> None:
    async def source() -> AsyncIterator[Number]:
        for number in range(80):
            yield made(number, 1)

    await it.numbers.batch_write(puts=source()).concurrency(2)


async def block(it: Stubbed) -> None:
    async with it.numbers.batch().concurrency(2) as batch:
        for number in range(60):
            await batch.put(made(number, 1))
            if number == 40:
                await batch.flush()


async def load(it: Stubbed) -> None:
    async with it.numbers.loader(concurrency=2) as loader, anyio.create_task_group() as tasks:
        for number in range(350):
            tasks.start_soon(loader.load, ids(number))


async def gather(it: Stubbed) -> None:
    await it.db.gather(
        it.numbers.get(ids(1)),
        it.numbers.put(made(2, 2)).unchecked(),
        it.numbers.batch_get([ids(number) for number in range(120)]),
        it.numbers.batch_write(puts=[made(number, 1) for number in range(30)]),
        it.numbers.get(ids(5)),
        limit=3,
    )


async def gather_list(it: Stubbed) -> None:
    await it.db.gather([it.numbers.put(made(number)).unchecked() for number in range(12)], limit=4)


WAYS = [get, write, write_stream, block, load, gather, gather_list]
Way = Callable[[Stubbed], Awaitable[None]]

FAULTY = adorm.RetryPolicy(max_attempts=2, base_delay_s=0.001)


def leave_some(it: Stubbed) -> None:
    it.faults.on("BatchGetItem", "BatchWriteItem", call=[1, 2, 4]).unprocessed(share=0.5)


async def requests_of(way: Way) -> int:
    async with stubbed(500, retry=FAULTY) as it:
        leave_some(it)
        await way(it)
        return len(it.recorder.sent)


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize("way", WAYS)
async def test_a_scope_cancelled_at_any_request_leaves_nothing_behind(way: Way, when: Any) -> None:
    for number in range(1, await requests_of(way) + 1):
        async with stubbed(500, retry=FAULTY) as it:
            leave_some(it)
            async with leaves_nothing_behind(it.recorder, it.db):
                with anyio.CancelScope() as scope:
                    it.faults.on(call=number).cancel(scope, when=when)
                    await way(it)
            assert scope.cancelled_caught, f"request {number}"
            assert len(it.recorder.sent) < 60


@pytest.mark.parametrize("way", WAYS)
async def test_a_task_cancelled_at_any_request_leaves_nothing_behind(way: Way) -> None:
    for number in range(1, await requests_of(way) + 1):
        async with stubbed(500, retry=FAULTY) as it:
            leave_some(it)
            async with leaves_nothing_behind(it.recorder, it.db):
                task = asyncio.ensure_future(way(it))
                it.faults.on(call=number).cancel(task)
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert task.cancelled()


@pytest.mark.parametrize("way", [get, write, write_stream, block, gather, gather_list])
async def test_a_deadline_at_any_request_is_one_error_and_leaves_nothing_behind(way: Way) -> None:
    for number in range(1, await requests_of(way) + 1):
        async with stubbed(500, retry=FAULTY) as it:
            leave_some(it)
            it.faults.on(call=range(number, 1000)).hold()
            async with leaves_nothing_behind(it.recorder):
                with pytest.raises(adorm.DeadlineExceeded) as caught:
                    async with adorm.deadline(0.004):
                        await way(it)
            assert caught.value.result is not None
            if way not in (
                block,
                write_stream,
            ):  # which keep those of chunks under way, and there may be none at that moment
                assert caught.value.outcomes


@pytest.mark.parametrize("way", WAYS)
async def test_a_refusal_at_any_request_is_one_group_and_leaves_nothing_behind(way: Way) -> None:
    for number in range(1, await requests_of(way) + 1):
        async with stubbed(500, retry=FAULTY) as it:
            leave_some(it)
            it.faults.on(call=number).refuse("AccessDeniedException")
            seen: list[BaseException] = []
            async with leaves_nothing_behind(it.recorder, it.db):
                try:
                    await way(it)
                except* adorm.AccessDenied as group:
                    seen.append(group)
            assert len(seen) == 1, f"request {number}"


@pytest.mark.parametrize("way", WAYS)
async def test_an_outer_timeout_passes_through(way: Way) -> None:
    async with stubbed(500, retry=FAULTY) as it:
        hold = it.faults.on(call=range(2, 1000)).hold()
        async with leaves_nothing_behind(it.recorder):
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.02):
                    await way(it)
        assert not isinstance(caught.value, adorm.AdormError)
        assert hold.waiting == 0


async def test_a_loop_that_closes_in_the_middle_complains_of_nothing() -> None:
    def run() -> None:
        async def main() -> None:
            async with stubbed(500) as it:
                it.faults.on("BatchGetItem", call=2).hold()
                task = asyncio.ensure_future(get(it))
                await it.recorder.reached(3)
                del task

        asyncio.run(main())

    await anyio.to_thread.run_sync(run)


async def test_the_union_of_what_was_read_and_what_was_not_is_all() -> None:
    keys = [ids(number) for number in range(350)]
    for number in range(1, 9):
        async with stubbed(500, retry=FAULTY) as it:
            leave_some(it)
            it.faults.on(call=number).refuse("AccessDeniedException")
            try:
                got = await it.numbers.batch_get(keys).concurrency(3)
            except adorm.BatchFailed as failure:
                got = failure.result
            assert (
                sorted(
                    [each.number_id for each in got.items]
                    + [key.values[0] for key in got.unprocessed]
                )
                == keys
            )


class SlowReport:
    """An `on_progress` that waits, whatever cancellation comes, when the third chunk is done: a
    chunk that DynamoDB has applied, while its caller is being cancelled."""

    def __init__(self) -> None:
        self.waiting, self.go_on = anyio.Event(), anyio.Event()
        self.calls = 0

    async def __call__(self, _progress: adorm.Progress) -> None:
        self.calls += 1
        if self.calls == 3:
            with anyio.CancelScope(shield=True):
                self.waiting.set()
                await self.go_on.wait()

    async def cancel_twice(self, task: asyncio.Task[Any]) -> None:
        await self.waiting.wait()
        for _ in range(2):
            task.cancel()
            await checkpoint()
        assert not task.done()
        self.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_block_that_is_cancelled_twice_tells_what_was_written_and_what_was_not() -> None:
    async with stubbed() as it:
        report = SlowReport()
        it.faults.on("BatchWriteItem", call=4).hold()
        batch = it.numbers.batch().concurrency(2).on_progress(report)

        async def write() -> None:
            async with batch:
                for number in range(110):
                    await batch.put(made(number))
                await anyio.sleep_forever()

        async with leaves_nothing_behind(it.recorder, it.db):
            await report.cancel_twice(asyncio.ensure_future(write()))
        result = batch.result
        left = {put.number_id for put in result.unprocessed if isinstance(put, Number)}
        stored = {ids(number) for number in range(110) if it.stored(number) is not None}
        assert len(stored) == result.written == 75
        assert left | stored == {ids(number) for number in range(110)}
        assert not left & stored
        # The chunk that was in flight is told, as neither finished nor failed.
        assert [(each.label, each.finished, each.error) for each in result.outcomes] == [
            ("chunk 4", False, None)
        ]


async def test_a_chunk_that_was_applied_while_its_caller_was_cancelled_ends_as_written() -> None:
    async with stubbed() as it:
        report = SlowReport()
        puts = [made(number) for number in range(75)]
        write = it.numbers.batch_write(puts=puts).concurrency(1).on_progress(report)
        async with leaves_nothing_behind(it.recorder, it.db):
            await report.cancel_twice(asyncio.ensure_future(write.run()))
        assert all(it.stored(number) is not None for number in range(75))


async def test_who_waits_for_a_loader_that_is_cancelled_twice_hears_of_it() -> None:
    async with stubbed(10) as it:
        hold = it.faults.on("BatchGetItem").hold()
        ready, waits = anyio.Event(), anyio.Event()
        loaders: list[adorm.Loader[Number]] = []

        async def run() -> None:
            async with it.numbers.loader() as loader:
                loaders.append(loader)
                ready.set()
                await anyio.sleep_forever()

        async def load() -> None:
            waits.set()
            with pytest.raises(adorm.UsageError, match="the loader's block was left"):
                await loaders[0].load(ids(1))

        async with leaves_nothing_behind(it.recorder):
            task = asyncio.ensure_future(run())
            await ready.wait()
            waiter = asyncio.ensure_future(load())
            await waits.wait()
            with anyio.fail_after(5):
                while not hold.waiting:
                    await checkpoint()
            task.cancel()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await waiter
