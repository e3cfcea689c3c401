"""Hedged reads: a read that takes unusually long is sent again; the first answer counts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Set as AbstractSet
from typing import Any, cast

import attrs

from adorm.checks import count, field, seconds, share
from adorm.concurrency.race import first_of
from adorm.dynamodb.operations import HEDGED, READS
from adorm.errors import UsageError
from adorm.support.buckets import Bucket
from adorm.transport.base import Answer, Request, Transport, WrappedTransport

KEPT_LATENCIES = 256
"""Of each kind of read."""
RANKED_EVERY = 16
"""So many reads after each other use the same quantile: ranking 256 latencies takes time."""
MAX_SAVED_HEDGES = 10.0
"""Second requests that were not needed are saved for later, up to so many."""


def _reads(_hedge: object, attribute: attrs.Attribute[Any], value: object) -> None:
    reads = isinstance(value, AbstractSet) and cast("AbstractSet[object]", value) <= READS
    if not value or not reads:
        raise UsageError(
            f"Hedge({attribute.name}={value!r}): expected a set of reading operations, some of "
            f"{', '.join(sorted(READS))}: writes are never hedged"
        )


@attrs.frozen(kw_only=True)
class Hedge:
    """Which reads are sent a second time, and when.

    A read that takes longer than 95 % of those before it is sent again on another connection. The
    first answer counts, and the other request is cancelled. If one request fails, the other's
    answer is awaited; if both fail, the first one's error is raised. Latencies are kept by
    operation and table, the last 256 of each.

    DynamoDB answers both requests, and charges both. The connection of the cancelled one is closed.

    Raises:
        UsageError: a parameter is out of its range; the message names it.
    """

    quantile: float = attrs.field(default=0.95, validator=field(share))
    """The share of recent reads that were answered before a second request is sent."""
    max_extra: float = attrs.field(default=0.05, validator=field(share))
    """Second requests, as a share of the reads: while DynamoDB is slow for all, only few reads are
    sent twice."""
    min_samples: int = attrs.field(default=100, validator=field(count, most=KEPT_LATENCIES))
    """Reads of one operation and table before the first is hedged, 256 at most."""
    min_delay_s: float = attrs.field(default=0.005, validator=field(seconds))
    """No second request is sent sooner: a busy event loop would look like a slow DynamoDB."""
    max_delay_s: float = attrs.field(default=1.0, validator=field(seconds))
    """No second request is sent later."""
    operations: AbstractSet[str] = attrs.field(default=HEDGED, validator=_reads)
    """By DynamoDB's names. Scans are not among the defaults: their pages are large, and a single
    slow one hardly matters."""

    def __attrs_post_init__(self) -> None:
        if self.max_delay_s < self.min_delay_s:
            raise UsageError(
                f"Hedge: max_delay_s={self.max_delay_s!r} is below min_delay_s={self.min_delay_s!r}"
            )


@attrs.frozen(kw_only=True)
class HedgeFigures:
    """What hedging did so far."""

    reads: int = 0
    """Attempts of operations that are hedged."""
    hedged: int = 0
    """Those sent a second time."""
    won: int = 0
    """Those where the second request answered first."""


class Latencies:
    """The last latencies of one kind of read, and how long to wait before a second request."""

    __slots__ = ("_count", "_hedge", "_kept", "delay_s")

    def __init__(self, hedge: Hedge) -> None:
        self._hedge = hedge
        self._kept: list[float] = []
        self._count = 0
        self.delay_s = math.inf
        """`inf` until enough is known."""

    def add(self, latency_s: float) -> None:
        """Note the time after which a read was answered, by either of its requests.

        Where the second request won, the first would have taken even longer. Its time counts all
        the same: without these times the quantile would fall with every hedge.
        """
        if len(self._kept) < KEPT_LATENCIES:
            self._kept.append(latency_s)
        else:
            self._kept[self._count % KEPT_LATENCIES] = latency_s
        self._count += 1
        hedge = self._hedge
        if self._count == hedge.min_samples or (
            self._count > hedge.min_samples and self._count % RANKED_EVERY == 0
        ):
            ranked = sorted(self._kept)
            latency_s = ranked[min(len(ranked) - 1, int(hedge.quantile * len(ranked)))]
            self.delay_s = min(max(latency_s, hedge.min_delay_s), hedge.max_delay_s)


class HedgingTransport(WrappedTransport):
    """Sends slow reads a second time, by the transport inside it.

    It measures by the event loop's time, as deadlines of requests in flight do.
    """

    def __init__(
        self,
        inner: Transport,
        hedge: Hedge,
        *,
        afford: Callable[[str, Request], bool] | None = None,
    ) -> None:
        """`afford(operation, request)` may forbid a second request: a rate limit does."""
        super().__init__(inner)
        self._hedge = hedge
        self._afford = afford
        self._latencies: dict[tuple[object, ...], Latencies] = {}
        self._budget = Bucket(MAX_SAVED_HEDGES, tokens=0.0)
        self._reads = self._hedged = self._won = 0

    @property
    def figures(self) -> HedgeFigures:
        """What it did so far."""
        return HedgeFigures(reads=self._reads, hedged=self._hedged, won=self._won)

    async def send(self, operation: str, request: Request, /, *rest: Any) -> Answer:
        if operation not in self._hedge.operations:
            return await self.inner.send(operation, request, *rest)
        self._reads += 1
        self._budget.give_back(self._hedge.max_extra)
        key = _latencies_key(operation, request)
        latencies = self._latencies.get(key)
        if latencies is None:
            latencies = self._latencies[key] = Latencies(self._hedge)
        clock = asyncio.get_running_loop().time
        started_s = clock()
        if latencies.delay_s == math.inf:
            answer = await self.inner.send(operation, request, *rest)
        else:
            answer, second_won = await first_of(
                lambda: self.inner.send(operation, request, *rest),
                lambda: self.inner.send(operation, request, *rest),
                after_s=latencies.delay_s,
                may_begin=lambda: self._may_hedge(operation, request),
            )
            self._won += second_won
        latencies.add(clock() - started_s)
        return answer

    def _may_hedge(self, operation: str, request: Request) -> bool:
        if self._budget.tokens < 1.0 or (
            self._afford is not None and not self._afford(operation, request)
        ):
            return False
        self._budget.take(1.0)
        self._hedged += 1
        return True


def _latencies_key(operation: str, request: Request) -> tuple[object, ...]:
    """Reads with the same key are assumed to be equally fast: the same operation on the same table
    and index, or on the same tables."""
    table = request.get("TableName")
    if table is not None:
        return operation, str(table), str(request.get("IndexName"))
    batch = request.get("RequestItems")
    if isinstance(batch, Mapping):
        return operation, *sorted(map(str, cast("Mapping[str, object]", batch)))
    return (operation,)
