"""Time, in one place, so that tests can hold it still."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where adorm takes the time from and where it waits."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow; deadlines are points on this line."""
        ...

    async def sleep(self, delay_s: float, /) -> None:
        """Wait; cancellable."""
        ...


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, delay_s: float, /) -> None:
        await asyncio.sleep(delay_s)


SYSTEM_CLOCK = SystemClock()
_current: ContextVar[Clock] = ContextVar("adorm_clock", default=SYSTEM_CLOCK)


def current_clock() -> Clock:
    """The clock that new models take `created_at` from, and `connect()` when given none."""
    return _current.get()


@contextmanager
def use_clock(clock: Clock) -> Generator[Clock, None, None]:
    """Make this the current clock inside the block."""
    token = _current.set(clock)
    try:
        yield clock
    finally:
        _current.reset(token)
