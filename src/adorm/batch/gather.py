"""Awaiting several operations side by side, with one result and one error."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import attrs

from adorm.calls.capacity import Capacity, counted_in
from adorm.checks import count
from adorm.concurrency.pool import Job, OnFailure, Pool
from adorm.concurrency.report import fan_out_error
from adorm.errors import GatherFailed, UsageError
from adorm.items.operation import Operation
from adorm.outcomes import Outcome


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
                outcome.value = await awaitables[number]

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
    if not collect_errors and any(outcome.error is not None for outcome in outcomes):
        raise fan_out_error(
            GatherFailed,
            "gather",
            outcomes,
            parts="operations",
            result=[outcome.value for outcome in outcomes],
        )
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
    if limit is not None:
        count("limit, how many operations run at a time", limit)
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
