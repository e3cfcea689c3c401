"""`orders.scan()`: reading a whole table or index, asked for by name.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
"""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar, cast, overload

import attrs

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.query.aggregates import Aggregates
from adorm.query.planner import Access, accesses
from adorm.query.queries import selected_locations
from adorm.query.reads import Route

ItemT = TypeVar("ItemT")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")


@attrs.define(eq=False)
class Scan(Aggregates[ItemT], Generic[ItemT]):
    """Every item, in no order; all that is read is charged for, whatever the filter leaves out."""

    _operation = "Scan"

    def where(self, *conditions: bool | Condition) -> Self:
        """The same as `filter`: a scan has no key condition."""
        return self.filter(*conditions)

    @overload
    def select(self, a: T1, /) -> Scan[tuple[T1]]: ...
    @overload
    def select(self, a: T1, b: T2, /) -> Scan[tuple[T1, T2]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, /) -> Scan[tuple[T1, T2, T3]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, d: T4, /) -> Scan[tuple[T1, T2, T3, T4]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, d: T4, e: T5, /) -> Scan[tuple[T1, T2, T3, T4, T5]]: ...
    def select(self, *paths: object) -> Scan[Any]:
        """Only these attributes, as tuples. What an item does not have reads as the field's default, else as None."""
        return cast("Scan[Any]", self._with_selection(selected_locations(paths)))

    def _route(self, filters: tuple[Condition, ...], needed: frozenset[str]) -> Route:
        access = self._access()
        if not self._hydrates and not access.holds(needed):
            missing = sorted(name for name in needed if not access.holds([name]))
            raise UsageError(
                f"{access} of {self._binding.info.name} does not hold {', '.join(missing)}: "
                "select(...) what it holds, or hydrate() to read the whole items"
            )
        read = {location.attribute_name for condition in filters for location in condition.locations()}
        if not access.holds(read):
            raise UsageError(f"{access} of {self._binding.info.name} does not hold {', '.join(sorted(read))}, which the filter reads")
        return Route(access, (), filters, f"a scan of {access} was asked for")

    def _access(self) -> Access:
        known = accesses(self._binding.info)
        return next(access for access in known if self._index == (None if access.index is None else access.index.name))
