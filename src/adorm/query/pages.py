"""`Page`: some items of a query, and the cursor that goes on after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar, cast

import attrs

from adorm.calls.capacity import Capacity
from adorm.codec.pages import MapPage
from adorm.dynamodb.values import AttributeMap
from adorm.errors import BadCursor, DeadlineExceeded, ItemDecodeError, UsageError
from adorm.query.cursors import decode_cursor
from adorm.query.decoded_pages import reader_of
from adorm.query.decoder import Unreadable
from adorm.query.page_reader import RawPage, key_at
from adorm.query.read_request import ReadRequest
from adorm.query.start_keys import start_key_problem

ItemT = TypeVar("ItemT")


@attrs.frozen
class Page(Generic[ItemT]):
    """One page of a query."""

    items: list[ItemT]
    cursor: str | None
    """Goes on just after the last item; None at the end."""
    count: int
    """Items in this page."""
    scanned_count: int
    """Items that DynamoDB read for it, before the filter; what a page costs depends on them."""
    capacity: float | None = None
    """Read units consumed, those of `hydrate()` included, where DynamoDB reported them."""
    errors: Sequence[ItemDecodeError] = ()
    """One for each item that does not fit the model; these are left out of `items`, and `cursor`
    goes on after them too."""

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><code>{_escaped(repr(item))}</code></td></tr>" for item in self.items
        )
        unreadable = f", {len(self.errors)} that can't be read" if self.errors else ""
        more = ", more to come" if self.cursor else ""
        caption = f"{self.count} items, {self.scanned_count} read{unreadable}{more}"
        return f"<table><caption>{caption}</caption>{rows}</table>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class PageOfItems(Generic[ItemT]):
    """Reads one `Page`.

    It takes as many of DynamoDB's pages as `limit` items need; without a limit, one.

    Raises:
        BadCursor: the cursor is not one of this query.
    """

    def __init__(self, read: ReadRequest[ItemT], limit: int | None, cursor: str | None) -> None:
        self._read = read
        self._limit = limit
        self._cursor = cursor
        # One more item shows whether there are any after the page.
        most_items = None if limit is None else limit + 1
        self._reader = reader_of(read, most_items=most_items, start_key=_start_key(read, cursor))
        self._pages: list[RawPage] = []
        """Those of DynamoDB's pages that have items."""
        self._count = 0
        self._scanned_count = 0
        self._capacity: float | None = None

    def request(self) -> dict[str, object]:
        """The first request."""
        return self._reader.request()

    async def get(self) -> Page[ItemT]:
        """The page.

        Raises:
            DeadlineExceeded: `.result` is the page as far as it was read, where something was, and
                `.cursor` goes on after that.
            UsageError: there is a limit, and the request can't leave out items of other models.
        """
        if self._read.drops_other_kinds and self._limit is not None:
            raise UsageError(
                f"a page of {self._limit} items can't be read here: the request can't leave out "
                "items of other kinds, so adorm does once they are read; take limit() away, "
                "or let the index hold the discriminator beside its keys"
            )
        self._reader.report_capacity()
        await self._read_pages()
        last_key = self._reader.last_key
        if self._limit is not None and self._count > self._limit:
            del self._pages[-1].items[-1:]
            last = next(page.items for page in reversed(self._pages) if page.items)
            last_key = key_at(last, -1, self._read.key_names)
        cursor = None if last_key is None else self._read.cursor(last_key)
        try:
            return await self._page(cursor)
        except DeadlineExceeded as error:  # while whole items were fetched: none of them is given
            error.cursor = self._cursor
            raise

    async def _read_pages(self) -> None:
        reader = self._reader
        try:
            while (page := await reader.next()) is not None:
                if page.items:
                    self._pages.append(page)
                self._count += len(page.items)
                self._scanned_count += page.scanned_count
                if page.capacity is not None:
                    self._capacity = (self._capacity or 0.0) + page.capacity
                if self._limit is None:
                    if self._pages or self._read.partitions is None:
                        return
                elif self._count >= self._limit:
                    return
        except DeadlineExceeded as error:
            error.cursor = self._cursor
            if reader.last_key is not None:
                has_read = bool(self._pages or self._scanned_count)
                if has_read and not self._read.decoder.hydrates:
                    error.cursor = self._read.cursor(reader.last_key)
                    error.result = await self._page(error.cursor)
                elif not self._pages:
                    error.cursor = self._read.cursor(reader.last_key)
            raise

    async def _page(self, cursor: str | None) -> Page[ItemT]:
        """The page of what was read, with this cursor."""
        decoder, errors = self._read.decoder, list[ItemDecodeError]()
        capacity = self._capacity
        if decoder.hydrates:  # the keys of all pages together: a BatchGetItem takes 100
            fetching = Capacity()
            keys = [key for page in self._pages for key in page.items.attribute_maps()]
            decoded = await decoder.decode_each(MapPage(keys), errors, fetching)
            if fetching.read_units:
                capacity = (capacity or 0.0) + fetching.read_units
        else:
            decoded = [
                item
                for page in self._pages
                for item in await decoder.decode_each(page.items, errors)
            ]
        if errors:
            decoded = [item for item in decoded if not isinstance(item, Unreadable)]
        items = cast("list[ItemT]", decoded)
        return Page(items, cursor, len(items), self._scanned_count, capacity, errors)


def _start_key(read: ReadRequest[ItemT], cursor: str | None) -> AttributeMap | None:
    if cursor is None:
        return None
    binding = read.binding
    if read.partitions is not None:
        from adorm.query.partition_cursors import start_key_of

        return start_key_of(read, read.partitions, cursor)
    start_key = decode_cursor(cursor, read.digest, binding.connection.cursor_secret, read.key_names)
    problem = start_key_problem(binding, read.parameters, start_key)
    if problem is not None:
        raise BadCursor(
            f"no page of this query can end where this cursor says: {problem}; begin without one"
        )
    return start_key
