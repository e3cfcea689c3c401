"""Deadlines and cancellation around stream handlers: what runs is cut off, what has not begun does
not begin, and nothing is left."""

from __future__ import annotations

import asyncio
import math

import anyio
import pytest

import adorm
from adorm.clock import use_clock
from adorm.testing import FakeClock, stream_event, stream_record
from tests.streams.models import Order
from tests.support.tasks import tasks_alive
from tests.support.virtual_time import LoopClock, run_virtually


def order(order_id: str, status: str = "open") -> Order:
    return Order(customer_id="c1", order_id=order_id, status=status)


def batch(*order_ids: str) -> dict[str, object]:
    return stream_event(
        *(
            stream_record(new=order(order_id), sequence_number=number)
            for number, order_id in enumerate(order_ids, 1)
        )
    )


def test_near_the_deadline_handlers_are_cancelled_and_the_answer_comes_in_time() -> None:
    ended: list[str] = []

    @adorm.stream_handler(concurrency=2, stop_before_s=0.75)
    async def changes(record: adorm.StreamRecord) -> None:
        name = record.keys["order_id"]["S"]
        try:
            await asyncio.sleep({"quick": 1.0, "slow": 500.0}[name[:5].strip("123")])
        finally:
            ended.append(name)

    async def main() -> None:
        with use_clock(LoopClock()):
            async with adorm.deadline(10):
                began_s = anyio.current_time()
                result = await changes.process(batch("quick", "slow1", "slow2", "quick2"))
                assert anyio.current_time() - began_s == 9.25
        assert result.out_of_time
        assert [outcome.finished for outcome in result.outcomes] == [True, False, False, False]
        assert [type(outcome.error) for outcome in result.outcomes[1:]] == [
            adorm.DeadlineExceeded,
            adorm.DeadlineExceeded,
            type(None),
        ]
        assert "sequence number 2 was cut off: less than 0.75 s are left to answer" in str(
            result.outcomes[1].error
        )
        assert result.to_repeat == ["2", "3", "4"]
        assert sorted(ended) == ["quick", "slow1", "slow2"]
        assert tasks_alive() == set()

    run_virtually(main)


def test_a_scope_of_anyio_around_bounds_it_too() -> None:
    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord) -> None:
        await asyncio.sleep(100)

    async def main() -> None:
        with anyio.fail_after(3):
            result = await changes.process(batch("o1"))
            assert anyio.current_time() == 2.5
        assert result.to_repeat == ["1"]

    run_virtually(main)


def test_without_a_deadline_handlers_take_the_time_they_need() -> None:
    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord) -> None:
        await asyncio.sleep(10_000)

    async def main() -> None:
        assert (await changes.process(batch("o1"))).outcomes[0].finished

    run_virtually(main)


def test_a_handler_that_runs_out_of_its_own_time_is_one_records_failure() -> None:
    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord, db: adorm.Database) -> None:
        async with adorm.deadline(0 if record.keys["order_id"]["S"] == "o1" else math.inf):
            await db.call("ListTables", {})

    async def main() -> None:
        async with adorm.connect("memory") as db, adorm.deadline(60):
            result = await changes.process(batch("o1", "o2"), db)
        assert [type(outcome.error) for outcome in result.outcomes] == [
            adorm.DeadlineExceeded,
            type(None),
        ]
        assert not result.out_of_time

    anyio.run(main)


@pytest.mark.anyio
async def test_with_too_little_time_left_nothing_begins_and_all_comes_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord) -> None:
        raise AssertionError("it began")

    with use_clock(FakeClock()):
        async with adorm.deadline(0.4):
            result = await changes.process(batch("o1", "o2"))
    assert result.to_repeat == ["1", "2"]
    assert result.failures == []
    assert (
        "ran out of time: 2 of 2 records come again (it stops 0.5 s before the deadline)"
        in caplog.text
    )
    with pytest.raises(adorm.StreamFailed) as caught:
        result.raise_failures()
    assert [type(error) for error in caught.value.exceptions] == [adorm.DeadlineExceeded]


@pytest.mark.anyio
async def test_handlers_that_never_wait_stop_at_the_deadline_too() -> None:
    clock = FakeClock()

    @adorm.stream_handler(concurrency=1)
    async def changes(record: adorm.StreamRecord) -> None:
        clock.advance(4)

    with use_clock(clock):
        async with adorm.deadline(10):
            result = await changes.process(batch("o1", "o1", "o1", "o1", "o2"))
    assert result.to_repeat == ["4", "5"]


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["task", "scope", "timeout"])
async def test_a_cancelled_caller_leaves_no_task_and_handlers_clean_up(how: str) -> None:
    began, cleaned = anyio.Event(), list[str]()

    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord) -> None:
        try:
            if record.keys["order_id"]["S"] == "o2":
                began.set()
            await anyio.sleep_forever()
        finally:
            cleaned.append(record.keys["order_id"]["S"])

    before = tasks_alive()
    if how == "task":
        task = asyncio.ensure_future(changes.process(batch("o1", "o1", "o2")))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    elif how == "scope":
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def cancel() -> None:
                    await began.wait()
                    scope.cancel()

                tasks.start_soon(cancel)
                await changes.process(batch("o1", "o1", "o2"))
        assert scope.cancelled_caught
    else:

        async def pass_time(bound: asyncio.Timeout) -> None:
            await began.wait()
            bound.reschedule(asyncio.get_running_loop().time())

        async with anyio.create_task_group() as tasks:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(None) as bound:
                    tasks.start_soon(pass_time, bound)
                    await changes.process(batch("o1", "o1", "o2"))
    assert sorted(cleaned) == ["o1", "o2"]
    assert tasks_alive() == before


@pytest.mark.anyio
async def test_in_a_cancelled_scope_nothing_begins() -> None:
    begun: list[str] = []

    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord) -> None:
        begun.append(record.sequence_number)

    with anyio.CancelScope() as scope:
        scope.cancel()
        await changes.process(batch("o1"))
    assert scope.cancelled_caught
    assert begun == []


@pytest.mark.anyio
async def test_a_future_that_somebody_else_cancels_is_a_failure_and_no_cancellation() -> None:
    @adorm.stream_handler(concurrency=1)
    async def changes(record: adorm.StreamRecord) -> None:
        if record.keys["order_id"]["S"] == "o1":
            lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            lost.cancel()
            await lost

    result = await changes.process(batch("o1", "o2"))
    assert [outcome.finished for outcome in result.outcomes] == [False, True]
    assert isinstance(result.outcomes[0].error, adorm.AdormError)


class Leave(BaseException):
    """As KeyboardInterrupt, which asyncio takes past all tasks."""


@pytest.mark.anyio
async def test_what_is_no_exception_ends_the_whole_and_leaves_no_task() -> None:
    @adorm.stream_handler
    async def changes(record: adorm.StreamRecord) -> None:
        if record.keys["order_id"]["S"] == "o1":
            raise Leave
        await anyio.sleep_forever()

    before = tasks_alive()
    with pytest.raises(BaseExceptionGroup) as caught:
        await changes.process(batch("o2", "o1"))
    assert caught.group_contains(Leave)
    assert tasks_alive() == before
