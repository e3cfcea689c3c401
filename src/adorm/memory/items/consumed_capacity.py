"""Internal: counts capacity units and reports them in answers.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adorm.memory.limits import READ_UNIT_BYTES, WRITE_UNIT_BYTES
from adorm.memory.storage.table import IndexChange, Table, TableChange

TRANSACTION_FACTOR = 2
"""A transaction reads and writes each item twice. Its writes of indexes are charged once."""


def read_units(size: int, *, consistent: bool) -> float:
    """The units for reading `size` bytes.

    One unit reads up to 4 KB. An eventually consistent read costs half as much.
    """
    units = max(1, -(-size // READ_UNIT_BYTES))
    return float(units) if consistent else units / 2


def write_units(size: int | None) -> int:
    """The units for writing an item of `size` bytes: one for each KB, at least one."""
    return max(1, -(-(size or 0) // WRITE_UNIT_BYTES))


def table_write_units(change: TableChange) -> int:
    """The units that a write costs the table itself, by the larger item of old and new."""
    sizes = [each.size for each in (change.old, change.new) if each is not None]
    return write_units(max(sizes, default=0))


def index_write_units(change: IndexChange) -> int:
    """The units that a write costs an index whose entry it changed.

    If the key of the entry changes, the entry is removed and written again, which costs two writes.
    """
    if change.moved:
        return write_units(change.old_size) + write_units(change.new_size)
    return max(write_units(each) for each in (change.old_size, change.new_size) if each is not None)


class Consumed:
    """The units that one operation used of one table."""

    __slots__ = ("global_indexes", "local_indexes", "table", "units")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.units = 0.0
        """The units of the table itself, without its indexes."""
        self.global_indexes: dict[str, float] = {}
        self.local_indexes: dict[str, float] = {}

    def add_change(self, change: TableChange, *, factor: int = 1) -> None:
        """Add the units of a write."""
        self.units += factor * table_write_units(change)
        for each in change.indexes:
            self.add_index(each.target.name, index_write_units(each))

    def add_index(self, name: str, units: float) -> None:
        """Add units of an index."""
        is_global = self.table.indexes[name].definition.is_global
        by_name = self.global_indexes if is_global else self.local_indexes
        by_name[name] = by_name.get(name, 0.0) + units

    @property
    def total(self) -> float:
        """The units of the table and all its indexes."""
        return self.units + sum(self.global_indexes.values()) + sum(self.local_indexes.values())

    def report(self, level: str, axis: str | None = None) -> dict[str, Any]:
        """The units as a `ConsumedCapacity` structure of the API.

        Args:
            level: "TOTAL" or "INDEXES".
            axis: "ReadCapacityUnits" or "WriteCapacityUnits" to repeat the units under this name,
                as transactions do; None to report them once.
        """
        report = {"TableName": self.table.name, **_units(self.total, axis)}
        if level == "INDEXES":
            report["Table"] = _units(self.units, axis)
            for member, by_name in (
                ("LocalSecondaryIndexes", self.local_indexes),
                ("GlobalSecondaryIndexes", self.global_indexes),
            ):
                if by_name:
                    report[member] = {name: _units(each, axis) for name, each in by_name.items()}
        return report


def _units(units: float, axis: str | None) -> dict[str, Any]:
    figure = float(units)
    return {"CapacityUnits": figure} if axis is None else {"CapacityUnits": figure, axis: figure}


def level_of(request: Mapping[str, Any]) -> str | None:
    """The value of `ReturnConsumedCapacity`: "TOTAL", "INDEXES", or None for no report."""
    level = request.get("ReturnConsumedCapacity", "NONE")
    return None if level == "NONE" else level


def add_report(
    answer: dict[str, Any],
    request: Mapping[str, Any],
    consumed: Consumed | Iterable[Consumed],
    axis: str | None = None,
) -> None:
    """Add `ConsumedCapacity` to an answer if the request asks for it.

    One `Consumed` is reported as an object, several as a list in the order of the table names.
    """
    level = level_of(request)
    if level is None:
        return
    if isinstance(consumed, Consumed):
        answer["ConsumedCapacity"] = consumed.report(level, axis)
    else:
        ordered = sorted(consumed, key=lambda each: each.table.name)
        answer["ConsumedCapacity"] = [each.report(level, axis) for each in ordered]
