"""Internal: the pages of items that Query and Scan read, in order.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from adorm.memory.errors import ENVELOPE, EngineError, invalid, invalid_value
from adorm.memory.items.consumed_capacity import Consumed, read_units
from adorm.memory.items.start_keys import INVALID_START_KEY
from adorm.memory.limits import PAGE_BYTES
from adorm.memory.shapes.query_wording import check_select_value
from adorm.memory.storage.keys import SCHEMA_MISMATCH, Position
from adorm.memory.storage.ordered_items import OrderedItems, StoredItem
from adorm.memory.storage.table import Index, Table
from adorm.memory.values.canonical import Item

if TYPE_CHECKING:
    from adorm.memory.expressions.conditions import Condition
    from adorm.memory.expressions.projections import Projection


class Source:
    """A table, or one of its indexes, that a Query or Scan reads.

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
        """The attributes of a `LastEvaluatedKey` of this source."""

    def _readable(self, name: str) -> Index:
        index = self.table.indexes.get(name)
        if index is None:
            raise invalid(f"The table does not have the specified index: {name}")
        if index.backfilling or index.status == "CREATING":
            raise invalid(f"Cannot read from backfilling global secondary index: {name}")
        return index

    def position(self, key: Item) -> Position:
        """The position that a `LastEvaluatedKey` of this source points to."""
        return self.table.schema.position(key) if self.index is None else self.index.position(key)

    def check_start_key(self, key: Item, *, in_scan: bool) -> None:
        """Refuse an `ExclusiveStartKey` that does not belong to this source.

        Raises:
            EngineError: the key does not have the attributes and types of a `LastEvaluatedKey` of
                this source.
        """
        types = {**self.table.schema.types, **self.schema.types}
        old = self._old_refusal(key, in_scan=in_scan)
        named = self.index or next(iter(self.table.indexes.values()), None)
        if in_scan and named is not None:
            for name, type_tag in types.items():
                if name in key and type_tag not in key[name]:
                    raise invalid(
                        "One or more parameter values were invalid: Type mismatch for Index Key"
                        f" {name} Expected: {type_tag} Actual: {next(iter(key[name]))}"
                        f" IndexName: {named.name}",
                        old=old,
                    )
        if len(key) != len(types) or any(
            name not in key or type_tag not in key[name] for name, type_tag in types.items()
        ):
            raise invalid(INVALID_START_KEY, old=old)
        self.table.schema.check_key(self.table.schema.key_of(key))

    def _old_refusal(self, key: Item, *, in_scan: bool) -> str:
        """The refusal in the old wording of a start key that does not belong to this source.

        The old wording checks the key of the index first and the key of the table second. For a
        Scan of a table it checks the key of the table only.
        """
        of_table = f"{INVALID_START_KEY}: {SCHEMA_MISMATCH}"
        if in_scan and self.index is None:
            return of_table
        if len(key) != len(self.key_attributes):
            return INVALID_START_KEY
        for name, type_tag in self.schema.types.items():
            if name not in key:
                return INVALID_START_KEY
            if type_tag not in key[name]:
                return SCHEMA_MISMATCH
        return of_table

    def check_projection(
        self, select: str | None, projection: Projection | None, filtered: Condition | None
    ) -> bool:
        """Check a projection; return whether the table must supply attributes that the index lacks.

        Raises:
            EngineError: a global index lacks attributes; it reads nothing from the table.
        """
        if self.index is None or self.index.projected is None:
            return False
        name, projected = self.index.name, self.index.projected
        if select == "ALL_ATTRIBUTES":
            if self.index.definition.is_global:
                raise invalid_value(
                    f"Select type ALL_ATTRIBUTES is not supported for global secondary index {name}"
                    " because its projection type is not ALL"
                )
            return True
        missing = [] if projection is None else sorted(projection.attributes - projected)
        if missing and self.index.definition.is_global:
            raise invalid_value(
                f"Global secondary index {name} does not project [{', '.join(missing)}]"
            )
        return bool(missing)


class Page:
    """One page: the items that were read and where the next page begins."""

    def __init__(self, source: Source, *, from_table: bool) -> None:
        self.source = source
        self.items: list[bytes] = []
        """The items that were read, as JSON."""
        self.last_key: Item | None = None
        """Where the next page begins; None after the last item."""
        self.consumed = Consumed(source.table)
        self._from_table = from_table

    def read(self, entries: Iterable[StoredItem], limit: int | None) -> None:
        """Read entries until there are `limit` of them, or before they exceed 1 MB."""
        read, total, more = self.items, 0, False
        for json, size in entries:
            if total + size > PAGE_BYTES and read:
                more = True
                break
            total += size
            read.append(json)
            if len(read) == limit:
                more = True
                break
        if more and read:
            item = orjson.loads(read[-1])
            self.last_key = {name: item[name] for name in self.source.key_attributes}
        consistent = self.source.consistent
        if self.source.index is None:
            self.consumed.units = read_units(total, consistent=consistent)
            return
        self.consumed.add_index(self.source.index.name, read_units(total, consistent=consistent))
        if self._from_table and read:
            fetched = [self._full(orjson.loads(json)) for json in read]
            self.items = [each.json for each in fetched]
            size = sum(each.size for each in fetched)
            self.consumed.units = read_units(size, consistent=consistent)

    def _full(self, entry: Item) -> StoredItem:
        """The item of the table for an entry of an index. It exists: one write changes both."""
        table = self.source.table
        return table.find(table.schema.position(entry)) or StoredItem.of(entry)

    def answer(
        self,
        condition: Condition | None,
        projection: Projection | None,
        *,
        counts_only: bool,
    ) -> dict[str, Any]:
        """The page as the answer of Query or Scan."""
        scanned = len(self.items)
        if condition is None and counts_only:
            answer: dict[str, Any] = {"Count": scanned, "ScannedCount": scanned}
        else:
            # One document is parsed faster than many.
            items: Sequence[Item] = orjson.loads(b"[" + b",".join(self.items) + b"]")
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


def check_select(request: Mapping[str, Any], *, enveloped: bool) -> None:
    """Refuse an unknown `Select`, or one that contradicts the rest of the request.

    Args:
        request: the request of a Query or Scan.
        enveloped: whether the new wording puts "1 validation error detected: " before its text, as
            it does for Query only.

    Raises:
        EngineError: the `Select` is unknown or contradicts the request.
    """
    refusal = _in_envelope if enveloped else invalid
    select = request.get("Select")
    if select is None:
        return
    check_select_value(select)
    member = next(
        (each for each in ("AttributesToGet", "ProjectionExpression") if each in request), None
    )
    if select == "SPECIFIC_ATTRIBUTES":
        if member is None:
            raise refusal(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get"
                " SPECIFIC_ATTRIBUTES"
            )
    elif member is not None:
        wanted = "only the Count" if select == "COUNT" else select
        raise refusal(f"Cannot specify the {member} when choosing to get {wanted}")
    elif select == "ALL_PROJECTED_ATTRIBUTES" and "IndexName" not in request:
        raise refusal("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")


def _in_envelope(message: str) -> EngineError:
    return invalid(ENVELOPE + message, old=message)


def check_scalar_keys(source: Source, condition: Condition | None) -> None:
    """Refuse a filter on a path inside a key attribute, which is never a list or a map.

    Raises:
        EngineError: the filter has such a path.
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
