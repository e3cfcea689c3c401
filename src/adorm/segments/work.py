"""The caller's own work on the items of a scan, side by side with the reading."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from adorm.checks import count
from adorm.concurrency.pool import foreign_cancellation_as_error, run_all
from adorm.deadlines import remaining_s
from adorm.outcomes import Outcome
from adorm.segments.scan_result import WorkResult

if TYPE_CHECKING:
    from adorm.segments.stream import ScanStream

MAX_WORKERS = 10_000
"""More would cost more than they bring: workers that wait for items all wake with each page."""

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
T = TypeVar("T")


async def work_on_items(
    stream: ScanStream[ItemT],
    worker: Callable[[ItemT], Awaitable[T]],
    *,
    limit: int,
    keep: Callable[[T], object],
    result: Callable[[], ResultT],
) -> ResultT:
    """Await the worker for every item, `limit` at a time, and keep its results. A segment's
    position moves past an item when its worker has finished.

    Raises:
        ScanFailed: a worker or a segment failed; the other workers were cancelled.
    """
    async with stream:
        work = _Work(stream, worker, limit, keep, collects_errors=False)
        await work.run()
        if work.failures or stream.failed:
            outcomes = [*stream.outcomes, *work.failures] if work.failures else None
            raise stream.failure(outcomes=outcomes, result=result())
        work.raise_other_error()
    return result()


async def collect_work(
    stream: ScanStream[ItemT],
    worker: Callable[[ItemT], Awaitable[T]],
    *,
    limit: int,
    results: list[T] | None,
) -> WorkResult[T]:
    """The same for a stream that collects errors: whatever fails, the rest goes on.

    A segment's position also moves past an item whose worker failed, which is in the result; it
    stays before the items whose workers a deadline ended.

    Args:
        results: gets the results of the workers; None: they are not kept.
    """
    done = 0

    def keep(value: T) -> None:
        nonlocal done
        done += 1
        if results is not None:
            results.append(value)

    async with stream:
        work = _Work(stream, worker, limit, keep, collects_errors=True)
        await work.run()
        work.raise_other_error()
        return WorkResult(
            done,
            results or [],
            [*stream.errors, *(each.error for each in work.failures if each.error is not None)],
            [*stream.outcomes, *work.failures],
            stream.checkpoint(),
            stream.capacity,
        )


class _Work:
    """The workers on the items of one stream."""

    def __init__(
        self,
        stream: ScanStream[Any],
        worker: Callable[[Any], Awaitable[Any]],
        limit: int,
        keep: Callable[[Any], object],
        *,
        collects_errors: bool,
    ) -> None:
        count("limit, how many workers run at a time", limit, most=MAX_WORKERS)
        self._stream = stream
        self._worker = worker
        self._keep = keep
        self._collects_errors = collects_errors
        self._workers = [Outcome[None](f"worker {number} of {limit}") for number in range(limit)]
        self.failures: list[Outcome[Any]] = []
        """One for each item whose worker failed; `value` is the item."""

    async def run(self) -> None:
        """Work until the stream ends. Without `collects_errors` also until a worker fails."""
        jobs = [(outcome, self._work) for outcome in self._workers]
        await run_all(jobs, limit=len(jobs), on_failure="stop")

    def raise_other_error(self) -> None:
        """Raise what was neither a worker's error nor a segment's: an error of `on_progress`."""
        for outcome in self._workers:
            if outcome.error is not None:
                raise outcome.error

    async def _work(self, _outcome: Outcome[None]) -> None:
        stream = self._stream
        while (work := await stream.take()) is not None:
            item, ticket, segment = work
            try:
                with foreign_cancellation_as_error():
                    value = await self._worker(item)
            except Exception as error:
                label = f"work on an item of {stream.outcomes[segment].label}"
                self.failures.append(Outcome(label, item, error))
                if not self._collects_errors:
                    raise
                if remaining_s() <= 0:
                    return  # the work did not end by itself: the item stays after the checkpoint
            else:
                self._keep(value)
            stream.end(ticket, segment)


async def fold_items(stream: ScanStream[ItemT], initial: T, step: Callable[[T, ItemT], T]) -> T:
    """Fold the step over every item.

    Raises:
        ScanFailed: a segment failed; `.result` is what was folded until then.
    """
    total = initial
    async with stream:
        while (batch := await stream.take_some()) is not None:
            for item in batch[0]:
                total = step(total, item)
        if stream.failed:
            raise stream.failure(result=total)
    return total
