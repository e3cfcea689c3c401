"""Internal: a table with its items and indexes.

Every change of an item goes through `Table.prepare`, which may fail, and then `Table.commit`, which
can't.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from adorm.memory.storage.change_log import ChangeLog
from adorm.memory.storage.definitions import IndexDefinition, TableDefinition
from adorm.memory.storage.keys import AFTER_ALL, KeySchema, Position, index_key_violation
from adorm.memory.storage.ordered_items import OrderedItems, StoredItem
from adorm.memory.values.canonical import Item, Value

ACTIVE = "ACTIVE"


class ItemStream(Protocol):
    """The methods of a stream that a table calls; `streams.stream.Stream` has them."""

    def prepare_record(
        self, old_item: Item | None, new_item: Item | None, *, now: float, expired: bool
    ) -> Callable[[], None] | None:
        """Return a function that adds the record of a change and can't fail.

        None if both items are equal, because then there is no record.
        """
        ...

    def close(self, now: float) -> None:
        """Add no more records."""
        ...


class IndexChange(NamedTuple):
    """The change that one write made to one index."""

    target: Index
    old_size: int | None
    """Bytes of the entry before the write; None if there was none."""
    new_size: int | None
    moved: bool
    """Whether the key of the entry changed, so that it was removed and written again."""


class IndexStep(NamedTuple):
    """The change that a write will make to one index."""

    target: Index
    old: tuple[Position, StoredItem] | None
    """The entry before the write; None if there is none."""
    new: tuple[Position, StoredItem] | None
    """The entry after the write; None if there is none."""


class PreparedWrite(NamedTuple):
    """A write of one item that can't fail any more."""

    position: Position
    old: StoredItem | None
    new: StoredItem | None
    steps: Sequence[IndexStep]
    """One step for each index whose entry changes."""
    record: Callable[[], None] | None
    """Adds the record to the stream; None if there is none to add."""
    now: float


class TableChange(NamedTuple):
    """The change that one write made to a table."""

    old: StoredItem | None
    new: StoredItem | None
    indexes: list[IndexChange]
    """One change for each index whose entry changed."""


class Index:
    """A secondary index: copies of items, ordered by another key.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html
    """

    def __init__(
        self, definition: IndexDefinition, table_schema: KeySchema, types: Mapping[str, str]
    ) -> None:
        self.definition = definition
        self.name = definition.name
        self.schema = KeySchema.of(definition.key_schema, types)
        self.items = OrderedItems()
        self.status = ACTIVE
        self.backfilling: bool | None = None
        """Whether existing items are being added. None unless UpdateTable added the index and its
        status is CREATING."""
        self.described_as: dict[str, Any] = {}
        """Members of the index's description that still show the state before a change in progress.
        """
        self._table_schema = table_schema
        self.projected: frozenset[str] | None = None
        """The attributes that an entry holds; None for all."""
        if definition.projection_type != "ALL":
            self.projected = frozenset(
                (
                    *table_schema.attributes,
                    *self.schema.attributes,
                    *definition.non_key_attributes,
                )
            )

    def position(self, item: Mapping[str, Value]) -> Position:
        """The position of an item's entry: the index's key, then the table's key."""
        return (*self.schema.position(item), *self._table_schema.position(item))

    def entry(self, item: Item, stored: StoredItem) -> tuple[Position, StoredItem] | None:
        """The entry of an item in this index; None if the index does not hold the item."""
        if not self.schema.takes(item):
            return None
        if self.projected is None:
            return self.position(item), stored
        kept = {name: value for name, value in item.items() if name in self.projected}
        return self.position(item), StoredItem.of(kept)

    def step(
        self,
        before: tuple[Item, StoredItem] | None,
        after: tuple[Item, StoredItem] | None,
    ) -> IndexStep | None:
        """The change that a write makes to this index; None if its entry stays the same."""
        old = self.entry(*before) if before else None
        new = self.entry(*after) if after else None
        if old is None and new is None:
            return None
        if old and new and old[0] == new[0] and old[1].item() == new[1].item():
            return None
        return IndexStep(self, old, new)

    def apply(self, step: IndexStep) -> IndexChange:
        """Apply a step to this index."""
        _, old, new = step
        moved = old is not None and new is not None and old[0] != new[0]
        if old is not None and (new is None or moved):
            self.items.remove(old[0])
        if new is not None:
            self.items.put(*new)
        return IndexChange(self, old and old[1].size, new and new[1].size, moved=moved)


