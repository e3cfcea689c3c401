"""What DynamoDB says that calls consumed: capacity units, by table, by index and by operation.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from adorm.dynamodb.operations import operation_of
from adorm.support.records import Record

if TYPE_CHECKING:
    from adorm.calls.prices import PriceTable

ASKED = "INDEXES"
"""How much is asked for: by table and by index."""


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
        """An estimate of what they cost on demand, in the table's currency; by default as
        `PriceTable()` tells."""
        if prices is None:
            from adorm.calls.prices import PriceTable

            prices = PriceTable()
        return prices.of(self.read, self.write)


_NONE = Units()

Part: TypeAlias = tuple[str, Units, Mapping[str, Units]]
"""What an answer reports of one table: its name, its units, and those of its indexes."""


class Capacity:
    """Totals that grow while the work goes on and stay as they are after it; read-only to its user.

    Counted is what DynamoDB tells, and it tells in answers only. A write whose condition fails
    consumes write units all the same, and its error does not say how many; neither do the errors of
    other failed attempts. None of that is in here.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """

    __slots__ = ("_indexes", "_operations", "_tables", "_total")

    def __init__(self) -> None:
        self._total = _NONE
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

        Transactions and consistent reads need no factor: DynamoDB reports them as the double units
            that they are.
        For one table, index or operation: `used.by_table["orders"].price(prices)`.
        """
        return self._total.price(prices)

    def __repr__(self) -> str:
        return f"Capacity(read_units={self.read_units:g}, write_units={self.write_units:g})"

    def add(self, operation: str, table: str, units: Units, indexes: Mapping[str, Units]) -> None:
        """Count one table's part of an answer."""
        self._total += units
        self._tables[table] = self._tables.get(table, _NONE) + units
        self._operations[operation] = self._operations.get(operation, _NONE) + units
        for name, part in indexes.items():
            self._indexes[table, name] = self._indexes.get((table, name), _NONE) + part

    def count(self, operation: str, answer: Mapping[str, Any], *, reading: bool) -> None:
        """Count what an answer reports, if anything."""
        self.add_parts(operation, parts_of(answer, reading=reading))

    def add_parts(self, operation: str, parts: Iterable[Part]) -> None:
        """Count the parts of an answer."""
        for table, units, indexes in parts:
            self.add(operation, table, units, indexes)


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


class collect_capacity:  # noqa: N801  # reads as a function: `async with collect_capacity() as used`
    """Count what every call inside the block consumed, of whatever database; `db.capacity()` counts
    those of one.

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
    """Count the calls inside in a capacity that is there already: for the operations that another
    one is made of."""
    token = _current.set(_Blocks(capacity, capacity, None, _current.get()))
    try:
        yield
    finally:
        _current.reset(token)


is_collecting = _current.get
"""Something true inside a block, None outside: one look-up, for the path of every call."""


def asking_for_capacity(operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same request, asking DynamoDB to report what it consumes."""
    if (
        not operation_of(operation).on_items
        or request.get("ReturnConsumedCapacity", "TOTAL") != "TOTAL"
    ):
        return request
    return {**request, "ReturnConsumedCapacity": ASKED}


def is_counted(source: object) -> bool:
    """Whether a block is open here that counts the calls of this database."""
    blocks = _current.get()
    while blocks is not None:
        if blocks.source is None or blocks.source is source:
            return True
        blocks = blocks.outer
    return False


def note_capacity(
    operation: str, answer: Mapping[str, Any], *, reading: bool, source: object
) -> None:
    """Count an answer's `ConsumedCapacity` (a map, or for batches and transactions a list) in every
    open block that is for its database."""
    parts = parts_of(answer, reading=reading)
    blocks = _current.get() if parts else None
    while blocks is not None:
        if blocks.source is None or blocks.source is source:
            blocks.capacity.add_parts(operation, parts)
        blocks = blocks.outer


def units_of(answer: Mapping[str, Any], *, reading: bool) -> Units | None:
    """What an answer reports in all; None where it reports nothing."""
    parts = parts_of(answer, reading=reading)
    return sum((units for _, units, _ in parts), _NONE) if parts else None


def parts_of(answer: Mapping[str, Any], *, reading: bool) -> list[Part]:
    """What an answer reports, by table; nothing where it reports nothing.

    Never raises: the call was answered, and a report that can't be read is no reason to fail it.
    """
    consumed: Any = answer.get("ConsumedCapacity")
    if not consumed:
        return []
    parts = cast("list[object]", consumed if isinstance(consumed, list) else [consumed])
    return [
        (
            str(part.get("TableName", "")),
            _units(part, reading=reading),
            dict(_index_units(part, reading=reading)),
        )
        for part in map(_mapping, parts)
        if part
    ]


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _units(part: Mapping[str, Any], *, reading: bool) -> Units:
    # DynamoDB tells reading from writing only in transactions; elsewhere the operation does.
    read, write = part.get("ReadCapacityUnits"), part.get("WriteCapacityUnits")
    if read is not None or write is not None:
        return Units(_amount(read), _amount(write))
    units = _amount(part.get("CapacityUnits"))
    return Units(read=units) if reading else Units(write=units)


def _amount(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _index_units(part: Mapping[str, Any], *, reading: bool) -> Iterator[tuple[str, Units]]:
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for name, index_part in _mapping(part.get(kind)).items():
            yield name, _units(_mapping(index_part), reading=reading)
