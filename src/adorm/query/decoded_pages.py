"""The pages of a query or scan, decoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import attrs

from adorm.calls.capacity import Capacity
from adorm.dynamodb.values import AttributeMap
from adorm.errors import DeadlineExceeded, ItemDecodeError
from adorm.query.decoder import Unreadable
from adorm.query.page_reader import PageReader
from adorm.query.read_request import ReadRequest

if TYPE_CHECKING:
    from adorm.query.partition_reader import PartitionReader

ItemT = TypeVar("ItemT")


async def count_of(read: ReadRequest[Any], most_items: int | None) -> int:
    """How many items a query or scan has, up to `most_items`."""
    if read.partitions is not None and len(read.partitions.slots) > 1:
        from adorm.query.shards import count_shards

        return await count_shards(read, most_items)
    reader, total = reader_of(read, most_items=most_items), 0
    while (page := await reader.next()) is not None:
        total += page.count
    return total


def reader_of(
    read: ReadRequest[Any],
    *,
    most_items: int | None,
    start_key: AttributeMap | None = None,
    capacity: Capacity | None = None,
) -> PageReader | PartitionReader:
    """What reads the pages of a query, of one partition or of several one after the other."""
    partitions = read.partitions
    if partitions is None:
        return PageReader(read, most_items=most_items, start_key=start_key, capacity=capacity)
    from adorm.query.partition_reader import PartitionReader

    return PartitionReader(
        [each for slot in zip(*partitions.slots, strict=True) for each in slot],
        partitions.attribute_name,
        most_items=most_items,
        start_key=start_key,
        capacity=capacity,
    )


@attrs.define(eq=False, repr=False)
class DecodedPages(Generic[ItemT]):
    """The pages of a query or scan as lists of what it gives."""

    _prepare: Callable[[], ReadRequest[ItemT]]
    """Makes the request, when the first page is asked for."""
    _limit: int | None
    """The most items to give over all pages."""
    _capacity: Capacity | None = None
    """Counts what the requests consume."""
    _reading: tuple[ReadRequest[ItemT], PageReader | PartitionReader] | None = attrs.field(
        default=None, init=False
    )
    _left: int | None = attrs.field(default=None, init=False)
    """Items that may still be given, where the reader can't bound them."""
    _last_key: AttributeMap | None = attrs.field(default=None, init=False)
    """Of the last page that was given."""
    errors: list[ItemDecodeError] = attrs.field(factory=list[ItemDecodeError], init=False)
    """Of the items so far that do not fit the model."""

    async def next(self) -> list[ItemT | Unreadable] | None:
        """The next page's items, with `Unreadable` for each that does not fit; None at the end."""
        if self._reading is None:
            read = self._prepare()
            # Items of other models that are dropped after reading must not count.
            self._left = self._limit if read.drops_other_kinds else None
            most_items = None if read.drops_other_kinds else self._limit
            reader = reader_of(read, most_items=most_items, capacity=self._capacity)
            self._reading = read, reader
        read, reader = self._reading
        if self._left == 0:
            return None
        page = await reader.next()
        if page is None:
            return None
        items = await read.decoder.decode_each(page.items, self.errors, self._capacity)
        if len(items) < page.count:
            reader.count_left_out(page.count - len(items))
        self._last_key = reader.last_key
        if self._left is not None:
            del items[self._left :]
            self._left -= len(items)
        return items

    async def all(self, *, passes_over: bool = False) -> list[ItemT]:
        """The items of all pages.

        Args:
            passes_over: leave out items that do not fit the model. Without, reading ends with the
                first page that has one; `errors` is not empty then.

        Raises:
            DeadlineExceeded: `.result` are the items so far, `.cursor` goes on after them.
        """
        items: list[ItemT] = []
        try:
            while (page := await self.next()) is not None:
                if self.errors:
                    if not passes_over:
                        return items
                    page = [item for item in page if not isinstance(item, Unreadable)]
                items += cast("list[ItemT]", page)
        except DeadlineExceeded as error:
            error.result = items
            if self._last_key is not None and self._reading is not None:
                error.cursor = self._reading[0].cursor(self._last_key)
            raise
        return items
