"""`db.gather(...)`: several operations side by side, with one result and one error."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import attrs

from adorm.calls.capacity import Capacity, counted_in
from adorm.checks import count
from adorm.concurrency.pool import Job, Pool
from adorm.concurrency.report import fan_out_error
from adorm.errors import GatherFailed, UsageError
from adorm.items.operation import Operation
from adorm.outcomes import Outcome


@attrs.frozen(eq=False)
class GatherResult:
    """What `db.gather(..., collect_errors=True)` returns."""

    results: list[Any]
    """One for each operation, in order; None if it failed, see `outcomes`."""
    errors: list[Exception]
    outcomes: list[Outcome[Any]]
    """One for each operation, in order."""
    capacity: Capacity
    """The units that the operations consumed. Tasks that had begun before do not count."""


async def results_of(awaitables: Sequence[Any], limit: int | None) -> list[Any]:
    """The results of all, in order; see `Database.gather`."""
    outcomes = await _await_all(awaitables, limit, collect_errors=False)
    results = [outcome.value for outcome in outcomes]
    if any(outcome.error is not None for outcome in outcomes):
        raise fan_out_error(GatherFailed, "gather", outcomes, parts="operations", result=results)
    return results


async def collect(awaitables: Sequence[Any], limit: int | None) -> GatherResult:
    """What all came to, failed or not; see `Database.gather`."""
    capacity = Capacity()
    with counted_in(capacity):
        outcomes = await _await_all(awaitables, limit, collect_errors=True)
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    return GatherResult([outcome.value for outcome in outcomes], errors, outcomes, capacity)


async def _await_all(
    awaitables: Sequence[Any], limit: int | None, *, collect_errors: bool
) -> list[Outcome[Any]]:
    """The outcome of each, in order."""
    total = len(awaitables)
    outcomes = [Outcome[Any](f"operation {number} of {total:,}") for number in range(1, total + 1)]
    unbegun = {number: each for number, each in enumerate(awaitables) if inspect.iscoroutine(each)}

    def job(number: int) -> Job[Any]:
        async def run(outcome: Outcome[Any]) -> None:
            unbegun.pop(number, None)
            outcome.value = await awaitables[number]

        return run

    try:
        _check(awaitables, limit)
        if not total:
            return outcomes
        async with Pool(
            limit or total, on_failure="continue" if collect_errors else "stop"
        ) as pool:
            for number, (outcome, each) in enumerate(zip(outcomes, awaitables, strict=True)):
                stoppable = isinstance(each, Operation) and each.only_reads
                if not await pool.submit(outcome, job(number), stoppable=stoppable):
                    break
    finally:
        for coroutine in unbegun.values():
            coroutine.close()
    return outcomes


def _check(awaitables: Sequence[Any], limit: int | None) -> None:
    """Refuse what can't be awaited, before anything begins.

    Raises:
        UsageError: the limit is wrong, or an operation; the message has its number.
    """
    if limit is not None:
        count("limit, how many operations run at a time", limit)
    seen: set[int] = set()
    for number, each in enumerate(awaitables, start=1):
        name = f"operation {number} of {len(awaitables):,}"
        if not inspect.isawaitable(each):
            raise UsageError(f"{name} can't be awaited: {type(each).__name__}")
        if inspect.iscoroutine(each):
            if id(each) in seen:
                raise UsageError(
                    f"{name} is a coroutine that was given before: it can be awaited only once"
                )
            seen.add(id(each))
