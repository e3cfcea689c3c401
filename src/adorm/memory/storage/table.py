"""Internal: a table with its items and indexes. Every change of an item goes through
`Table.prepare`, which may fail, and `Table.commit`, which can't."""

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
    """What a table tells of each change of an item: `streams.stream.Stream`."""

    def prepare(
        self, old_item: Item | None, new_item: Item | None, *, now: float, expired: bool
    ) -> Callable[[], None] | None:
        """What keeps a record of a change, and can't fail; None where both items are equal."""
        ...

    def close(self, now: float) -> None:
        """Take no further record."""
        ...


class IndexChange(NamedTuple):
    """What one write did to one index."""

    target: Index
    old_size: int | None
    """Bytes of the entry before; None where there was none."""
    new_size: int | None
    moved: bool
    """Whether the entry has another key, so that it was removed and written anew."""


class IndexStep(NamedTuple):
    """How one index follows a write: worked out before anything is changed."""

    target: Index
    old: tuple[Position, StoredItem] | None
    """The entry as it stands; None for none."""
    new: tuple[Position, StoredItem] | None
    """The entry as it shall stand; None for none."""


class PreparedWrite(NamedTuple):
    """A write of one item of which nothing is left that can fail."""

    position: Position
    old: StoredItem | None
    new: StoredItem | None
    steps: Sequence[IndexStep]
    """Only the indexes whose entries change."""
    record: Callable[[], None] | None
    """Tells the stream; None where it learns nothing."""
    now: float


class Change(NamedTuple):
    """What one write did to a table."""

    old: StoredItem | None
    new: StoredItem | None
    indexes: list[IndexChange]
    """Only the indexes whose entries changed."""


class Index:
    """A secondary index: copies of items, by another key.

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
        """For an index that UpdateTable added, while its status is CREATING: whether items are
        being put into it."""
        self.described_as: dict[str, Any] = {}
        """Members of the index's description that still read as before a change that is under
        way."""
        self._table_schema = table_schema
        self.projected: frozenset[str] | None = None
        """The attributes that entries hold; None for all."""
        if definition.projection_type != "ALL":
            self.projected = frozenset(
                (
                    *table_schema.attributes,
                    *self.schema.attributes,
                    *definition.non_key_attributes,
                )
            )

    def position(self, item: Mapping[str, Value]) -> Position:
        """Where the entry of an item lies: by the index's key, then by its place in the table."""
        return (*self.schema.position(item), *self._table_schema.position(item))

    def entry(self, item: Item, stored: StoredItem) -> tuple[Position, StoredItem] | None:
        """The entry that this index holds for an item; None where it holds none."""
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
        """How to follow a write of the table; None if the index's entry stays as it is."""
        old = self.entry(*before) if before else None
        new = self.entry(*after) if after else None
        if old is None and new is None:
            return None
        if old and new and old[0] == new[0] and old[1].item() == new[1].item():
            return None
        return IndexStep(self, old, new)

    def follow(self, step: IndexStep) -> IndexChange:
        """Do what `step` worked out."""
        _, old, new = step
        moved = old is not None and new is not None and old[0] != new[0]
        if old is not None and (new is None or moved):
            self.items.remove(old[0])
        if new is not None:
            self.items.put(*new)
        return IndexChange(self, old and old[1].size, new and new[1].size, moved=moved)


class Table:
    """A table's items, its indexes and its stream."""

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
        self.under_way: dict[str, dict[str, Any]] = {}
        """Changes that are under way, by their kind (see `table_states`). Each holds the members of
        the table's description that still read as before it."""
        self.stream: ItemStream | None = None
        self.log: ChangeLog | None = None
        """What items were before each write, while point-in-time recovery is on."""
        self._due: list[tuple[float, Callable[[], None]]] = []

    # ------------------------------------------------------------------ states

    def later(self, at: float, transition: Callable[[], None]) -> None:
        """Run `transition` when the table is next looked at from the moment `at` on."""
        self._due.append((at, transition))

    def apply_due_changes(self, now: float) -> None:
        """Run the transitions that are due, in the order of their moments."""
        while self._due:
            self._due.sort(key=lambda each: each[0])
            if self._due[0][0] > now:
                return
            _, transition = self._due.pop(0)
            transition()

    # ------------------------------------------------------------------- items

    def find(self, position: Position) -> StoredItem | None:
        """The item at a position."""
        return self.items.get(position)

    def check_indexes(self, item: Item, before: Item | None = None) -> None:
        """Refuse an item whose attributes an index can't take as its key.

        Args:
            item: the item as it would be stored.
            before: for an update, the item as it stands; attributes that it leaves alone are not
                checked again.

        Raises:
            EngineError: an attribute has another type than the index's key, or is empty or too
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
        """Work out everything that a write changes, before it changes anything.

        Args:
            position: where the item lies.
            new: the item as it shall stand, which was checked; None to remove it.
            stored: the new item in its stored form, where the caller has it already.
            expired: the item is removed since its time to live passed; its stream record says so.
            now: the time, for the stream's record and the log.
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
            record = self.stream.prepare(old_item, new, now=now, expired=expired)
        return PreparedWrite(
            position, old, stored, [each for each in steps if each is not None], record, now
        )

    def commit(self, write: PreparedWrite) -> Change:
        """Do a write that was prepared, in the table, its indexes and its stream."""
        position, old, new, steps, record, now = write
        if new is not None:
            self.items.put(position, new)
        elif old is not None:
            self.items.remove(position)
        if self.log is not None:
            self.log.append(now, position, old)
        changes = [each.target.follow(each) for each in steps]
        if record is not None:
            record()
        return Change(old, new, changes)

    def load(self, position: Position, item: Item) -> None:
        """Store an item as it was once stored: no stream is told, and indexes leave out what their
        key can't take."""
        stored = StoredItem.of(item)
        entries = [(index, index.entry(item, stored)) for index in self.indexes.values()]
        self.items.put(position, stored)
        for index, entry in entries:
            if entry is not None:
                index.items.put(*entry)

    def fill_index(self, index: Index) -> None:
        """Put every item of the table into a new index, then take the index up. Items that its key
        can't take are left out."""
        for _, stored in self.items.between():
            entry = index.entry(stored.item(), stored)
            if entry is not None:
                index.items.put(*entry)
        self.indexes[index.name] = index

    def collection_bytes(self, position: Position) -> int:
        """Bytes of the item collection at a position: the partition's items, and their entries in
        local indexes."""
        token, partition = position[0], position[1]
        first, last = (token, partition), (token, partition, AFTER_ALL)
        total = sum(stored.size for _, stored in self.items.between(first, last))
        for index in self.indexes.values():
            if not index.definition.is_global:
                total += sum(stored.size for _, stored in index.items.between(first, last))
        return total
