"""`orders.query(...)`.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html"""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar, cast, overload

import attrs

from adorm.calls.capacity import Capacity
from adorm.errors import ItemDecodeError, UsageError
from adorm.expressions.conditions import (
    BeginsWith,
    Between,
    Comparison,
    Condition,
    Operand,
    Value,
    conditions,
)
from adorm.expressions.document_path import root_path
from adorm.expressions.paths import selected_locations
from adorm.items.binding import Connection
from adorm.items.keys import NOT_GIVEN, encode_key_value
from adorm.items.operation import Operation
from adorm.items.plan import Plan
from adorm.query.aggregates import Aggregates
from adorm.query.paged_read import Access, Walk
from adorm.query.pages import Page
from adorm.query.planner import choose
from adorm.query.stream import ItemStream

ItemT = TypeVar("ItemT")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")


@attrs.define(eq=False, repr=False)
class Query(Aggregates[ItemT], Generic[ItemT]):
    """Items of one partition, of the table or of an index.

    The planner picks the table or index whose key serves the conditions; `explain()` tells which,
    and why.
    """

    _partition: Any = attrs.field(default=NOT_GIVEN, alias="partition")
    _conditions: tuple[Condition, ...] = ()

    def where(self, *conditions_: bool | Condition) -> Self:
        """Conditions of any kind: those that a key can serve become its key condition, others a
        filter."""
        return attrs.evolve(self, conditions=self._conditions + conditions(conditions_))

    def ascending(self) -> Self:
        """From the smallest sort key on, as is the default."""
        return attrs.evolve(self, descending=False)

    def descending(self) -> Self:
        """From the largest sort key on."""
        return attrs.evolve(self, descending=True)

    def collect_errors(self) -> CollectingQuery[ItemT]:
        """Pass over items that do not fit the model: the result is a `QueryResult` with `.items`
        and `.errors`."""
        return CollectingQuery(self)

    @overload
    def select(self, a: T1, /) -> Query[tuple[T1]]: ...
    @overload
    def select(self, a: T1, b: T2, /) -> Query[tuple[T1, T2]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, /) -> Query[tuple[T1, T2, T3]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, d: T4, /) -> Query[tuple[T1, T2, T3, T4]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, d: T4, e: T5, /) -> Query[tuple[T1, T2, T3, T4, T5]]: ...
    def select(self, *paths: object) -> Query[Any]:
        """Only these attributes, as tuples. What an item does not have reads as the field's
        default, else as None."""
        return cast("Query[Any]", self._with_selection(selected_locations(paths)))

    def _route(self, filters: tuple[Condition, ...], needed: frozenset[str]) -> Access:
        info = self._binding.info
        given = self._conditions
        if self._partition is None:
            raise UsageError(
                f"query(None): the partition key of {info.name} can't be None; leave it out to give the keys by where(...)"
            )
        if self._partition is not NOT_GIVEN:
            index = None if self._index is None else info.indexes[self._index]
            partitions = (info.partition,) if index is None else index.partition
            if len(partitions) != 1:
                names = ", ".join(f"{info.name}.{field.name} == ..." for field in partitions)
                raise UsageError(
                    f"index {self._index!r} has {len(partitions)} partition fields: give them by where({names})"
                )
            location = root_path(info.model, partitions[0])
            given = (Comparison(location, "=", Value(self._partition, location)), *given)
        choice = choose(
            info,
            given,
            filters,
            needed,
            forced=self._index,
            hydrates=self._hydrates,
            in_partition=self._partition is not NOT_GIVEN,
            consistent=self._consistent,
        )
        for condition in choice.key:
            self._check_key_values(condition)
        return Access(choice.access, choice.key, choice.filter, choice.reason)

    def _check_key_values(self, condition: Condition) -> None:
        """Refuse a key before the wire that DynamoDB refuses: empty ones also at the ends of ranges
        and as prefixes."""
        info = self._binding.info
        if isinstance(condition, BeginsWith):
            if not condition.prefix:
                raise UsageError(
                    f"{condition.location} begins with nothing: DynamoDB takes no empty prefix of a key; leave the condition out"
                )
            return
        operands: tuple[Operand, ...]
        if isinstance(condition, Comparison):
            subject, operands = condition.subject, (condition.operand,)
        elif isinstance(condition, Between):
            subject, operands = condition.subject, (condition.low, condition.high)
        else:
            return
        field = getattr(subject, "field", None)
        for operand in operands:
            if field is not None and isinstance(operand, Value):
                encode_key_value(
                    info, field, operand.value, self._binding.codec, sort=field is info.sort
                )


@attrs.frozen
class QueryResult(Generic[ItemT]):
    """What a query with `collect_errors()` gives: every item that could be read, and what was wrong
    with the others."""

    items: list[ItemT]
    errors: list[ItemDecodeError]
    """One for each item that does not fit the model, with its key and its attribute map."""
    capacity: Capacity
    """What was consumed."""


@attrs.define(eq=False, repr=False)
class CollectingQuery(Operation[QueryResult[ItemT]], Generic[ItemT]):
    """A query that passes over items that do not fit the model, and tells of them.

    Anything else that fails ends it as ever.
    """

    only_reads = True

    _query: Query[ItemT]

    @property
    def _subject(self) -> str:
        return self._query._subject  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the same query

    @property
    def _sent_by(self) -> Connection | None:
        return self._query._sent_by  # noqa: SLF001

    def stream(self) -> ItemStream[ItemT]:
        """A block in which the next page is fetched while this one is used; `.errors` tells of what
        was passed over."""
        return self._query._streamed(collects_errors=True)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def page(self, cursor: str | None = None, /) -> Operation[Page[ItemT]]:
        """As of the query: a page passes over such items anyway, and has their errors."""
        return self._query.page(cursor)

    async def _run(self) -> QueryResult[ItemT]:
        capacity = Capacity()
        walk = Walk(self._query, capacity)
        items = await walk.all(passes_over=True)
        return QueryResult(items, walk.errors, capacity)

    def request(self) -> dict[str, Any]:
        return self._query.request()

    def explain(self) -> Plan:
        return self._query.explain()
