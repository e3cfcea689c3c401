"""Internal: refuses attribute names that are too long, at the top of an item or in any map in it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from adorm.memory.errors import invalid_in_envelope
from adorm.memory.limits import MAX_ATTRIBUTE_NAME_BYTES
from adorm.memory.values.canonical import nested_values
from adorm.memory.values.sizes import text_bytes

_SURELY_FITS = MAX_ATTRIBUTE_NAME_BYTES // 4
"""A name of at most this many characters never has more than `MAX_ATTRIBUTE_NAME_BYTES`."""

_NONE: Mapping[str, Any] = {}


def check_names(names: Iterable[str]) -> None:
    """Refuse a name of more than 65,535 bytes.

    Raises:
        EngineError: a name is too long.
    """
    for name in names:
        if len(name) > _SURELY_FITS and text_bytes(name) > MAX_ATTRIBUTE_NAME_BYTES:
            raise invalid_in_envelope("Attribute name is too large, must be less than 65536 bytes")


def check_item_names(item: Mapping[str, Any]) -> None:
    """Refuse an item that has such a name at its top level or in a map.

    Raises:
        EngineError: a name is too long.
    """
    check_names(item)
    check_names(_names_inside(item.values()))


def check_request_names(request: Mapping[str, Any]) -> None:
    """Refuse a request that has such a name in its expressions, legacy parameters or their values.

    Raises:
        EngineError: a name is too long.
    """
    check_names(request.get("AttributesToGet", ()))
    check_names(request.get("ExpressionAttributeNames", _NONE).values())
    check_names(_names_inside(request.get("ExpressionAttributeValues", _NONE).values()))
    for parameter in ("AttributeUpdates", "Expected", "QueryFilter", "ScanFilter", "KeyConditions"):
        conditions: Mapping[str, Any] = request.get(parameter, _NONE)
        check_names(conditions)
        for each in conditions.values():
            listed = each.get("AttributeValueList", ())
            check_names(_names_inside(chain(listed, (each.get("Value", _NONE),))))


def _names_inside(values: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The names in all maps, at any depth."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        yield from value.get("M") or ()
        waiting += nested_values(value)
