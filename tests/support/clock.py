"""A clock that stands still until something sleeps or a test advances it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from anyio.lowlevel import checkpoint


class FakeClock:
    """`sleep` records the delay, lets it pass at once and gives way to the loop."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 8, 30, tzinfo=UTC) + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed_s

    def advance(self, seconds: float) -> None:
        self.elapsed_s += seconds

    async def sleep(self, delay_s: float, /) -> None:
        self.sleeps.append(delay_s)
        self.advance(delay_s)
        await checkpoint()
