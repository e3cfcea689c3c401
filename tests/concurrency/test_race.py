"""The first of two answers: the other one has ended before it is given."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from anyio.lowlevel import checkpoint

from adorm.concurrency.race import first_of
from tests.support.tasks import tasks_alive

pytestmark = pytest.mark.anyio


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
