"""Records of one item one after the other, of different items side by side, the earliest in the
shard first."""

from __future__ import annotations

import heapq
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import anyio
import attrs

from adorm.concurrency.pool import foreign_cancellation_as_error, run_all
from adorm.deadlines import current_limit, remaining_s
from adorm.errors import DeadlineExceeded
from adorm.outcomes import Outcome
from adorm.streams.record import StreamRecord
from adorm.support.cancel_scopes import stop_if_cancelled

OutcomeT = TypeVar("OutcomeT", bound=Outcome[Any])


@attrs.define(eq=False, repr=False)
class RecordOutcome(Outcome[Any]):
    """What became of one record. `value` is what its handler returned; `error` is None too where it
    was not begun."""

    sequence_number: str = ""
    """By which Lambda knows the record."""
    record: StreamRecord | None = None
    """None where it could not be read."""
    model: type[Any] | None = None
    """The model whose handler took it; None of the fallback."""

    def __repr__(self) -> str:
        """Without what was returned, and without the error's words: both may hold values."""
        became = (
            "finished"
            if self.finished
            else "not handled"
            if self.error is None
            else type(self.error).__name__
        )
        return f"<adorm.RecordOutcome {self.label}: {became}>"


@attrs.define(eq=False)
class Step(Generic[OutcomeT]):
    """A record to be handled, after the one of the same item before it."""

    position: int
    """In the order of sequence numbers."""
    outcome: OutcomeT
    next: Step[OutcomeT] | None = None


def in_chains(
    outcomes: Sequence[OutcomeT], chain_of: Callable[[OutcomeT], object]
) -> list[Step[OutcomeT]]:
    """The first step of each chain, in which one outcome is begun after the other.

    Args:
        outcomes: in the order in which they are to be begun.
        chain_of: is the same, and hashable, for the outcomes of one chain.
    """
    last: dict[object, Step[OutcomeT]] = {}
    first: list[Step[OutcomeT]] = []
    for position, outcome in enumerate(outcomes):
        step = Step(position, outcome)
        chain = chain_of(outcome)
        if chain in last:
            last[chain].next = step
        else:
            first.append(step)
        last[chain] = step
    return first


def item_of_outcome(outcome: RecordOutcome) -> object:
    """What is the same for outcomes of one item's records."""
    return item_of(outcome.record)


def item_of(record: StreamRecord | None) -> object:
    """What is the same for records of one item, and hashable."""
    if record is None:
        return None
    return record.table_name, frozenset(
        (name, *value.items()) for name, value in record.keys.items()
    )


class OrderedRun(Generic[OutcomeT]):
    """Handles records, `concurrency` at a time. After a failure the item's later records are not
    begun.

    Free hands take the earliest record whose predecessor is done: so what has to come again, from
    the earliest record that is not done, is as little as can be.
    """

    def __init__(
        self,
        handle: Callable[[OutcomeT], Awaitable[object]],
        failed: Callable[[OutcomeT], Awaitable[None]],
        *,
        concurrency: int,
        stop_after_failure: bool,
        stop_before_s: float,
    ) -> None:
        self._handle = handle
        self._failed = failed
        self._concurrency = concurrency
        self._stop_after_failure = stop_after_failure
        self._stop_before_s = stop_before_s
        self._ready: list[tuple[int, Step[OutcomeT]]] = []
        self._running: set[Step[OutcomeT]] = set()
        self._first_failed: int | None = None
        self._cutoff = math.inf
        self.out_of_time = False
        """Records were cut off, or not begun, as the deadline was near."""

    async def run(self, steps: Iterable[Step[OutcomeT]]) -> list[OutcomeT]:
        """Handle them all, and give those that were cut off by the deadline; what became of each is
        in its outcome."""
        self._ready = [(step.position, step) for step in steps]
        heapq.heapify(self._ready)
        limit = min(self._concurrency, len(self._ready))
        jobs = [(Outcome[None](f"lane {lane + 1} of {limit}"), self._lane) for lane in range(limit)]
        await stop_if_cancelled()
        self._cutoff = anyio.current_time() + remaining_s() - self._stop_before_s
        with anyio.CancelScope(deadline=self._cutoff) as scope:
            if not self._is_late():
                await run_all(jobs, limit=limit, on_failure="continue")
        if scope.cancelled_caught:
            self.out_of_time = True
        cut = [step.outcome for step in sorted(self._running, key=lambda step: step.position)]
        for outcome in cut:
            outcome.error = DeadlineExceeded(
                f"{outcome.label} was cut off: less than {self._stop_before_s:g} s are left to answer"
            )
        return cut

    async def _lane(self, _outcome: Outcome[None]) -> None:
        # Whoever finishes a record makes its successor ready and looks again: a lane that finds
        # nothing can go.
        while self._ready and not self._is_late():
            position, step = self._ready[0]
            if (
                self._stop_after_failure
                and self._first_failed is not None
                and position > self._first_failed
            ):
                return
            heapq.heappop(self._ready)
            if await self._done(step) and step.next is not None:
                heapq.heappush(self._ready, (step.next.position, step.next))

    def _is_late(self) -> bool:
        # Not by `remaining_s`, in which the scope of `run` counts too. The clock of a limit need
        # not be the loop's.
        limit = current_limit()
        late = anyio.current_time() >= self._cutoff or (
            limit is not None and limit.remaining_s() <= self._stop_before_s
        )
        self.out_of_time = self.out_of_time or late
        return late

    async def _done(self, step: Step[OutcomeT]) -> bool:
        outcome = step.outcome
        self._running.add(step)
        try:
            with foreign_cancellation_as_error():
                outcome.value = await self._handle(outcome)
        except Exception as error:  # noqa: BLE001  # kept for the caller: one record's failure is not another's
            outcome.error = error
            self._running.discard(step)
            self._first_failed = (
                step.position
                if self._first_failed is None
                else min(step.position, self._first_failed)
            )
            await self._failed(outcome)
            return False
        self._running.discard(step)
        outcome.finished = True
        return True
