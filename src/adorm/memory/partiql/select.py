"""Internal: SELECT.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.select.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adorm.memory.database import Database
from adorm.memory.errors import invalid, invalid_value
from adorm.memory.expressions.nodes import PathElements
from adorm.memory.expressions.paths import find_value
from adorm.memory.items.consumed_capacity import Consumed, read_units
from adorm.memory.items.key_ranges import KeyRange
from adorm.memory.items.pages import Source
from adorm.memory.limits import PAGE_BYTES
from adorm.memory.partiql.conditions import BoundCondition, bind_condition
from adorm.memory.partiql.key_reads import (
    KeyRead,
    check_key_types,
    check_sizes,
    is_keyed,
    plan_reads,
)
from adorm.memory.partiql.key_tests import Branch, read_branches
from adorm.memory.partiql.next_tokens import Stop
from adorm.memory.partiql.ordering import Ordering
from adorm.memory.partiql.paths import column_name, read_path, unexpected_component
from adorm.memory.partiql.projections import check_filters, missing_columns
from adorm.memory.partiql.statements import SelectStatement
from adorm.memory.storage.keys import Position
from adorm.memory.storage.ordered_items import StoredItem
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import Item, Value

Columns = dict[str, PathElements]
"""The names in the answer, and the paths of their values."""


class BoundSelect:
    """A SELECT with its parameters, checked as far as possible without its table.

    Raises:
        EngineError: a column or an operand is not valid, or PartiQL can't read the index.
    """

    def __init__(
        self, database: Database, statement: SelectStatement, parameters: Sequence[Value]
    ) -> None:
        self.statement = statement
        self.parameters = parameters
        self._refuse_multi_attribute_index(database.find_table(statement.table))
        self.columns = None if statement.columns is None else self._columns()
        self.condition: BoundCondition | None = None
        if statement.condition is not None:
            self.condition = bind_condition(statement.condition, parameters)

    def _refuse_multi_attribute_index(self, table: Table | None) -> None:
        index = None if table is None else table.indexes.get(self.statement.index or "")
        if index is not None and (len(index.schema.partition) > 1 or len(index.schema.sort) > 1):
            raise invalid(
                "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or"
                " multi-attribute RANGE keys."
            )

    def _columns(self) -> Columns:
        columns: Columns = {}
        for node in self.statement.columns or ():
            path = read_path(node)
            if path is None:
                raise unexpected_component(node.at.place)
            columns[column_name(path)] = path
        return columns

    def branches(self, source: Source) -> list[Branch]:
        """The branches of the condition; empty without a condition.

        Raises:
            EngineError: there are too many branches.
        """
        if self.statement.condition is None:
            return []
        return read_branches(self.statement.condition, source.schema, self.parameters)

    def selected(self, item: Item) -> Item:
        """The selected part of an item."""
        if self.columns is None:
            return item
        found = {name: find_value(item, path) for name, path in self.columns.items()}
        return {name: value for name, value in found.items() if value is not None}


class ReadPlan:
    """How a SELECT is read: as queries or as a scan.

    Raises:
        EngineError: the table or the index does not exist, or can't be read in this way.
    """

    def __init__(self, database: Database, select: BoundSelect, *, consistent: bool) -> None:
        statement = select.statement
        self.select = select
        table = database.data_table(statement.table)
        index = None if statement.index is None else table.indexes.get(statement.index)
        if statement.index is not None and index is None:
            raise invalid("The table does not have the specified index")
        source = Source(table, statement.index, consistent=False)
        branches = select.branches(source)
        ordering = Ordering(statement.order, source.schema)
        ordering.check_terms(has_condition=statement.condition is not None)
        check_key_types(branches, source.schema)
        keyed = bool(branches) and is_keyed(branches)
        reads = plan_reads(branches) if keyed else None
        reads = ordering.arranged(reads)
        if consistent and index is not None and index.definition.is_global:
            raise invalid("Strongly consistent read is not supported on Global Secondary Indexes")
        missing = missing_columns(source, select.columns)
        if missing and index is not None and index.definition.is_global:
            raise invalid_value(
                f"Global secondary index {index.name} does not project [{', '.join(missing)}]"
            )
        if keyed:
            check_filters(source, branches)
        if reads is not None:
            check_sizes(reads, source.schema)
        self.source = Source(table, statement.index, consistent=consistent)
        self.from_table = bool(missing)
        self.descending = ordering.descending
        self.ranges = self._ranges(reads)

    def _ranges(self, reads: Sequence[KeyRead] | None) -> list[KeyRange | None]:
        """The ranges of positions to read; None to read everything."""
        if reads is None:
            return [None]
        schema = self.source.schema
        type_tag = schema.types[schema.partition[0]]
        possible = [read for read in reads if type_tag in read.partition]
        if len(reads) > 1:
            possible = [read for read in possible if not read.is_empty()]
        return [read.key_range(schema) for read in possible]

    def read(self, start: Stop | None, limit: int | None) -> SelectPage:
        """Read a page.

        Args:
            start: the position at which the previous page ended; None to begin.
            limit: the most items to read, whether or not the condition matches them.
        """
        page = SelectPage(self)
        for at in range(0 if start is None else start.read, len(self.ranges)):
            after = start.key if start is not None and at == start.read else None
            if page.read(at, self._rows(self.ranges[at], after), limit):
                break
        return page

    def _rows(
        self, wanted: KeyRange | None, after: Item | None
    ) -> Iterator[tuple[Position, StoredItem]]:
        items = self.source.items
        behind = None if after is None else self.source.position(after)
        if wanted is None:
            yield from items.between(after=behind)
            return
        unwanted = wanted.unwanted
        for position, stored in items.between(
            wanted.first, wanted.last, after=behind, descending=self.descending
        ):
            if unwanted is None or position[: len(unwanted)] != unwanted:
                yield position, stored


class SelectPage:
    """A page of a SELECT: the items that match its condition, and the units that reading used."""

    def __init__(self, plan: ReadPlan) -> None:
        self._plan = plan
        self._size = 0
        self._count = 0
        self.items: list[Item] = []
        self.stop: Stop | None = None
        """The position at which the page ended; None if nothing is left."""
        self.consumed = Consumed(plan.source.table)

    def read(self, at: int, rows: Iterator[tuple[Position, StoredItem]], limit: int | None) -> bool:
        """Add the items of the query with this index; return whether the page is full."""
        size = 0
        last: Item | None = None
        for _, entry in rows:
            if self._count and self._size + entry.size > PAGE_BYTES:
                break
            last = entry.item()
            size += entry.size
            self._size += entry.size
            self._count += 1
            self._take(last)
            if self._count == limit:
                break
        else:
            self._charge(size)
            return False
        self._charge(size)
        names = self._plan.source.key_attributes
        if last is not None:
            self.stop = Stop(at, {name: last[name] for name in names})
        return True

    def _take(self, entry: Item) -> None:
        select, source = self._plan.select, self._plan.source
        item = entry
        if self._plan.from_table:
            stored = source.table.find(source.table.schema.position(entry))
            if stored is not None:
                item = stored.item()
                self.consumed.units += read_units(stored.size, consistent=source.consistent)
        if select.condition is None or select.condition.matches(entry):
            self.items.append(select.selected(item))

    def _charge(self, size: int) -> None:
        source = self._plan.source
        units = read_units(size, consistent=source.consistent)
        if source.index is None:
            self.consumed.units += units
        else:
            self.consumed.add_index(source.index.name, units)
