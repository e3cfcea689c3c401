"""What a database offers of doing several things at once."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast, overload

if TYPE_CHECKING:  # imported when it is needed: a cold start pays for what it uses
    from adorm.batch.gather import GatherResult

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


class Gathers(Protocol):
    """The part of a database that does several things at once."""

    @overload
    async def gather(self, a: Awaitable[T1], /, *, limit: int | None = ...) -> tuple[T1]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], /, *, limit: int | None = ...
    ) -> tuple[T1, T2]: ...
    @overload
    async def gather(
        self, a: Awaitable[T1], b: Awaitable[T2], c: Awaitable[T3], /, *, limit: int | None = ...
    ) -> tuple[T1, T2, T3]: ...
    @overload
    async def gather(
        self,
        a: Awaitable[T1],
        b: Awaitable[T2],
        c: Awaitable[T3],
        d: Awaitable[T4],
        /,
        *,
        limit: int | None = ...,
    ) -> tuple[T1, T2, T3, T4]: ...
    @overload
    async def gather(
        self,
        a: Awaitable[T1],
        b: Awaitable[T2],
        c: Awaitable[T3],
        d: Awaitable[T4],
        e: Awaitable[T5],
        /,
        *,
        limit: int | None = ...,
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
        """Await operations of adorm's, and any other awaitables, side by side; a tuple of what they
        give, in order.

        ::

            user, orders_of_user = await db.gather(users.get("u1"), orders.query("u1"))

        One list of them, `db.gather([orders.get(*key) for key in keys], limit=16)`, gives a list.

        When one fails, reads under way are cancelled, all else under way finishes (a cancelled
        write's fate is unknown; what is not adorm's counts as a write), and none that has not begun
        begins; coroutines among those are closed.

        Args:
            limit: how many run at a time; all without it.
            collect_errors: let each run to its end and raise nothing; gives a `GatherResult`.

        Raises:
            UsageError: something is not awaitable, or the limit is not a positive whole number;
                nothing was begun.
            GatherFailed: one failed, a group of all errors; `.outcomes` has each operation's,
                `.result` what the others gave.
            DeadlineExceeded: the same, for a deadline.
        """
        from adorm.batch.gather import await_all, collect_all

        only: Any = awaitables[0] if len(awaitables) == 1 else None
        is_list = isinstance(only, Iterable) and not isinstance(only, Awaitable)
        each: Sequence[Any] = list(cast("Iterable[Any]", only)) if is_list else awaitables
        if collect_errors:
            return await collect_all(each, limit)
        results = [outcome.value for outcome in await await_all(each, limit, collect_errors=False)]
        return results if is_list else tuple(results)
