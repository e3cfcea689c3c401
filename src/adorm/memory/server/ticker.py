"""Internal: calls a function periodically while the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Ticker:
    """Calls a function every `period_s` seconds until it is cancelled.

    The loop reports an exception of a call, and the next call still happens.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, period_s: float, action: Callable[[], object]
    ) -> None:
        self._loop = loop
        self._period_s = period_s
        self._action = action
        self._timer = loop.call_later(period_s, self._tick)

    def cancel(self) -> None:
        """Make no more calls."""
        self._timer.cancel()

    def _tick(self) -> None:
        self._timer = self._loop.call_later(self._period_s, self._tick)
        self._action()
