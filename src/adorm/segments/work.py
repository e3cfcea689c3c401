"""The caller's own work on the items of a scan, side by side with the reading."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from adorm.concurrency.pool import foreign_cancellation_as_error, run_all
from adorm.errors import UsageError
from adorm.outcomes import Outcome

if TYPE_CHECKING:
    from adorm.segments.stream import ScanStream

MAX_LIMIT = 10_000
"""Workers that wait for items all wake with each page."""

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
    """Await the worker for every item, `limit` at a time, and keep what it gives. A segment's
    position moves past an item when its worker has finished.

    Raises:
        ScanFailed: a worker or a segment failed.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UsageError(
            f"limit is how many workers run at a time, 1 to {MAX_LIMIT:,}, not {limit!r}"
        )
    failures: list[Outcome[Any]] = []

    async def work(_outcome: Outcome[None]) -> None:
        while (taken := await stream.take()) is not None:
            item, ticket, segment = taken
            try:
                with foreign_cancellation_as_error():
                    given = await worker(item)
            except Exception as error:
                failures.append(
                    Outcome(f"work on an item of {stream.outcomes[segment].label}", item, error)
                )
                raise
            keep(given)
            stream.end(ticket, segment)

    async with stream:
        workers = [Outcome[None](f"worker {number} of {limit}") for number in range(limit)]
        await run_all([(outcome, work) for outcome in workers], limit=limit, on_failure="stop")
        if failures or stream.failed:
            raise stream.failure(
                outcomes=[*stream.outcomes, *failures] if failures else None, result=result()
            )
        for outcome in workers:
            if (
                outcome.error is not None
            ):  # neither a segment's nor the work's: what on_progress raised
                raise outcome.error
    return result()


async def fold_items(stream: ScanStream[ItemT], initial: T, step: Callable[[T, ItemT], T]) -> T:
    """Fold the step over every item.

    Raises:
        ScanFailed: a segment failed; `.result` is what was folded until then.
    """
    total = initial
    async with stream:
        while (taken := await stream.take_some()) is not None:
            for item in taken[0]:
                total = step(total, item)
        if stream.failed:
            raise stream.failure(result=total)
    return total
