"""Reading a query or scan page by page, one request at a time: as sent, and decoded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import attrs

from adorm.calls.capacity import CAPACITY_REPORT, Capacity
from adorm.codec.pages import ItemPage, as_page
from adorm.dynamodb.limits import MAX_LIMIT
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConnectionFailed
from adorm.query.read_request import ReadRequest
from adorm.transport.answer_shapes import is_key

ItemT = TypeVar("ItemT")


@attrs.frozen(eq=False)
class RawPage:
    """The answer to one request, its items as they came."""

    items: ItemPage
    count: int
    """Items in the answer; of a counted read they were not sent."""
    scanned_count: int
    """Items that DynamoDB read, before the filter."""
    capacity: float | None
    """Read units consumed, where DynamoDB reported them."""
    last_evaluated_key: AttributeMap | None
    """None: this is the last page."""


class PageReader:
    """Reads the pages of one query, scan or segment, each only when it is asked for.

    Args:
        most_items: bounds the items given over all pages. DynamoDB's Limit counts items before the
            filter, so with a filter a page is read at its full size and cut; `last_key` is then
            the key of the last item given, not of the last one read.
        start_key: reading begins after the item with this key (DynamoDB's exclusive start key).
        capacity: counts what the requests consume.
        page_size: the most items that DynamoDB reads for a page, in place of the read's.
        segment: the number of the segment, and how many there are; None for the whole table.
    """

    def __init__(
        self,
        read: ReadRequest[Any],
        *,
        most_items: int | None,
        start_key: AttributeMap | None = None,
        capacity: Capacity | None = None,
        page_size: int | None = None,
        segment: tuple[int, int] | None = None,
    ) -> None:
        self._read = read
        self._page_size = page_size or read.page_size
        self._segment = segment
        self._left = most_items
        self._capacity = capacity
        self._parser = read.decoder.page_parser()
        # Where the filter leaves out items of other models only, it may leave out few or many.
        # `first()` in a partition of a thousand items then reads one item, and twice as many each
        # time that a page had too few. 0: pages are read at their full size.
        self._least_limit = 1 if read.filters_kinds_only else 0
        self.is_done = most_items == 0
        """Whether there is no further page."""
        self.last_key = start_key
        """Where the next page begins; None before the first page and after the last."""

    @property
    def model(self) -> type[Any]:
        """The model that is read; hooks and telemetry ask for it."""
        model: type[Any] = self._read.binding.info.model
        return model

    def __str__(self) -> str:
        """The table, for error messages."""
        return self._read.binding.table_name

    def report_capacity(self) -> None:
        """Ask DynamoDB what each request consumes."""
        self._read.parameters.setdefault("ReturnConsumedCapacity", "TOTAL")

    async def next(self) -> RawPage | None:
        """The next page, which may be empty; None after the last."""
        if self.is_done:
            return None
        read, request = self._read, self.request()
        limit = int(request.get("Limit", MAX_LIMIT))
        if self._capacity is not None:
            request["ReturnConsumedCapacity"] = CAPACITY_REPORT
        answer = await read.binding.connection.call(
            read.operation,
            request,
            subject=self,
            retry=read.decoder.retry,
            read=None if self._parser is None else self._parser.parse,
        )
        items = as_page(answer.get("Items", []))
        last: AttributeMap | None = answer.get("LastEvaluatedKey") or None
        count = int(answer.get("Count", len(items)))
        if self._left is not None:
            if count > self._left:
                count = self._left
                if items:
                    del items[count:]
                    last = key_at(items, -1, read.key_names)
            self._left -= count
        self.last_key = last
        self.is_done = last is None or self._left == 0
        if self._least_limit:
            self._least_limit = 2 * limit
        if self._capacity is not None:
            self._capacity.count(read.operation, answer, reading=True)
        consumed = answer.get("ConsumedCapacity")
        return RawPage(
            items,
            count,
            int(answer.get("ScannedCount", count)),
            None if consumed is None else float(consumed["CapacityUnits"]),
            last,
        )

    def count_left_out(self, items: int) -> None:
        """Give that many items more: so many of the last page were not given after all."""
        if self._left is not None:
            self._left += items
            self.is_done = self.last_key is None

    def request(self) -> dict[str, Any]:
        """The request for the next page."""
        request = dict(self._read.parameters)
        if self._segment is not None:
            request["Segment"], request["TotalSegments"] = self._segment
        limit = self._page_size
        if self._left is not None and ("FilterExpression" not in request or self._least_limit):
            wanted = max(self._left, self._least_limit)
            limit = wanted if limit is None else min(limit, wanted)
        if limit is not None:
            request["Limit"] = min(limit, MAX_LIMIT)
        if self.last_key is not None:
            request["ExclusiveStartKey"] = self.last_key
        return request


def key_at(items: ItemPage, index: int, names: Iterable[str]) -> AttributeMap:
    """The key attributes, by these names, of one item of a page.

    Raises:
        ConnectionFailed: the item lacks one of them, or it is no key's value. Items of DynamoDB
            have all of them, so that the answer is not DynamoDB's.
    """
    try:
        key = items.key(index, names)
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
