"""Helpers for the tests of expressions: attribute values from Python values, refusals as text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, cast

import pytest

from adorm.memory.errors import EngineError, Wording
from adorm.memory.expressions.conditions import Condition
from adorm.memory.expressions.key_conditions import KeyCondition
from adorm.memory.expressions.request import RequestExpressions, read_expressions
from adorm.memory.expressions.updates import Update

Json = dict[str, Any]


def value(python: Any) -> Json:
    """A canonical attribute value; a set becomes SS, NS or BS."""
    if isinstance(python, bool):
        return {"BOOL": python}
    if python is None:
        return {"NULL": True}
    if isinstance(python, int):
        return {"N": str(python)}
    if isinstance(python, str):
        return {"S": python}
    if isinstance(python, bytes):
        return {"B": b64encode(python).decode()}
    if isinstance(python, list):
        return {"L": [value(each) for each in cast("list[object]", python)]}
    if isinstance(python, dict):
        return {"M": item(**cast("dict[str, Any]", python))}
    members = [value(each) for each in sorted(cast("set[Any]", python))]
    ((tag, _),) = members[0].items()
    return {f"{tag}S": [each[tag] for each in members]}


def item(**attributes: Any) -> Json:
    return {name: value(each) for name, each in attributes.items()}


def used(text: str, **known: Any) -> dict[str, Any]:
    """Those of the values whose placeholders stand in the text."""
    return {name: each for name, each in known.items() if f":{name}" in text}


def request(
    names: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None, **members: Any
) -> Json:
    """A request: `values` are Python's own, without the colon; `names` without the `#`."""
    made: Json = {"TableName": "things", **members}
    if names is not None:
        made["ExpressionAttributeNames"] = {f"#{name}": each for name, each in names.items()}
    if values is not None:
        made["ExpressionAttributeValues"] = {
            f":{name}": value(each) for name, each in values.items()
        }
    return made


def condition(text: str, names: Mapping[str, str] | None = None, **values: Any) -> Condition:
    read = read_expressions("Scan", request(names, values or None, FilterExpression=text)).filter
    assert read is not None
    return read


def holds(text: str, stored: Json, names: Mapping[str, str] | None = None, **values: Any) -> bool:
    return condition(text, names, **values).matches(stored)


def update(text: str, names: Mapping[str, str] | None = None, **values: Any) -> Update:
    read = read_expressions(
        "UpdateItem", request(names, values or None, UpdateExpression=text)
    ).update
    assert read is not None
    return read


def updated(text: str, stored: Json, names: Mapping[str, str] | None = None, **values: Any) -> Json:
    return update(text, names, **values).apply(stored)


def key_condition(text: str, names: Mapping[str, str] | None = None, **values: Any) -> KeyCondition:
    read = read_expressions(
        "Query", request(names, values or None, KeyConditionExpression=text)
    ).key_condition
    assert read is not None
    return read


def read(operation: str, made: Json) -> RequestExpressions:
    return read_expressions(operation, made)


def refusal(operation: str, made: Json, wording: Wording = "new") -> str:
    """The text in which a request is refused."""
    with pytest.raises(EngineError) as raised:
        read_expressions(operation, made)
    assert raised.value.code == "ValidationException"
    raised.value.close_envelope(operation)
    return raised.value.text(wording)


def filter_refusal(text: str, names: Mapping[str, str] | None = None, **values: Any) -> str:
    """Why a filter is refused, without "Invalid FilterExpression: "."""
    made = request(names, values or None, FilterExpression=text)
    message = refusal("Scan", made)
    assert message == refusal("Scan", made, "old")
    return message.removeprefix("Invalid FilterExpression: ")


def update_refusal(text: str, names: Mapping[str, str] | None = None, **values: Any) -> str:
    """Why an update is refused, without "Invalid UpdateExpression: "."""
    made = request(names, values or None, UpdateExpression=text)
    message = refusal("UpdateItem", made, "old")
    assert refusal("UpdateItem", made, "new") == f"1 validation error detected: {message}"
    return message.removeprefix("Invalid UpdateExpression: ")


def apply_refusal(
    text: str, stored: Json, names: Mapping[str, str] | None = None, **values: Any
) -> str:
    """Why an update can't be applied to an item."""
    with pytest.raises(EngineError) as raised:
        updated(text, stored, names, **values)
    assert not raised.value.enveloped
    return raised.value.message
