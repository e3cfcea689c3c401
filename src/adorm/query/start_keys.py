"""Checks of a start key that came from outside, in a cursor or a checkpoint.

DynamoDB refuses an exclusive start key at which no page can have ended. Its error would look like a
mistake of the program; checked here, the error says that the cursor or checkpoint is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt
from typing import Any, TypeAlias

from adorm.dynamodb.limits import MAX_NUMBER_DIGITS, MAX_NUMBER_EXPONENT, MIN_NUMBER_EXPONENT
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.items.binding import Binding
from adorm.items.key_encoding import check_key_value
from adorm.schema.fields import Field
from adorm.transport.base import Request

MAX_NUMBER_CHARACTERS = 400
"""Text of a number beyond this is not even parsed; what DynamoDB sends is far shorter."""

Compare: TypeAlias = Callable[[Any, Any], bool]
Test: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Whether an attribute value meets a part of a key condition."""

_COMPARISONS: Mapping[str, Compare] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_PART = re.compile(
    r"begins_with\((#\w+), (:\w+)\)"
    r"|(#\w+) BETWEEN (:\w+) AND (:\w+)"
    r"|(#\w+) (=|<=|>=|<|>) (:\w+)"
)
"""One part of a key condition, as adorm renders it."""


def start_key_problem(binding: Binding, request: Request, key: AttributeMap) -> str | None:
    """Why no page of this Query or Scan can have ended at this key; None where one can.

    Args:
        request: the parameters that are sent; the key has to meet their key condition.
        key: all key attributes of the table and of the index that is read, by name.
    """
    for field, is_sort in _key_fields(binding, request.get("IndexName")):
        name = field.attribute_name
        tag = binding.codec.field_plan(field).coder.tag
        if tag not in key[name]:
            return f"{name} is not of the type that {binding.info.name} has"
        if tag == "N" and _number(key[name]["N"]) is None:
            return f"{name} is no number that DynamoDB stores"
        try:
            check_key_value(name, key[name], sort=is_sort)
        except UsageError as error:
            return str(error)
    for name, test in _tests(request):
        if name in key and not test(key[name]):
            return f"{name} does not meet the key condition"
    return None


def _key_fields(binding: Binding, index_name: str | None) -> Iterator[tuple[Field, bool]]:
    """The key fields of the table and of the index, and whether each is a sort key."""
    info = binding.info
    for field in info.key_fields:
        yield field, field is info.sort
    if index_name is not None:
        index = info.indexes[index_name]
        for field in index.key_fields:
            yield field, field in index.sort


def _tests(request: Mapping[str, Any]) -> Iterator[tuple[str, Test]]:
    """The tests that the key condition makes, each with the name of its attribute."""
    names: Mapping[str, str] = request.get("ExpressionAttributeNames") or {}
    values: Mapping[str, dict[str, Any]] = request.get("ExpressionAttributeValues") or {}

    def test(compare: Compare, placeholder: str) -> Test:
        tag, operand = _comparable(values[placeholder])

        def meets(stored: Mapping[str, Any]) -> bool:
            stored_tag, content = _comparable(stored)
            return stored_tag == tag and compare(content, operand)

        return meets

    for part in _PART.finditer(request.get("KeyConditionExpression") or ""):
        prefixed, prefix, between, low, high, compared, comparator, value = part.groups()
        if prefixed is not None:
            yield names[prefixed], test(bytes.startswith, prefix)
        elif between is not None:
            yield names[between], test(ge, low)
            yield names[between], test(le, high)
        else:
            yield names[compared], test(_COMPARISONS[comparator], value)


def _comparable(value: Mapping[str, Any]) -> tuple[str, Any]:
    """The tag, and content that sorts as in DynamoDB: bytes, or a number."""
    tag, content = next(iter(value.items()))
    if tag == "N":
        return tag, _number(content)
    return tag, content.encode() if isinstance(content, str) else bytes(content)


def _number(content: object) -> Decimal | None:
    """The number; None where the text is no number that DynamoDB stores."""
    if not isinstance(content, str) or len(content) > MAX_NUMBER_CHARACTERS:
        return None
    if not content.isascii() or "_" in content or content != content.strip():
        return None
    try:
        number = Decimal(content)
    except InvalidOperation:
        return None
    if not number:
        return number
    if not number.is_finite():
        return None
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    fits = MIN_NUMBER_EXPONENT <= number.adjusted() <= MAX_NUMBER_EXPONENT
    return number if len(digits) <= MAX_NUMBER_DIGITS and fits else None
