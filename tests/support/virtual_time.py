"""An event loop whose time jumps to the next timer, so that hours of deadlines and delays pass at
once and always alike.

A test's own loop is one by the fixture `anyio_backend`, which gives `VIRTUAL`; a test without a
loop takes `run_virtually`.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import anyio

T = TypeVar("T")

_START = datetime(2026, 1, 1, tzinfo=UTC)


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for a timer it moves the time on."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("every task waits, and no timer will wake any of them")
        if not ready and timeout is not None and timeout > 0:
            self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


VIRTUAL: tuple[str, dict[str, Any]] = ("asyncio", {"loop_factory": VirtualLoop})


class LoopClock:
    """adorm's time is the loop's."""

    def now(self) -> datetime:
        return _START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, delay_s: float, /) -> None:
        await asyncio.sleep(delay_s)


def run_virtually(main: Callable[[], Awaitable[T]]) -> T:
    """Run it to its end in a loop of its own."""
    backend, options = VIRTUAL
    return anyio.run(main, backend=backend, backend_options=options)


def p(share: float, values: Iterable[float]) -> float:
    """A percentile: `p(0.99, latencies)`."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
