"""`StepProgress`: how far a step of a plan has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from adorm.tables.steps import Step


@attrs.frozen
class StepProgress:
    """How far a step of a plan has come."""

    step: Step
    status: str
    """The status of the table, and of each index that is not ACTIVE: `ACTIVE, index by-status
    CREATING`."""
    backfilling: bool
    """Whether DynamoDB adds the items of the table to an index. How far it is, only the metric
    `OnlineIndexPercentageProgress` in CloudWatch tells."""
    elapsed_s: float
    """Seconds since the step was begun."""


OnStep: TypeAlias = Callable[[StepProgress], object]
