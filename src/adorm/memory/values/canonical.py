"""Internal: attribute values in DynamoDB's JSON, `{"S": "x"}`: checks and comparison.

Inside the engine every value is canonical. Numbers have the form of `numbers.canonical_number`, `B`
is base64 text and `NULL` is true. The members of a set are in the order in which the service
returns them: strings and binaries by their bytes, numbers by value. Two canonical values are equal
in DynamoDB's sense if `==` says so. `canonical_value` makes a value canonical. The engine never
changes a stored value in place.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from adorm.memory.errors import BadValue, EngineError, invalid, invalid_in_envelope
from adorm.memory.limits import MAX_NESTING
from adorm.memory.values.numbers import canonical_number

Value = Mapping[str, Any]
"""One attribute value: a mapping of one tag to its content."""

Item = dict[str, Any]
"""An item or a key: attribute names to values."""

TYPE_NAMES: Mapping[str, str] = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
    "M": "MAP",
    "L": "LIST",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
}
"""Every tag, and the name of its type in the service's messages."""

SECOND_MAX_DEPTH = 62
"""The depth at which a second check of the service refuses a value."""

BINARY_TYPES = (bytes, bytearray, memoryview)


def canonical_item(item: Mapping[str, Any]) -> Item:
    """Check an item, a key or a map of expression values, and return a canonical copy.

    Raises:
        EngineError: DynamoDB does not accept a value.
    """
    if "" in item:
        raise invalid_in_envelope(_EMPTY_NAME)
    return {name: canonical_value(value) for name, value in item.items()}


def canonical_value(value: Any, depth: int = 0) -> Item:
    """Check one value and return a canonical copy.

    Its shape (a mapping, and the JSON types of its members) is already checked.

    Raises:
        EngineError: the value has no type or several, is an empty set or one with duplicates, is a
            number out of range, is NULL but not true, or has more than 32 levels of lists and maps.
            A number out of range is reported before several types.
    """
    if len(value) != 1:
        check_readable(value)  # raises
    ((tag, content),) = value.items()
    if tag == "S":
        return {"S": content}
    canonical = _CANONICAL.get(tag)
    if canonical is None:
        raise invalid(_NO_TYPE)
    return {tag: canonical(content, depth)}


_NO_TYPE = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
_SEVERAL_TYPES = (
    "Supplied AttributeValue has more than one datatypes set, "
    "must contain exactly one of the supported datatypes"
)
TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: "
    "Attributes in the item have nested levels beyond supported limit"
)
_EMPTY_NAME = "Empty attribute name"
_INVALID = "One or more parameter values were invalid: "
_NOT_TRUE = f"{_INVALID}Null attribute value types must have the value of true"


def base64_text(content: Any) -> str:
    """Convert bytes to base64 text; base64 text is returned unchanged."""
    return content if isinstance(content, str) else b64encode(content).decode()


def _null(content: Any, depth: int) -> bool:
    if content is not True:
        raise BadValue(_NOT_TRUE)
    return True


def _list(content: Any, depth: int) -> list[Any]:
    if depth + 1 >= MAX_NESTING:
        raise _too_deep({"L": content}, depth)
    return [canonical_value(each, depth + 1) for each in content]


def _map(content: Any, depth: int) -> Item:
    if depth + 1 >= MAX_NESTING:
        raise _too_deep({"M": content}, depth)
    if "" in content:
        raise invalid_in_envelope(_EMPTY_NAME)
    return {name: canonical_value(each, depth + 1) for name, each in content.items()}


def _too_deep(value: Value, depth: int) -> EngineError:
    """The refusal of a value that is nested too deep.

    More than 62 levels get the message of a second check of the service, without the envelope.
    """
    levels = depth
    inside: list[Any] = [value]
    while inside:
        levels += 1
        inside = [inner for each in inside for inner in nested_values(each)]
        inside = [each for each in inside if "M" in each or "L" in each]
    return invalid(TOO_DEEP) if levels > SECOND_MAX_DEPTH else invalid_in_envelope(TOO_DEEP)


def nested_values(value: Value) -> list[Any]:
    """The values inside a list or a map; empty for any other type.

    A part that is nested too deep is as the client sent it, so it may contain nulls. They are left
    out.
    """
    inside: Iterable[Any] = value["M"].values() if value.get("M") else value.get("L") or ()
    return [each for each in inside if each is not None]


