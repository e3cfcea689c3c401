"""A table for scans, of as many items as asked for, with faults and a recorder before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import adorm
from adorm.testing import Faults, Recorder
from tests.support.stub_table import Number, StubTable

NO_WAITING = adorm.RetryPolicy(max_attempts=1)


def is_segment_3(request: Mapping[str, Any]) -> bool:
    return bool(request.get("Segment") == 3)


class Bench:
    """A stub table behind faults behind a recorder."""

    def __init__(self, items: int, **options: Any) -> None:
        self.stub = StubTable(items, **options)
        self.faults = Faults()
        self.recorder = Recorder()

    def connect(self, **options: Any) -> adorm.Database:
        def wrap(engine: Any) -> Any:
            return self.recorder(self.faults(self.stub.instead_of(engine)))

        options.setdefault("retry", NO_WAITING)
        return adorm.connect("memory", wrap=wrap, **options)


def ids(items: list[Number]) -> list[str]:
    return sorted(item.number_id for item in items)


def all_ids(count: int) -> list[str]:
    return [Number.id_of(number) for number in range(count)]


class OddTable(StubTable):
    """A table with an item, number 42, whose value does not fit the model."""

    def _stored(self, number: int) -> Any:
        item = super()._stored(number)
        return {**item, "value": {"S": "x"}} if item is not None and number == 42 else item
