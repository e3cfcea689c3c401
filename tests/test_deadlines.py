"""The ambient deadline and bounds of waits; what calls make of a deadline is in tests/calls."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from decimal import Decimal
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from adorm.clock import SYSTEM_CLOCK, use_clock
from adorm.deadlines import (
    Limit,
    current_limit,
    deadline,
    remaining_s,
    within,
    within_deadline,
)
from adorm.errors import DeadlineExceeded, UsageError
from adorm.testing.clock import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.mark.parametrize("seconds", [math.nan, "2", None, True, Decimal(2)])
def test_a_deadline_that_is_no_number_of_seconds_is_refused(seconds: Any) -> None:
    with pytest.raises(UsageError, match="expected seconds"):
        deadline(seconds)


async def test_without_a_deadline_the_time_left_is_infinite() -> None:
    assert current_limit() is None
    assert remaining_s() == math.inf


async def test_the_time_left_follows_the_clock_and_ends_with_the_block(clock: FakeClock) -> None:
    with use_clock(clock):
        async with deadline(2.5) as limit:
            assert (remaining_s(), limit.remaining_s(), limit.seconds) == (2.5, 2.5, 2.5)
            clock.advance(2)
            assert remaining_s() == 0.5
            clock.advance(2)
            assert limit.remaining_s() == -1.5
        assert current_limit() is None


@pytest.mark.parametrize("seconds", [0, -3])
async def test_zero_or_less_means_that_the_time_is_over(clock: FakeClock, seconds: int) -> None:
    with use_clock(clock):
        async with deadline(seconds):
            assert remaining_s() == seconds


async def test_an_infinite_deadline_bounds_nothing_but_keeps_the_outer_one(
    clock: FakeClock,
) -> None:
    with use_clock(clock):
        async with deadline(math.inf):
            assert remaining_s() == math.inf
        async with deadline(3), deadline(math.inf):
            assert remaining_s() == 3


async def test_an_inner_deadline_shortens_and_never_lengthens(clock: FakeClock) -> None:
    with use_clock(clock):
        async with deadline(5):
            async with deadline(1):
                assert remaining_s() == 1
            assert remaining_s() == 5
            async with deadline(60) as limit:
                assert (remaining_s(), limit.seconds) == (5, 5)
            assert remaining_s() == 5


async def test_deadlines_on_two_clocks_are_compared_by_what_is_left(clock: FakeClock) -> None:
    async with deadline(1000):
        with use_clock(clock):
            async with deadline(10) as inner:
                assert (inner.clock, inner.remaining_s()) == (clock, 10)
            async with deadline(2000) as inner:
                assert inner.clock is SYSTEM_CLOCK


async def test_one_deadline_object_serves_many_blocks_each_counted_from_its_entry(
    clock: FakeClock,
) -> None:
    budget = deadline(2)
    with use_clock(clock):
        async with budget:
            clock.advance(1)
            async with budget:
                assert remaining_s() == 1
            assert remaining_s() == 1
        async with budget:
            assert remaining_s() == 2
        assert current_limit() is None


async def test_one_deadline_object_serves_two_tasks_at_once(clock: FakeClock) -> None:
    budget = deadline(2)
    entered = anyio.Event()
    seen: list[float] = []

    async def first() -> None:
        async with budget:
            entered.set()
            await proceed.wait()
            seen.append(remaining_s())
        assert current_limit() is None

    async def second() -> None:
        await entered.wait()
        clock.advance(1)
        async with budget:
            seen.append(remaining_s())
            proceed.set()
        assert current_limit() is None

    proceed = anyio.Event()
    with use_clock(clock):
        async with anyio.create_task_group() as group:
            group.start_soon(first)
            group.start_soon(second)
    assert seen == [2, 1]


async def test_tasks_started_inside_inherit_the_deadline(clock: FakeClock) -> None:
    seen: list[float] = []

    async def child() -> None:
        seen.append(remaining_s())

    with use_clock(clock):
        async with deadline(2), anyio.create_task_group() as group:
            group.start_soon(child)
    assert seen == [2]


async def test_an_error_passes_and_the_deadline_ends(clock: FakeClock) -> None:
    with use_clock(clock):
        with pytest.raises(LookupError, match="mine"):
            async with deadline(2):
                raise LookupError("mine")
        assert current_limit() is None


async def test_leaving_a_block_in_another_context_disturbs_no_deadline_there(
    clock: FakeClock,
) -> None:
    stray = deadline(9)
    entered = asyncio.get_running_loop().create_task(stray.__aenter__(), context=copy_context())
    await entered
    with use_clock(clock):
        async with deadline(2):
            await stray.__aexit__(None, None, None)
            assert remaining_s() == 2
    await stray.__aexit__(None, None, None)
    assert current_limit() is None


async def test_the_nearer_of_deadline_and_cancel_scope_counts(clock: FakeClock) -> None:
    with use_clock(clock), anyio.move_on_after(50):
        assert 49 < remaining_s() <= 50
        async with deadline(1):
            assert remaining_s() == 1
        async with deadline(1000):
            assert 49 < remaining_s() <= 50


async def test_in_a_cancelled_scope_no_time_is_left_but_behind_a_shield_there_is() -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        assert remaining_s() == -math.inf
        with anyio.CancelScope(shield=True):
            await checkpoint()
            assert remaining_s() == math.inf


async def test_asyncio_timeout_is_invisible() -> None:
    async with asyncio.timeout(5):
        await checkpoint()
        assert remaining_s() == math.inf


async def test_the_words_of_a_deadline_tell_its_seconds_only(clock: FakeClock) -> None:
    assert repr(deadline(2)) == "adorm.deadline(2.0)"
    with use_clock(clock):
        async with deadline(2) as limit:
            assert isinstance(limit, Limit)
            assert repr(limit) == "Limit(at_s=1002.0, seconds=2.0)"


# ---- bounds of waits


async def test_a_wait_is_bounded_by_the_ambient_deadline() -> None:
    with pytest.raises(
        DeadlineExceeded,
        match=r"^Scan on orders: the deadline of 0.01 s passed while waiting for godot$",
    ) as caught:
        async with (
            deadline(0.01),
            within_deadline("waiting for godot", operation="Scan", subject="orders"),
        ):
            await anyio.sleep_forever()
    assert (caught.value.operation, caught.value.subject) == ("Scan", "orders")
    with pytest.raises(DeadlineExceeded, match=r"^the deadline of 0.01 s passed while waiting"):
        async with deadline(0.01), within_deadline("waiting for godot"):
            await anyio.sleep_forever()


async def test_a_scope_around_a_bounded_wait_cancels_it_as_ever() -> None:
    with anyio.move_on_after(0.01) as foreign:
        async with within_deadline("waiting for godot"):
            await anyio.sleep_forever()
    assert foreign.cancelled_caught


async def late_after(limit_s: float | None, work: Callable[[], Awaitable[object]]) -> object:
    def late(timeout: TimeoutError) -> LookupError:
        error = LookupError("late")
        error.__cause__ = timeout.__cause__
        return error

    async with within(limit_s, late):
        return await work()


async def test_a_limit_that_passes_raises_the_error_made_for_it_from_its_own_cause() -> None:
    for limit_s in (0.01, 0, -1):
        with pytest.raises(LookupError, match="late") as caught:
            await late_after(limit_s, anyio.sleep_forever)
        assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_errors_results_and_timeouts_of_the_block_pass_unchanged() -> None:
    async def fail() -> None:
        raise TimeoutError("of the block")

    async def answer() -> int:
        await checkpoint()
        return 5

    for limit_s in (5.0, math.inf, None):
        assert await late_after(limit_s, answer) == 5
        with pytest.raises(TimeoutError, match="of the block"):
            await late_after(limit_s, fail)


async def test_another_timeout_around_a_bound_is_told_apart_from_it() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await late_after(60, anyio.sleep_forever)


async def test_a_cancellation_of_the_task_passes_through_a_bound() -> None:
    task = asyncio.ensure_future(late_after(60, anyio.sleep_forever))
    await checkpoint()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
