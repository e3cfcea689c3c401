"""Checks that an answer has the shape of its operation's answers. It may not come from DynamoDB.

Only those parts are checked that adorm itself reads. What is inside an item is checked by the
codec, which raises `ItemDecodeError`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import NoneType
from typing import Any, cast

from adorm.dynamodb.values import KEY_TAGS
from adorm.errors import ConnectionFailed

MAX_DEPTH = 64
"""The deepest nesting that is read, twice the 32 levels of DynamoDB."""


@cache
def _number() -> re.Pattern[str]:
    return re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)


MAX_NUMBER_CHARACTERS = 400
"""The longest number that is read: 38 digits in DynamoDB, but other servers may write zeros."""

MISSHAPEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What Python raises if data does not have the expected shape. Caught only around a few lines that
read an answer."""

Request = Mapping[str, Any]
Answer = Mapping[str, Any]
Check = Callable[[Request, Answer], "str | None"]
"""Gives what is wrong with an answer, or None."""


def unreadable_answer(operation: str, problem: str) -> ConnectionFailed:
    """The error for an answer that is not of the shape that DynamoDB answers in."""
    return ConnectionFailed(
        f"the answer can't be read: {problem}", maybe_applied=True, operation=operation
    )


def map_problem(what: str, value: object) -> str | None:
    """Why a value is no attribute map, None if it is one. All of it is checked."""
    if not isinstance(value, dict):
        return f"{what} is a JSON {_kind(value)}, not an attribute map"
    for name, inner in cast("dict[str, object]", value).items():
        if not _is_value(inner, 0):
            return f"{what} has an attribute ({len(name)} characters) that is no attribute value"
    return None


def _is_value(value: object, depth: int) -> bool:
    tagged = _object(value)
    if tagged is None or len(tagged) != 1 or depth > MAX_DEPTH:
        return False
    ((tag, content),) = tagged.items()
    match tag:
        case "S":
            return isinstance(content, str) and (content.isascii() or _is_unicode(content))
        case "N":
            if not isinstance(content, str) or len(content) > MAX_NUMBER_CHARACTERS:
                return False
            return _number().fullmatch(content) is not None
        case "B":
            return isinstance(content, str | bytes)
        case "BOOL" | "NULL":
            return isinstance(content, bool)
        case "SS" | "NS" | "BS":
            members = _array(content)
            return members is not None and all(_is_value({tag[0]: each}, depth) for each in members)
        case "L":
            parts = _array(content)
            return parts is not None and all(_is_value(each, depth + 1) for each in parts)
        case "M":
            inner = _object(content)
            return inner is not None and all(_is_value(each, depth + 1) for each in inner.values())
        case _:
            return False


def _is_unicode(text: str) -> bool:
    """Whether it holds no lone surrogate, which could not be sent to DynamoDB again."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(value: object) -> dict[str, object] | None:
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _array(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


def is_key(value: object) -> bool:
    """Whether it is a key: an attribute map that holds only text, numbers and bytes."""
    if not isinstance(value, dict) or not value:
        return False
    parts = cast("dict[str, object]", value).values()
    return all(_is_value(part, 0) and next(iter(_object(part) or ())) in KEY_TAGS for part in parts)


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__


def _maps(what: str, items: object) -> str | None:
    """A check of a list of dicts. Items that a codec has read from bytes were checked there."""
    if items.__class__ is not list:
        if items.__class__ in (NoneType, dict, str, int, float, bool):
            return f"{what} is a JSON {_kind(items)}, not a list"
        return None
    for item in cast("list[object]", items):
        if item.__class__ is not dict:
            return f"{what} holds a JSON {_kind(item)} instead of an item"
    return None


def _one(name: str) -> Check:
    def check(_request: Request, answer: Answer) -> str | None:
        item = answer.get(name)
        if item is None or item.__class__ is dict:
            return None
        return f"{name} is a JSON {_kind(item)}, not an item"

    return check


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _page(_request: Request, answer: Answer) -> str | None:
    if not (_is_count(answer.get("Count", 0)) and _is_count(answer.get("ScannedCount", 0))):
        return "Count or ScannedCount is not a number of items"
    last = answer.get("LastEvaluatedKey")
    if last and not is_key(last):
        return "LastEvaluatedKey is not a key"
    consumed = answer.get("ConsumedCapacity")
    if consumed is not None:
        units = (_object(consumed) or {}).get("CapacityUnits")
        if isinstance(units, bool) or not isinstance(units, int | float):
            return "ConsumedCapacity has no number of CapacityUnits"
        if not math.isfinite(units):
            return "ConsumedCapacity has no finite number of CapacityUnits"
    return _maps("Items", answer["Items"]) if "Items" in answer else None


CheckTable = Callable[[str, object], "str | None"]


def _by_table(name: str, check: CheckTable, request: Request, answer: Answer) -> str | None:
    """A check of `{"orders": ...}`: the tables must be those of the request."""
    tables: object = answer.get(name)
    if not tables:
        return None
    if not isinstance(tables, dict):
        return f"{name} is a JSON {_kind(tables)}, not an object"
    requested = cast("Mapping[str, Any]", request.get("RequestItems") or {})
    for table, part in cast("dict[str, object]", tables).items():
        if table not in requested:
            return f"{name} has a table that the request does not have"
        if (problem := check(f"{name} of a table", part)) is not None:
            return problem
    return None


def _keys(what: str, part: object) -> str | None:
    keys: object = cast("dict[str, object]", part).get("Keys") if isinstance(part, dict) else None
    if not isinstance(keys, list) or not all(map(is_key, cast("list[object]", keys))):
        return f"{what} has no Keys"
    return None


def _batch_get(request: Request, answer: Answer) -> str | None:
    problem = _by_table("Responses", _maps, request, answer)
    return problem or _by_table("UnprocessedKeys", _keys, request, answer)


def _write_requests(what: str, part: object) -> str | None:
    return None if isinstance(part, list) else f"{what} is a JSON {_kind(part)}, not a list"


def _transact_get(request: Request, answer: Answer) -> str | None:
    if "Responses" not in answer:
        return "the answer has no Responses"
    responses: object = answer["Responses"]
    requested = len(cast("list[object]", request.get("TransactItems") or []))
    if not isinstance(responses, list) or len(cast("list[object]", responses)) != requested:
        return f"Responses are not {requested} items, as many as the request has"
    for each in cast("list[object]", responses):
        item: object = (_object(each) or {}).get("Item")
        if not isinstance(each, dict) or not (item is None or isinstance(item, dict)):
            return "Responses hold something that is not an item"
    return None


CHECKS: Mapping[str, Check] = {
    "GetItem": _one("Item"),
    "PutItem": _one("Attributes"),
    "UpdateItem": _one("Attributes"),
    "DeleteItem": _one("Attributes"),
    "Query": _page,
    "Scan": _page,
    "BatchGetItem": _batch_get,
    "BatchWriteItem": partial(_by_table, "UnprocessedItems", _write_requests),
    "TransactGetItems": _transact_get,
}
"""The check of each operation whose answers adorm reads."""
