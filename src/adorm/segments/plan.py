"""What a scan is to its stream, and what comes of one that collects errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.errors import AttributeMap
from adorm.items.binding import PageItems
from adorm.outcomes import Outcome, Progress
from adorm.query.pages import PageReader
from adorm.segments.checkpoints import Position, Scanned
from adorm.segments.pacing import ReadBudget

ItemT = TypeVar("ItemT")


@attrs.frozen
class ScanResult(Generic[ItemT]):
    """What a scan with `collect_errors()` gives: everything that could be read, and what went
    wrong."""

    items: list[ItemT]
    errors: Sequence[Exception]
    """Of segments that failed, and `ItemDecodeError` of each item that does not fit the model."""
    outcomes: Sequence[Outcome[list[ItemT]]]
    checkpoint: str
    """Where segments that failed can go on."""
    capacity: Capacity
    """What was consumed."""


@attrs.frozen(eq=False)
class ScanPlan(Generic[ItemT]):
    """What a stream needs to know of its scan."""

    name: str
    """`Order (table orders)`."""
    scanned: Scanned
    total_segments: int | None
    """None: not parallel, so that an error leaves bare."""
    positions: list[Position]
    key_names: frozenset[str]
    """Of the table and of the index that is scanned."""
    key_order: tuple[str, ...]
    """Of the table alone."""
    reader: Callable[[int, AttributeMap | None], PageReader]
    """Reads a segment from after a key on."""
    whole: Callable[[PageItems], Awaitable[PageItems]]
    """Fetches the whole items, where a scan of an index hydrates them."""
    decode_into: Callable[[list[ItemT], PageItems, int, int], None]
    """Appends instances of a page's items, up to one that does not fit, whose error it raises."""
    most_items: int | None
    collects_errors: bool
    in_segment_order: bool
    budget: ReadBudget | None
    report: Callable[[Progress], object] | None
    expected_items: Callable[[], Awaitable[int | None]]
    """How many items there are about, for the report."""
    monotonic: Callable[[], float]
    capacity: Capacity
    """Counts what the readers consume, and the fetching of whole items."""
