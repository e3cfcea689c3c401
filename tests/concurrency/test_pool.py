"""Pools of jobs: no failure is lost, and nothing is left waiting, however they end."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from anyio.lowlevel import checkpoint

from adorm.concurrency.pool import OnFailure, Pool, run_all
from adorm.errors import AdormError
from adorm.outcomes import Outcome
from tests.support.tasks import tasks_alive

pytestmark = pytest.mark.anyio


async def test_who_waits_for_room_hears_when_the_block_was_left() -> None:
    got: list[bool] = []
    waits = anyio.Event()

    async def wait_for_room() -> None:
        waits.set()
        got.append(await pool.acquire_slot())

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
        assert await pool.acquire_slot()
        with anyio.move_on_after(0.01) as waiting:
            await pool.acquire_slot()
        assert waiting.cancelled_caught
        pool.release_slot()
        assert await pool.acquire_slot()
        pool.stopped = True
        pool.release_slot()
        assert not await pool.acquire_slot()


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


@pytest.mark.parametrize("turns", range(4))
async def test_a_second_cancellation_while_jobs_end_keeps_what_they_have_done(turns: int) -> None:
    """A job that has done something, and takes its time to end, when its caller is cancelled
    twice."""
    begun, ending, go_on = anyio.Event(), anyio.Event(), anyio.Event()

    async def work(outcome: Outcome[list[str]]) -> None:
        done = outcome.value = ["first"]
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                ending.set()
                await go_on.wait()
            done.append("cleaned up")

    outcome = Outcome[list[str]]("job")
    caller = asyncio.ensure_future(run_all([(outcome, work)], limit=1, on_failure="drain"))
    await begun.wait()
    caller.cancel()
    await ending.wait()
    for _ in range(turns):
        await checkpoint()
    caller.cancel()
    await checkpoint()
    assert not caller.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert outcome.value == ["first", "cleaned up"]
    assert (outcome.finished, outcome.error) == (False, None)
    assert tasks_alive() == set()


async def test_a_second_cancellation_while_others_drain_keeps_the_failure_that_came_first() -> None:
    """A write failed, another one drains; its caller is cancelled, twice, before it has ended."""
    draining = anyio.Event()

    async def fail(_outcome: Outcome[str]) -> None:
        await draining.wait()
        raise ZeroDivisionError

    async def drain(outcome: Outcome[str]) -> None:
        draining.set()
        try:
            await anyio.sleep_forever()
        finally:
            outcome.value = "stopped in the middle"

    outcomes = [Outcome[str]("drains"), Outcome[str]("fails"), Outcome[str]("never begins")]
    jobs = [(outcomes[0], drain), (outcomes[1], fail), (outcomes[2], drain)]
    caller = asyncio.ensure_future(run_all(jobs, limit=2, on_failure="drain"))
    with anyio.fail_after(5):
        while outcomes[1].error is None:
            await checkpoint()
    caller.cancel()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert isinstance(outcomes[1].error, ZeroDivisionError)
    assert [outcome.value for outcome in outcomes] == ["stopped in the middle", None, None]
    assert tasks_alive() == set()


def test_a_loop_that_closes_ends_jobs_before_their_first_step_without_a_complaint() -> None:
    begun: list[str] = []

    async def work(outcome: Outcome[None]) -> None:
        begun.append(outcome.label)
        await anyio.sleep_forever()

    async def main() -> None:
        async def caller() -> None:
            async with Pool(2, on_failure="stop") as pool:
                await pool.submit(Outcome[None]("first"), work)
                await checkpoint()
                await pool.submit(Outcome[None]("second"), work)
                entered.set()

        entered = anyio.Event()
        task = asyncio.ensure_future(caller())
        await entered.wait()
        del task

    asyncio.run(main())
    assert begun[0] == "first"