class Table:
    """A table: its items, its indexes and its stream."""

    def __init__(self, definition: TableDefinition, arn: str) -> None:
        self.definition = definition
        self.name = definition.name
        self.arn = arn
        self.schema = KeySchema.of(definition.key_schema, definition.attribute_types)
        self.items = OrderedItems()
        self.indexes: dict[str, Index] = {
            each.name: Index(each, self.schema, definition.attribute_types)
            for each in definition.indexes.values()
        }
        self.status = ACTIVE
        self.in_progress: dict[str, dict[str, Any]] = {}
        """The changes in progress, by their kind (see `tables.states`). Each holds the members of
        the table's description that still show the state before it."""
        self.changed_at: dict[str, list[float]] = {}
        """When a setting was changed, by the kind of the change: for settings that can be changed
        only so often (see `tables.change_limits`)."""
        self.stream: ItemStream | None = None
        self.log: ChangeLog | None = None
        """The earlier items, while point-in-time recovery is on."""
        self._due: list[tuple[float, Callable[[], None]]] = []

    # ------------------------------------------------------------------ states

    def schedule(self, at: float, transition: Callable[[], None]) -> None:
        """Call `transition` at the first use of the table at or after the moment `at`."""
        self._due.append((at, transition))

    def apply_due_changes(self, now: float) -> None:
        """Call the transitions that are due, in the order of their moments."""
        while self._due:
            self._due.sort(key=lambda each: each[0])
            if self._due[0][0] > now:
                return
            _, transition = self._due.pop(0)
            transition()

    # ------------------------------------------------------------------- items

    def find(self, position: Position) -> StoredItem | None:
        """The item at a position; None if there is none."""
        return self.items.get(position)

    def check_indexes(self, item: Item, before: Item | None = None) -> None:
        """Refuse an item whose attributes an index can't accept as its key.

        Args:
            item: the item to store.
            before: the old item of an update; attributes that the update leaves alone are not
                checked again. None for a put.

        Raises:
            EngineError: an attribute does not have the type of the index's key, is empty, or is too
                large.
        """
        changed: Mapping[str, Value] = item
        if before is not None:
            changed = {name: value for name, value in item.items() if before.get(name) != value}
        for name in sorted(self.indexes):
            violation = index_key_violation(
                name, self.indexes[name].schema, changed, in_update=before is not None
            )
            if violation is not None:
                raise violation

    def prepare(
        self,
        position: Position,
        new: Item | None,
        *,
        stored: StoredItem | None = None,
        expired: bool = False,
        now: float = 0.0,
    ) -> PreparedWrite:
        """Work out everything that a write changes, without changing it yet.

        Args:
            position: the position of the item.
            new: the new item, already checked; None to remove the item.
            stored: the stored form of the new item, if the caller has it already.
            expired: whether time to live removes the item, which the stream record shows.
            now: the time, for the stream record and the log.
        """
        old = self.items.get(position)
        if new is None:
            stored = None
        elif stored is None:
            stored = StoredItem.of(new)
        if not self.indexes and self.stream is None:
            return PreparedWrite(position, old, stored, (), None, now)
        old_item = None if old is None else old.item()
        before = None if old is None or old_item is None else (old_item, old)
        after = None if stored is None or new is None else (new, stored)
        steps = [index.step(before, after) for index in self.indexes.values()]
        record = None
        if self.stream is not None:
            record = self.stream.prepare_record(old_item, new, now=now, expired=expired)
        return PreparedWrite(
            position, old, stored, [each for each in steps if each is not None], record, now
        )

    def commit(self, write: PreparedWrite) -> TableChange:
        """Apply a prepared write to the table, its indexes and its stream."""
        position, old, new, steps, record, now = write
        if new is not None:
            self.items.put(position, new)
        elif old is not None:
            self.items.remove(position)
        if self.log is not None:
            self.log.append(now, position, old)
        changes = [each.target.apply(each) for each in steps]
        if record is not None:
            record()
        return TableChange(old, new, changes)

    def load(self, position: Position, item: Item) -> None:
        """Store an item of a snapshot or a backup.

        The stream gets no record. An index whose key the item does not fit leaves it out.
        """
        stored = StoredItem.of(item)
        entries = [(index, index.entry(item, stored)) for index in self.indexes.values()]
        self.items.put(position, stored)
        for index, entry in entries:
            if entry is not None:
                index.items.put(*entry)

    def fill_index(self, index: Index) -> None:
        """Add every item of the table to a new index, then add the index to the table.

        Items that do not fit the key of the index are left out.
        """
        for _, stored in self.items.between():
            entry = index.entry(stored.item(), stored)
            if entry is not None:
                index.items.put(*entry)
        self.indexes[index.name] = index

    def collection_bytes(self, position: Position) -> int:
        """The bytes of the item collection at a position.

        It consists of the items of the partition and their entries in local indexes.
        """
        token, partition = position[0], position[1]
        first, last = (token, partition), (token, partition, AFTER_ALL)
        total = sum(stored.size for _, stored in self.items.between(first, last))
        for index in self.indexes.values():
            if not index.definition.is_global:
                total += sum(stored.size for _, stored in index.items.between(first, last))
        return total
