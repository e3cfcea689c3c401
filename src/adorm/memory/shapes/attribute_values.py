"""Internal: the JSON types of attribute values.

This module checks only types: `S` holds text, `L` holds a list. `adorm.memory.values.canonical`
checks the other rules, such as one type a value, no empty sets and the range of numbers. Lists and
maps are walked without recursion at any depth.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from adorm.memory.limits import MAX_NESTING
from adorm.memory.shapes.json_scalars import (
    CHANGED,
    STRUCTURE_NOT_EXPECTED,
    UNREADABLE,
    check_blob,
    check_flag,
    check_text,
    clean_flag,
    is_list,
    is_map,
    not_a_list_of,
    unreadable,
)

ATTRIBUTE_VALUE_CLASS = "com.amazonaws.dynamodb.v20120810.AttributeValue"
UNEXPECTED_FIELD = "Unexpected field type"
UNEXPECTED_VALUE = "Unexpected value type in payload"

MAX_LEVELS = 2000
"""The levels of lists and maps at which this engine stops reading. The service stops somewhere
between 2,000 and 5,000."""


def check_attribute_map(values: Any, wrong_list: str, wrong_scalar: str) -> int:
    """Return the flags of an item, a key or expression values.

    Args:
        values: attribute names to attribute values.
        wrong_list: the refusal if `values` is a list.
        wrong_scalar: the refusal if it is neither a list nor a map.
    """
    found = 0
    if values.__class__ is not dict:
        if not is_map(values):
            raise unreadable(wrong_list if is_list(values) else wrong_scalar)
        found = CHANGED
    for name, value in values.items():
        if type(name) is not str or not name.isascii():
            check_text(name)
        if value.__class__ is dict and len(value) == 1:
            ((tag, content),) = value.items()
            if (tag == "S" or tag == "N") and type(content) is str and content.isascii():
                continue
        found |= check_value(value, UNEXPECTED_VALUE)
    return found


def check_value(value: Any, wrong_scalar: str) -> int:
    """Return the flags of one attribute value; `wrong_scalar` is the refusal if it is not a map.

    Raises:
        EngineError: the value, or a value inside it, has JSON of a wrong type.
    """
    found = 0
    open_levels: list[Iterator[Any]] = [iter((value,))]
    while open_levels:
        nested: Iterable[Any] | None = None
        for each in open_levels[-1]:
            if each is None:
                found |= CHANGED
                continue
            if not is_map(each):
                raise unreadable(
                    not_a_list_of(ATTRIBUTE_VALUE_CLASS) if is_list(each) else wrong_scalar
                )
            for tag, content in each.items():
                if content is None:
                    found |= CHANGED
                    continue
                check = _SCALARS.get(tag)
                if check is not None:
                    found |= check(content)
                elif tag == "L" or tag == "M":
                    inner = _inside_list(content) if tag == "L" else _inside_map(content)
                    nested = inner if nested is None else chain(nested, inner)
                else:
                    found |= CHANGED
            if nested is not None:
                break
        if nested is None:
            open_levels.pop()
        elif len(open_levels) > MAX_LEVELS:
            raise unreadable("")
        else:
            wrong_scalar = UNEXPECTED_VALUE
            open_levels.append(iter(nested))
    return found


def clean_attribute_map(values: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a checked map of attribute values into the form that handlers get."""
    return {name: clean_value(value) for name, value in values.items()}


def clean_value(value: Any, depth: int = 0) -> dict[str, Any]:
    """Copy a checked value without nulls and unknown members, with text booleans as booleans.

    A null value becomes a value without a type. Parts that are nested too deep stay as they are;
    they are refused later.
    """
    clean: dict[str, Any] = {}
    members: Mapping[str, Any] = value or {}
    for tag, content in members.items():
        if content is None:
            continue
        if tag == "BOOL" or tag == "NULL":
            clean[tag] = clean_flag(content)
        elif tag in _SCALARS or (tag in ("L", "M") and depth > MAX_NESTING):
            clean[tag] = content
        elif tag == "L":
            clean[tag] = [clean_value(each, depth + 1) for each in content]
        elif tag == "M":
            inner: Mapping[str, Any] = content
            clean[tag] = {name: clean_value(each, depth + 1) for name, each in inner.items()}
    return clean


def _inside_list(content: Any) -> Iterable[Any]:
    if is_list(content):
        return content
    raise unreadable(STRUCTURE_NOT_EXPECTED if is_map(content) else UNEXPECTED_FIELD)


def _inside_map(content: Any) -> Iterable[Any]:
    if not is_map(content):
        raise unreadable(
            f"Unrecognized collection type java.util.Map<java.lang.String, {ATTRIBUTE_VALUE_CLASS}>"
            if is_list(content)
            else UNEXPECTED_FIELD
        )
    for name in content:
        if type(name) is not str or not name.isascii():
            check_text(name)
    return content.values()


def _check_flag_in_value(content: Any) -> int:
    """Check a `BOOL` or `NULL`. The new wording does not mention a list there."""
    if is_list(content):
        raise unreadable("", old=not_a_list_of("java.lang.Boolean"))
    return check_flag(content)


def _set_of(check: Callable[[Any], int]) -> Callable[[Any], int]:
    def check_set(content: Any) -> int:
        for each in _inside_list(content):
            if each is None:
                raise unreadable(UNREADABLE)
            check(each)
        return 0

    return check_set


_SCALARS: Mapping[str, Callable[[Any], int]] = {
    "S": check_text,
    "N": check_text,
    "B": check_blob,
    "BOOL": _check_flag_in_value,
    "NULL": _check_flag_in_value,
    "SS": _set_of(check_text),
    "NS": _set_of(check_text),
    "BS": _set_of(check_blob),
}
