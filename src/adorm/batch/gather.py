"""Awaiting several operations side by side, with one result and one error."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import anyio
import attrs

from adorm.calls.capacity import Capacity, counted_in
from adorm.concurrency.pool import Job, OnFailure, Pool
from adorm.errors import AdormError, DeadlineExceeded, GatherFailed, UsageError
from adorm.items.operation import Operation
from adorm.outcomes import Outcome

T = TypeVar("T")

MAX_TOLD = 3
"""Failed operations whose errors are spelled out in the message."""


@attrs.frozen(eq=False)
class GatherResult:
    """What `db.gather(..., collect_errors=True)` gives."""

    results: list[Any]
    """One for each operation, in order; None where it failed, see `outcomes`."""
    errors: list[Exception]
    outcomes: list[Outcome[Any]]
    """One for each operation, in order."""
    capacity: Capacity
    """What they consumed, but for tasks that ran before."""


async def await_all(
    awaitables: Sequence[Any], limit: int | None, *, collect_errors: bool
) -> list[Outcome[Any]]:
    """The outcome of each, in order. See `Gathers.gather`."""
    count = len(awaitables)
    outcomes = [Outcome[Any](f"operation {number} of {count:,}") for number in range(1, count + 1)]
    unbegun = {number: each for number, each in enumerate(awaitables) if inspect.iscoroutine(each)}
    try:
        _check(awaitables, limit)
        on_failure: OnFailure = "continue" if collect_errors else "stop"

        def job(number: int) -> Job[Any]:
            async def run(outcome: Outcome[Any]) -> None:
                unbegun.pop(number, None)
                outcome.value = await _awaited(awaitables[number], outcome.label)

            return run

        if count:
            async with Pool(limit or count, on_failure=on_failure) as pool:
                for number, (outcome, each) in enumerate(zip(outcomes, awaitables, strict=True)):
                    if not await pool.submit(
                        outcome,
                        job(number),
                        stoppable=isinstance(each, Operation) and each.only_reads,
                    ):
                        break
    finally:
        for coroutine in unbegun.values():
            coroutine.close()
    if not collect_errors:
        _raise_failure(outcomes)
    return outcomes


async def collect_all(awaitables: Sequence[Any], limit: int | None) -> GatherResult:
    """The same, each run to its end."""
    capacity = Capacity()
    with counted_in(capacity):
        outcomes = await await_all(awaitables, limit, collect_errors=True)
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    return GatherResult([outcome.value for outcome in outcomes], errors, outcomes, capacity)


def _check(awaitables: Sequence[Any], limit: int | None) -> None:
    """Refuse what can't be awaited, before anything is.

    Raises:
        UsageError: it names the place.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UsageError(
            f"limit is how many operations run at a time, a positive whole number, not {limit!r}"
        )
    seen: set[int] = set()
    for number, each in enumerate(awaitables, start=1):
        if not inspect.isawaitable(each):
            raise UsageError(
                f"operation {number} of {len(awaitables):,} can't be awaited: {type(each).__name__}"
            )
        if inspect.iscoroutine(each):
            if id(each) in seen:
                raise UsageError(
                    f"operation {number} of {len(awaitables):,} is a coroutine that was given before: it can be awaited once"
                )
            seen.add(id(each))


async def _awaited(awaitable: Awaitable[T], label: str) -> T:
    try:
        return await awaitable
    except asyncio.CancelledError as error:
        if anyio.current_effective_deadline() == float("-inf"):
            raise  # this gather was cancelled, or stops
        # A task that somebody else cancelled: nobody here asked for it, so that to pass it on would
        # end a worker in silence.
        raise AdormError(f"{label} was cancelled by someone else") from error


def _raise_failure(outcomes: list[Outcome[Any]]) -> None:
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    errors = [outcome.error for outcome in failed if outcome.error is not None]
    if not errors:
        return
    result = [outcome.value for outcome in outcomes]
    late = next((error for error in errors if isinstance(error, DeadlineExceeded)), None)
    if late is not None:
        raise DeadlineExceeded(
            f"gather: {late}; .result has what was done",
            operation=late.operation,
            subject=late.subject,
            attempts=late.attempts,
            maybe_applied=any(getattr(error, "maybe_applied", False) for error in errors),
            outcomes=outcomes,
            result=result,
        ) from late
    told = "; ".join(f"{outcome.label}: {outcome.error}" for outcome in failed[:MAX_TOLD])
    more = f"; and {len(failed) - MAX_TOLD:,} more" if len(failed) > MAX_TOLD else ""
    raise GatherFailed(
        f"{len(failed):,} of {len(outcomes):,} operations failed ({told}{more}); .outcomes has each",
        errors,
        outcomes=outcomes,
        result=result,
    )
