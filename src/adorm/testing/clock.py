"""A clock for tests: it stands still until a sleep or the test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from anyio.lowlevel import checkpoint

from adorm.errors import UsageError


class FakeClock:
    """A clock that a test moves: a sleep takes no real time, and is written down.

    `adorm.connect(..., clock=FakeClock())` waits by it; `adorm.clock.use_clock(clock)` lets new
    models take `created_at` from it.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        """Stand at `start`, an aware datetime.

        Raises:
            UsageError: `start` is naive.
        """
        if start.tzinfo is None:
            raise UsageError(
                f"the start of a FakeClock must be aware, and {start!r} is naive: "
                "give it tzinfo=UTC"
            )
        self._now = start.astimezone(UTC)
        self._monotonic_s = 1000.0
        self.sleeps: list[float] = []
        """What was slept, in seconds, in order; a sleep that was cancelled is not in it."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since some point; they grow with the time of day."""
        return self._monotonic_s

    async def sleep(self, delay_s: float, /) -> None:
        """Let other tasks run once, write the delay down, and move both times on by it."""
        await checkpoint()
        self.sleeps.append(delay_s)
        self.advance(max(0.0, delay_s))

    def advance(self, seconds: float, /) -> None:
        """Move both times on.

        Raises:
            UsageError: `seconds` is negative.
        """
        if seconds < 0:
            raise UsageError(f"time only moves forward: {seconds} s")
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += seconds
