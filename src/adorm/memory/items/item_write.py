"""Internal: the write of one item, alone, in a batch or in a transaction.

A write has three steps. `evaluate` checks the condition and computes the new item. `prepare` works
out every change of the table and its indexes; it may fail. `commit` stores them and can't fail. A
transaction evaluates and prepares all writes before it commits the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from adorm.memory.errors import EngineError, invalid, invalid_value
from adorm.memory.limits import MAX_ATTRIBUTE_NAME_BYTES, MAX_ITEM_BYTES
from adorm.memory.storage.keys import Position
from adorm.memory.storage.ordered_items import StoredItem
from adorm.memory.storage.table import PreparedWrite, Table, TableChange
from adorm.memory.values.canonical import Item, check_depth
from adorm.memory.values.name_sizes import check_item_names
from adorm.memory.values.sizes import attribute_bytes

if TYPE_CHECKING:
    from adorm.memory.database import Database
    from adorm.memory.expressions.conditions import Condition
    from adorm.memory.expressions.updates import Update


class EvaluatedWrite(NamedTuple):
    """The result of a write whose condition holds. Nothing is stored yet."""

    old: Item | None
    """The item before the write; None if it does not exist."""
    new: Item | None
    """The item after the write; None if there is none."""
    stored: StoredItem | None
    """The new item in its stored form."""


class ItemWrite:
    """One write of one item. Its request was already checked against the table.

    Args:
        table: the table that is written.
        position: the position of the item in the table.
        key: the key attributes of the item.
        make_new: computes the new item from the old one; None stands for no item on both sides.
        condition: must hold for the old item.
        returns_item: whether the error of a failed condition carries the old item.
        stored: the stored form of a put; None if `make_new` computes the item.
        changed: the attributes that `make_new` may change; None for any.
        only_checks: whether the write only checks its condition and stores nothing.
    """

    __slots__ = (
        "changed",
        "condition",
        "key",
        "make_new",
        "only_checks",
        "position",
        "returns_item",
        "stored",
        "table",
    )

    def __init__(
        self,
        table: Table,
        position: Position,
        key: Item,
        make_new: Callable[[Item | None], Item | None],
        condition: Condition | None = None,
        *,
        returns_item: bool = False,
        stored: StoredItem | None = None,
        changed: frozenset[str] | None = None,
        only_checks: bool = False,
    ) -> None:
        self.table = table
        self.position = position
        self.key = key
        self.make_new = make_new
        self.condition = condition
        self.returns_item = returns_item
        self.stored = stored
        self.changed = changed
        self.only_checks = only_checks

    def evaluate(self) -> EvaluatedWrite:
        """Check the condition and compute the new item. Nothing is stored yet.

        Raises:
            EngineError: the condition does not hold, or the new item is not allowed.
        """
        before = self.table.find(self.position)
        old = None if before is None else before.item()
        if self.condition is not None and not self.condition.matches(old or {}):
            raise condition_failed(old if self.returns_item else None)
        if self.only_checks:
            return EvaluatedWrite(old, old, before)
        new = self.make_new(old)
        if new is None or self.stored is not None:
            return EvaluatedWrite(old, new, self.stored)
        size = None
        if before is not None and old is not None and self.changed is not None:
            # Most updates change few attributes: count only those again.
            size = before.size - attribute_bytes(old, self.changed)
            size += attribute_bytes(new, self.changed)
        stored = StoredItem.of(new, size)
        if stored.size > MAX_ATTRIBUTE_NAME_BYTES:
            check_item_names(new)
        if stored.size > MAX_ITEM_BYTES:
            raise invalid("Item size to update has exceeded the maximum allowed size")
        return EvaluatedWrite(old, new, stored)

    def prepare(self, database: Database, evaluated: EvaluatedWrite) -> PreparedWrite | None:
        """Work out every change of the table; None if the write only checks a condition."""
        if self.only_checks:
            return None
        return self.table.prepare(
            self.position, evaluated.new, stored=evaluated.stored, now=database.now()
        )

    def apply(self, database: Database, evaluated: EvaluatedWrite) -> TableChange:
        """Store an evaluated write."""
        return self.commit(evaluated, self.prepare(database, evaluated))

    def commit(self, evaluated: EvaluatedWrite, prepared: PreparedWrite | None) -> TableChange:
        """Store a prepared write. It can't fail."""
        if prepared is None:
            return TableChange(evaluated.stored, evaluated.stored, [])
        return self.table.commit(prepared)


