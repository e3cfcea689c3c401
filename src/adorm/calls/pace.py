"""The rate limit layer: after a throttle a table gets fewer requests a second, later more again.

Only the attempts of that table wait; the event loop goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import attrs

from adorm.calls.table_rate import TableRate
from adorm.checks import field, number
from adorm.clock import Clock
from adorm.deadlines import remaining_s, stop_if_cancelled, within
from adorm.dynamodb.operations import OPERATIONS, counts_by_table
from adorm.errors import DeadlineExceeded, ServiceError, Throttled, TransactionCanceled, UsageError
from adorm.transport.base import Answer, Request

if TYPE_CHECKING:
    from adorm.calls.call import Call, Step


@attrs.frozen(kw_only=True)
class AdaptiveRateLimit:
    """A rate limit for each table that follows what DynamoDB accepts.

    Writes, reads, and the reads of each index have a rate of their own. There is no limit until
    DynamoDB throttles for the first time. Then the rate becomes 0.7 of the requests a second that
    were sent, and grows again: fast at first, slowly near the rate at which the throttle came, then
    fast beyond it. After a minute without a throttle the limit ends. The SDKs' adaptive mode uses
    the same formula (CUBIC), with one rate for a whole client:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html

    Calls above the rate wait in a fair queue, retries too. A call whose wait would outlive its
    deadline raises `DeadlineExceeded` at once. A batch or transaction counts by its items: a
    BatchWriteItem of 25 puts counts 25. Operations on tables and PartiQL are not limited.

    Raises:
        UsageError: a parameter is out of its range; the message names it.
    """

    max_per_s: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(field(number))
    )
    """The highest rate of a table's reads and of its writes, from the start; None for no limit."""
    min_per_s: float = attrs.field(default=0.5, validator=field(number))
    """The lowest rate, in requests a second, however often DynamoDB throttles."""
    burst_s: float = attrs.field(default=0.1, validator=field(number))
    """Unused requests of so many seconds may be sent at once; at least one request may."""

    def __attrs_post_init__(self) -> None:
        if self.max_per_s is not None and self.max_per_s < self.min_per_s:
            raise UsageError(
                f"AdaptiveRateLimit: max_per_s={self.max_per_s!r} is below "
                f"min_per_s={self.min_per_s!r}"
            )


class Permit:
    """The tokens that one attempt needs, of every rate that limits it."""

    __slots__ = ("_rounds", "_taken", "_weights")

    def __init__(self, weights: Sequence[tuple[TableRate, int]]) -> None:
        self._weights = weights
        self._taken = 0
        self._rounds: Sequence[int] = ()

    async def take(self, check_wait: Callable[[TableRate, float], None]) -> None:
        """Wait for the tokens; an error or a cancellation gives back those taken so far."""
        try:
            for rate, weight in self._weights:
                await rate.take(weight, check_wait)
                self._taken += 1
        except BaseException:
            self.give_back()
            raise
        self._rounds = [rate.round for rate, _ in self._weights]

    def take_at_hand(self) -> bool:
        """Take the tokens if that needs no wait."""
        for rate, weight in self._weights:
            if not rate.take_at_hand(weight):
                self.give_back()
                return False
            self._taken += 1
        self._rounds = [rate.round for rate, _ in self._weights]
        return True

    def give_back(self) -> None:
        """Give the tokens back: nothing was sent."""
        for rate, weight in self._weights[: self._taken]:
            rate.give_back(weight)
        self._taken = 0

    def failed(self, error: ServiceError, request: Request) -> None:
        """Lower or raise the rates after an error of DynamoDB's."""
        if isinstance(error, Throttled):
            self._learn(None)
        elif isinstance(error, TransactionCanceled):
            items = zip(_sequence(request.get("TransactItems")), error.reasons, strict=False)
            self._learn(
                {_table_of(item) for item, reason in items if isinstance(reason.error, Throttled)}
            )
        elif error.status is None or error.status < 500:
            self._learn(set())

    def answered(self, answer: Answer) -> None:
        """Lower or raise the rates after an answer.

        Puts and deletes that a batch left unprocessed count as throttled, which they probably were.
        """
        left = answer.get("UnprocessedItems")
        self._learn(set(cast("Mapping[str, Any]", left)) if isinstance(left, Mapping) else set())

    def _learn(self, throttled: set[str] | None) -> None:
        """`throttled`: the tables; None for all of the request."""
        for (rate, _), sent_in in zip(self._weights, self._rounds, strict=True):
            if throttled is None or rate.name.rpartition(" ")[0] in throttled:
                rate.throttled(sent_in)
            else:
                rate.answered()


