"""`orders.query(...)`.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, TypeVarTuple, cast, overload

import attrs

from adorm.calls.capacity import Capacity
from adorm.errors import ItemDecodeError, UsageError
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition, conditions
from adorm.expressions.document_path import root_path
from adorm.expressions.operands import Value
from adorm.expressions.paths import selected_paths
from adorm.items.operation import Operation
from adorm.query.access import Access
from adorm.query.aggregates import Aggregates
from adorm.query.decoded_pages import DecodedPages
from adorm.query.fits import Wanted
from adorm.query.paged_read import DerivedRead
from adorm.query.pages import Page
from adorm.query.planner import choose
from adorm.query.stream import ItemStream
from adorm.schema.fields import Field

if TYPE_CHECKING:
    from adorm.query.shards import MergedShards

ItemT = TypeVar("ItemT")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@attrs.define(eq=False, repr=False)
class Query(Aggregates[ItemT], Generic[ItemT]):
    """Items of one partition, of the table or of an index.

    The planner picks the table or index whose key serves the conditions; `explain()` tells which,
    and why.
    """

    _partition: tuple[Any, ...] = attrs.field(default=(), alias="partition")
    _conditions: tuple[Condition, ...] = ()
    _resumed: str | None = None
    """The cursor of the page that is read, where it may hold a range of time."""

    def where(self, *conditions_: bool | Condition) -> Self:
        """Conditions of any kind: what a key can serve is the key condition, the rest a filter."""
        return attrs.evolve(
            self, conditions=self._conditions + conditions(conditions_, self._binding.info.model)
        )

    def ascending(self) -> Self:
        """From the smallest sort key on; the default."""
        return attrs.evolve(self, descending=False)

    def descending(self) -> Self:
        """From the largest sort key on."""
        return attrs.evolve(self, descending=True)

    def collect_errors(self) -> CollectingQuery[ItemT]:
        """Pass over items that do not fit the model: the result is a `QueryResult` with `.items`
        and `.errors`."""

        async def compute() -> QueryResult[ItemT]:
            capacity = Capacity()
            pages = self._pages(capacity)
            items = await pages.all(passes_over=True)
            return QueryResult(items, pages.errors, capacity)

        return CollectingQuery(
            compute,
            self.request,
            self.explain,
            self._binding,
            lambda: self._open_stream(collects_errors=True),
            self.page,
        )

    @overload
    def select(self, only: T, /) -> Query[tuple[T]]: ...
    @overload
    def select(self, first: T, /, *more: *Ts) -> Query[tuple[T, *Ts]]: ...
    def select(self, *paths: *Ts) -> Query[tuple[*Ts]]:
        """Only these attributes, as tuples. An attribute that an item lacks reads as the field's
        default, else as None."""
        selected = selected_paths(paths, self._binding.info.model)
        return cast("Query[tuple[*Ts]]", self._with_selection(selected))

    def page(self, cursor: str | None = None, /) -> Operation[Page[ItemT]]:
        info = self._binding.info
        if cursor is None or (info.key is None and not info.readable_keys):
            return super().page(cursor)
        return super(Query, attrs.evolve(self, resumed=cursor)).page(cursor)

    def _pages(self, capacity: Capacity | None = None) -> DecodedPages[ItemT] | MergedShards[ItemT]:
        info = self._binding.info
        if info.key is None and not info.readable_keys:
            return super()._pages(capacity)
        read = self._read_request()
        if read.partitions is None or len(read.partitions.slots) == 1:
            return DecodedPages(lambda: read, self._limit, capacity)
        from adorm.query.shards import MergedShards

        return MergedShards(read, self._limit, capacity)

    def _wanted_conditions(self) -> tuple[Condition, ...]:
        """The conditions of `where`; with a cursor that holds a range, in that range."""
        if self._resumed is None:
            return self._conditions
        from adorm.query.partition_cursors import with_range_of_cursor

        binding = self._binding
        secret = binding.connection.cursor_secret
        return with_range_of_cursor(
            binding.info, binding.codec, self._conditions, self._resumed, secret
        )

    def _access(self, filters: tuple[Condition, ...], needed: frozenset[str]) -> Access:
        partition = self._partition_conditions()
        wanted = Wanted(
            conditions=(*partition, *self._wanted_conditions()),
            filters=filters,
            attribute_names=needed,
            index_name=self._index,
            index_key=self._index_key,
            in_table_partition=bool(partition),
            hydrates=self._hydrates,
            consistent=self._consistent,
            with_deleted=self._binding.shows_deleted,
            codec=self._binding.codec,
        )
        return choose(self._binding.info, wanted)

    def _partition_conditions(self) -> tuple[Condition, ...]:
        """The conditions of `query(partition)`; empty for `query()`."""
        info, values = self._binding.info, self._partition
        if not values:
            return ()
        if None in values:
            raise UsageError(
                f"query(None): the partition key of {info.name} can't be None; "
                "leave it out to give the keys by where(...)"
            )
        fields = self._partition_fields(len(values))
        if len(values) != len(fields):
            of_what = info.name if self._index is None else f"index {self._index!r}"
            names = ", ".join(f"{info.name}.{field.name} == ..." for field in fields)
            values_text = "1 value" if len(fields) == 1 else f"{len(fields)} values"
            raise UsageError(
                f"the partition key of {of_what} takes {values_text}, not {len(values)}: "
                f"give all of them, or where({names})"
            )
        paths = [root_path(info.model, field) for field in fields]
        return tuple(
            Comparison(path, "=", Value(value, path))
            for path, value in zip(paths, values, strict=True)
        )

    def _partition_fields(self, count: int) -> Sequence[Field]:
        """The fields whose values `query(...)` takes: those of the partition key.

        Args:
            count: how many are given. Fewer than there are leave out those that the key has only a
                piece of, such as a day, or a shard.
        """
        info, index = self._binding.info, self._index
        key = info.key
        if index is not None:
            readable = info.readable_keys.get(index)
            if readable is None:
                return info.indexes[index].partition
            key = self._index_key or readable[0]
            if self._index_key is None and len(readable) > 1:
                from adorm.query.named_keys import check_partitions_alike

                check_partitions_alike(info, index)
        if key is None:
            return (info.partition,)
        parts = key.partition.template.parts
        fields = list(dict.fromkeys(part.field for part in parts))
        if count >= len(fields):
            return fields
        whole = [part.field for part in parts if part.kind not in ("time", "shard")]
        return list(dict.fromkeys(whole)) or fields


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
class CollectingQuery(DerivedRead[QueryResult[ItemT]], Generic[ItemT]):
    """A query that passes over items that do not fit the model, and collects their errors.

    Any other failure ends it, as it ends a query.
    """

    _open_stream: Callable[[], ItemStream[ItemT]]
    _read_page: Callable[[str | None], Operation[Page[ItemT]]]

    def stream(self) -> ItemStream[ItemT]:
        """A block in which the next page is fetched while this one is used.

        `.errors` has an error for each item that was passed over.
        """
        return self._open_stream()

    def page(self, cursor: str | None = None, /) -> Operation[Page[ItemT]]:
        """The same as the query's `page`, which passes over such items too and has their errors."""
        return self._read_page(cursor)
