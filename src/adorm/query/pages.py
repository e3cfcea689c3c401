"""Reading page after page: the one loop behind queries and scans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from adorm.calls.capacity import ASKED, Capacity
from adorm.dynamodb.limits import MAX_LIMIT
from adorm.errors import AttributeMap, ConnectionFailed, ItemDecodeError
from adorm.items.binding import Binding, PageItems
from adorm.retry import RetryPolicy
from adorm.transport.answer_shapes import is_key
from adorm.transport.base import ReadRequest

if TYPE_CHECKING:
    from adorm.codec.compiled.shapes import Shape

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
    """Items that DynamoDB read for it, before the filter; what a page costs goes by them."""
    capacity: float | None = None
    """Read units consumed, those of `hydrate()` included, where DynamoDB said so."""
    errors: Sequence[ItemDecodeError] = ()
    """One for each item that does not fit the model and is left out; `cursor` goes on after these
    too."""

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><code>{_escaped(repr(item))}</code></td></tr>" for item in self.items
        )
        unreadable = f", {len(self.errors)} that can't be read" if self.errors else ""
        caption = f"{self.count} items, {self.scanned_count} read{unreadable}{', more to come' if self.cursor else ''}"
        return f"<table><caption>{caption}</caption>{rows}</table>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@attrs.frozen(eq=False)
class RawPage:
    """What one request gave."""

    items: PageItems
    count: int
    scanned_count: int
    capacity: float | None
    last_evaluated_key: AttributeMap | None


def key_at(items: PageItems, place: int, names: Iterable[str]) -> AttributeMap:
    """Some attributes of one item of a page.

    Raises:
        ConnectionFailed: the item lacks one of them, or it is none of a key: DynamoDB's items have
            them.
    """
    try:
        if isinstance(items, list):
            attribute_map = items[place]
            key = {name: attribute_map[name] for name in names}
        else:
            key = items.key(place, names)
    except KeyError as error:
        raise ConnectionFailed(
            f"the answer can't be read: an item has no {error.args[0]}, which is in its key",
            maybe_applied=False,
        ) from error
    if not is_key(key):
        raise ConnectionFailed(
            "the answer can't be read: what is in an item's key is no value of one",
            maybe_applied=False,
        )
    return key


class PageReader:
    """Reads the pages of one Query or Scan, one request at a time, each only when asked for.

    `most_items` bounds the items given over all pages. DynamoDB's Limit counts items before the
    filter, so with a filter a page is read at its full size and cut; `last_key` is then the key of
    the last item given, not the last one read.
    """

    def __init__(
        self,
        binding: Binding,
        operation: str,
        request: dict[str, Any],
        *,
        key_names: frozenset[str],
        most_items: int | None,
        page_size: int | None,
        start_key: AttributeMap | None = None,
        retry: RetryPolicy | None = None,
        capacity: Capacity | None = None,
        shape: Shape | None = None,
        filters_kinds_only: bool = False,
    ) -> None:
        self._binding = binding
        self._operation = operation
        self._request = request
        self._key_names = key_names
        self._left = most_items
        self._page_size = page_size
        self._retry = retry
        self._capacity = capacity
        self._shape = shape
        """Parses the answers, where whole items are read: `RawPage.items` may be `ParsedItems`
        then."""
        self._ahead = 1 if filters_kinds_only else 0
        """How many items to read at least for those that are still wanted; 0 for a whole page.

        A filter that leaves out items of other kinds leaves out few or many: `first()` in a
        partition of a thousand items reads one, and twice as many each time that the page had too
        few.
        """
        self._done = most_items == 0
        self.last_key = start_key
        """Where the next page begins; None before the first page and after the last."""

    @property
    def model(self) -> type[Any]:
        """What it reads, for those who watch calls."""
        model: type[Any] = self._binding.info.model
        return model

    def __str__(self) -> str:
        """What errors say it is about: the table."""
        return str(self._request["TableName"])

    @property
    def is_done(self) -> bool:
        """Whether there is no further page."""
        return self._done

    async def next(self) -> RawPage | None:
        """The next page, which may be empty; None after the last."""
        if self._done:
            return None
        request = self.request()
        if self._capacity is not None:
            request["ReturnConsumedCapacity"] = ASKED
        if self._shape is not None:
            request = ReadRequest(request, self._shape.parse)
        answer = await self._binding.connection.call(
            self._operation, request, subject=self, retry=self._retry
        )
        items: PageItems = answer.get("Items", [])
        last: AttributeMap | None = answer.get("LastEvaluatedKey") or None
        count = int(answer.get("Count", len(items)))
        if self._left is not None:
            if count > self._left:
                count = self._left
                if items:
                    del items[count:]
                    last = key_at(items, -1, self._key_names)
            self._left -= count
        self.last_key = last
        self._done = last is None or self._left == 0
        if self._ahead:
            self._ahead = 2 * int(request.get("Limit", MAX_LIMIT))
        if self._capacity is not None:
            self._capacity.count(self._operation, answer, reading=True)
        consumed = answer.get("ConsumedCapacity")
        return RawPage(
            items,
            count,
            int(answer.get("ScannedCount", count)),
            None if consumed is None else float(consumed["CapacityUnits"]),
            last,
        )

    def request(self) -> dict[str, Any]:
        """The request for the next page."""
        request = dict(self._request)
        size = self._page_size
        if self._left is not None and ("FilterExpression" not in request or self._ahead):
            ahead = max(self._left, self._ahead)
            size = ahead if size is None else min(size, ahead)
        if size is not None:
            request["Limit"] = min(size, MAX_LIMIT)
        if self.last_key is not None:
            request["ExclusiveStartKey"] = self.last_key
        return request
