"""What a scan with `collect_errors()` gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.outcomes import Outcome

ItemT = TypeVar("ItemT")


@attrs.frozen
class ScanResult(Generic[ItemT]):
    """What a scan with `collect_errors()` gives: every item that could be read, and what was wrong
    with the others."""

    items: list[ItemT]
    errors: Sequence[Exception]
    """Of segments that failed, and an `ItemDecodeError` for each item that does not fit the
    model."""
    outcomes: Sequence[Outcome[list[ItemT]]]
    """One for each segment; `value` are its items."""
    checkpoint: str
    """Where segments that failed can go on."""
    capacity: Capacity
    """What was consumed."""
