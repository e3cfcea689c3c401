"""Sums and counts over a query or scan, streamed: memory is one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from decimal import Context, Decimal
from typing import Any, Generic, TypeVar, cast, overload

import attrs

from adorm.paths import location_of
from adorm.query.operation import Operation
from adorm.query.reads import Derived, Reads

ItemT = TypeVar("ItemT")
T = TypeVar("T")
NumberT = TypeVar("NumberT", int, float, Decimal)

# Decimal's usual 28 digits are fewer than DynamoDB's 38, and a sum has more digits than its parts.
_EXACT = Context(prec=200, Emax=1_000, Emin=-1_000)
_ROUNDED = Context(prec=38)


@attrs.define(eq=False)
class Aggregates(Reads[ItemT], Generic[ItemT]):
    """Aggregates of one attribute; items that do not have it, or have None, are left out."""

    def sum(self, path: NumberT | None, /) -> Operation[NumberT]:
        """The exact sum; 0 of nothing."""

        async def compute() -> Any:
            total: Any = 0
            async for value in self._values(path):
                total = _plus(total, value)
            return total

        return self._derived(path, compute)

    @overload
    def avg(self, path: Decimal | int | None, /) -> Operation[Decimal | None]: ...  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]  # only None is in both
    @overload
    def avg(self, path: float | None, /) -> Operation[float | None]: ...
    def avg(self, path: object, /) -> Operation[Any]:
        """The mean, of numbers other than float as a Decimal of 38 digits; None of nothing."""

        async def compute() -> Any:
            total, count = 0, 0
            async for value in self._values(path):
                total, count = _plus(total, value), count + 1
            if not count:
                return None
            return total / count if isinstance(total, float) else _ROUNDED.divide(Decimal(total), Decimal(count))

        return self._derived(path, compute)

    def min(self, path: T | None, /) -> Operation[T | None]:
        """The smallest value; None of nothing."""
        return self._derived(path, lambda: self._extreme(path, largest=False))

    def max(self, path: T | None, /) -> Operation[T | None]:
        """The largest value; None of nothing."""
        return self._derived(path, lambda: self._extreme(path, largest=True))

    def count_by(self, path: T | None, /) -> Operation[dict[T, int]]:
        """How many items have each value; memory grows with the number of distinct values."""

        async def compute() -> Any:
            counts: Counter[Any] = Counter()
            async for value in self._values(path):
                counts[value] += 1
            return dict(counts)

        return self._derived(path, compute)

    async def _extreme(self, path: object, *, largest: bool) -> Any:
        best: Any = None
        async for value in self._values(path):
            if best is None or (value > best if largest else value < best):
                best = value
        return best

    def _narrowed(self, path: object) -> Reads[tuple[Any]]:
        return cast("Reads[tuple[Any]]", self._with_selection((location_of(path),)))

    def _values(self, path: object) -> AsyncIterator[Any]:
        return _present(self._narrowed(path))

    def _derived(self, path: object, compute: Any) -> Operation[Any]:
        narrowed = self._narrowed(path)
        return Derived(compute, narrowed.request, narrowed.explain)


class _present:  # noqa: N801  # reads like the generator that it must not be: one is finalised in a task of its own
    def __init__(self, rows: Reads[tuple[Any]]) -> None:
        self._rows = rows.__aiter__()

    def __aiter__(self) -> _present:
        return self

    async def __anext__(self) -> Any:
        while True:
            (value,) = await self._rows.__anext__()
            if value is not None:
                return value


def _plus(total: Any, value: Any) -> Any:
    if isinstance(value, Decimal) or isinstance(total, Decimal):
        return _EXACT.add(Decimal(total), Decimal(value))
    return total + value
