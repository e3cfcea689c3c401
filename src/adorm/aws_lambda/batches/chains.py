"""Work in chains: one after the other inside a chain, different chains side by side."""

from __future__ import annotations

import heapq
import math
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import anyio
import attrs

from adorm.concurrency.pool import foreign_cancellation_as_error, run_all
from adorm.deadlines import current_limit, remaining_s, stop_if_cancelled
from adorm.errors import DeadlineExceeded
from adorm.outcomes import Outcome

OutcomeT = TypeVar("OutcomeT", bound=Outcome[Any])


@attrs.define(eq=False)
class ChainLink(Generic[OutcomeT]):
    """One part of the work, and the part that begins after it."""

    position: int
    """In the order of all parts."""
    outcome: OutcomeT
    next: ChainLink[OutcomeT] | None = None


def make_chains(
    outcomes: Sequence[OutcomeT], chain_of: Callable[[OutcomeT], Hashable]
) -> list[ChainLink[OutcomeT]]:
    """The first link of each chain.

    Args:
        outcomes: one for each part, in the order in which the parts are to begin.
        chain_of: gives the same value for the outcomes of one chain.
    """
    last: dict[Hashable, ChainLink[OutcomeT]] = {}
    first: list[ChainLink[OutcomeT]] = []
    for position, outcome in enumerate(outcomes):
        link = ChainLink(position, outcome)
        chain = chain_of(outcome)
        if chain in last:
            last[chain].next = link
        else:
            first.append(link)
        last[chain] = link
    return first


class ChainRunner(Generic[OutcomeT]):
    """Does the parts of chains, at most `concurrency` at a time. After a failure the rest of its
    chain does not begin.

    A free worker takes the earliest part whose predecessor is done. Lambda repeats a shard from the
    earliest record that is not done: so it repeats as little as possible.
    """

    def __init__(
        self,
        handle: Callable[[OutcomeT], Awaitable[object]],
        on_failure: Callable[[OutcomeT], Awaitable[None]],
        *,
        concurrency: int,
        stop_after_failure: bool,
        stop_before_s: float,
    ) -> None:
        self._handle = handle
        self._on_failure = on_failure
        self._concurrency = concurrency
        self._stop_after_failure = stop_after_failure
        self._stop_before_s = stop_before_s
        self._ready: list[tuple[int, ChainLink[OutcomeT]]] = []
        self._running: set[ChainLink[OutcomeT]] = set()
        self._first_failed: float = math.inf
        self._cutoff_s = math.inf
        self.out_of_time = False
        """Parts were cancelled, or not begun, because the deadline was near."""

    async def run(self, chains: Iterable[ChainLink[OutcomeT]]) -> list[OutcomeT]:
        """Do all parts; each outcome tells how its part ended. Returns the outcomes of those that
        were cancelled because the deadline was near.

        `on_failure` is awaited for each part that failed, and not for those that were cancelled.
        """
        self._ready = [(link.position, link) for link in chains]
        heapq.heapify(self._ready)
        workers = min(self._concurrency, len(self._ready))
        jobs = [
            (Outcome[None](f"worker {number + 1} of {workers}"), self._work)
            for number in range(workers)
        ]
        await stop_if_cancelled()
        self._cutoff_s = anyio.current_time() + remaining_s() - self._stop_before_s
        with anyio.CancelScope(deadline=self._cutoff_s) as scope:
            if workers and not self._is_late():
                await run_all(jobs, limit=workers, on_failure="continue")
        if scope.cancelled_caught:
            self.out_of_time = True
        running = sorted(self._running, key=lambda link: link.position)
        for link in running:
            link.outcome.error = DeadlineExceeded(
                f"{link.outcome.label} was cut off: "
                f"less than {self._stop_before_s:g} s are left to answer"
            )
        return [link.outcome for link in running]

    async def _work(self, _outcome: Outcome[None]) -> None:
        # A worker that finds nothing ready can end: whoever finishes a part makes its successor
        # ready, and looks again.
        while self._ready and not self._is_late():
            position, link = self._ready[0]
            if self._stop_after_failure and position > self._first_failed:
                return
            heapq.heappop(self._ready)
            if await self._is_done(link) and link.next is not None:
                heapq.heappush(self._ready, (link.next.position, link.next))

    def _is_late(self) -> bool:
        # `remaining_s` would also count the scope of `run`. The clock of an ambient deadline may be
        # another one than the loop's.
        limit = current_limit()
        late = anyio.current_time() >= self._cutoff_s or (
            limit is not None and limit.remaining_s() <= self._stop_before_s
        )
        self.out_of_time = self.out_of_time or late
        return late

    async def _is_done(self, link: ChainLink[OutcomeT]) -> bool:
        outcome = link.outcome
        self._running.add(link)
        try:
            with foreign_cancellation_as_error():
                outcome.value = await self._handle(outcome)
        except Exception as error:  # noqa: BLE001  # one part's failure is not that of the others
            outcome.error = error
            self._running.discard(link)
            self._first_failed = min(link.position, self._first_failed)
            await self._on_failure(outcome)
            return False
        self._running.discard(link)
        outcome.finished = True
        return True
