"""Sums, extremes and counts over a query or scan. Memory is one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
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

        async def compute() -> Any:
            total: Any = 0

            def add(value: Any) -> None:
                nonlocal total
                total = _plus(total, value)

            await self._visit(path, add, lambda: total)
            return total

        return self._aggregate(path, compute)

    @overload
    def avg(self, path: Decimal | int | None, /) -> Operation[Decimal | None]: ...  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]  # only None is in both
    @overload
    def avg(self, path: float | None, /) -> Operation[float | None]: ...
    def avg(self, path: object, /) -> Operation[Any]:
        """The mean, as a float of floats, else as a Decimal of 38 digits; None where there are no
        values.

        When a scan fails, `.result` is the pair `(sum, count)` so far, because two means can't be
        combined.
        """

        async def compute() -> Any:
            total: Any = 0
            count = 0

            def add(value: Any) -> None:
                nonlocal total, count
                total, count = _plus(total, value), count + 1

            await self._visit(path, add, lambda: (total, count))
            if not count:
                return None
            if isinstance(total, float):
                return total / count
            return _ROUNDED.divide(Decimal(total), Decimal(count))

        return self._aggregate(path, compute)

    def min(self, path: T | None, /) -> Operation[T | None]:
        """The smallest value; None where there are no values."""
        return self._aggregate(path, lambda: self._extreme(path, largest=False))

    def max(self, path: T | None, /) -> Operation[T | None]:
        """The largest value; None where there are no values."""
        return self._aggregate(path, lambda: self._extreme(path, largest=True))

    def count_by(self, path: T | None, /) -> Operation[dict[T, int]]:
        """How many items have each value. Memory grows with the number of distinct values."""

        async def compute() -> Any:
            counts: Counter[Any] = Counter()

            def add(value: Any) -> None:
                counts[value] += 1

            await self._visit(path, add, lambda: dict(counts))
            return dict(counts)

        return self._aggregate(path, compute)

    async def _extreme(self, path: object, *, largest: bool) -> Any:
        best: Any = None

        def compare(value: Any) -> None:
            nonlocal best
            if best is None or (value > best if largest else value < best):
                best = value

        await self._visit(path, compare, lambda: best)
        return best

    def _narrowed(self, path: object) -> PagedRead[tuple[Any]]:
        return cast("PagedRead[tuple[Any]]", self._with_selection((document_path_of(path),)))

    async def _visit(
        self, path: object, visit: Callable[[Any], None], partial: Callable[[], object]
    ) -> None:
        """Call `visit` with every value but None, while the next page is fetched.

        Args:
            partial: gives the result so far, for the error of a scan that fails.
        """
        try:
            async with self._narrowed(path).stream() as rows:
                async for (value,) in rows:
                    if value is None:
                        continue
                    try:
                        visit(value)
                    except TypeError as error:
                        raise UsageError(
                            f"{document_path_of(path)} holds a {type(value).__name__}, "
                            f"with which this can't be computed: {error}"
                        ) from error
        except (ScanFailed, DeadlineExceeded) as error:
            # A scan's checkpoint stands after the items seen: nothing else would report them.
            if error.checkpoint is not None:
                error.result = partial()
            raise

    def _aggregate(
        self, path: object, compute: Callable[[], Coroutine[Any, Any, Any]]
    ) -> Operation[Any]:
        narrowed = self._narrowed(path)
        return self._derived(compute, narrowed.request, narrowed.explain)


def _plus(total: Any, value: Any) -> Any:
    if isinstance(value, Decimal) or isinstance(total, Decimal):
        return _EXACT.add(Decimal(total), Decimal(value))
    return total + value
