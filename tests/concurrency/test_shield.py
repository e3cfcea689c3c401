"""Cleanup goes on through every cancellation, and ends in a bounded time."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from anyio.lowlevel import checkpoint

import adorm
from adorm.concurrency.shield import shielded, to_the_end
from adorm.deadlines import current_limit
from tests.support.tasks import tasks_alive

pytestmark = pytest.mark.anyio


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


async def test_cleanup_ends_in_a_bounded_time_whatever_deadline_is_around() -> None:
    begun = anyio.Event()

    async def endless() -> None:
        begun.set()
        assert current_limit() is None
        await anyio.sleep_forever()

    with pytest.raises(adorm.DeadlineExceeded) as raised:
        async with adorm.deadline(0):
            await shielded(endless, limit_s=0.01, problem="lock 'a' could not be given back")
    assert str(raised.value) == "lock 'a' could not be given back within 0.01 s"
    assert raised.value.maybe_applied
    assert begun.is_set()
    assert tasks_alive() == set()


async def test_cleanup_that_was_cancelled_and_too_late_tells_both() -> None:
    begun = anyio.Event()

    async def endless() -> None:
        begun.set()
        await anyio.sleep_forever()

    task = asyncio.ensure_future(shielded(endless, limit_s=0.02, problem="it could not be freed"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    assert raised.value.__notes__ == ["beside this: it could not be freed within 0.02 s"]
    assert tasks_alive() == set()


async def test_cleanup_gives_its_result() -> None:
    async def clean() -> str:
        return "given back"

    with anyio.CancelScope() as scope:
        scope.cancel()
        assert await shielded(clean, limit_s=5, problem="it was not given back") == "given back"
