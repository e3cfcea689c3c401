"""Attribute values as DynamoDB's JSON has them: `{"S": "x"}`, `{"N": "1"}`, `{"M": {"a": ...}}`.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast, get_args

Tag = Literal["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"]
"""The type of an attribute value: the one key of its JSON object."""

AttributeValue = dict[str, Any]
"""`{"S": "x"}`: one tag and what it holds."""

AttributeMap = dict[str, Any]
"""`{"pk": {"S": "x"}, "n": {"N": "1"}}`: attribute values by name. An item, a key, or part of an
item."""

TAGS: frozenset[str] = frozenset(get_args(Tag))
KEY_TAGS = ("S", "N", "B")
"""The types that a key attribute can have."""
SET_TAGS = {"S": "SS", "N": "NS", "B": "BS"}
"""The type of a set, by the type of its members."""

NULL: AttributeValue = {"NULL": True}
"""DynamoDB's null. Never change it: put a copy, `dict(NULL)`, where a value may be changed."""


def base64_text(content: str | bytes | bytearray) -> str:
    """Binary content as the base64 text that JSON has. Text is base64 already: returned as is."""
    return content if isinstance(content, str) else b2a_base64(content, newline=False).decode()


def json_default(content: object) -> str:
    """For `orjson.dumps(..., default=json_default)`: binary content becomes base64 text.

    Raises:
        TypeError: the content is neither JSON nor binary.
    """
    if isinstance(content, (bytes, bytearray)):
        return base64_text(content)
    raise TypeError(f"{type(content).__name__} is nothing that DynamoDB stores")


def as_json(content: Any) -> Any:
    """A copy as JSON brings it back: binary content as base64 text, mappings as dicts, sequences
    and sets as lists. It shares nothing that can be changed with the original."""
    if isinstance(content, (bytes, bytearray)):
        return base64_text(content)
    if isinstance(content, Mapping):
        return {
            name: as_json(part) for name, part in cast("Mapping[object, object]", content).items()
        }
    if isinstance(content, list | tuple | set | frozenset):
        return [as_json(part) for part in cast("list[object]", content)]
    return content


def key_value(content: object) -> AttributeValue:
    """A key attribute's value that came as JSON from outside, as it is sent: `{"S": "x"}`,
    `{"N": "1"}`, or `{"B": b"..."}` for `{"B": "<base64>"}`.

    Raises:
        ValueError: it is no value that a key attribute can have.
    """
    if isinstance(content, dict) and len(cast("dict[str, Any]", content)) == 1:
        ((tag, text),) = cast("dict[str, Any]", content).items()
        if tag in KEY_TAGS and isinstance(text, str) and text:
            return {"B": a2b_base64(text, strict_mode=True)} if tag == "B" else {tag: text}
    raise ValueError("no value of a key")


def canonical(attribute_value: AttributeValue) -> tuple[str, Any]:
    """A hashable form in which equal values are equal, however they were written: `1` and `1.0`,
    bytes and their base64 text, the members of a set in any order.

    Raises:
        ValueError, TypeError, AttributeError, StopIteration: it is no attribute value.
    """
    tag, content = next(iter(attribute_value.items()))
    match tag:
        case "N":
            return tag, _number(content)
        case "B":
            return tag, base64_text(content)
        case "SS" | "NS" | "BS":
            return tag, frozenset(canonical({tag[0]: member}) for member in content)
        case "L":
            return tag, tuple(map(canonical, content))
        case "M":
            return tag, frozenset((name, canonical(value)) for name, value in content.items())
        case _:
            return tag, content


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no number") from error
