"""Capacity units: what one answer reports as consumed, and totals by table, index and operation.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from adorm.dynamodb.operations import operation_of
from adorm.support.records import Record

if TYPE_CHECKING:
    from adorm.calls.prices import PriceTable


class Units(Record):
    """Capacity units, of reading and of writing."""

    read: float = 0.0
    write: float = 0.0

    def __add__(self, other: Units) -> Units:
        return Units(self.read + other.read, self.write + other.write)

    def price(self, prices: PriceTable | None = None) -> float:
        """An estimate of their cost on demand, in the currency of `prices` or `PriceTable()`."""
        if prices is None:
            from adorm.calls.prices import PriceTable

            prices = PriceTable()
        return prices.of(self.read, self.write)


NO_UNITS = Units()


class TableUnits(Record):
    """What an answer reports of one table."""

    table: str
    units: Units
    """Of the table, its indexes included."""
    indexes: Mapping[str, Units]
    """Of each index, by its name."""


def consumed_by(answer: Mapping[str, Any], *, reading: bool) -> list[TableUnits]:
    """What an answer reports in `ConsumedCapacity`; empty where it reports nothing.

    That is a map, or for batches and transactions a list.

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


CAPACITY_REPORT = "INDEXES"
"""The value of `ReturnConsumedCapacity` that reports units by table and by index."""


class Capacity:
    """Totals that grow while the work goes on and stay as they are after it; read-only to its user.

    They count what answers report. A write whose condition fails consumes write units too, but its
    error does not say how many, and the errors of other failed attempts don't either: those units
    are missing here.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """

    __slots__ = ("_indexes", "_operations", "_tables", "_total")

    def __init__(self) -> None:
        self._total = NO_UNITS
        self._tables: dict[str, Units] = {}
        self._indexes: dict[tuple[str, str], Units] = {}
        self._operations: dict[str, Units] = {}

    @property
    def total(self) -> Units:
        """Reading and writing, of all tables."""
        return self._total

    @property
    def read_units(self) -> float:
        return self._total.read

    @property
    def write_units(self) -> float:
        return self._total.write

    @property
    def by_table(self) -> Mapping[str, Units]:
        """By table name, what its indexes consumed included."""
        return MappingProxyType(self._tables)

    @property
    def by_index(self) -> Mapping[tuple[str, str], Units]:
        """By table name and index name, what the index consumed of the table's total."""
        return MappingProxyType(self._indexes)

    @property
    def by_operation(self) -> Mapping[str, Units]:
        """By DynamoDB's name of the operation, such as `"GetItem"`."""
        return MappingProxyType(self._operations)

    def price(self, prices: PriceTable | None = None) -> float:
        """An estimate of the cost on demand, in the currency of `prices` or `PriceTable()`.

        Transactions and consistent reads need no factor: DynamoDB reports the doubled units.
        For one table, index or operation: `used.by_table["orders"].price(prices)`.
        """
        return self._total.price(prices)

    def __repr__(self) -> str:
        return f"Capacity(read_units={self.read_units:g}, write_units={self.write_units:g})"

    def count(self, operation: str, answer: Mapping[str, Any], *, reading: bool) -> None:
        """Count what an answer reports, if anything."""
        self.add(operation, consumed_by(answer, reading=reading))

    def add(self, operation: str, consumed: Iterable[TableUnits]) -> None:
        """Count what an answer reports of its tables."""
        for each in consumed:
            self._total += each.units
            self._tables[each.table] = self._tables.get(each.table, NO_UNITS) + each.units
            self._operations[operation] = self._operations.get(operation, NO_UNITS) + each.units
            for name, index_units in each.indexes.items():
                before = self._indexes.get((each.table, name), NO_UNITS)
                self._indexes[each.table, name] = before + index_units


class _Blocks(Record):
    """The blocks that are open here, innermost first."""

    capacity: Capacity
    owner: object
    source: object
    """The database whose calls count; None for all."""
    outer: _Blocks | None


_current: ContextVar[_Blocks | None] = ContextVar("adorm_capacity", default=None)


class collect_capacity:  # noqa: N801  # reads as a function in `async with`
    """Count what the calls of every database inside the block consume.

    `db.capacity()` counts those of one database.

    ::

        from adorm import collect_capacity

        async with collect_capacity() as used:
            await orders.query("c1")
        print(used.read_units, used.by_table)

    Requests inside the block ask DynamoDB to report (`ReturnConsumedCapacity: INDEXES`, unless the
    request says NONE). Blocks nest, each counts; tasks started inside count too.
    """

    __slots__ = ("_source",)

    def __init__(self, source: object = None) -> None:
        self._source = source

    async def __aenter__(self) -> Capacity:
        capacity = Capacity()
        _current.set(_Blocks(capacity, self, self._source, _current.get()))
        return capacity

    async def __aexit__(self, *_: object) -> None:
        blocks = _current.get()
        if blocks is not None and blocks.owner is self:
            _current.set(blocks.outer)


@contextmanager
def counted_in(capacity: Capacity) -> Generator[None, None, None]:
    """Count the calls inside in an existing `Capacity`: for an operation made of several others."""
    token = _current.set(_Blocks(capacity, capacity, None, _current.get()))
    try:
        yield
    finally:
        _current.reset(token)


is_collecting = _current.get
"""Gives None outside any block. One look-up, because every call makes it."""


def asking_for_capacity(operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same request, with `ReturnConsumedCapacity: INDEXES` unless it says NONE itself."""
    if (
        not operation_of(operation).on_items
        or request.get("ReturnConsumedCapacity", "TOTAL") != "TOTAL"
    ):
        return request
    return {**request, "ReturnConsumedCapacity": CAPACITY_REPORT}


def is_counted(source: object) -> bool:
    """Whether a block is open here that counts the calls of this database."""
    blocks = _current.get()
    while blocks is not None:
        if blocks.source is None or blocks.source is source:
            return True
        blocks = blocks.outer
    return False


def note_capacity(operation: str, consumed: Sequence[TableUnits], *, source: object) -> None:
    """Count what an answer reports in every open block that counts this database."""
    blocks = _current.get() if consumed else None
    while blocks is not None:
        if blocks.source is None or blocks.source is source:
            blocks.capacity.add(operation, consumed)
        blocks = blocks.outer
