"""The rate limit of one table's reads or writes, and the queue of the attempts that wait for it."""

from __future__ import annotations

import math
from collections.abc import Callable

import anyio

from adorm.clock import Clock
from adorm.support.buckets import TimedBucket

DECREASE = 0.7
"""After a throttle the rate is so much of what was sent."""
GROWTH = 0.4
"""How fast it grows again. Both are the constants of CUBIC
(https://www.rfc-editor.org/rfc/rfc9438), which the SDKs' adaptive mode uses too."""
METER_SPAN_S = 0.5
"""Requests are counted over so many seconds."""
METER_LEAST_S = 0.1
"""The current count is taken over at least so many seconds: one request is no rate."""
METER_WEIGHT = 0.8
"""Of the last span, against all before it."""
MAX_GROWTH = 2.0
"""The rate is at most so many times the requests really sent: a higher one was never tried."""
FORGET_S = 60.0
"""After so many seconds without a throttle the limit ends."""
LOOK_AGAIN_S = 0.5
"""The first in the queue looks at least so often whether the rate has grown meanwhile."""
ROUNDING = 1e-9
"""An error of rounding must not make an attempt wait for so small a part of a token."""


class Meter:
    """Measures how many requests a second are sent, smoothed over spans of half a second."""

    __slots__ = ("_count", "_smoothed", "_start_s")

    def __init__(self, now_s: float) -> None:
        self._start_s = now_s
        self._count = 0.0
        self._smoothed: float | None = None

    def add(self, now_s: float, weight: float) -> None:
        """Count requests; a negative weight takes back what was not sent."""
        self._turn_over(now_s)
        self._count += weight

    def per_s(self, now_s: float) -> float:
        """Requests a second. The requests of the current span count at once, so that a burst shows
        immediately: it is never 0 after `add`."""
        self._turn_over(now_s)
        return max(self._smoothed or 0.0, self._count / max(now_s - self._start_s, METER_LEAST_S))

    def _turn_over(self, now_s: float) -> None:
        elapsed_s = now_s - self._start_s
        if elapsed_s < METER_SPAN_S:
            return
        per_s = max(self._count, 0.0) / elapsed_s
        self._smoothed = (
            per_s
            if self._smoothed is None
            else METER_WEIGHT * per_s + (1 - METER_WEIGHT) * self._smoothed
        )
        self._start_s, self._count = now_s, 0.0


class TableRate:
    """The rate limit of one table's reads or writes: a token bucket, and a queue before it.

    The first in the queue holds a lock and sleeps until there are enough tokens; the lock passes on
    in the order of arrival. A waiter that is cancelled leaves the queue and takes nothing.
    """

    __slots__ = (
        "_bucket",
        "_burst_s",
        "_clock",
        "_k_s",
        "_max_per_s",
        "_meter",
        "_min_per_s",
        "_queue",
        "_throttled_s",
        "_w_max",
        "name",
        "queued",
        "round",
    )

    def __init__(
        self, name: str, *, max_per_s: float, min_per_s: float, burst_s: float, clock: Clock
    ) -> None:
        now_s = clock.monotonic()
        self.name = name
        self.queued = 0
        """Tokens that the attempts in the queue will take."""
        self.round = 0
        """Counts decreases of the rate: a throttled request that was sent before the last decrease
        causes no further one."""
        self._max_per_s, self._min_per_s, self._burst_s = max_per_s, min_per_s, burst_s
        self._clock = clock
        self._meter = Meter(now_s)
        self._queue = anyio.Lock(fast_acquire=True)
        capacity = self._capacity(max_per_s)
        self._bucket = TimedBucket(
            clock.monotonic,
            per_s=max_per_s,
            capacity=capacity,
            tokens=0.0 if max_per_s == math.inf else capacity,
        )
        self._throttled_s: float | None = None
        self._w_max = self._k_s = 0.0

    @property
    def per_s(self) -> float:
        """The rate in force, `inf` for none."""
        return self._bucket.per_s

    # ---- taking tokens

    async def take(self, weight: int, check_wait: Callable[[TableRate, float], None]) -> None:
        """Take tokens, and wait for them in the queue.

        `check_wait(rate, wait_s)` is called before each wait with its length at the present rate,
        and may raise.
        """
        if self.take_at_hand(weight):
            return
        self.queued += weight
        try:
            check_wait(self, self._wait_s(self.queued, weight))
            async with self._queue:
                while not self._enough(weight):
                    wait_s = self._wait_s(weight, weight)
                    check_wait(self, wait_s)
                    await self._clock.sleep(min(wait_s, LOOK_AGAIN_S))
                self._spend(weight)
        finally:
            self.queued -= weight

    def take_at_hand(self, weight: int) -> bool:
        """Take tokens if there are enough and no attempt waits for them."""
        if self.queued or not self._enough(weight):
            return False
        self._spend(weight)
        return True

    def give_back(self, weight: int) -> None:
        """Give tokens back: nothing was sent for them."""
        # The meter's span may be another than when they were taken, which does not matter.
        self._meter.add(self._clock.monotonic(), -weight)
        if self.per_s != math.inf:
            self._bucket.give_back(weight)

    def _spend(self, weight: int) -> None:
        self._meter.add(self._clock.monotonic(), weight)
        if self.per_s != math.inf:
            self._bucket.tokens -= weight

    def _capacity(self, per_s: float) -> float:
        return max(1.0, per_s * self._burst_s)

    def _enough(self, weight: int) -> bool:
        if self.per_s == math.inf:
            return True
        # A batch may need more tokens than the bucket holds: it overdraws a full bucket, and those
        # after it wait until that has come back.
        return self._bucket.fill() >= min(weight, self._bucket.capacity) - ROUNDING

    def _wait_s(self, weight: int, last: int) -> float:
        """Seconds until there are tokens for `weight`, of which the last attempt needs `last`."""
        if self.per_s == math.inf:
            return 0.0
        needed = weight - last + min(last, self._bucket.capacity)
        return max(0.0, self._bucket.wait_s(needed))

    # ---- learning the rate

    def throttled(self, sent_in: int) -> None:
        """Lower the rate: DynamoDB throttled a request that was sent in the round `sent_in`."""
        if sent_in != self.round:
            return
        now_s = self._clock.monotonic()
        self.round += 1
        self._w_max = min(self.per_s, self._meter.per_s(now_s))
        self._k_s = math.cbrt(self._w_max * (1 - DECREASE) / GROWTH)
        self._throttled_s = now_s
        self._set_rate(self._w_max * DECREASE)

    def answered(self) -> None:
        """Raise the rate, or end the limit: DynamoDB accepted a request."""
        if self._throttled_s is None:
            return
        now_s = self._clock.monotonic()
        since_s = now_s - self._throttled_s
        if since_s >= FORGET_S:
            self._throttled_s = None
            self._set_rate(math.inf)
            return
        grown = GROWTH * (since_s - self._k_s) ** 3 + self._w_max
        self._set_rate(max(self.per_s, min(grown, MAX_GROWTH * self._meter.per_s(now_s))))

    def _set_rate(self, per_s: float) -> None:
        if self.per_s == math.inf:
            self._bucket.empty()
        else:
            self._bucket.fill()
        self._bucket.per_s = min(max(per_s, self._min_per_s), self._max_per_s)
        self._bucket.capacity = self._capacity(self.per_s)
        if self.per_s != math.inf:
            self._bucket.give_back(0.0)  # no more than it holds now
