"""What DynamoDB says that calls consumed: capacity units, by table, by index and by operation.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import Any, cast

import attrs

REPORTING = frozenset(
    {
        "BatchExecuteStatement",
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "ExecuteStatement",
        "ExecuteTransaction",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)
"""The operations that take `ReturnConsumedCapacity`."""


@attrs.frozen
class Units:
    """Capacity units, of reading and of writing."""

    read: float = 0.0
    write: float = 0.0

    def __add__(self, other: Units) -> Units:
        return Units(self.read + other.read, self.write + other.write)


_NONE = Units()


class Capacity:
    """Totals that grow while the block runs and stay as they are after it; read-only to its user.

    Only answers report capacity: what a failed attempt, such as a failed condition, consumed is not in here.
    """

    __slots__ = ("_indexes", "_operations", "_tables", "_total")

    def __init__(self) -> None:
        self._total = _NONE
        self._tables: dict[str, Units] = {}
        self._indexes: dict[tuple[str, str], Units] = {}
        self._operations: dict[str, Units] = {}

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

    def price(self, *, per_million_reads: float, per_million_writes: float) -> float:
        """An estimate of the cost on demand, in the currency of the prices per million request units.

        Prices: https://aws.amazon.com/dynamodb/pricing/on-demand/
        """
        return (self.read_units * per_million_reads + self.write_units * per_million_writes) / 1_000_000

    def __repr__(self) -> str:
        return f"Capacity(read_units={self.read_units:g}, write_units={self.write_units:g})"

    def add(self, operation: str, table: str, units: Units, indexes: Mapping[str, Units]) -> None:
        """Count one table's part of an answer."""
        self._total += units
        self._tables[table] = self._tables.get(table, _NONE) + units
        self._operations[operation] = self._operations.get(operation, _NONE) + units
        for name, part in indexes.items():
            self._indexes[table, name] = self._indexes.get((table, name), _NONE) + part


@attrs.frozen(eq=False)
class _Blocks:
    """The blocks that are open here, innermost first."""

    capacity: Capacity
    owner: collect_capacity
    outer: _Blocks | None


_current: ContextVar[_Blocks | None] = ContextVar("adorm_capacity", default=None)


class collect_capacity:  # noqa: N801  # reads as a function: `async with collect_capacity() as used`
    """Count what every call inside the block consumed, of whatever database.

    ::

        from adorm.capacity import collect_capacity

        async with collect_capacity() as used:
            await orders.query("c1")
        print(used.read_units, used.by_table)

    Requests inside the block ask DynamoDB to report (`ReturnConsumedCapacity: INDEXES`, unless the request asks for less); outside
    of one nothing is asked and nothing is counted. Blocks nest, each counts; tasks started inside count too.
    """

    __slots__ = ()

    async def __aenter__(self) -> Capacity:
        capacity = Capacity()
        _current.set(_Blocks(capacity, self, _current.get()))
        return capacity

    async def __aexit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        blocks = _current.get()
        if blocks is not None and blocks.owner is self:
            _current.set(blocks.outer)


is_collecting = _current.get
"""Something true inside a block, None outside: one look-up, for the path of every call."""


def asking_for_capacity(operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same request, asking DynamoDB to report what it consumes."""
    if operation not in REPORTING or "ReturnConsumedCapacity" in request:
        return request
    return {**request, "ReturnConsumedCapacity": "INDEXES"}


def note_capacity(operation: str, answer: Mapping[str, Any], *, reading: bool) -> None:
    """Count an answer's `ConsumedCapacity` (a map, or for batches and transactions a list) in every open block."""
    consumed: Any = answer.get("ConsumedCapacity")
    if not consumed:
        return
    parts = cast("list[dict[str, Any]]", consumed if isinstance(consumed, list) else [consumed])
    counted = [(str(part.get("TableName", "")), _units(part, reading=reading), dict(_index_units(part, reading=reading))) for part in parts]
    blocks = _current.get()
    while blocks is not None:
        for table, units, indexes in counted:
            blocks.capacity.add(operation, table, units, indexes)
        blocks = blocks.outer


def _units(part: Mapping[str, Any], *, reading: bool) -> Units:
    # DynamoDB tells reading from writing only in transactions; elsewhere the operation does.
    read, write = part.get("ReadCapacityUnits"), part.get("WriteCapacityUnits")
    if read is not None or write is not None:
        return Units(float(read or 0), float(write or 0))
    units = float(part.get("CapacityUnits") or 0)
    return Units(read=units) if reading else Units(write=units)


def _index_units(part: Mapping[str, Any], *, reading: bool) -> Iterator[tuple[str, Units]]:
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        indexes: Mapping[str, Mapping[str, Any]] = part.get(kind) or {}
        for name, index_part in indexes.items():
            yield name, _units(index_part, reading=reading)
