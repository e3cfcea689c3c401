"""A model for writes that are applied although something fails."""

from __future__ import annotations

import adorm


@adorm.model(table="counters")
class Counter:
    counter_id: str = adorm.partition_key()
    n: int = 0
    color: str = "red"
