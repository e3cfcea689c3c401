"""Cleanup that awaits: it goes on through every cancellation, and ends in a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import anyio

from adorm.deadlines import without_deadline
from adorm.errors import DeadlineExceeded

T = TypeVar("T")


async def shielded(
    work: Callable[[], Coroutine[Any, Any, T]], *, limit_s: float, problem: str
) -> T:
    """Await cleanup, whatever cancellation or deadline is around, for at most `limit_s` seconds.

    See `to_the_end` for what a cancellation means that comes meanwhile.

    Args:
        problem: what is the matter when the time is over: "lock 'a' could not be given back".

    Raises:
        DeadlineExceeded: `limit_s` passed; the requests of the work may have been applied.
    """

    async def bounded() -> T:
        with without_deadline(), anyio.move_on_after(limit_s):
            return await work()
        raise DeadlineExceeded(f"{problem} within {limit_s:g} s", maybe_applied=True)

    return await to_the_end(bounded)


async def to_the_end(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Await work that ends by itself, whatever cancellation comes meanwhile.

    A cancellation is raised after the work has ended, with a note if the work failed. The work runs
    in a task of its own: a plain `task.cancel()`, such as `asyncio.timeout` makes, goes through the
    shields of anyio's scopes.
    """
    task = asyncio.ensure_future(work())
    cancelled = await wait_for_end(task)
    if cancelled is None:
        return task.result()
    if not task.cancelled() and (problem := task.exception()) is not None:
        cancelled.add_note(f"beside this: {problem}")
    raise cancelled


async def wait_for_end(task: asyncio.Future[Any]) -> asyncio.CancelledError | None:
    """Wait until a task has ended, and give the last cancellation of the wait, to be raised."""
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    return cancelled
