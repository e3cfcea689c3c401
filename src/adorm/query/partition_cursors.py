"""Cursors of queries over several partitions. They hold the range of time of their first page.

A range often ends with "now". The next page goes on in the range of the first one, so that no item
is left out or given twice. See docs/decisions/0043-cursors-over-partitions-keep-their-range.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure
from adorm.dynamodb.values import AttributeMap, key_value
from adorm.errors import BadCursor
from adorm.expressions.comparisons import Comparator, Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.operands import Value
from adorm.models import ModelInfo
from adorm.query.cursors import cursor_content, open_cursor
from adorm.query.given_parts import GivenParts
from adorm.query.part_ranges import said_in_full
from adorm.query.partition_reads import PartitionRead, PartitionReads, partition_number
from adorm.query.read_request import ReadRequest
from adorm.query.start_keys import start_key_problem
from adorm.schema.fields import Field

_COMPARATORS: tuple[frozenset[Comparator], ...] = (
    frozenset[Comparator]({">", ">="}),
    frozenset[Comparator]({"<", "<="}),
)


def with_range_of_cursor(
    info: ModelInfo,
    codec: Codec,
    conditions: tuple[Condition, ...],
    cursor: str,
    secret: bytes | None,
) -> tuple[Condition, ...]:
    """The conditions, with the range of the cursor in the place of the query's own.

    Raises:
        BadCursor: the cursor is damaged, forged or signed with another secret.
    """
    digest, _ = open_cursor(cursor, secret)
    content = cursor_content(cursor, digest, secret)
    if not isinstance(content, dict):
        return conditions  # planning and comparing digests will tell that it is of another query
    held = cast("dict[str, object]", content).get("range")
    if held is None:
        return conditions
    field, bounds = _read_range(info, codec, held)
    asked = GivenParts(info, codec, conditions).of(field)
    replaced = {id(each) for each in said_in_full(asked.lower, asked.upper)}
    return (*bounds, *(each for each in conditions if id(each) not in replaced))


def _read_range(info: ModelInfo, codec: Codec, held: object) -> tuple[Field, list[Condition]]:
    bounds: list[Condition] = []
    try:
        name, *ends = cast("Sequence[Any]", held)
        field = next(each for each in _fields_of_partitions(info) if each.name == name)
        path = info.path_of(field)
        for (comparator, stored), known in zip(ends, _COMPARATORS, strict=True):
            if comparator not in known:
                raise ValueError(comparator)
            value = codec.decode_stored_field(field, key_value(stored))
            bounds.append(Comparison(path, comparator, Value(value, path)))
    except (ValueError, TypeError, StopIteration, AttributeError, DecodeFailure) as error:
        raise _damaged() from error
    return field, bounds


def _fields_of_partitions(info: ModelInfo) -> Iterator[Field]:
    """The fields of whose time a partition key of the model has a piece."""
    keys = [key for keys in info.readable_keys.values() for key in keys]
    for key in keys if info.key is None else [info.key, *keys]:
        for part in key.partition.template.parts:
            if part.kind == "time":
                yield part.field


def positions_in(
    read: ReadRequest[Any], partitions: PartitionReads[ReadRequest[Any]], cursor: str
) -> object:
    """Where the query goes on: what `PartitionReads.cursor` was given.

    Raises:
        BadCursor: it is damaged, forged, signed with another secret, or one of another query.
    """
    content = cursor_content(cursor, read.digest, read.binding.connection.cursor_secret)
    if not isinstance(content, dict):
        raise _damaged()
    held = cast("dict[str, object]", content)
    if held.keys() != {"range", "at"} or held["range"] != partitions.range:
        raise _damaged()
    return held["at"]


def start_key_in(held: object) -> AttributeMap:
    """A start key that a cursor holds.

    Raises:
        BadCursor: it is none.
    """
    if not isinstance(held, Mapping):
        raise _damaged()
    try:
        return {name: key_value(value) for name, value in cast("AttributeMap", held).items()}
    except ValueError as error:
        raise _damaged() from error


def start_key_of(
    read: ReadRequest[Any], partitions: PartitionReads[ReadRequest[Any]], cursor: str
) -> AttributeMap:
    """Where the cursor of a query over pieces of time goes on.

    Raises:
        BadCursor: it is damaged, forged, signed with another secret, or one of another query.
    """
    position = start_key_in(positions_in(read, partitions, cursor))
    check_position(read, partitions.slots[0], partitions.attribute_name, position)
    return position


def check_position(
    read: ReadRequest[Any],
    slot: Sequence[PartitionRead[ReadRequest[Any]]],
    attribute_name: str,
    position: AttributeMap,
) -> None:
    """Refuse a position at which no page of the query can have ended.

    Raises:
        BadCursor: it is one.
    """
    number = partition_number(slot, attribute_name, position)
    problem: str | None = f"{attribute_name} is no partition of this query"
    if number is not None:
        problem = None
        if position.keys() != {attribute_name}:
            problem = "it is no key of this query"
            if position.keys() == read.key_names:
                problem = start_key_problem(read.binding, slot[number].read.parameters, position)
    if problem is not None:
        raise BadCursor(
            f"no page of this query can end where this cursor says: {problem}; begin without one"
        )


def _damaged() -> BadCursor:
    return BadCursor("this cursor is damaged, or one of another query: begin without one")
