"""Pools and streams of jobs: nothing lost, nothing left waiting, however they end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.concurrency.pool import (
    OnFailure,
    Pool,
    StreamJob,
    TaskStream,
    first_of,
    run_all,
    to_the_end,
    within_deadline,
)
from adorm.errors import AdormError, UsageError
from adorm.outcomes import Outcome
from tests.support.tasks import tasks_alive

pytestmark = pytest.mark.anyio

Emit = Callable[[str], Awaitable[None]]


@pytest.mark.parametrize("turns", range(6))
async def test_a_part_that_comes_while_its_consumer_is_cancelled_stays(turns: int) -> None:
    """A plain `task.cancel()`, as `asyncio.timeout` makes it, at every step between offering and
    taking."""
    ready = anyio.Event()
    loop = asyncio.get_running_loop()

    async def run(_outcome: Outcome[None], emit: Emit) -> None:
        await ready.wait()

        def cancel_later(left: int) -> None:
            if left:
                loop.call_soon(cancel_later, left - 1)
            else:
                consumer.cancel()

        loop.call_soon(cancel_later, turns)
        await emit("a")
        await emit("b")

    seen: list[str | None] = []

    async def consume() -> None:
        for _ in range(3):
            seen.append(await stream.next())  # noqa: PERF401  # what was seen before the cancellation counts

    async with TaskStream([StreamJob(Outcome[None]("job"), run)], limit=1) as stream:
        consumer = asyncio.ensure_future(consume())
        for _ in range(5):
            await checkpoint()
        ready.set()
        await asyncio.wait([consumer])
        with anyio.fail_after(5):
            while None not in seen:
                seen.append(await stream.next())
    assert seen == ["a", "b", None]


@pytest.mark.parametrize("turns", range(8))
async def test_a_job_that_fails_as_others_begin_ends_the_stream(turns: int) -> None:
    async def fail(_outcome: Outcome[None], _emit: Emit) -> None:
        for _ in range(turns):
            await checkpoint()
        raise ZeroDivisionError

    async def endless(_outcome: Outcome[None], _emit: Emit) -> None:
        await anyio.sleep_forever()

    jobs = [
        StreamJob(Outcome[None](str(number)), endless if number else fail) for number in range(4)
    ]
    async with TaskStream(jobs, limit=4) as stream:
        with anyio.fail_after(5):
            assert await stream.next() is None
    assert [type(outcome.error) for outcome in stream.outcomes] == [
        ZeroDivisionError,
        *[type(None)] * 3,
    ]


async def test_with_a_limit_of_one_the_parts_come_job_by_job() -> None:
    def job(name: str) -> StreamJob[str, None]:
        async def run(_outcome: Outcome[None], emit: Emit) -> None:
            for number in range(3):
                await emit(f"{name}{number}")

        return StreamJob(Outcome[None](name), run)

    async with TaskStream([job(name) for name in "abc"], limit=1) as stream:
        parts = [await stream.next() for _ in range(10)]
    assert parts == ["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2", None]


async def test_who_waits_for_room_hears_when_the_block_was_left() -> None:
    got: list[bool] = []
    waits = anyio.Event()

    async def wait_for_room() -> None:
        waits.set()
        got.append(await pool.room())

    async def idle(_outcome: Outcome[None]) -> None:
        await anyio.sleep_forever()

    pool = Pool(1, on_failure="stop")
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            async with pool:
                assert await pool.submit(Outcome[None]("job"), idle)
                tasks.start_soon(wait_for_room)
                await waits.wait()
                await checkpoint()
                pool.cancel()
    assert got == [False]


async def test_a_job_that_was_begun_just_before_a_stop_never_takes_its_first_step() -> None:
    begun: list[str] = []

    async def note(outcome: Outcome[None]) -> None:
        begun.append(outcome.label)

    outcomes = [Outcome[None]("stoppable"), Outcome[None]("not stoppable")]
    async with Pool(2, on_failure="stop") as pool:
        assert await pool.submit(outcomes[0], note)
        assert await pool.submit(outcomes[1], note, stoppable=False)
        pool.stop()
    assert begun == ["not stoppable"]
    assert [outcome.finished for outcome in outcomes] == [False, True]


async def test_a_failure_stops_what_is_stoppable_and_waits_for_the_rest() -> None:
    go_on = anyio.Event()

    async def wait(_outcome: Outcome[None]) -> None:
        await go_on.wait()

    async def fail(_outcome: Outcome[None]) -> None:
        asyncio.get_running_loop().call_later(0.01, go_on.set)
        await checkpoint()
        raise ZeroDivisionError

    outcomes = [Outcome[None](label) for label in ("read", "write", "failed", "not begun")]
    async with Pool(3, on_failure="stop") as pool:
        await pool.submit(outcomes[0], wait)
        await pool.submit(outcomes[1], wait, stoppable=False)
        await pool.submit(outcomes[2], fail)
        assert not await pool.submit(outcomes[3], wait)
    assert [outcome.finished for outcome in outcomes] == [False, True, False, False]


@pytest.mark.parametrize(
    ("decision", "finished"),
    [("continue", [False, True, True]), ("drain", [False, True, False]), ("stop", [False] * 3)],
)
async def test_what_a_failure_means_may_be_decided_job_by_job(
    decision: OnFailure, finished: list[bool]
) -> None:
    asked: list[str] = []

    async def decide(outcome: Outcome[object]) -> OnFailure:
        await checkpoint()
        asked.append(outcome.label)
        return decision

    async def work(outcome: Outcome[None]) -> None:
        if outcome.label == "1":
            raise ZeroDivisionError
        for _ in range(5):
            await checkpoint()

    outcomes = [Outcome[None](label) for label in "123"]
    await run_all([(outcome, work) for outcome in outcomes], limit=2, on_failure=decide)
    assert asked == ["1"]
    assert [outcome.finished for outcome in outcomes] == finished


async def test_room_that_is_held_can_be_given_back() -> None:
    async with Pool(1, on_failure="drain") as pool:
        assert await pool.room()
        with anyio.move_on_after(0.01) as waiting:
            await pool.room()
        assert waiting.cancelled_caught
        pool.give_back()
        assert await pool.room()
        pool.stopped = True
        pool.give_back()
        assert not await pool.room()


async def test_a_wait_is_bounded_by_the_ambient_deadline() -> None:
    with pytest.raises(
        adorm.DeadlineExceeded, match=r"the deadline of 0.01 s passed while waiting for godot"
    ):
        async with adorm.deadline(0.01):
            await within_deadline(anyio.sleep_forever, "waiting for godot")
    with anyio.move_on_after(0.01) as foreign:
        await within_deadline(anyio.sleep_forever, "waiting for godot")
    assert foreign.cancelled_caught


async def test_what_somebody_else_cancels_is_an_error_of_its_job_and_ends_no_other_in_silence() -> (
    None
):
    elsewhere = asyncio.get_running_loop().create_future()
    elsewhere.cancel()

    async def job(outcome: Outcome[str]) -> None:
        if outcome.label == "1":
            await elsewhere
        outcome.value = outcome.label

    outcomes = [Outcome[str](str(number)) for number in range(4)]
    await run_all([(outcome, job) for outcome in outcomes], limit=1, on_failure="continue")
    assert [outcome.value for outcome in outcomes] == ["0", None, "2", "3"]
    assert [outcome.finished for outcome in outcomes] == [True, False, True, True]
    assert isinstance(outcomes[1].error, AdormError)
    assert isinstance(outcomes[1].error.__cause__, asyncio.CancelledError)


def one_job(parts: str) -> list[StreamJob[str, None]]:
    async def run(_outcome: Outcome[None], emit: Emit) -> None:
        for part in parts:
            await emit(part)
        await anyio.sleep_forever()

    return [StreamJob(Outcome[None]("job"), run)]


async def test_who_reads_a_stream_whose_block_another_task_leaves_hears_that_it_is_not_the_end() -> (
    None
):
    async with TaskStream(one_job("a"), limit=1) as stream:
        assert await stream.next() == "a"
        reader = asyncio.ensure_future(stream.next())
        for _ in range(5):
            await checkpoint()
    with pytest.raises(UsageError, match="left by another task"):
        await reader


async def test_a_stream_left_in_another_task_ends_its_jobs_and_cancels_nobody_else() -> None:
    before = asyncio.all_tasks()
    stream = TaskStream(one_job("ab"), limit=1)

    async def enter() -> None:
        await stream.__aenter__()
        await stream.next()
        left.set()
        await done.wait()

    left, done = anyio.Event(), anyio.Event()
    owner = asyncio.ensure_future(enter())
    await left.wait()
    with pytest.raises(UsageError, match="another task than it was entered in"):
        await stream.__aexit__(None, None, None)
    for _ in range(10):
        await checkpoint()
    assert asyncio.all_tasks() - before == {owner}
    done.set()
    await owner


@pytest.mark.parametrize("fails", [False, True])
async def test_cleanup_goes_on_to_its_end_through_every_cancellation_and_then_that_is_raised(
    fails: bool,
) -> None:
    go, ended = anyio.Event(), anyio.Event()

    async def clean() -> None:
        await go.wait()
        ended.set()
        if fails:
            raise ZeroDivisionError("no way")

    task = asyncio.ensure_future(to_the_end(clean))
    for _ in range(3):
        await checkpoint()
        task.cancel()
    await checkpoint()
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    assert ended.is_set()
    assert getattr(raised.value, "__notes__", []) == (["beside this: no way"] if fails else [])


# ---------------------------------------------------------------- the first of two


async def never() -> str:
    await anyio.sleep_forever()
    raise AssertionError("nothing ends this wait but a cancellation")


async def at_once(answer: str) -> str:
    return answer


@pytest.mark.parametrize("eager", [False, True])
async def test_of_two_the_one_that_answers_is_taken_and_the_other_has_ended(eager: bool) -> None:
    loop = asyncio.get_running_loop()
    if eager:
        factory = getattr(asyncio, "eager_task_factory", None)
        if factory is None:
            pytest.skip("eager tasks came with Python 3.12")
        loop.set_task_factory(factory)
    try:
        assert await first_of(
            never, lambda: at_once("second"), after_s=0.0, may_begin=lambda: True
        ) == ("second", True)
        assert await first_of(
            lambda: at_once("first"), never, after_s=0.0, may_begin=lambda: True
        ) == ("first", False)
    finally:
        loop.set_task_factory(None)
    assert tasks_alive() == set()


async def test_a_second_one_that_may_not_begin_is_not_asked_for() -> None:
    asked = anyio.Event()

    def may_begin() -> bool:
        asked.set()
        return False

    async def first() -> str:
        await asked.wait()
        return "first"

    assert await first_of(first, never, after_s=0.0, may_begin=may_begin) == ("first", False)


async def test_an_end_of_the_loser_that_fails_or_takes_its_time_does_not_spoil_the_answer() -> None:
    ends: list[str] = []

    async def fails_when_cancelled() -> str:
        try:
            return await never()
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await checkpoint()
                await checkpoint()
            ends.append("loser")
            raise ValueError("on its way out") from None

    assert await first_of(
        fails_when_cancelled, lambda: at_once("second"), after_s=0.0, may_begin=lambda: True
    ) == ("second", True)
    begun = anyio.Event()

    async def first() -> str:
        await begun.wait()
        return "first"

    async def second() -> str:
        begun.set()
        return await fails_when_cancelled()

    assert await first_of(first, second, after_s=0.0, may_begin=lambda: True) == ("first", False)
    assert ends == ["loser", "loser"]


async def test_a_caller_that_is_cancelled_while_the_loser_ends_is_cancelled_after_it() -> None:
    begun, ending, ended = anyio.Event(), anyio.Event(), anyio.Event()

    async def slow_to_end() -> str:
        begun.set()
        try:
            return await never()
        finally:
            with anyio.CancelScope(shield=True):
                ending.set()
                await ended.wait()

    async def first() -> str:
        await begun.wait()
        return "first"

    caller = asyncio.ensure_future(
        first_of(first, slow_to_end, after_s=0.0, may_begin=lambda: True)
    )
    await ending.wait()
    caller.cancel()
    await checkpoint()
    assert not caller.done()
    ended.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert tasks_alive() == set()
