"""Two ways to one answer, of which the first answer counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import anyio

from adorm.concurrency.shield import wait_for_end

T = TypeVar("T")


async def first_of(
    first: Callable[[], Awaitable[T]],
    second: Callable[[], Coroutine[Any, Any, T]],
    *,
    after_s: float,
    may_begin: Callable[[], bool],
) -> tuple[T, bool]:
    """Await `first`. If it takes longer than `after_s` seconds, and `may_begin()` is true then,
    await `second` beside it. The first answer counts.

    Returns the answer, and whether it is the second's. The other one is cancelled, and has ended
    before this returns. If one fails, the other is waited for; if both fail, the error of `first`
    is raised. A task is started for `second` only, when it begins.
    """
    loop = asyncio.get_running_loop()
    scope = anyio.CancelScope()
    begun: list[asyncio.Task[T]] = []

    def begin() -> None:
        if may_begin():
            task = loop.create_task(second())
            task.add_done_callback(end_first)
            begun.append(task)

    def end_first(task: asyncio.Task[T]) -> None:
        if not task.cancelled() and task.exception() is None:
            scope.cancel()

    # One turn of the loop later: an answer that came in the turn of the timer is read before.
    timers: list[asyncio.Handle] = [
        loop.call_later(after_s, lambda: timers.append(loop.call_soon(begin)))
    ]
    try:
        try:
            with scope:
                return await first(), False
        except Exception:
            if not begun:
                raise
            await asyncio.wait(begun)
            if begun[0].cancelled() or begun[0].exception() is not None:
                raise
        return begun[0].result(), True
    finally:
        for timer in timers:
            timer.cancel()
        if begun and not begun[0].done():
            begun[0].cancel()
            cancelled = await wait_for_end(begun[0])
            if cancelled is not None:
                raise cancelled
