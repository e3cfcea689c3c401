"""Internal: the bytes that the service counts for items.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def item_bytes(item: Mapping[str, Any]) -> int:
    """The bytes of an item: its attribute names in UTF-8, and their values."""
    total = 0
    for name, value in item.items():
        total += len(name) if name.isascii() else len(name.encode())
        for tag, content in value.items():
            # Text comes first: it is the most frequent type.
            if tag == "S":
                total += len(content) if content.isascii() else len(content.encode())
            else:
                total += value_bytes(value)
    return total


def attribute_bytes(item: Mapping[str, Any], names: Iterable[str]) -> int:
    """The bytes of some attributes of an item, names included. Missing ones count nothing."""
    return item_bytes({name: item[name] for name in names if name in item})


def value_bytes(value: Mapping[str, Any]) -> int:
    """The bytes of one canonical value, without a name."""
    ((tag, content),) = value.items()
    if tag == "S":
        return text_bytes(content)
    if tag == "N":
        return number_bytes(content)
    if tag == "M":
        return 3 + sum(1 + text_bytes(name) + value_bytes(each) for name, each in content.items())
    if tag == "L":
        return 3 + sum(1 + value_bytes(each) for each in content)
    if tag == "B":
        return binary_bytes(content)
    if tag == "SS":
        return sum(map(text_bytes, content))
    if tag == "NS":
        return sum(map(number_bytes, content))
    if tag == "BS":
        return sum(map(binary_bytes, content))
    return 1  # BOOL and NULL


def text_bytes(text: str) -> int:
    """The bytes of text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def binary_bytes(base64: str) -> int:
    """The bytes that a base64 text stands for."""
    return len(base64) * 3 // 4 - base64.count("=", -2)


def number_bytes(text: str) -> int:
    """The bytes of a canonical number.

    There is one byte, one for every two significant digits before the decimal point, one for every
    two after it, and one more for a negative number. `100` has one significant digit, and so has
    `0.001`.
    """
    negative = text[0] == "-"
    whole, _, fraction = (text[1:] if negative else text).partition(".")
    if whole == "0":
        whole, fraction = "", fraction.lstrip("0")
    elif not fraction:
        whole = whole.rstrip("0")
    return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2 + negative
