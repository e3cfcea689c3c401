"""What a stream of a scan reads: its request, its segments, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.codec.pages import ItemPage, MapPage
from adorm.dynamodb.values import AttributeMap, canonical
from adorm.outcomes import Progress
from adorm.query.page_reader import PageReader, RawPage, key_at
from adorm.query.read_request import ReadRequest
from adorm.segments.checkpoints import Position, Scanned
from adorm.segments.pacing import ReadBudget

ItemT = TypeVar("ItemT")


@attrs.frozen(eq=False, kw_only=True)
class SegmentedRead(Generic[ItemT]):
    """A scan, ready to be read segment by segment."""

    read: ReadRequest[ItemT]
    scanned: Scanned
    """What the checkpoints are bound to."""
    total_segments: int | None
    """None: the scan is not parallel, and an error is raised as it is."""
    positions: list[Position]
    """Where each segment begins; one position where the scan is not parallel."""
    limit: int | None
    """The most items to give."""
    collects_errors: bool
    in_segment_order: bool
    budget: ReadBudget | None
    report: Callable[[Progress], object] | None
    expected_items: int | None
    """About how many items there are, for the report."""
    capacity: Capacity
    """Counts what all requests consume."""

    def __str__(self) -> str:
        """For error messages: `Order (table orders)`."""
        return f"{self.read.binding.info.name} (table {self.read.binding.table_name})"

    def monotonic(self) -> float:
        """The clock of the connection, in seconds."""
        return self.read.binding.connection.clock.monotonic()


def segment_reader(
    read: ReadRequest[Any],
    segment: int,
    total_segments: int | None,
    position: Position,
    *,
    limit: int | None,
    capacity: Capacity | None = None,
) -> PageReader:
    """Reads the pages of one segment, or of the whole table where `total_segments` is None."""
    page_size = None
    if total_segments is None and limit and "FilterExpression" not in read.parameters:
        page_size = min(limit, read.page_size or limit)
    return PageReader(
        read,
        most_items=None,
        start_key=position.after,
        capacity=capacity,
        page_size=page_size,
        segment=None if total_segments is None else (segment, total_segments),
    )


@attrs.define(eq=False)
class SegmentPage:
    """A page of one segment, until all its items are given."""

    segment: int
    items: ItemPage
    items_as_read: ItemPage
    """What the scan itself read of each item. Where whole items were fetched later, their index
    keys may have changed meanwhile, so that a position comes from these."""
    end: Position
    """Where the segment stands after this page."""
    scanned_count: int
    """Items that DynamoDB read for it, before the filter."""
    count: int
    """Items in the answer."""
    decoded: list[Any] = attrs.Factory(list[Any])
    """Decoded items that are not given yet, the next one last."""
    next_item: int = 0
    """The number of the item to decode next."""
    counted: int = 0
    """How many of them the segment's position and outcome already include."""
    error: Exception | None = None
    """Why the item after the decoded ones could not be decoded."""

    def position_after(self, item: int, key_names: frozenset[str]) -> Position:
        """Where the segment stands once the item with this number, and all before it, are given."""
        if item == len(self.items) - 1:
            return self.end
        return Position(key_at(self.items_as_read, item, key_names))


class SegmentReader:
    """Reads the pages of one segment, within the budget of read units."""

    def __init__(self, scan: SegmentedRead[Any], segment: int) -> None:
        self._scan = scan
        self._segment = segment
        self._pages = segment_reader(
            scan.read,
            segment,
            scan.total_segments,
            scan.positions[segment],
            limit=scan.limit,
            capacity=scan.capacity,
        )

    async def next(self) -> SegmentPage | None:
        """The next page, whole items fetched where the scan hydrates; None after the last."""
        page = await self._next_page()
        if page is None:
            return None
        last_key = page.last_evaluated_key
        items = await self._scan.read.decoder.whole_items(page.items, self._scan.capacity)
        return SegmentPage(
            self._segment,
            items,
            page.items if items is page.items else self._as_read(page.items, items),
            Position(last_key, finished=last_key is None),
            page.scanned_count,
            page.count,
        )

    async def _next_page(self) -> RawPage | None:
        budget = self._scan.budget
        if budget is None:
            return await self._pages.next()
        if self._pages.is_done:
            return None
        reserved = await budget.reserve()
        consumed: float | None = None
        try:
            page = await self._pages.next()
            consumed = None if page is None else page.capacity or 0.0
            return page
        finally:
            budget.correct(reserved, consumed)

    def _as_read(self, page: ItemPage, whole_items: ItemPage) -> ItemPage:
        """The items of the page in the order of the whole items, found by their keys."""
        names = self._scan.read.binding.info.key_order

        def key(attribute_map: AttributeMap) -> tuple[object, ...]:
            return tuple(canonical(attribute_map[name]) for name in names)

        by_key = {key(each): each for each in page.attribute_maps()}
        return MapPage([by_key[key(each)] for each in whole_items.attribute_maps()])
