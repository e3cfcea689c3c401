"""Streams of jobs: no value is lost, and nothing is left waiting, however they end."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from anyio.lowlevel import checkpoint

from adorm.concurrency.stream import Emit, Source, TaskStream
from adorm.errors import UsageError
from adorm.outcomes import Outcome
from tests.support.tasks import tasks_alive

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("turns", range(6))
async def test_a_part_that_comes_while_its_consumer_is_cancelled_stays(turns: int) -> None:
    """A plain `task.cancel()`, as `asyncio.timeout` makes it, at every step between offering and
    taking."""
    ready = anyio.Event()
    loop = asyncio.get_running_loop()

    async def run(emit: Emit[str]) -> None:
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

    async with TaskStream([(Outcome[None]("job"), run)], limit=1) as stream:
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
    async def fail(_emit: Emit[str]) -> None:
        for _ in range(turns):
            await checkpoint()
        raise ZeroDivisionError

    async def endless(_emit: Emit[str]) -> None:
        await anyio.sleep_forever()

    jobs = [(Outcome[None](str(number)), endless if number else fail) for number in range(4)]
    async with TaskStream(jobs, limit=4) as stream:
        with anyio.fail_after(5):
            assert await stream.next() is None
    assert [type(outcome.error) for outcome in stream.outcomes] == [
        ZeroDivisionError,
        *[type(None)] * 3,
    ]


async def test_with_a_limit_of_one_the_parts_come_job_by_job() -> None:
    def job(name: str) -> tuple[Outcome[None], Source[str]]:
        async def run(emit: Emit[str]) -> None:
            for number in range(3):
                await emit(f"{name}{number}")

        return (Outcome[None](name), run)

    async with TaskStream([job(name) for name in "abc"], limit=1) as stream:
        parts = [await stream.next() for _ in range(10)]
    assert parts == ["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2", None]


def one_job(parts: str) -> list[tuple[Outcome[None], Source[str]]]:
    async def run(emit: Emit[str]) -> None:
        for part in parts:
            await emit(part)
        await anyio.sleep_forever()

    return [(Outcome[None]("job"), run)]


async def test_a_reader_of_a_stream_hears_that_another_task_left_its_block_before_the_end() -> None:
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


@pytest.mark.parametrize("turns", range(4))
async def test_a_stream_whose_reader_is_cancelled_twice_while_jobs_end_leaves_none(
    turns: int,
) -> None:
    ending, go_on, reading = anyio.Event(), anyio.Event(), anyio.Event()

    done = list[str]()

    async def run(emit: Emit[str]) -> None:
        try:
            await emit("a")
            done.append("a")
            await emit("b")
        finally:
            with anyio.CancelScope(shield=True):
                ending.set()
                await go_on.wait()
            done.append("cleaned up")

    stream = TaskStream([(Outcome[None]("job"), run)], limit=1)

    async def read() -> None:
        async with stream:
            assert await stream.next() == "a"
            reading.set()
            await anyio.sleep_forever()

    reader = asyncio.ensure_future(read())
    await reading.wait()
    await checkpoint()
    reader.cancel()
    await ending.wait()
    for _ in range(turns):
        await checkpoint()
    reader.cancel()
    await checkpoint()
    assert not reader.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert done == ["a", "cleaned up"]
    assert tasks_alive() == set()
