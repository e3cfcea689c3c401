"""What `db.gather(..., collect_errors=True)` returns."""

from __future__ import annotations

from typing import Any

import attrs

from adorm.calls.capacity import Capacity
from adorm.outcomes import Outcome


@attrs.frozen(eq=False)
class GatherResult:
    """What `db.gather(..., collect_errors=True)` returns."""

    results: list[Any]
    """One for each operation, in order; None if it failed, see `outcomes`."""
    errors: list[Exception]
    outcomes: list[Outcome[Any]]
    """One for each operation, in order."""
    capacity: Capacity
    """The units that the operations consumed. Tasks that had begun before do not count."""
