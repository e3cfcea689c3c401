"""What is done with the items of a scan: `collect_errors()`, `for_each`, `map`, `fold`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.checks import count
from adorm.concurrency.pool import foreign_cancellation_as_error, run_all
from adorm.deadlines import remaining_s
from adorm.items.operation import Operation
from adorm.outcomes import Outcome
from adorm.query.paged_read import DerivedRead, WorkOnItems
from adorm.segments.stream import ScanStream

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
T = TypeVar("T")

MAX_WORKERS = 10_000
"""More would cost more than they bring: workers that wait for items all wake with each page."""


@attrs.frozen
class ScanResult(Generic[ItemT]):
    """What a scan with `collect_errors()` gives: every item that could be read, and what was wrong
    with the others."""

    items: list[ItemT]
    errors: Sequence[Exception]
    """Of segments that failed, and an `ItemDecodeError` for each item that does not fit."""
    outcomes: Sequence[Outcome[list[ItemT]]]
    """One for each segment; `value` are its items."""
    checkpoint: str
    """Where segments that failed can go on."""
    capacity: Capacity
    """What was consumed."""


@attrs.frozen
class WorkResult(Generic[ResultT]):
    """What `for_each` and `map` of a scan with `collect_errors()` give."""

    done: int
    """How many items a worker has finished."""
    results: list[ResultT]
    """The results of the workers, in the order in which they finished; empty for `for_each`."""
    errors: Sequence[Exception]
    """Of workers and segments that failed, and an `ItemDecodeError` for each unfit item."""
    outcomes: Sequence[Outcome[Any]]
    """One for each segment, where `value` is how many items it has given; then one for each item
    whose worker failed, where `value` is the item."""
    checkpoint: str
    """Where segments that failed, and what a deadline ended, can go on. It stands after items whose
    worker failed otherwise."""
    capacity: Capacity
    """What was consumed."""


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


@attrs.define(eq=False, repr=False)
class CollectingScan(DerivedRead[ScanResult[ItemT]], Generic[ItemT]):
    """A scan that lets every segment finish, and collects all errors."""

    _open_stream: Callable[[], ScanStream[ItemT]]

    def stream(self) -> ScanStream[ItemT]:
        """A block in which the segments are read ahead; a segment that fails ends alone, see
        `.outcomes` and `.errors`."""
        return self._open_stream()

    def for_each(
        self, worker: Callable[[ItemT], Awaitable[object]], /, *, limit: int = 16
    ) -> Operation[WorkResult[object]]:
        """Await `worker(item)` for every item that can be read, whatever else fails.

        The result is a `WorkResult` with `.done`, `.errors`, `.outcomes` and `.checkpoint`.
        """

        async def compute() -> WorkResult[object]:
            return await collect_work(self.stream(), worker, limit=limit, results=None)

        return self._work(compute)

    def map(
        self, worker: Callable[[ItemT], Awaitable[ResultT]], /, *, limit: int = 16
    ) -> Operation[WorkResult[ResultT]]:
        """The results of `worker(item)` for every item that can be read, whatever else fails.

        The result is a `WorkResult` with `.results`, `.errors`, `.outcomes` and `.checkpoint`.
        """

        async def compute() -> WorkResult[ResultT]:
            results: list[ResultT] = []
            return await collect_work(self.stream(), worker, limit=limit, results=results)

        return self._work(compute)

    def _work(self, compute: Callable[[], Coroutine[Any, Any, ResultT]]) -> Operation[ResultT]:
        return WorkOnItems(compute, self.request, self.explain, self._binding)
