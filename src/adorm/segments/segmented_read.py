"""What a stream of a scan reads: its request, its segments, and how far each has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.codec.pages import ItemPage, MapPage
from adorm.dynamodb.values import AttributeMap, canonical
from adorm.outcomes import Outcome, Progress
from adorm.query.page_reader import PageReader, RawPage, key_at
from adorm.query.read_request import ReadRequest
from adorm.segments.checkpoints import Position, Scanned, Ticket, Track, write_checkpoint
from adorm.segments.pacing import UnitBudget

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
    budget: UnitBudget | None
    report: Callable[[Progress], object] | None
    expected_items: int | None = None
    """About how many items there are, for the report."""
    capacity: Capacity = attrs.Factory(Capacity)
    """Counts what all requests consume."""

    def __str__(self) -> str:
        """For error messages: `Order (table orders)`."""
        return f"{self.read.binding.info.name} (table {self.read.binding.table_name})"

    def monotonic(self) -> float:
        """The clock of the connection, in seconds."""
        return self.read.binding.connection.clock.monotonic()

    def pages(self, segment: int) -> PageReader:
        """Reads the pages of one segment, or of the whole table where the scan is not parallel."""
        page_size, total_segments = None, self.total_segments
        if total_segments is None and self.limit and "FilterExpression" not in self.read.parameters:
            page_size = min(self.limit, self.read.page_size or self.limit)
        return PageReader(
            self.read,
            most_items=None,
            start_key=self.positions[segment].after,
            capacity=self.capacity,
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
        self._pages = scan.pages(segment)

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


class SegmentStates:
    """The position of each segment, and how many items it has given."""

    def __init__(self, scan: SegmentedRead[Any]) -> None:
        self._scan = scan
        self._tracks = [Track(number, position) for number, position in enumerate(scan.positions)]
        total = scan.total_segments
        self.outcomes = [
            Outcome(
                "scan" if total is None else f"segment {number} of {total}",
                0,
                finished=position.finished,
            )
            for number, position in enumerate(scan.positions, start=1)
        ]
        """One for each segment; `value` is how many items it has given."""
        self.left = scan.limit
        """Items that may still be given; None for no limit."""

    def hand_out(self, page: SegmentPage) -> Ticket:
        """Count the next item of a page as given; its ticket's `end` moves the position past it."""
        position = page.position_after(page.counted, self._scan.read.key_names)
        self._count(page, 1)
        return self._tracks[page.segment].begin(position)

    def count_given(self, page: SegmentPage) -> None:
        """Count the items of a page given since the last time, and move the position past them."""
        given = page.next_item - len(page.decoded) - page.counted
        if given:
            self._count(page, given)
            self._move_past(page, page.counted - 1)

    def pass_over(self, page: SegmentPage) -> None:
        """Move the position past the next item of a page without counting it as given."""
        self._move_past(page, page.next_item)
        page.next_item += 1
        page.counted += 1

    def count_page(self, page: SegmentPage) -> None:
        """Count all items of a page, and move the position past it."""
        self._add_to_outcome(page, page.count)
        self.finish(page)

    def finish(self, page: SegmentPage) -> None:
        """Move the position past the page."""
        self._tracks[page.segment].begin(page.end).end()

    def fail(self, page: SegmentPage, error: Exception) -> None:
        """The segment of this page ended with an error."""
        outcome = self.outcomes[page.segment]
        outcome.error, outcome.finished = error, False

    def checkpoint(self) -> str:
        """The positions, as JSON text."""
        positions = [track.position for track in self._tracks]
        return write_checkpoint(self._scan.scanned, self._scan.total_segments, positions)

    def _count(self, page: SegmentPage, given: int) -> None:
        page.counted += given
        self._add_to_outcome(page, given)
        if self.left is not None:
            self.left -= given

    def _add_to_outcome(self, page: SegmentPage, given: int) -> None:
        outcome = self.outcomes[page.segment]
        outcome.value = (outcome.value or 0) + given

    def _move_past(self, page: SegmentPage, item: int) -> None:
        position = page.position_after(item, self._scan.read.key_names)
        self._tracks[page.segment].begin(position).end()
