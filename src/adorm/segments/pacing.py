"""A budget of read units a second, kept by waiting between requests."""

from __future__ import annotations

import anyio

from adorm.clock import Clock
from adorm.deadlines import remaining_s
from adorm.errors import DeadlineExceeded

CLOCK_RESOLUTION_S = 1e-9
"""A shorter wait may be lost in rounding: a fake clock would not advance, and the wait never
end."""


class ReadBudget:
    """Shared by the segments of one scan.

    What a page costs is known only with its answer, so each request first takes what the last page
    cost, and settles the difference after. The first one goes alone, to learn it. Credit of one
    second at most is kept for later.
    """

    def __init__(self, units_per_s: float, clock: Clock) -> None:
        self._units_per_s = units_per_s
        self._clock = clock
        self._balance = 0.0
        self._at_s = clock.monotonic()
        self._page_units: float | None = None
        self._turn = anyio.Lock()

    async def reserve(self) -> float:
        """Wait until a request may go, and take what it will cost by all that is known.

        Raises:
            DeadlineExceeded: the wait would outlive the deadline.
        """
        await self._turn.acquire()
        try:
            if self._page_units is not None:
                await self._wait_for_credit()
        except BaseException:
            self._turn.release()
            raise
        if self._page_units is None:
            return 0.0  # the first request keeps the turn until it is settled
        self._turn.release()
        self._balance -= self._page_units
        return self._page_units

    def correct(self, reserved: float, consumed: float | None) -> None:
        """The request is over; `consumed` is None where it failed."""
        probing = self._page_units is None and reserved == 0.0
        if consumed is not None:
            self._page_units = consumed
            self._balance += reserved - consumed
        else:
            self._balance += reserved
        if probing:
            self._turn.release()

    async def _wait_for_credit(self) -> None:
        while True:
            now_s = self._clock.monotonic()
            self._balance = min(
                self._balance + (now_s - self._at_s) * self._units_per_s, self._units_per_s
            )
            self._at_s = now_s
            delay_s = -self._balance / self._units_per_s
            if delay_s < CLOCK_RESOLUTION_S:
                return
            if delay_s >= remaining_s():
                raise DeadlineExceeded(
                    f"the wait of {delay_s:.3f} s for the budget of {self._units_per_s:g} read units a second would outlive the deadline",
                    operation="Scan",
                )
            await self._clock.sleep(delay_s)
