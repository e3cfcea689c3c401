"""Totals of the capacity units that calls consumed, by table, by index and by operation.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from adorm.calls.units import NO_UNITS, TableUnits, Units, consumed_by
from adorm.dynamodb.operations import operation_of
from adorm.support.records import Record

if TYPE_CHECKING:
    from adorm.calls.prices import PriceTable

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
        """An estimate of the cost on demand, in the currency of the prices; by default as
        `PriceTable()` tells.

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
        for table, units, indexes in consumed:
            self._total += units
            self._tables[table] = self._tables.get(table, NO_UNITS) + units
            self._operations[operation] = self._operations.get(operation, NO_UNITS) + units
            for name, index_units in indexes.items():
                before = self._indexes.get((table, name), NO_UNITS)
                self._indexes[table, name] = before + index_units


class _Blocks(Record):
    """The blocks that are open here, innermost first."""

    __slots__ = ("capacity", "owner", "source", "outer")  # noqa: RUF023  # the constructor's order

    capacity: Capacity
    owner: object
    source: object
    """The database whose calls count; None for all."""
    outer: _Blocks | None

    def __init__(
        self, capacity: Capacity, owner: object, source: object, outer: _Blocks | None
    ) -> None:
        self._hold(capacity, owner, source, outer)


_current: ContextVar[_Blocks | None] = ContextVar("adorm_capacity", default=None)


class collect_capacity:  # noqa: N801  # reads as a function in `async with`
    """Count what the calls of every database inside the block consume.

    `db.capacity()` counts those of one database.

    ::

        from adorm.calls.capacity import collect_capacity

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

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
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
