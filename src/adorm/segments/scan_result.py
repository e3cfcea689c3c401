"""What a scan with `collect_errors()` gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.outcomes import Outcome

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


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


@attrs.frozen
class WorkResult(Generic[ResultT]):
    """What `for_each` and `map` of a scan with `collect_errors()` give."""

    done: int
    """How many items a worker has finished."""
    results: list[ResultT]
    """The results of the workers, in the order in which they finished; empty for `for_each`."""
    errors: Sequence[Exception]
    """Of workers and segments that failed, and an `ItemDecodeError` for each item that does not fit
    the model."""
    outcomes: Sequence[Outcome[Any]]
    """One for each segment, where `value` is how many items it has given; then one for each item
    whose worker failed, where `value` is the item."""
    checkpoint: str
    """Where segments that failed, and what a deadline ended, can go on. It stands after items whose
    worker failed otherwise."""
    capacity: Capacity
    """What was consumed."""
