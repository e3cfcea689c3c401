"""Medians and spreads."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    least: float
    median: float
    most: float

    def cell(self, digits: int) -> str:
        """Median, and in brackets from the least to the most."""
        return f"{self.median:.{digits}f} ({self.least:.{digits}f} to {self.most:.{digits}f})"


def spread(values: Sequence[float], times: float = 1) -> Spread:
    return Spread(min(values) * times, statistics.median(values) * times, max(values) * times)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Round by round: what was measured together is compared."""
    return spread([own / other for own, other in zip(ours, theirs, strict=True)])
