"""Internal: something that is done again and again while the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Ticker:
    """Calls a function every `period_s` seconds, until it is cancelled.

    A call that raises is reported by the loop, and the next one comes all the same.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, period_s: float, action: Callable[[], object]
    ) -> None:
        self._loop = loop
        self._period_s = period_s
        self._action = action
        self._timer = loop.call_later(period_s, self._tick)

    def cancel(self) -> None:
        """Call it no more."""
        self._timer.cancel()

    def _tick(self) -> None:
        self._timer = self._loop.call_later(self._period_s, self._tick)
        self._action()
