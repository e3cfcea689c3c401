"""Sums, extremes and counts over a query or scan. Memory is one page."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any, Generic, TypeVar, cast, overload

import attrs

from adorm.errors import DeadlineExceeded, ScanFailed, UsageError
from adorm.expressions.paths import document_path_of
from adorm.items.operation import Operation
from adorm.query.paged_read import PagedRead

ItemT = TypeVar("ItemT")
T = TypeVar("T")
NumberT = TypeVar("NumberT", int, float, Decimal)

# Decimal's default is 28 digits. A number of DynamoDB has up to 38, and a sum may have more.
_EXACT = Context(prec=400, Emax=1_000, Emin=-1_000)
_ROUNDED = Context(prec=38)


@attrs.define(eq=False, repr=False)
class Aggregates(PagedRead[ItemT], Generic[ItemT]):
    """Aggregates of one attribute. Items whose value reads as None are left out.

    When a scan fails, the error's `.result` is the aggregate of the items before `.checkpoint`.
    """

    def sum(self, path: NumberT | None, /) -> Operation[NumberT]:
        """The exact sum; 0 where there are no values."""
        return self._aggregate("sum() adds up numbers", path, int, _plus)

    @overload
    # only None is in both
    def avg(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self, path: Decimal | int | None, /
    ) -> Operation[Decimal | None]: ...
    @overload
    def avg(self, path: float | None, /) -> Operation[float | None]: ...
    def avg(self, path: object, /) -> Operation[Any]:
        """The mean, a float of floats, else a Decimal of 38 digits; None where there are no values.

        When a scan fails, `.result` is the pair `(sum, count)` so far, because two means can't be
        combined.
        """

        def add(so_far: tuple[Any, int], value: Any) -> tuple[Any, int]:
            return _plus(so_far[0], value), so_far[1] + 1

        def mean(so_far: tuple[Any, int]) -> Any:
            total, count = so_far
            if isinstance(total, float):
                return total / count
            return _ROUNDED.divide(Decimal(total), Decimal(count)) if count else None

        return self._aggregate("avg() is of numbers", path, lambda: (0, 0), add, mean)

    def min(self, path: T | None, /) -> Operation[T | None]:
        """The smallest value; None where there are no values."""
        return self._aggregate("min() compares values of one type", path, _nothing, _smaller)

    def max(self, path: T | None, /) -> Operation[T | None]:
        """The largest value; None where there are no values."""
        return self._aggregate("max() compares values of one type", path, _nothing, _larger)

    def count_by(self, path: T | None, /) -> Operation[dict[T, int]]:
        """How many items have each value. Memory grows with the number of distinct values."""
        return self._aggregate("count_by() takes no lists, maps or sets", path, dict, _count)

    def _aggregate(
        self,
        takes: str,
        path: object,
        initial: Callable[[], Any],
        step: Callable[[Any, Any], Any],
        finish: Callable[[Any], Any] | None = None,
    ) -> Operation[Any]:
        """`step(step(initial(), value), value)` and so on, over every value but None.

        Args:
            takes: what it can be computed of, for the error: "sum() adds up numbers".
        """
        narrowed = cast("PagedRead[tuple[Any]]", self._with_selection((document_path_of(path),)))

        async def compute() -> Any:
            result = initial()
            try:
                async with narrowed.stream() as rows:
                    async for (value,) in rows:
                        if value is None:
                            continue
                        try:
                            result = step(result, value)
                        except TypeError as error:
                            raise UsageError(
                                f"{document_path_of(path)} holds a {type(value).__name__}, and "
                                f"{takes}"
                            ) from error
            except (ScanFailed, DeadlineExceeded) as error:
                # A scan's checkpoint stands after the items seen: nothing else would report them.
                if error.checkpoint is not None:
                    error.result = result
                raise
            return result if finish is None else finish(result)

        return self._derived(compute, narrowed.request, narrowed.explain)


def _nothing() -> None:
    """The smallest and the largest of no values."""


def _smaller(best: Any, value: Any) -> Any:
    return value if best is None or value < best else best


def _larger(best: Any, value: Any) -> Any:
    return value if best is None or value > best else best


def _count(counts: dict[Any, int], value: Any) -> dict[Any, int]:
    counts[value] = counts.get(value, 0) + 1
    return counts


def _plus(total: Any, value: Any) -> Any:
    if isinstance(value, Decimal) or isinstance(total, Decimal):
        return _EXACT.add(Decimal(total), Decimal(value))
    return total + value
