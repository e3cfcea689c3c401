"""Internal: refuses empty attribute names in expressions, legacy parameters and their values.

The service refuses an empty name before it reads anything else of these parameters. It accepts an
empty name in QueryFilter, ScanFilter and KeyConditions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adorm.memory.errors import invalid_in_envelope
from adorm.memory.expressions.placeholders import bad_value
from adorm.memory.values.canonical import nested_values

_EMPTY = "Empty attribute name"
_NONE: Mapping[str, Any] = {}


def refuse_empty_names(request: Mapping[str, Any], *, in_transaction: bool) -> None:
    """Refuse a request that holds an empty attribute name.

    Raises:
        EngineError: the request has an empty name.
    """
    updates = request.get("AttributeUpdates", _NONE)
    expected = request.get("Expected", _NONE)
    if (
        "" in request.get("AttributesToGet", ())
        or "" in updates
        or "" in expected
        or any(map(_holds_empty_name, _legacy_values(request)))
    ):
        raise invalid_in_envelope(_EMPTY)
    for name, meant in sorted(request.get("ExpressionAttributeNames", _NONE).items()):
        if not meant:
            raise invalid_in_envelope(
                f"ExpressionAttributeNames contains invalid value: {_EMPTY} for key {name}"
            )
    for name, value in sorted(request.get("ExpressionAttributeValues", _NONE).items()):
        if _holds_empty_name(value):
            raise bad_value(invalid_in_envelope(_EMPTY), name, in_transaction=in_transaction)


def _legacy_values(request: Mapping[str, Any]) -> Iterator[Any]:
    for parameter in ("AttributeUpdates", "Expected", "QueryFilter", "ScanFilter"):
        for each in request.get(parameter, _NONE).values():
            yield each.get("Value", _NONE)
            yield from each.get("AttributeValueList", ())


def _holds_empty_name(value: Mapping[str, Any]) -> bool:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if "" in (each.get("M") or ()):
            return True
        waiting.extend(nested_values(each))
    return False
