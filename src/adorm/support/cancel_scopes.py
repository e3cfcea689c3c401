"""The anyio cancel scopes around a call, looked at without importing anyio.

Its asyncio backend takes 17 ms to import, a fifth of a whole cold start (bench/cold_start.py).
While it is not imported, no scope exists.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable

_BACKEND = "anyio._backends._asyncio"
"""Imported when the first scope is entered, at the latest."""

_current_effective_deadline: Callable[[], float] | None = None


def scope_deadline() -> float:
    """When the cancel scopes around end, on the loop's clock: `inf` without one, `-inf` in one that
    is cancelled."""
    # looking it up in anyio at every call takes as long as calling it
    global _current_effective_deadline  # noqa: PLW0603
    if _current_effective_deadline is None:
        if _BACKEND not in sys.modules:
            return math.inf
        from anyio import current_effective_deadline

        _current_effective_deadline = current_effective_deadline
    return _current_effective_deadline()


async def stop_if_cancelled() -> None:
    """Raise the cancellation of a cancelled scope around, so that nothing is begun in it."""
    if scope_deadline() == -math.inf:
        from anyio.lowlevel import checkpoint_if_cancelled

        await checkpoint_if_cancelled()


def is_cancelled() -> bool:
    """Whether this task or a scope around it was cancelled. If not, a `CancelledError` here comes
    from something else that was awaited."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0 or scope_deadline() == -math.inf