def _string_set(content: Any, depth: int) -> list[str]:
    if not content:
        raise _empty_set("An string set  may not be empty")
    if len(set(content)) != len(content):
        quoted = [json.dumps(each, ensure_ascii=False) for each in _until_repeated(content)]
        raise _duplicates(f"[{', '.join(content)}]", f"[{', '.join(quoted)}]")
    return sorted(content)


def _number_set(content: Any, depth: int) -> list[str]:
    if not content:
        raise _empty_set("An number set  may not be empty")
    numbers = [canonical_number(each) for each in content]
    if len(set(numbers)) != len(numbers):
        message = "Input collection contains duplicates"
        raise BadValue(message, newer=f"{_INVALID}{message}.")
    return sorted(numbers, key=Decimal)


def _binary_set(content: Any, depth: int) -> list[str]:
    if not content:
        raise _empty_set("Binary sets should not be empty")
    texts = [base64_text(each) for each in content]
    if len(set(texts)) != len(texts):
        quoted = (f'"{base64_text(each)}"' for each in _until_repeated(map(b64decode, texts)))
        kind = "of type BS"
        raise _duplicates(f"[{', '.join(texts)}]{kind}", f"[{','.join(quoted)}]{kind}")
    return sorted(texts, key=b64decode)


def _until_repeated(members: Iterable[Any]) -> list[Any]:
    """The members of a set as the newer check lists them.

    They are in order up to the first duplicate, then come that one and the rest as they were sent.
    """
    waiting = list(members)
    ordered: set[Any] = set()
    while waiting[0] not in ordered:
        ordered.add(waiting.pop(0))
    return sorted(ordered) + waiting


def _empty_set(message: str) -> BadValue:
    return BadValue(_INVALID + message)


def _duplicates(listed: str, newly_listed: str) -> BadValue:
    return BadValue(
        f"{_INVALID}Input collection {listed} contains duplicates.",
        newer=f"{_INVALID}Input collection {newly_listed} contains duplicates.",
    )


_CANONICAL: Mapping[str, Callable[[Any, int], Any]] = {
    "N": lambda content, depth: canonical_number(content),
    "B": lambda content, depth: base64_text(content),
    "BOOL": lambda content, depth: content,
    "NULL": _null,
    "M": _map,
    "L": _list,
    "SS": _string_set,
    "NS": _number_set,
    "BS": _binary_set,
}


def check_readable(value: Any) -> None:
    """Refuse an unreadable value. The service does so before it checks the rest of the request.

    Raises:
        EngineError: a value has no type or several, is a number out of range, or is NULL but not
            true. It reports the first one inside the value, down to the deepest level allowed.
    """
    waiting = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        for text in (each["N"],) if "N" in each else each.get("NS", ()):
            canonical_number(text)
        if each.get("NULL", True) is not True:
            raise BadValue(_NOT_TRUE)
        if len(each) != 1:
            raise invalid(_SEVERAL_TYPES if each else _NO_TYPE)
        if depth < MAX_NESTING:
            inside = [(inner, depth + 1) for inner in nested_values(each)]
            waiting.extend(reversed(inside))


def check_depth(item: Mapping[str, Any]) -> None:
    """Refuse an item in which an update nested lists and maps too deep.

    Raises:
        EngineError: the item is nested too deep.
    """
    level: list[Any] = [value for value in item.values() if "M" in value or "L" in value]
    for _ in range(MAX_NESTING - 1):
        if not level:
            return
        level = [
            inner
            for value in level
            for inner in (value["M"].values() if "M" in value else value["L"])
            if "M" in inner or "L" in inner
        ]
    if level:
        raise invalid("Nesting Levels have exceeded supported limits")


def type_of(value: Value) -> str:
    """The tag of a value, `"S"`."""
    return next(iter(value))


def sort_value(value: Value) -> str | Decimal | bytes | None:
    """The Python value that orders a value of type S, N or B; None for other types.

    Strings are ordered by their UTF-8 bytes, which is the order of Python's `str`; binaries by
    unsigned bytes.
    """
    ((tag, content),) = value.items()
    if tag == "S":
        return content  # type: ignore[no-any-return]  # checked before: text
    if tag == "N":
        return Decimal(content)
    if tag == "B":
        return b64decode(content)
    return None
