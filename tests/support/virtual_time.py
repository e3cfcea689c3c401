"""An event loop whose time is not the world's: where nothing is left to do but to wait, it is later at once.

Sleeps, timers, deadlines and `anyio.current_time()` all go by it, so that a minute of
many tasks is simulated in an instant, always the same:

    @pytest.fixture
    def anyio_backend() -> object:
        return VIRTUAL
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio


class _Selector(selectors.DefaultSelector):
    """Never waits: it moves the time on by what it was asked to wait for."""

    now_s = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if timeout is None and not ready:
            return super().select(None)  # nothing but another thread can go on from here
        if not ready and timeout is not None and timeout > 0:
            self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """See above."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now_s


VIRTUAL: tuple[str, dict[str, Any]] = ("asyncio", {"loop_factory": VirtualLoop})


class LoopClock:
    """The loop's time as adorm's clock."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return anyio.current_time()

    async def sleep(self, delay_s: float, /) -> None:
        await anyio.sleep(delay_s)


def p(share: float, values: Iterable[float]) -> float:
    """A percentile: `p(0.99, latencies)`."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
