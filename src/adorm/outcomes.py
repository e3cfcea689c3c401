"""What became of each part of a fan-out."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

T = TypeVar("T")


@attrs.define(eq=False)
class Outcome(Generic[T]):
    """One part of a fan-out: a segment of a scan, a chunk of a batch, an operation of a gather."""

    label: str
    """What it was: "segment 3 of 8"."""
    value: T | None = None
    """What it finished, even where it failed later: a list of items for a segment or chunk."""
    error: Exception | None = None
    """What ended it; None where it finished, was stopped, or never began."""
    finished: bool = False
    """Whether it came to its end without an error."""


@attrs.frozen
class Progress:
    """How far a scan or batch has come."""

    done: int
    """Items read or written."""
    total: int | None
    """Of how many: exact for a batch; for a scan DynamoDB's count of the table, up to six hours
    old; None where it is not known."""
    elapsed_s: float
