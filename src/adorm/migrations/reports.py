"""What migrations report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar

import attrs

SourceT = TypeVar("SourceT")
TargetT = TypeVar("TargetT")

Result = Literal["changed", "unchanged", "gone", "foreign"]
"""What became of one item."""


@attrs.frozen
class MigrationReport:
    """What a migration did, with what runs before it did that had the same checkpoint file."""

    read: int
    """Items that were looked at."""
    changed: int
    """Items that were written."""
    unchanged: int
    """Items that were as they should be, or that the transform left out."""
    gone: int
    """Items that others deleted meanwhile."""
    foreign: int
    """Items of the target that the migration did not write, or that others have changed since. They
    are newer, and were left alone."""
    failed: int
    """Items in the file of `failed(path)`."""
    checkpoint: str
    """Where a run with this text in its checkpoint file goes on."""


@attrs.frozen
class Sample(Generic[SourceT, TargetT]):
    """What a dry run made of one item."""

    before: SourceT
    after: TargetT | None
    changes: Mapping[str, tuple[Any, Any]]
    """By attribute name the attribute values before and after that differ; None is no attribute."""
    error: Exception | None


@attrs.frozen
class DryRun(Generic[SourceT, TargetT]):
    """What a migration would do with the first items."""

    would_change: int
    unchanged: int
    dropped: int
    """Items for which the transform gave None."""
    failed: int
    not_repeatable: Sequence[Sample[SourceT, TargetT]]
    """Items of which the transform makes something else when it is called again."""
    samples: Sequence[Sample[SourceT, TargetT]]
    """Items that would change, and items that fail: at most 20."""


@attrs.frozen
class Verification:
    """How a target stands to its source."""

    source_items: int
    target_items: int
    equal: bool
    """Whether nothing was found to mend: nothing is missing or stale, and there are no orphans."""
    missing: int
    stale: int
    """Items of the target that are of an older state of their source."""
    orphans: int
    """Items of the target whose source is gone."""
    foreign: int
    """Items of the target that others have written; they count as newer."""
    mended: int
