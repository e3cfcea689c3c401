"""`db.gather(...)`: several operations side by side, with one result and one error."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

from adorm.calls.capacity import Capacity, counted_in
from adorm.checks import count
from adorm.errors import GatherFailed, UsageError
from adorm.items.operation import Operation
from adorm.outcomes import Outcome

if TYPE_CHECKING:  # imported when it is needed: a cold start pays for what it uses
    from adorm.batch.gather_result import GatherResult
    from adorm.concurrency.pool import Job

T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")
T6 = TypeVar("T6")
T7 = TypeVar("T7")
T8 = TypeVar("T8")
T9 = TypeVar("T9")
T10 = TypeVar("T10")


class Gathers:
    """What a database offers of awaiting several operations at once."""

    # One overload for each number of operations, several parameters a line.
    # fmt: off
    @overload
    async def gather(self, a: Awaitable[T1], /, *, limit: int | None = ...) -> tuple[T1]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4], /, *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], g: Awaitable[T7], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], g: Awaitable[T7], h: Awaitable[T8], /, *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7, T8]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], g: Awaitable[T7], h: Awaitable[T8], i: Awaitable[T9], /,
        *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7, T8, T9]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4],
        e: Awaitable[T5], f: Awaitable[T6], g: Awaitable[T7], h: Awaitable[T8], i: Awaitable[T9],
        j: Awaitable[T10], /, *, limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7, T8, T9, T10]: ...
    # fmt: on
    @overload
    async def gather(
        self, awaitables: Iterable[Awaitable[T]], /, *, limit: int | None = ...
    ) -> list[T]: ...
    @overload
    async def gather(self, *awaitables: Awaitable[T], limit: int | None = ...) -> tuple[T, ...]: ...
    @overload
    async def gather(
        self,
        awaitables: Iterable[Awaitable[Any]],
        /,
        *,
        limit: int | None = ...,
        collect_errors: Literal[True],
    ) -> GatherResult: ...
    @overload
    async def gather(
        self, *awaitables: Awaitable[Any], limit: int | None = ..., collect_errors: Literal[True]
    ) -> GatherResult: ...
    async def gather(
        self, *awaitables: Any, limit: int | None = None, collect_errors: bool = False
    ) -> Any:
        """Await operations of adorm, and any other awaitables, side by side. Returns a tuple of
        their results, in order.

        ::

            user, orders_of_user = await db.gather(users.get("u1"), orders.query("u1"))

        One list of operations, `db.gather([orders.get(*key) for key in keys], limit=16)`, returns a
        list.

        When one fails, reads in flight are cancelled, everything else in flight finishes, and no
        other begins; coroutines that did not begin are closed. Writes finish because of a cancelled
        one nobody knows whether it was applied. What is not an operation of adorm counts as a
        write.

        Args:
            limit: how many run at a time; None: all.
            collect_errors: let each run to its end and raise nothing; returns a `GatherResult`.

        Raises:
            UsageError: something is not awaitable, or the limit is not a positive whole number.
                Nothing was begun.
            GatherFailed: one failed. It is a group of all errors; `.outcomes` has each operation,
                `.result` a list of the results, with None for those that failed.
            DeadlineExceeded: a deadline passed; it has the same attributes.
        """
        only: Any = awaitables[0] if len(awaitables) == 1 else None
        is_list = isinstance(only, Iterable) and not isinstance(only, Awaitable)
        each: Sequence[Any] = list(cast("Iterable[Any]", only)) if is_list else awaitables
        if collect_errors:
            return await _collect(each, limit)
        outcomes = await _await_all(each, limit, collect_errors=False)
        results = [outcome.value for outcome in outcomes]
        if any(outcome.error is not None for outcome in outcomes):
            from adorm.concurrency.report import fan_out_error

            raise fan_out_error(
                GatherFailed, "gather", outcomes, parts="operations", result=results
            )
        return results if is_list else tuple(results)


async def _collect(awaitables: Sequence[Any], limit: int | None) -> GatherResult:
    from adorm.batch.gather_result import GatherResult

    capacity = Capacity()
    with counted_in(capacity):
        outcomes = await _await_all(awaitables, limit, collect_errors=True)
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    return GatherResult([outcome.value for outcome in outcomes], errors, outcomes, capacity)


async def _await_all(
    awaitables: Sequence[Any], limit: int | None, *, collect_errors: bool
) -> list[Outcome[Any]]:
    """The outcome of each, in order."""
    from adorm.concurrency.pool import Pool

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
