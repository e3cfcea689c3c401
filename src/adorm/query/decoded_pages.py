"""The items of a query or scan, page after page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, cast

from adorm.calls.capacity import Capacity
from adorm.dynamodb.values import AttributeMap
from adorm.errors import DeadlineExceeded, ItemDecodeError
from adorm.query.decoder import Unreadable
from adorm.query.page_reader import PageReader
from adorm.query.read_request import ReadRequest

ItemT = TypeVar("ItemT")


class DecodedPages(Generic[ItemT]):
    """The pages of a query or scan as lists of what it gives.

    Args:
        prepare: makes the request, when the first page is asked for.
        limit: the most items to give over all pages.
        capacity: counts what the requests consume.
    """

    def __init__(
        self,
        prepare: Callable[[], ReadRequest[ItemT]],
        limit: int | None,
        capacity: Capacity | None = None,
    ) -> None:
        self._prepare = prepare
        self._limit = limit
        self._capacity = capacity
        self._reading: tuple[ReadRequest[ItemT], PageReader] | None = None
        self._left: int | None = None
        """Items that may still be given, where the reader can't bound them."""
        self._last_key: AttributeMap | None = None
        """Of the last page that was given."""
        self.errors: list[ItemDecodeError] = []
        """Of the items so far that do not fit the model."""

    async def next(self) -> list[ItemT | Unreadable] | None:
        """The items of the next page, with `Unreadable` for each that does not fit the model; None
        after the last page."""
        if self._reading is None:
            read = self._prepare()
            # Items of other models that are dropped after reading must not count.
            self._left = self._limit if read.drops_other_kinds else None
            most_items = None if read.drops_other_kinds else self._limit
            reader = PageReader(read, most_items=most_items, capacity=self._capacity)
            self._reading = read, reader
        read, reader = self._reading
        if self._left == 0:
            return None
        page = await reader.next()
        if page is None:
            return None
        items = await read.decoder.decode_each(page.items, self.errors, self._capacity)
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
