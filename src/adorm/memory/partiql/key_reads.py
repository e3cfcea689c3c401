"""Internal: converts the condition of a SELECT to queries, or to a scan.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.select.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions.key_conditions import KeyComparison, KeyCondition
from adorm.memory.items.key_ranges import BoundKeyCondition, KeyRange
from adorm.memory.partiql.key_tests import Branch, KeyTest, too_many_reads
from adorm.memory.storage.keys import AFTER_ALL, KeySchema, after_prefix, check_key_bytes
from adorm.memory.values.canonical import Value, sort_value, type_of
from adorm.memory.values.sizes import binary_bytes, text_bytes

MAX_READS = 50
"""The most queries that one statement may become."""

MAX_PLANNED_READS = 1024
"""The number of queries above which overlaps are no longer looked for. The service reports an
overlap first, but two IN with 100 operands each would make 10,000 queries."""


class KeyRead(NamedTuple):
    """One query: a partition and the range of sort keys in it."""

    partition: Value
    sort: KeyTest | None
    """The operator and the values for the sort key; None for all sort keys. `=` has one value."""

    def is_empty(self) -> bool:
        """Whether no item can match, because a key attribute is never empty."""
        equal = [
            self.partition,
            *(self.sort.values if self.sort and self.sort.operator == "=" else ()),
        ]
        return any(value.get("S") == "" or value.get("B") == "" for value in equal)

    def key_range(self, schema: KeySchema) -> KeyRange:
        """The range of positions to read.

        Raises:
            EngineError: a key attribute is set equal to an empty value.
        """
        comparisons = {schema.partition[0]: KeyComparison("=", (self.partition,))}
        if self.sort is not None:
            comparisons[schema.sort[0]] = KeyComparison(*self.sort)
        return BoundKeyCondition(KeyCondition(comparisons), schema).range()


def is_keyed(branches: Iterable[Branch]) -> bool:
    """Whether every branch names its partitions; otherwise the statement is a scan."""
    return all(len(branch.partition) == 1 for branch in branches)


def check_key_types(branches: Iterable[Branch], schema: KeySchema) -> None:
    """Refuse values that no key of this schema can have.

    The service checks one branch after the other, and stops at the first that is not a query.

    Raises:
        EngineError: a value has a type that the key attribute cannot have.
    """
    for branch in branches:
        if len(branch.partition) != 1 or len(branch.sort) > 1:
            return
        for name, tests in (
            (schema.partition[0], branch.partition),
            *((name, branch.sort) for name in schema.sort),
        ):
            for value in (value for test in tests for value in test.values):
                check_key_type(name, schema.types[name], value)


class ImpossibleKeyValue(EngineError):
    """A value whose type no key attribute of any table can have."""

    def __init__(self, name: str, value: Value) -> None:
        super().__init__(
            "ValidationException",
            f"Key value must be of type S, N, or B. Key name: {name}, Key type: {type_of(value)}",
        )


def check_key_type(name: str, type_tag: str, value: Value) -> None:
    """Refuse a value that a key attribute can't have.

    Raises:
        EngineError: the type of the value is not `type_tag`.
    """
    if type_tag in value:
        return
    if type_of(value) not in ("S", "N", "B"):
        raise ImpossibleKeyValue(name, value)
    raise invalid(
        f"Key attribute's data type should match its data type in table's schema: Key {name}"
    )


def plan_reads(branches: Sequence[Branch]) -> list[KeyRead]:
    """The queries of a statement whose branches are all keyed, in the order of the text.

    Raises:
        EngineError: two queries would read the same item, or there are too many queries.
    """
    whole = any(branch.negates_sort or len(branch.sort) > 1 for branch in branches)
    for branch in branches:
        for test in (*branch.partition, *branch.sort):
            if test.operator == "=" and len(set(map(repr, test.values))) < len(test.values):
                raise _overlap()
    ranges = [_sort_ranges(() if whole else branch.sort) for branch in branches]
    if not whole and _product(branches, ranges) > MAX_PLANNED_READS:
        raise too_many_reads()
    reads = [
        KeyRead(partition, sort)
        for branch, sorts in zip(branches, ranges, strict=True)
        for partition in branch.partition[0].values
        for sort in sorts
    ]
    if whole:
        # The tests of sort keys are not ranges, so each partition is read as a whole.
        reads = list({repr(read): read for read in reads}.values())
    else:
        _refuse_overlaps(reads)
    if len(reads) > MAX_READS:
        raise too_many_reads()
    return reads


def _product(branches: Sequence[Branch], ranges: Sequence[Sequence[KeyTest | None]]) -> int:
    return sum(
        len(branch.partition[0].values) * len(sorts)
        for branch, sorts in zip(branches, ranges, strict=True)
    )


def _sort_ranges(tests: Sequence[KeyTest]) -> list[KeyTest | None]:
    if not tests:
        return [None]
    (test,) = tests
    if test.operator == "=":
        return [KeyTest("=", (value,)) for value in test.values]
    return [test]


def check_sizes(reads: Sequence[KeyRead], schema: KeySchema) -> None:
    """Refuse key values that are too large.

    The partition key is checked if all queries share it, the sort key if there is only one query.

    Raises:
        EngineError: a value is too large.
    """
    first = reads[0]
    if all(read.partition == first.partition for read in reads):
        _check_size(first.partition, is_sort=False)
    if len(reads) == 1 and first.sort is not None:
        for value in first.sort.values:
            _check_size(value, is_sort=True)


def _check_size(value: Value, *, is_sort: bool) -> None:
    ((tag, content),) = value.items()
    if tag != "N":
        size = text_bytes(content) if tag == "S" else binary_bytes(content)
        check_key_bytes(size, is_sort=is_sort)


# --------------------------------------------------------------------- overlaps


class _Span(NamedTuple):
    """The range of sort keys from `low` to `high`."""

    low: Any
    """The lower bound; None for no bound."""
    includes_low: bool
    high: Any
    includes_high: bool


def _refuse_overlaps(reads: Sequence[KeyRead]) -> None:
    """Refuse queries of one partition whose sort keys overlap. Keys of different types never do."""
    counts = Counter(repr(read.partition) for read in reads)
    if any(read.sort is None and counts[repr(read.partition)] > 1 for read in reads):
        raise _overlap()
    spans: dict[tuple[str, str], list[_Span]] = {}
    for read in reads:
        spans.setdefault((repr(read.partition), _sort_type(read)), []).append(_span(read.sort))
    for of_one_type in spans.values():
        # The spans are sorted, so it is enough to compare neighbours.
        in_order = sorted(
            of_one_type, key=lambda span: (span.low is not None, span.low, not span.includes_low)
        )
        if any(_meet(one, other) for one, other in pairwise(in_order)):
            raise _overlap()


def _sort_type(read: KeyRead) -> str:
    """The type of the sort keys that a query reads; an empty text if it reads all."""
    return "" if read.sort is None else type_of(read.sort.values[0])


def _overlap() -> EngineError:
    return invalid("Overlapping conditions with range keys are not supported in where clause")


def _span(test: KeyTest | None) -> _Span:
    if test is None:
        return _Span(None, True, None, True)
    first: Any = sort_value(test.values[0])
    match test.operator:
        case "=":
            return _Span(first, True, first, True)
        case "<" | "<=":
            return _Span(None, True, first, test.operator == "<=")
        case ">" | ">=":
            return _Span(first, test.operator == ">=", None, True)
        case "BETWEEN":
            return _Span(first, True, sort_value(test.values[1]), True)
        case _:
            end = after_prefix(first)
            return _Span(first, True, None if end is AFTER_ALL else end, False)


def _meet(one: _Span, other: _Span) -> bool:
    return _begins_before_end(one, other) and _begins_before_end(other, one)


def _begins_before_end(one: _Span, other: _Span) -> bool:
    """Whether the first span begins before the end of the other one, or at its end."""
    if one.low is None or other.high is None:
        return True
    if one.low == other.high:
        return one.includes_low and other.includes_high
    return bool(one.low < other.high)


# ------------------------------------------------------------------------ order


class ReadOrder(NamedTuple):
    """The order that ORDER BY asks for."""

    partitions_descending: bool | None
    """None if ORDER BY does not order partitions."""
    sort_descending: bool


def ordered(reads: Sequence[KeyRead], order: ReadOrder) -> list[KeyRead]:
    """Sort the queries by partition and, within one partition, by sort key."""

    def sort_key(read: KeyRead) -> Any:
        low = _span(read.sort).low
        return (_sort_type(read), low is not None, low)

    listed = sorted(reads, key=sort_key, reverse=order.sort_descending)
    return sorted(
        listed,
        key=_partition_key,
        reverse=bool(order.partitions_descending),
    )


def _partition_key(read: KeyRead) -> Any:
    return (type_of(read.partition), sort_value(read.partition))