def condition_failed(item: Item | None) -> EngineError:
    """Make a `ConditionalCheckFailedException`, with the item if it is to be returned."""
    return EngineError(
        "ConditionalCheckFailedException",
        "The conditional request failed",
        fields=None if item is None else {"Item": item},
    )


def put_write(
    table: Table,
    item: Item,
    stored: StoredItem,
    condition: Condition | None = None,
    *,
    returns_item: bool = False,
    in_batch: bool = False,
) -> ItemWrite:
    """Make the write that stores `item`, and replaces the item with the same key.

    Args:
        table: the table that is written.
        item: a canonical item.
        stored: the stored form of the item, from `stored_put`.
        condition: must hold for the old item.
        returns_item: whether the error of a failed condition carries the old item.
        in_batch: whether BatchWriteItem writes; its message about a wrong key differs.

    Raises:
        EngineError: a key attribute is missing, or the table or an index does not allow its value.
    """
    table.schema.check_item(item, in_batch=in_batch)
    if table.indexes:
        table.check_indexes(item)
    return ItemWrite(
        table,
        table.schema.position(item),
        table.schema.key_of(item),
        lambda old: item,
        condition,
        returns_item=returns_item,
        stored=stored,
    )


def delete_write(
    table: Table, key: Item, condition: Condition | None = None, *, returns_item: bool = False
) -> ItemWrite:
    """Make the write that removes the item with this key. A missing item is no error.

    Raises:
        EngineError: the key does not match the key schema of the table.
    """
    table.schema.check_key(key)
    return ItemWrite(
        table,
        table.schema.position(key),
        key,
        lambda old: None,
        condition,
        returns_item=returns_item,
    )


def check_write(
    table: Table, key: Item, condition: Condition | None, *, returns_item: bool = False
) -> ItemWrite:
    """Make the action of a transaction that only checks a condition.

    Raises:
        EngineError: the key does not match the key schema of the table.
    """
    table.schema.check_key(key)
    return ItemWrite(
        table,
        table.schema.position(key),
        key,
        lambda old: old,
        condition,
        returns_item=returns_item,
        only_checks=True,
    )


def update_write(
    table: Table,
    key: Item,
    update: Update | None,
    condition: Condition | None = None,
    *,
    returns_item: bool = False,
) -> ItemWrite:
    """Make the write that changes the item with this key, or creates it.

    Without an update, a missing item is created with its key alone. An update that only removes
    creates no item.

    Raises:
        EngineError: the key does not match the key schema of the table, or the update would change
            a key attribute.
    """
    table.schema.check_key(key)
    if update is not None:
        for name in table.schema.attributes:
            if name in update.attributes:
                raise invalid_value(
                    f"Cannot update attribute {name}. This attribute is part of the key"
                )

    def make_new(old: Item | None) -> Item | None:
        if update is None:
            return key if old is None else old
        if old is None and update.only_removes:
            update.apply(key)  # refuses a path into a missing map or list
            return None
        new: Item = update.apply(key if old is None else old)
        check_depth(new)
        if table.indexes:
            table.check_indexes(new, before=old or {})
        return new

    return ItemWrite(
        table,
        table.schema.position(key),
        key,
        make_new,
        condition,
        returns_item=returns_item,
        changed=None if update is None else update.attributes,
    )


def stored_put(item: Item) -> StoredItem:
    """Return the stored form of an item that a request puts.

    Raises:
        EngineError: the item is larger than 400 KB, or an attribute name is too long.
    """
    stored = StoredItem.of(item)
    if stored.size > MAX_ATTRIBUTE_NAME_BYTES:
        check_item_names(item)
    if stored.size > MAX_ITEM_BYTES:
        raise invalid("Item size has exceeded the maximum allowed size")
    return stored


def returns_item_on_failure(request: Mapping[str, Any]) -> bool:
    """Whether the error of a failed condition carries the old item."""
    return request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
