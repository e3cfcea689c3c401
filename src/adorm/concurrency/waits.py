"""Waits that are bounded by the ambient deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from adorm.deadlines import current_limit
from adorm.errors import DeadlineExceeded

T = TypeVar("T")


async def within_deadline(
    wait: Callable[[], Awaitable[T]],
    doing: str,
    *,
    operation: str | None = None,
    subject: str | None = None,
) -> T:
    """Await what is no request, bounded by the ambient deadline as requests are.

    Raises:
        DeadlineExceeded: it passed.
    """
    limit = current_limit()
    if limit is None:
        return await wait()
    with anyio.CancelScope(deadline=anyio.current_time() + max(limit.remaining_s(), 0.0)):
        return await wait()
    about = f"{operation} on {subject}: " if operation and subject else ""
    raise DeadlineExceeded(
        f"{about}the deadline of {limit.seconds:g} s passed while {doing}",
        operation=operation,
        subject=subject,
    )
