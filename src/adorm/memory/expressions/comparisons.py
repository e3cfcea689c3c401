"""Internal: the operators and functions of conditions, applied to two values.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import operator
from base64 import b64decode
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from adorm.memory.values.canonical import Value
from adorm.memory.values.sizes import binary_bytes

ORDERED_TYPES = frozenset(["S", "N", "B"])
"""The types whose values have an order."""

_SET_OF = {"S": "SS", "N": "NS", "B": "BS"}

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Comparator = Callable[[Value | None, Value | None], bool]
"""Compares two values; None stands for a missing one."""


def equal_values(left: Value | None, right: Value | None) -> bool:
    """`=`: both values exist, have one type and are equal."""
    return left is not None and left == right


def different_values(left: Value | None, right: Value | None) -> bool:
    """`<>`: also true if one value is missing or the types differ."""
    return not equal_values(left, right)


def _ordering(symbol: str) -> Comparator:
    holds = _ORDERS[symbol]

    def compare(left: Value | None, right: Value | None) -> bool:
        if left is None or right is None:
            return False
        if "N" in left:
            return "N" in right and holds(Decimal(left["N"]), Decimal(right["N"]))
        if "S" in left:  # Python orders text by code points, as the bytes of UTF-8 are ordered
            return "S" in right and holds(left["S"], right["S"])
        return "B" in left and "B" in right and holds(b64decode(left["B"]), b64decode(right["B"]))

    return compare


COMPARATORS: Mapping[str, Comparator] = {
    "=": equal_values,
    "<>": different_values,
    **{symbol: _ordering(symbol) for symbol in _ORDERS},
}
"""The function of each comparator. Missing values and values of two types have no order."""

not_less = COMPARATORS[">="]
not_greater = COMPARATORS["<="]


def between(value: Value | None, low: Value | None, high: Value | None) -> bool:
    """`value BETWEEN low AND high`; both bounds are included."""
    return not_less(value, low) and not_greater(value, high)


def begins_with(value: Value | None, prefix: Value | None) -> bool:
    """Whether a string or binary begins with another one of its type."""
    if value is None or prefix is None or value.keys() != prefix.keys():
        return False
    if "S" in value:
        return bool(value["S"].startswith(prefix["S"]))
    return "B" in value and b64decode(value["B"]).startswith(b64decode(prefix["B"]))


def contains(value: Value | None, operand: Value | None) -> bool:
    """Whether a string or binary contains the operand, or a set or list has it as a member."""
    if value is None or operand is None:
        return False
    ((tag, content),) = value.items()
    if tag == "L":
        return operand in content
    ((wanted, searched),) = operand.items()
    if tag == _SET_OF.get(wanted):
        return searched in content
    if tag != wanted:
        return False
    if tag == "S":
        return searched in content
    return tag == "B" and b64decode(searched) in b64decode(content)


def size(value: Value | None) -> Value | None:
    """The size of a value: UTF-16 units of a string, bytes of a binary, members of a collection.

    Other types have no size; they count as a missing attribute.
    """
    if value is None:
        return None
    ((tag, content),) = value.items()
    if tag in ("L", "M", "SS", "NS", "BS"):
        count = len(content)
    elif tag == "S":
        count = len(content) if content.isascii() else _utf16_units(content)
    elif tag == "B":
        count = binary_bytes(content)
    else:
        return None
    return {"N": str(count)}


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
