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
        """The median, then the smallest and the largest value in brackets."""
        return f"{self.median:.{digits}f} ({self.least:.{digits}f} to {self.most:.{digits}f})"


def spread(values: Sequence[float], times: float = 1) -> Spread:
    return Spread(min(values) * times, statistics.median(values) * times, max(values) * times)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The ratio of two series, value by value: each pair was measured in one round."""
    return spread([own / other for own, other in zip(ours, theirs, strict=True)])
