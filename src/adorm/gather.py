"""`db.gather(...)`: several operations side by side, with one result and one error."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Literal, Protocol, TypeVar, overload

import anyio
import attrs

from adorm.concurrency import Job, OnFailure, Pool
from adorm.errors import AdormError, DeadlineExceeded, GatherFailed, UsageError
from adorm.outcomes import Outcome
from adorm.query.operation import Operation

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


class Gathers(Protocol):
    """The part of a database that does several things at once."""

    @overload
    async def gather(self, a: Awaitable[T1], /, *, limit: int | None = ...) -> tuple[T1]: ...
    @overload
    async def gather(self, a: Awaitable[T1], b: Awaitable[T2], /, *, limit: int | None = ...) -> tuple[T1, T2]: ...
    @overload
    async def gather(self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], /, *, limit: int | None = ...) -> tuple[T1, T2, T3]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4], /, *, limit: int | None = ...
    ) -> tuple[T1, T2, T3, T4]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], d: Awaitable[T4], e: Awaitable[T5], /, *, limit: int | None = ...
    ) -> tuple[T1, T2, T3, T4, T5]: ...
    @overload
    async def gather(
        self,
        a: Awaitable[T1],
        b: Awaitable[T2],
        c: Awaitable[T3],
        d: Awaitable[T4],
        e: Awaitable[T5],
        f: Awaitable[T6],
        /,
        *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6]: ...
    @overload
    async def gather(
        self,
        a: Awaitable[T1],
        b: Awaitable[T2],
        c: Awaitable[T3],
        d: Awaitable[T4],
        e: Awaitable[T5],
        f: Awaitable[T6],
        g: Awaitable[T7],
        /,
        *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7]: ...
    @overload
    async def gather(
        self,
        a: Awaitable[T1],
        b: Awaitable[T2],
        c: Awaitable[T3],
        d: Awaitable[T4],
        e: Awaitable[T5],
        f: Awaitable[T6],
        g: Awaitable[T7],
        h: Awaitable[T8],
        /,
        *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7, T8]: ...
    @overload
    async def gather(
        self,
        a: Awaitable[T1],
        b: Awaitable[T2],
        c: Awaitable[T3],
        d: Awaitable[T4],
        e: Awaitable[T5],
        f: Awaitable[T6],
        g: Awaitable[T7],
        h: Awaitable[T8],
        i: Awaitable[T9],
        /,
        *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7, T8, T9]: ...
    @overload
    async def gather(
        self,
        a: Awaitable[T1],
        b: Awaitable[T2],
        c: Awaitable[T3],
        d: Awaitable[T4],
        e: Awaitable[T5],
        f: Awaitable[T6],
        g: Awaitable[T7],
        h: Awaitable[T8],
        i: Awaitable[T9],
        j: Awaitable[T10],
        /,
        *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4, T5, T6, T7, T8, T9, T10]: ...
    @overload
    async def gather(self, awaitables: Iterable[Awaitable[T]], /, *, limit: int | None = ...) -> list[T]: ...
    @overload
    async def gather(self, *awaitables: Awaitable[T], limit: int | None = ...) -> tuple[T, ...]: ...
    @overload
    async def gather(
        self, awaitables: Iterable[Awaitable[Any]], /, *, limit: int | None = ..., collect_errors: Literal[True]
    ) -> GatherResult: ...
    @overload
    async def gather(self, *awaitables: Awaitable[Any], limit: int | None = ..., collect_errors: Literal[True]) -> GatherResult: ...
    async def gather(self, *awaitables: Any, limit: int | None = None, collect_errors: bool = False) -> Any:
        """Await operations of adorm's, and any other awaitables, side by side; a tuple of what they give, in order.

        ::

            user, orders_of_user = await db.gather(users.get("u1"), orders.query("u1"))

        One list of them, `db.gather([orders.get(*key) for key in keys], limit=16)`, gives a list.

        When one fails, reads under way are cancelled, all else under way finishes (a cancelled write's fate is unknown; what is
        not adorm's counts as a write), and none that has not begun begins; coroutines among those are closed.

        Args:
            limit: how many run at a time; all without it.
            collect_errors: let each run to its end and raise nothing; gives a `GatherResult`.

        Raises:
            UsageError: something is not awaitable, or the limit is not a positive whole number; nothing was begun.
            GatherFailed: one failed, a group of all errors; `.outcomes` has each operation's, `.result` what the others gave.
            DeadlineExceeded: the same, for a deadline.
        """
        only: Any = awaitables[0] if len(awaitables) == 1 else None
        if isinstance(only, Iterable) and not isinstance(only, Awaitable):
            many: list[Any] = list(only)  # pyright: ignore[reportUnknownArgumentType]  # of anything
            outcomes = await _gather(many, limit, collect_errors=collect_errors)
            results: Any = [outcome.value for outcome in outcomes]
        else:
            outcomes = await _gather(awaitables, limit, collect_errors=collect_errors)
            results = tuple(outcome.value for outcome in outcomes)
        if not collect_errors:
            return results
        return GatherResult(list(results), [outcome.error for outcome in outcomes if outcome.error is not None], outcomes)


async def _gather(awaitables: Sequence[Any], limit: int | None, *, collect_errors: bool) -> list[Outcome[Any]]:
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
                    if not await pool.submit(outcome, job(number), stoppable=isinstance(each, Operation) and each.only_reads):
                        break
    finally:
        for coroutine in unbegun.values():
            coroutine.close()
    if not collect_errors:
        _raise_failure(outcomes)
    return outcomes


def _check(awaitables: Sequence[Any], limit: int | None) -> None:
    """Refuse what can't be awaited, before anything is.

    Raises:
        UsageError: it names the place.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UsageError(f"limit is how many operations run at a time, a positive whole number, not {limit!r}")
    seen: set[int] = set()
    for number, each in enumerate(awaitables, start=1):
        if not inspect.isawaitable(each):
            raise UsageError(f"operation {number} of {len(awaitables):,} can't be awaited: {type(each).__name__}")
        if inspect.iscoroutine(each):
            if id(each) in seen:
                raise UsageError(f"operation {number} of {len(awaitables):,} is a coroutine that was given before: it can be awaited once")
            seen.add(id(each))


async def _awaited(awaitable: Awaitable[T], label: str) -> T:
    try:
        return await awaitable
    except asyncio.CancelledError as error:
        if anyio.current_effective_deadline() == float("-inf"):
            raise  # this gather was cancelled, or stops
        # A task that somebody else cancelled: nobody here asked for it, so that to pass it on would end a worker in silence.
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
