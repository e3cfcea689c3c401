"""What is done with the items of a scan: `collect_errors()`, `for_each`, `map`, `fold`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.checks import count
from adorm.concurrency.pool import foreign_cancellation_as_error, run_all
from adorm.deadlines import remaining_s
from adorm.errors import UsageError
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


def check_worker(worker: Any, limit: int) -> None:
    """Refuse, before anything is read, what can't work on items.

    A plain function may return something to await, as a lambda does that calls an async one. So a
    plain `def` is refused only if no annotation says that it returns something.

    Raises:
        UsageError: the worker is surely not async, or the limit is no whole number from 1 to
            10,000.
    """
    count("limit, how many workers run at a time", limit, most=MAX_WORKERS)
    function = worker
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    refused = not callable(function) or inspect.isbuiltin(function)
    if inspect.isfunction(function) or inspect.ismethod(function):
        may_be_async = inspect.iscoroutinefunction(function) or function.__name__ == "<lambda>"
        refused = not may_be_async and _returns_nothing(function)
    if refused:
        raise UsageError(f"the worker has to be an async function of one item, not {worker!r}")


def _returns_nothing(function: Any) -> bool:
    try:
        return function.__annotations__.get("return") in (None, "None")
    except NameError:  # Python 3.14 looks the names up now, and one is there for type checkers only
        return False


async def work_on_items(
    stream: ScanStream[ItemT],
    worker: Callable[[ItemT], Awaitable[T]],
    *,
    limit: int,
    results: list[T] | None = None,
) -> int:
    """Await the worker for every item, `limit` at a time; gives how many were finished. A segment's
    position moves past an item when its worker has finished.

    Args:
        results: gets the results of the workers; None: they are not kept.

    Raises:
        ScanFailed: a worker or a segment failed; the other workers were cancelled.
    """
    async with stream:
        work = _Work(stream, worker, limit, results, collects_errors=False)
        await work.run()
        if work.failures or stream.failed:
            outcomes = [*stream.outcomes, *work.failures] if work.failures else None
            result = work.done if results is None else results
            raise stream.failure(outcomes=outcomes, result=result)
        work.raise_other_error()
    return work.done


async def collect_work(
    stream: ScanStream[ItemT],
    worker: Callable[[ItemT], Awaitable[T]],
    *,
    limit: int,
    results: list[T] | None = None,
) -> WorkResult[T]:
    """The same for a stream that collects errors: whatever fails, the rest goes on.

    A segment's position also moves past an item whose worker failed, which is in the result; it
    stays before the items whose workers a deadline ended.
    """
    async with stream:
        work = _Work(stream, worker, limit, results, collects_errors=True)
        await work.run()
        work.raise_other_error()
        return WorkResult(
            work.done,
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
        results: list[Any] | None,
        *,
        collects_errors: bool,
    ) -> None:
        self._stream = stream
        self._worker = worker
        self._results = results
        self._collects_errors = collects_errors
        self._workers = [
            Outcome[None](f"worker {number} of {limit}") for number in range(1, limit + 1)
        ]
        self.done = 0
        """How many items a worker has finished."""
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
        while (taken := await stream.take()) is not None:
            item, ticket = taken
            try:
                with foreign_cancellation_as_error():
                    result = await self._work_on(item)
            except Exception as error:
                label = f"work on an item of {stream.outcomes[ticket.track.segment].label}"
                self.failures.append(Outcome(label, item, error))
                if not self._collects_errors:
                    raise
                if remaining_s() <= 0:
                    return  # the work did not end by itself: the item stays after the checkpoint
            else:
                self.done += 1
                if self._results is not None:
                    self._results.append(result)
            ticket.end()

    async def _work_on(self, item: object) -> Any:
        returned: object = self._worker(item)
        if not inspect.isawaitable(returned):
            raise UsageError(
                "the worker has to be an async function: it returned something that can't be "
                f"awaited, of type {type(returned).__name__}"
            )
        return await returned


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
        """A block in which the segments are read ahead; a segment that fails ends alone.

        See `.outcomes` and `.errors`.
        """
        return self._open_stream()

    def for_each(
        self, worker: Callable[[ItemT], Awaitable[object]], /, *, limit: int = 16
    ) -> Operation[WorkResult[object]]:
        """Await `worker(item)` for every item that can be read, whatever else fails.

        The result is a `WorkResult` with `.done`, `.errors`, `.outcomes` and `.checkpoint`.
        """

        check_worker(worker, limit)
        return self._work(lambda: collect_work(self.stream(), worker, limit=limit))

    def map(
        self, worker: Callable[[ItemT], Awaitable[ResultT]], /, *, limit: int = 16
    ) -> Operation[WorkResult[ResultT]]:
        """The results of `worker(item)` for every item that can be read, whatever else fails.

        The result is a `WorkResult` with `.results`, `.errors`, `.outcomes` and `.checkpoint`.
        """

        check_worker(worker, limit)
        return self._work(lambda: collect_work(self.stream(), worker, limit=limit, results=[]))

    def _work(self, compute: Callable[[], Coroutine[Any, Any, ResultT]]) -> Operation[ResultT]:
        return WorkOnItems(compute, self.request, self.explain, self._binding)
