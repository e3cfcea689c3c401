"""A budget of read or write units a second, kept by waiting between requests."""

from __future__ import annotations

from typing import Literal

import anyio

from adorm.clock import Clock
from adorm.deadlines import remaining_s
from adorm.errors import DeadlineExceeded
from adorm.support.buckets import TimedBucket

CLOCK_RESOLUTION_S = 1e-9
"""A shorter wait may be lost in rounding: a fake clock would not advance, and the wait would never
end."""


class UnitBudget:
    """A bucket of units, shared by the segments of one scan, or by the writes of one migration.

    What a request costs is known only from its answer. So each one reserves what the last one
    cost, and corrects that when its answer has come. The first request goes alone, because nothing
    is known before it. Unused units of at most one second are kept for later.
    """

    def __init__(
        self, units_per_s: float, clock: Clock, *, kind: Literal["read", "write"] = "read"
    ) -> None:
        self._kind = kind
        self._units_per_s = units_per_s
        self._clock = clock
        self._bucket = TimedBucket(
            clock.monotonic, per_s=units_per_s, capacity=units_per_s, tokens=0.0
        )
        self._last_units: float | None = None
        self._turn = anyio.Lock()

    async def reserve(self) -> float:
        """Wait until a request may be sent, and reserve what it will probably cost: the units.

        Raises:
            DeadlineExceeded: the wait would outlive the deadline.
        """
        await self._turn.acquire()
        if self._last_units is None:
            return 0.0  # the first request holds the lock until `correct`
        try:
            await self._wait_for_credit()
        finally:
            self._turn.release()
        self._bucket.tokens -= self._last_units
        return self._last_units

    def correct(self, reserved: float, consumed: float | None) -> None:
        """Replace what was reserved by what was consumed; None, of a failure, counts as 0."""
        is_first = self._last_units is None
        if consumed is not None:
            self._last_units = consumed
        self._bucket.tokens += reserved - (consumed or 0.0)
        if is_first:
            self._turn.release()

    async def _wait_for_credit(self) -> None:
        while True:
            delay_s = self._bucket.wait_s(0.0)
            if delay_s < CLOCK_RESOLUTION_S:
                return
            if delay_s >= remaining_s():
                raise DeadlineExceeded(
                    f"the wait of {delay_s:.3f} s for the budget of {self._units_per_s:g} "
                    f"{self._kind} units a second would outlive the deadline",
                    operation="Scan" if self._kind == "read" else "UpdateItem",
                )
            await self._clock.sleep(delay_s)