class RateLimiter:
    """The rates of one database, made when their tables are first used."""

    __slots__ = ("_clock", "_limit", "_rates")

    def __init__(self, limit: AdaptiveRateLimit, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._rates: dict[str, TableRate] = {}

    @property
    def rates(self) -> dict[str, float]:
        """The rates in force, in requests a second: `{"orders writes": 70.0}`."""
        return {
            name: rate.per_s for name, rate in sorted(self._rates.items()) if rate.per_s != math.inf
        }

    async def attempt(self, call: Call, next_step: Step) -> Answer:
        """The layer around an attempt: it waits until the rates let the attempt go, and the rates
        learn from its answer or error."""
        permit = self.permit(call.operation, call.request)
        if permit is None:
            return await next_step(call)
        if not permit.take_at_hand():
            await self._wait_for(permit, call)
        attempts = call.attempts
        try:
            answer = await next_step(call)
        except BaseException as error:
            if call.attempts == attempts:
                permit.give_back()
            elif isinstance(error, ServiceError):
                permit.failed(error, call.request)
            raise
        permit.answered(answer)
        return answer

    async def _wait_for(self, permit: Permit, call: Call) -> None:
        def check_wait(rate: TableRate, wait_s: float) -> None:
            left_s = remaining_s()
            if left_s != -math.inf and wait_s >= left_s:
                raise call.late(
                    f"the wait of {wait_s:.3f} s for the rate limit of {rate.name} "
                    f"({rate.per_s:.1f} a second) would outlive the deadline, "
                    f"{max(left_s, 0.0):.3f} s away"
                )

        def late(_timeout: TimeoutError) -> DeadlineExceeded:
            return call.late("the deadline passed while it waited for the rate limit")

        await stop_if_cancelled()
        left_s = call.time_left_s()
        started_s = self._clock.monotonic()
        async with within(left_s, late):
            await permit.take(check_wait)
        call.delay_s += self._clock.monotonic() - started_s

    def permit(self, operation: str, request: Request) -> Permit | None:
        """What an attempt has to take before it is sent; None where it is not limited."""
        weights = weights_of(operation, request)
        return Permit([(self._rate(name), weight) for name, weight in weights]) if weights else None

    def take_at_hand(self, operation: str, request: Request) -> bool:
        """Take tokens for a request that need not be sent, such as a hedge.

        False where there are too few, or where an attempt waits for them.
        """
        permit = self.permit(operation, request)
        return permit is None or permit.take_at_hand()

    def _rate(self, name: str) -> TableRate:
        rate = self._rates.get(name)
        if rate is None:
            limit = self._limit
            rate = self._rates[name] = TableRate(
                name,
                max_per_s=limit.max_per_s or math.inf,
                min_per_s=limit.min_per_s,
                burst_s=limit.burst_s,
                clock=self._clock,
            )
        return rate


def weights_of(operation: str, request: Request) -> list[tuple[str, int]]:
    """The rates that limit a request, by name and sorted, and the tokens that it takes of each."""
    known = OPERATIONS.get(operation)
    if known is None or not known.on_items:
        return []
    kind = "reads" if known.repeat == "read" else "writes"
    if known.tables == "TableName":
        table, index = request.get("TableName"), request.get("IndexName")
        return [(f"{table}/{index} {kind}" if index else f"{table} {kind}", 1)]
    counts = counts_by_table(request)
    return sorted((f"{table} {kind}", max(1, count)) for table, count in counts.items())


def _sequence(value: object) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()


def _table_of(item: object) -> str:
    """The table of one operation of a transaction, `{"Put": {"TableName": ...}}`."""
    if isinstance(item, Mapping):
        for operation in cast("Mapping[str, object]", item).values():
            if isinstance(operation, Mapping):
                return str(cast("Mapping[str, object]", operation).get("TableName"))
    return ""
