"""Whether an answer has the shape of its operation's: what comes need not be DynamoDB's.

Only what adorm itself takes apart is looked at. What is inside of an item the codec judges, value
by value, as `ItemDecodeError`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, cast

from adorm.dynamodb.values import KEY_TAGS

MAX_DEPTH = 64
"""DynamoDB nests 32 levels."""


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
MAX_NUMBER_CHARACTERS = 400

MISSHAPEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What Python raises where data that should have a shape has another.

For a few lines that take an answer apart, and nothing else.
"""

Request = Mapping[str, Any]
Answer = Mapping[str, Any]
Check = Callable[[Request, Answer], "str | None"]


def map_problem(what: str, value: object) -> str | None:
    """Why a value is no attribute map, None where it is one; all of it is looked at."""
    if not isinstance(value, dict):
        return f"{what} is a JSON {_kind(value)}, not an attribute map"
    for name, part in cast("dict[str, object]", value).items():
        if not _is_value(part, 0):
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
            return _is_number(content)
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
    """Whether it holds no lone surrogate: there is no way to send that back."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_number(content: object) -> bool:
    if not isinstance(content, str) or len(content) > MAX_NUMBER_CHARACTERS:
        return False
    return _NUMBER.fullmatch(content) is not None


def _object(value: object) -> dict[str, object] | None:
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _array(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


def is_key(value: object) -> bool:
    """Whether it is a map of nothing but texts, numbers and bytes."""
    if not isinstance(value, dict) or not value:
        return False
    parts = cast("dict[str, object]", value).values()
    return all(_is_value(part, 0) and next(iter(_object(part) or ())) in KEY_TAGS for part in parts)


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__


def _maps(what: str, items: object) -> str | None:
    """A list of dicts; what else was parsed from bytes has its types already."""
    if items.__class__ is not list:
        if items.__class__ in (NoneType, dict, str, int, float, bool):
            return f"{what} is a JSON {_kind(items)}, not a list"
        return None
    for item in cast("list[object]", items):
        if item.__class__ is not dict:
            return f"{what} holds a JSON {_kind(item)} in the place of an item"
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
        return "Count or ScannedCount is no number of items"
    last = answer.get("LastEvaluatedKey")
    if last and not is_key(last):
        return "LastEvaluatedKey is no key"
    consumed = answer.get("ConsumedCapacity")
    if consumed is not None:
        units = (_object(consumed) or {}).get("CapacityUnits")
        if isinstance(units, bool) or not isinstance(units, int | float):
            return "ConsumedCapacity has no number of CapacityUnits"
        if not math.isfinite(units):
            return "ConsumedCapacity has no finite number of CapacityUnits"
    return _maps("Items", answer["Items"]) if "Items" in answer else None


def _asked_tables(request: Request) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", request.get("RequestItems") or {})


CheckPart = Callable[[str, object], "str | None"]


def _by_table(name: str, request: Request, answer: Answer, check: CheckPart) -> str | None:
    """`{"orders": ...}`, of tables that were asked for."""
    told: object = answer.get(name)
    if not told:
        return None
    if not isinstance(told, dict):
        return f"{name} is a JSON {_kind(told)}, not an object"
    asked = _asked_tables(request)
    for table, part in cast("dict[str, object]", told).items():
        if table not in asked:
            return f"{name} is about a table that was not asked for"
        if (problem := check(f"{name} of a table", part)) is not None:
            return problem
    return None


def _keys(what: str, part: object) -> str | None:
    keys: object = cast("dict[str, object]", part).get("Keys") if isinstance(part, dict) else None
    if not isinstance(keys, list) or not all(map(is_key, cast("list[object]", keys))):
        return f"{what} has no Keys"
    return None


def _batch_get(request: Request, answer: Answer) -> str | None:
    problem = _by_table("Responses", request, answer, _maps)
    return problem or _by_table("UnprocessedKeys", request, answer, _keys)


def _changes(what: str, part: object) -> str | None:
    return None if isinstance(part, list) else f"{what} is a JSON {_kind(part)}, not a list"


def _batch_write(request: Request, answer: Answer) -> str | None:
    return _by_table("UnprocessedItems", request, answer, _changes)


def _transact_get(request: Request, answer: Answer) -> str | None:
    if "Responses" not in answer:
        return "it has no Responses"
    responses: object = answer["Responses"]
    asked = len(cast("list[object]", request.get("TransactItems") or []))
    if not isinstance(responses, list) or len(cast("list[object]", responses)) != asked:
        return f"Responses are not {asked} items, as many as were asked for"
    for each in cast("list[object]", responses):
        item: object = (_object(each) or {}).get("Item")
        if not isinstance(each, dict) or not (item is None or isinstance(item, dict)):
            return "Responses hold what is no item"
    return None


CHECKS: Mapping[str, Check] = {
    "GetItem": _one("Item"),
    "PutItem": _one("Attributes"),
    "UpdateItem": _one("Attributes"),
    "DeleteItem": _one("Attributes"),
    "Query": _page,
    "Scan": _page,
    "BatchGetItem": _batch_get,
    "BatchWriteItem": _batch_write,
    "TransactGetItems": _transact_get,
}
"""Of each operation whose answer adorm takes apart: what is wrong with an answer, or None."""
