"""How far each segment of a scan has come."""

from __future__ import annotations

from typing import Any

from adorm.outcomes import Outcome
from adorm.segments.checkpoints import Ticket, Track, write_checkpoint
from adorm.segments.segmented_read import SegmentedRead, SegmentPage


class SegmentStates:
    """The position of each segment, and how many items it has given."""

    def __init__(self, scan: SegmentedRead[Any]) -> None:
        self._scan = scan
        self._tracks = [Track(position) for position in scan.positions]
        total = scan.total_segments
        self.outcomes = [
            Outcome[int](
                "scan" if total is None else f"segment {number} of {total}",
                0,
                finished=position.finished,
            )
            for number, position in enumerate(scan.positions)
        ]
        """One for each segment; `value` is how many items it has given."""
        self.left = scan.limit
        """Items that may still be given; None for no limit."""

    def hand_out(self, page: SegmentPage) -> Ticket:
        """Count the next item of a page as given. The position moves past it when `end` gets the
        ticket."""
        position = page.position_after(page.counted, self._scan.read.key_names)
        self._count(page, 1)
        return self._tracks[page.segment].begin(position)

    def end(self, ticket: Ticket, segment: int) -> None:
        """The work on the item of this ticket is done."""
        self._tracks[segment].end(ticket)

    def count_given(self, page: SegmentPage) -> None:
        """Count the items of a page that were given since the last time, and move the position past
        them."""
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
        outcome = self.outcomes[page.segment]
        outcome.value = (outcome.value or 0) + page.count
        self.finish(page)

    def finish(self, page: SegmentPage) -> None:
        """Move the position past the page."""
        track = self._tracks[page.segment]
        track.end(track.begin(page.end))

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
        outcome = self.outcomes[page.segment]
        outcome.value = (outcome.value or 0) + given
        if self.left is not None:
            self.left -= given

    def _move_past(self, page: SegmentPage, item: int) -> None:
        track = self._tracks[page.segment]
        track.end(track.begin(page.position_after(item, self._scan.read.key_names)))
