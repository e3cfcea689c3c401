"""Internal: the write of one item: checked, then evaluated, then applied; alone, in a batch or in a
transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from adorm.memory.errors import EngineError, invalid, invalid_value
from adorm.memory.limits import MAX_ATTRIBUTE_NAME_BYTES, MAX_ITEM_BYTES
from adorm.memory.storage.keys import Position
from adorm.memory.storage.ordered_items import StoredItem
from adorm.memory.storage.table import Change, PreparedWrite, Table
from adorm.memory.values.canonical import Item, check_depth
from adorm.memory.values.name_sizes import check_item_names
from adorm.memory.values.sizes import attribute_bytes

if TYPE_CHECKING:
    from adorm.memory.database import Database
    from adorm.memory.expressions.conditions import Condition
    from adorm.memory.expressions.updates import Update


class EvaluatedWrite(NamedTuple):
    """What a write will do, once its condition was found to hold."""

    old: Item | None
    """The item as it stands; None where there is none."""
    new: Item | None
    """The item as it shall stand; None for none."""
    stored: StoredItem | None
    """The new item as it will be stored."""


class ItemWrite:
    """One write of one item, whose request was checked against its table.

    Args:
        table: where.
        position: which item.
        key: the item's key attributes.
        make_new: from the item as it stands (None for none) to the item as it shall stand (None for
            none).
        condition: must hold for the item as it stands.
        returns_item: whether a failed condition's error carries the item.
        stored: what a put stores; None where `make_new` decides.
        changed: the attributes that `make_new` may change; None for any.
        only_checks: nothing is written, whatever the item is.
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
        """Check the condition and find the new item; nothing is changed yet.

        Raises:
            EngineError: the condition does not hold, or the new item can't be.
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
            # Most updates change little of an item: the rest is not counted again.
            size = before.size - attribute_bytes(old, self.changed)
            size += attribute_bytes(new, self.changed)
        stored = StoredItem.of(new, size)
        if stored.size > MAX_ATTRIBUTE_NAME_BYTES:
            check_item_names(new)
        if stored.size > MAX_ITEM_BYTES:
            raise invalid("Item size to update has exceeded the maximum allowed size")
        return EvaluatedWrite(old, new, stored)

    def prepare(self, database: Database, evaluated: EvaluatedWrite) -> PreparedWrite | None:
        """Work out every change of the table that can fail; None for a check of a condition."""
        if self.only_checks:
            return None
        return self.table.prepare(
            self.position, evaluated.new, stored=evaluated.stored, now=database.now()
        )

    def apply(self, database: Database, evaluated: EvaluatedWrite) -> Change:
        """Store what was evaluated."""
        return self.commit(evaluated, self.prepare(database, evaluated))

    def commit(self, evaluated: EvaluatedWrite, prepared: PreparedWrite | None) -> Change:
        """Store what was prepared."""
        if prepared is None:
            return Change(evaluated.stored, evaluated.stored, [])
        return self.table.commit(prepared)


def condition_failed(item: Item | None) -> EngineError:
    """A `ConditionalCheckFailedException`, with the item where it is to be told."""
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
    """The write that stores `item` in the place of what has its key.

    Args:
        table: where.
        item: a canonical item.
        stored: the same as `stored_put` makes it.
        condition: must hold for the item as it stands.
        returns_item: whether a failed condition's error carries the item.
        in_batch: whether BatchWriteItem asks, which words a wrong key differently.

    Raises:
        EngineError: the item lacks a key attribute, or has one that the table or an index can't
            take.
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
    """The write that removes the item with this key, if there is one.

    Raises:
        EngineError: the key is not the table's.
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
    """The part of a transaction that only checks a condition.

    Raises:
        EngineError: the key is not the table's.
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
    """The write that changes the item with this key, or makes it.

    Without an update the item is made of its key alone if there is none. An update that only
    removes makes no item.

    Raises:
        EngineError: the key is not the table's, or the update would change a key attribute.
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
            update.apply(key)  # which refuses a path that leads nowhere
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
    """An item that a request wants to put, as it will be stored.

    Raises:
        EngineError: the item is larger than 400 KB, or has a name that is too long.
    """
    stored = StoredItem.of(item)
    if stored.size > MAX_ATTRIBUTE_NAME_BYTES:
        check_item_names(item)
    if stored.size > MAX_ITEM_BYTES:
        raise invalid("Item size has exceeded the maximum allowed size")
    return stored


def returns_item_on_failure(request: Mapping[str, Any]) -> bool:
    """Whether a failed condition's error carries the item."""
    return request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
