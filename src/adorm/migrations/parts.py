"""What a migration is made of: its tables, its transform, and what its clauses have said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import attrs

from adorm.migrations.sides import Side
from adorm.outcomes import Progress

SourceT = TypeVar("SourceT")
TargetT = TypeVar("TargetT")


@attrs.frozen(eq=False, kw_only=True)
class Options:
    """What the clauses of a migration have said."""

    conditions: tuple[Any, ...] = ()
    segments: int | Literal["auto"] | None = None
    is_offline: bool = False
    read_units_per_s: float | None = None
    write_units_per_s: float | None = None
    checkpoint: Path | None = None
    failed: Path | None = None
    only_failed: Path | None = None
    report: Callable[[Progress], object] | None = None


@attrs.define(eq=False, repr=False)
class MigrationParts(Generic[SourceT, TargetT]):
    """What all that a migration does needs of it."""

    source: Side[SourceT]
    """The table that is read."""
    target: Side[TargetT] | None
    """The table that is written; None in place."""
    transform: Callable[[SourceT], TargetT | None]
    """Makes the item that is to be stored; None leaves an item out, or in place as it is."""
    options: Options = attrs.Factory(Options)
