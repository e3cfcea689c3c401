"""Internal: the items of a table or an index in the order of their positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson
from sortedcontainers import SortedList

from adorm.memory.storage.keys import Position
from adorm.memory.values.canonical import Item
from adorm.memory.values.sizes import item_bytes


class StoredItem(NamedTuple):
    """An item in its stored form: small JSON bytes. Each read makes a new copy."""

    json: bytes
    size: int
    """The size of the item in bytes, as the service counts it."""

    @classmethod
    def of(cls, item: Item, size: int | None = None) -> StoredItem:
        """Make the stored form of a canonical item; `size` is its bytes if they are known."""
        # Copy the bytes: the result of orjson keeps a larger block of memory in use.
        return cls(
            bytes(memoryview(orjson.dumps(item))), item_bytes(item) if size is None else size
        )

    def item(self) -> Item:
        """Return the item as a new copy."""
        item: Item = orjson.loads(self.json)
        return item


class OrderedItems:
    """Items in the order of their positions.

    The time to find, add or remove an item hardly grows with the number of items.
    """

    __slots__ = ("_at", "_order", "size")

    def __init__(self) -> None:
        self._at: dict[Position, StoredItem] = {}
        self._order: Any = SortedList()
        self.size = 0
        """The bytes of all items."""

    def __len__(self) -> int:
        return len(self._at)

    def get(self, position: Position) -> StoredItem | None:
        """The item at a position; None if there is none."""
        return self._at.get(position)

    def put(self, position: Position, stored: StoredItem) -> None:
        """Add an item, or replace the item at its position."""
        before = self._at.get(position)
        if before is None:
            self._order.add(position)
        else:
            self.size -= before.size
        self.size += stored.size
        self._at[position] = stored

    def remove(self, position: Position) -> None:
        """Remove the item at a position; a missing item is no error."""
        before = self._at.pop(position, None)
        if before is not None:
            self._order.remove(position)
            self.size -= before.size

    def between(
        self,
        first: Position | None = None,
        last: Position | None = None,
        *,
        after: Position | None = None,
        descending: bool = False,
    ) -> Iterator[tuple[Position, StoredItem]]:
        """The items from one position to another, with their positions; see `positions`."""
        at = self._at
        for position in self.positions(first, last, after=after, descending=descending):
            yield position, at[position]

    def contents(self, positions: Iterable[Position]) -> Iterator[StoredItem]:
        """The items at some positions, where each position has an item.

        Long pages use this function because it is faster than `between`.
        """
        return map(self._at.__getitem__, positions)

    def positions(
        self,
        first: Position | None = None,
        last: Position | None = None,
        *,
        after: Position | None = None,
        descending: bool = False,
    ) -> Iterator[Position]:
        """The positions of the items from one position to another, both included.

        Args:
            first, last: the bounds. A prefix of a position lies before every position that begins
                with it.
            after: begin behind this position, in the direction of reading; it need not have an
                item.
            descending: whether to read from `last` to `first`.
        """
        include_first = include_last = True
        if after is not None:
            if descending and (last is None or not last < after):
                last, include_last = after, False
            elif not descending and (first is None or not after < first):
                first, include_first = after, False
        found: Iterator[Position] = self._order.irange(
            first, last, (include_first, include_last), reverse=descending
        )
        return found
