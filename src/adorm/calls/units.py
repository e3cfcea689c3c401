"""Capacity units, and what one answer reports as consumed.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from adorm.support.records import Record

if TYPE_CHECKING:
    from adorm.calls.prices import PriceTable


class Units(Record):
    """Capacity units, of reading and of writing."""

    __slots__ = ("read", "write")

    read: float
    write: float

    def __init__(self, read: float = 0.0, write: float = 0.0) -> None:
        self._hold(read, write)

    def __add__(self, other: Units) -> Units:
        return Units(self.read + other.read, self.write + other.write)

    def price(self, prices: PriceTable | None = None) -> float:
        """An estimate of what they cost on demand, in the currency of the prices; the default
        prices are those of `PriceTable()`."""
        if prices is None:
            from adorm.calls.prices import PriceTable

            prices = PriceTable()
        return prices.of(self.read, self.write)


NO_UNITS = Units()


class TableUnits(NamedTuple):
    """What an answer reports of one table."""

    table: str
    units: Units
    """Of the table, its indexes included."""
    indexes: Mapping[str, Units]
    """Of each index, by its name."""


def consumed_by(answer: Mapping[str, Any], *, reading: bool) -> list[TableUnits]:
    """What an answer reports in `ConsumedCapacity` (a map, or for batches and transactions a list);
    empty where it reports nothing.

    `reading` says whether the operation reads: DynamoDB tells reading from writing only in
    transactions. Never raises: the call was answered, and a report that can't be read is no reason
    to fail it.
    """
    consumed: Any = answer.get("ConsumedCapacity")
    if not consumed:
        return []
    reports = cast("list[object]", consumed if isinstance(consumed, list) else [consumed])
    return [
        TableUnits(
            str(report.get("TableName", "")),
            _units(report, reading=reading),
            dict(_index_units(report, reading=reading)),
        )
        for report in map(_mapping, reports)
        if report
    ]


def total_of(consumed: Iterable[TableUnits]) -> Units | None:
    """The units of all tables; None where nothing is reported."""
    total = None
    for each in consumed:
        total = each.units if total is None else total + each.units
    return total


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _units(report: Mapping[str, Any], *, reading: bool) -> Units:
    read, write = report.get("ReadCapacityUnits"), report.get("WriteCapacityUnits")
    if read is not None or write is not None:
        return Units(_amount(read), _amount(write))
    units = _amount(report.get("CapacityUnits"))
    return Units(read=units) if reading else Units(write=units)


def _amount(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _index_units(report: Mapping[str, Any], *, reading: bool) -> Iterator[tuple[str, Units]]:
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for name, index_report in _mapping(report.get(kind)).items():
            yield name, _units(_mapping(index_report), reading=reading)
