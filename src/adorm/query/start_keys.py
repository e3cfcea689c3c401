"""Whether a key that came from outside, in a cursor or checkpoint, is one where a read can go on.

DynamoDB would refuse it as a mistake of the request's; who made the mistake is whoever handed the
cursor in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt
from typing import Any

from adorm.errors import AttributeMap, UsageError
from adorm.items.binding import Binding
from adorm.items.keys import check_key_value
from adorm.schema.fields import Field
from adorm.transport.base import Request

MOST_DIGITS = 38
MOST_NUMBER_CHARACTERS = 400
SMALLEST_EXPONENT, LARGEST_EXPONENT = -130, 125
"""Of a number, in powers of ten; see "Naming rules and data types" in DynamoDB's guide."""

Compare = Callable[[Any, Any], bool]
_COMPARISONS: Mapping[str, Compare] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_PREFIX = r"begins_with\((#\w+), (:\w+)\)"
_PART = rf"{_PREFIX}|(#\w+) BETWEEN (:\w+) AND (:\w+)|(#\w+) (=|<=|>=|<|>) (:\w+)"


def start_key_problem(binding: Binding, request: Request, key: AttributeMap) -> str | None:
    """Why no page of this Query or Scan can have ended at a key; None where one can.

    Args:
        request: as it is sent; what its key condition asks for, the key has to meet.
        key: all key attributes of the table and of the index that is read, by name.
    """
    for field, sort in _key_fields(binding, request.get("IndexName")):
        name = field.attribute_name
        tag = binding.codec.field_plan(field).coder.tag
        if tag not in key[name]:
            return f"{name} is not of the type of a {binding.info.name}'s"
        if tag == "N" and _number(key[name]["N"]) is None:
            return f"{name} is no number that DynamoDB holds"
        try:
            check_key_value(name, key[name], sort=sort)
        except UsageError as error:
            return str(error)
    for name, meets in _asked(request):
        if name in key and not meets(key[name]):
            return f"{name} does not meet the key condition"
    return None


def _key_fields(binding: Binding, index_name: str | None) -> Iterator[tuple[Field, bool]]:
    """The fields of the keys that are read by, and whether each is on the sort side."""
    info = binding.info
    for field in info.key_fields:
        yield field, field is info.sort
    if index_name is not None:
        index = info.indexes[index_name]
        for field in index.key_fields:
            yield field, field in index.sort


def _asked(request: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[dict[str, Any]], bool]]]:
    """What the key condition asks, attribute by attribute."""
    names: Mapping[str, str] = request.get("ExpressionAttributeNames") or {}
    values: Mapping[str, dict[str, Any]] = request.get("ExpressionAttributeValues") or {}

    def compared(compare: Compare, value: str) -> Callable[[dict[str, Any]], bool]:
        wanted = _ordered(values[value])
        return lambda stored: _holds(compare, _ordered(stored), wanted)

    for found in re.finditer(_PART, request.get("KeyConditionExpression") or ""):
        prefixed, prefix, between, low, high, subject, comparator, value = found.groups()
        if prefixed is not None:
            yield names[prefixed], compared(_begins, prefix)
        elif between is not None:
            yield names[between], compared(ge, low)
            yield names[between], compared(le, high)
        else:
            yield names[subject], compared(_COMPARISONS[comparator], value)


def _holds(compare: Compare, stored: tuple[str, Any], wanted: tuple[str, Any]) -> bool:
    return stored[0] == wanted[0] and compare(stored[1], wanted[1])


def _begins(stored: bytes, prefix: bytes) -> bool:
    return stored.startswith(prefix)


def _ordered(value: Mapping[str, Any]) -> tuple[str, Any]:
    """The type's name and something that sorts as DynamoDB sorts: bytes, or a number."""
    tag, content = next(iter(value.items()))
    if tag == "N":
        return tag, _number(content)
    return tag, content.encode() if isinstance(content, str) else bytes(content)


def _number(content: object) -> Decimal | None:
    """The number; None where it is none that DynamoDB holds."""
    if not isinstance(content, str) or len(content) > MOST_NUMBER_CHARACTERS:
        return None
    try:
        number = Decimal(content)
    except InvalidOperation:
        return None
    if not content.isascii() or "_" in content or content != content.strip():
        return None
    if not number.is_finite():
        return None
    if not number:
        return number
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    fits = SMALLEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT
    return number if len(digits) <= MOST_DIGITS and fits else None
