"""Internal: pages of items in order, as Query and Scan read them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from adorm.memory.capacity import Consumed, read_units
from adorm.memory.errors import EngineError, invalid, invalid_value
from adorm.memory.keys import Position
from adorm.memory.shapes.query_wording import check_select_value
from adorm.memory.store import OrderedItems, StoredItem
from adorm.memory.table import Index, Table
from adorm.memory.values import Item

if TYPE_CHECKING:
    from adorm.memory.expressions.conditions import Condition
    from adorm.memory.expressions.projections import Projection

MAX_PAGE_BYTES = 1 << 20
"""A page ends before the item that would take it above 1 MB. What counts is what lies in the table
or index that is read, before any filter."""


class Source:
    """A table, or one of its indexes: what a Query or Scan reads.

    Raises:
        EngineError: the index does not exist, is still being filled, or can't be read consistently.
    """

    def __init__(self, table: Table, index_name: str | None, *, consistent: bool) -> None:
        self.table = table
        self.index: Index | None = None
        self.consistent = consistent
        self.items: OrderedItems = table.items
        self.schema = table.schema
        if index_name is not None:
            self.index = self._readable(index_name)
            if self.index.definition.is_global and consistent:
                raise invalid("Consistent reads are not supported on global secondary indexes")
            self.items = self.index.items
            self.schema = self.index.schema
        own = self.schema.attributes
        self.key_attributes = (*own, *(name for name in table.schema.attributes if name not in own))
        """What a `LastEvaluatedKey` of this source holds."""

    def _readable(self, name: str) -> Index:
        index = self.table.indexes.get(name)
        if index is None:
            raise invalid(f"The table does not have the specified index: {name}")
        if index.backfilling or index.status == "CREATING":
            raise invalid(f"Cannot read from backfilling global secondary index: {name}")
        return index

    def position(self, key: Item) -> Position:
        """Where a `LastEvaluatedKey` of this source points to."""
        return self.table.schema.position(key) if self.index is None else self.index.position(key)

    def check_start_key(self, key: Item, *, in_scan: bool) -> None:
        """Refuse an `ExclusiveStartKey` that is none of this source.

        Raises:
            EngineError: it has other attributes than a `LastEvaluatedKey` of this source, or other
                types.
        """
        types = {**self.table.schema.types, **self.schema.types}
        named = self.index or next(iter(self.table.indexes.values()), None)
        if in_scan and named is not None:
            for name, kind in types.items():
                if name in key and kind not in key[name]:
                    raise invalid_value(
                        f"Type mismatch for Index Key {name} Expected: {kind} Actual:"
                        f" {next(iter(key[name]))} IndexName: {named.name}"
                    )
        if len(key) != len(types) or any(
            name not in key or kind not in key[name] for name, kind in types.items()
        ):
            raise invalid(
                "The provided starting key is invalid",
                old="The provided starting key is invalid: "
                "The provided key element does not match the schema",
            )
        self.table.schema.check_key(self.table.schema.key_of(key))

    def check_projection(
        self, select: str | None, projection: Projection | None, filtered: Condition | None
    ) -> bool:
        """Whether items must be fetched from the table, since the index does not hold what is asked
        for.

        Raises:
            EngineError: a global index can't give it: it reads nothing from the table.
        """
        if self.index is None or self.index.projected is None:
            return False
        name, held = self.index.name, self.index.projected
        if select == "ALL_ATTRIBUTES":
            if self.index.definition.is_global:
                raise invalid_value(
                    f"Select type ALL_ATTRIBUTES is not supported for global secondary index {name}"
                    " because its projection type is not ALL"
                )
            return True
        missing = [] if projection is None else sorted(projection.attributes - held)
        if missing and self.index.definition.is_global:
            raise invalid_value(
                f"Global secondary index {name} does not project [{', '.join(missing)}]"
            )
        return bool(missing)


class Page:
    """One page: what was read, what of it is returned, and where to go on."""

    def __init__(self, source: Source, *, from_table: bool) -> None:
        self.source = source
        self.stored: list[StoredItem] = []
        self.last_key: Item | None = None
        """Where the next page begins; None after the last item."""
        self.consumed = Consumed(source.table)
        self._from_table = from_table

    def read(self, rows: Iterable[tuple[Position, StoredItem]], limit: int | None) -> None:
        """Take rows up to `limit`, or to 1 MB."""
        taken, size, more = self.stored, 0, False
        last: StoredItem | None = None
        fetched = 0
        for _, entry in rows:
            if size + entry.size > MAX_PAGE_BYTES and taken:
                more = True
                break
            size += entry.size
            last = entry
            if self._from_table:
                full = self._full(entry)
                fetched += full.size
                taken.append(full)
            else:
                taken.append(entry)
            if len(taken) == limit:
                more = True
                break
        if more and last is not None:
            item = last.item()
            self.last_key = {name: item[name] for name in self.source.key_attributes}
        consistent = self.source.consistent
        if self.source.index is None:
            self.consumed.units = read_units(size, consistent=consistent)
            return
        self.consumed.add_index(self.source.index.name, read_units(size, consistent=consistent))
        if self._from_table:
            self.consumed.units = read_units(fetched, consistent=consistent)

    def _full(self, entry: StoredItem) -> StoredItem:
        schema = self.source.table.schema
        found = self.source.table.find(schema.position(entry.item()))
        return entry if found is None else found

    def answer(
        self,
        condition: Condition | None,
        projection: Projection | None,
        *,
        counts_only: bool,
    ) -> dict[str, Any]:
        """The page as Query and Scan answer it."""
        scanned = len(self.stored)
        if condition is None and counts_only:
            answer: dict[str, Any] = {"Count": scanned, "ScannedCount": scanned}
        else:
            # One document is parsed faster than many.
            items: Sequence[Item] = orjson.loads(
                b"[" + b",".join([each.json for each in self.stored]) + b"]"
            )
            if condition is not None:
                items = [item for item in items if condition.matches(item)]
            answer = {"Count": len(items), "ScannedCount": scanned}
            if not counts_only:
                if projection is not None:
                    items = [projection.apply(item) for item in items]
                answer["Items"] = items
        if self.last_key is not None:
            answer["LastEvaluatedKey"] = self.last_key
        return answer


def check_select(request: Mapping[str, Any]) -> None:
    """Refuse a `Select` that is none, or that contradicts the rest of the request.

    Raises:
        EngineError: it does.
    """
    select = request.get("Select")
    if select is None:
        return
    check_select_value(select)
    member = next(
        (each for each in ("AttributesToGet", "ProjectionExpression") if each in request), None
    )
    if select == "SPECIFIC_ATTRIBUTES":
        if member is None:
            raise _contradiction(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get"
                " SPECIFIC_ATTRIBUTES"
            )
    elif member is not None:
        wanted = "only the Count" if select == "COUNT" else select
        raise _contradiction(f"Cannot specify the {member} when choosing to get {wanted}")
    elif select == "ALL_PROJECTED_ATTRIBUTES" and "IndexName" not in request:
        raise _contradiction(
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
        )


def _contradiction(message: str) -> EngineError:
    return invalid(f"1 validation error detected: {message}", old=message)


def check_scalar_keys(source: Source, condition: Condition | None) -> None:
    """Refuse a filter that looks into a key attribute, which is never a list or a map.

    Raises:
        EngineError: it does.
    """
    if condition is None:
        return
    for name in source.key_attributes:
        if name in condition.nested_attributes:
            kind = "Key" if name in source.table.schema.attributes else "IndexKey"
            raise invalid(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not"
                f" allowed: {kind}: {name}"
            )


Rows = Iterator[tuple[Position, StoredItem]]
