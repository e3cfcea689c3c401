"""`page()` of a query over shards: its cursor has a position for each of them."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

from adorm.calls.capacity import Capacity
from adorm.errors import BadCursor, DeadlineExceeded
from adorm.query.decoder import Unreadable
from adorm.query.pages import Page
from adorm.query.partition_cursors import check_position, positions_in, start_key_in
from adorm.query.partition_reader import PartitionReader
from adorm.query.partition_reads import PartitionReads
from adorm.query.read_request import ReadRequest
from adorm.query.shards import MergedShards, Position, shard_cursor

ItemT = TypeVar("ItemT")


class PageOfShards(Generic[ItemT]):
    """Reads one `Page`: `limit` items, or without a limit about one page of each shard.

    Raises:
        BadCursor: the cursor is not one of this query.
    """

    def __init__(
        self,
        read: ReadRequest[ItemT],
        partitions: PartitionReads[ReadRequest[ItemT]],
        limit: int | None,
        cursor: str | None,
    ) -> None:
        self._read = read
        self._limit = limit
        self._cursor = cursor
        self._positions = _positions(read, partitions, cursor) or [None] * len(partitions.slots)
        self._partitions = partitions

    def request(self) -> dict[str, Any]:
        """The first request."""
        for slot, position in zip(self._partitions.slots, self._positions, strict=True):
            if position is not True:
                name, most_items = self._partitions.attribute_name, self._most_items()
                start = position if isinstance(position, dict) else None
                return PartitionReader(slot, name, most_items=most_items, start_key=start).request()
        return dict(self._read.parameters)

    def _most_items(self) -> int | None:
        # one item more shows whether there are any after the page
        return None if self._limit is None else self._limit + 1

    async def get(self) -> Page[ItemT]:
        """The page.

        Raises:
            DeadlineExceeded: `.cursor` is the one that was given.
        """
        capacity, items = Capacity(), list[ItemT | Unreadable]()
        pages = MergedShards(self._read, self._most_items(), capacity, self._positions)
        try:
            async with pages:
                if self._limit is None:
                    items += await pages.next() or ()
                    has_more = pages.may_have_more
                else:
                    while some := await pages.take(self._limit - len(items)):
                        items += some
                    has_more = await pages.has_more()
        except DeadlineExceeded as error:
            error.cursor = self._cursor
            raise
        cursor = shard_cursor(self._read, pages.positions) if has_more else None
        read = [item for item in items if not isinstance(item, Unreadable)]
        return Page(
            read,
            cursor,
            len(read),
            pages.scanned_count,
            capacity.read_units or None,
            pages.errors,
        )


def _positions(
    read: ReadRequest[Any], partitions: PartitionReads[ReadRequest[Any]], cursor: str | None
) -> list[Position] | None:
    if cursor is None:
        return None
    held = positions_in(read, partitions, cursor)
    if not isinstance(held, list):
        raise BadCursor("this cursor is damaged: begin without one")
    listed = cast("list[object]", held)
    if len(listed) != len(partitions.slots):
        raise BadCursor("this cursor has another number of shards: begin without one")
    positions: list[Position] = []
    for each, slot in zip(listed, partitions.slots, strict=True):
        if each is None or each is True:
            positions.append(each)
            continue
        position = start_key_in(each)
        check_position(read, slot, partitions.attribute_name, position)
        positions.append(position)
    return positions
