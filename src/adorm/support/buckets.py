"""Token buckets: how much may still be spent, of a budget that fills up again."""

from __future__ import annotations

from collections.abc import Callable


class Bucket:
    """Tokens that are put back by events; `capacity` at most."""

    __slots__ = ("capacity", "tokens")

    def __init__(self, capacity: float, tokens: float | None = None) -> None:
        """Full, or with so many `tokens`."""
        self.capacity = capacity
        self.tokens = capacity if tokens is None else tokens

    def take(self, tokens: float) -> bool:
        """Take tokens; False, taking none, when there are too few."""
        if tokens > self.tokens:
            return False
        self.tokens -= tokens
        return True

    def give_back(self, tokens: float) -> None:
        """Put tokens in."""
        self.tokens = min(self.capacity, self.tokens + tokens)


class TimedBucket(Bucket):
    """Tokens that come back with time, `per_s` a second. It may be overdrawn: `tokens` is below 0
    then."""

    __slots__ = ("_filled_s", "_monotonic_s", "per_s")

    def __init__(
        self, monotonic_s: Callable[[], float], *, per_s: float, capacity: float, tokens: float
    ) -> None:
        """`monotonic_s` gives the time, in seconds since some point."""
        super().__init__(capacity, tokens)
        self.per_s = per_s
        self._monotonic_s = monotonic_s
        self._filled_s = monotonic_s()

    def fill(self) -> float:
        """Add the tokens that have come since the last time; gives how many there are."""
        now_s = self._monotonic_s()
        self.tokens = min(self.capacity, self.tokens + (now_s - self._filled_s) * self.per_s)
        self._filled_s = now_s
        return self.tokens

    def wait_s(self, tokens: float) -> float:
        """Seconds until so many are there; 0 or less when they are."""
        return (tokens - self.fill()) / self.per_s

    def empty(self) -> None:
        """Begin anew with no tokens."""
        self.tokens, self._filled_s = 0.0, self._monotonic_s()
