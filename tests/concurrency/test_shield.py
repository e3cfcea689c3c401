"""Cleanup goes on through every cancellation, and ends in a bounded time."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from anyio.lowlevel import checkpoint

from adorm.concurrency.shield import to_the_end

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
