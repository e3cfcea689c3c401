"""Internal: the checks of `ExclusiveStartKey` that need no table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.errors import EngineError, invalid
from adorm.memory.values.canonical import Item, canonical_item

INVALID_START_KEY = "The provided starting key is invalid"

_REPORTED_ALONE = (
    "duplicates",
    "number set",
    "numeric value",
    "significant digits",
    "number with magnitude",
    "Empty attribute name",
)
"""Messages about a value that contain one of these are reported without a word about the key."""


def read_start_key(request: Mapping[str, Any], *, in_scan: bool) -> Item | None:
    """Read the `ExclusiveStartKey` of a request into canonical form; None if it has none.

    Raises:
        EngineError: DynamoDB does not accept a value in it.
    """
    key = request.get("ExclusiveStartKey")
    if key is None:
        return None
    try:
        return canonical_item(key)
    except EngineError as error:
        raise _bad_value(error, in_scan=in_scan) from error


def _bad_value(error: EngineError, *, in_scan: bool) -> EngineError:
    """The refusal of a bad value in the start key.

    In the new wording, a Query says that the key is invalid only if a value has no type or several.
    """
    message = error.message
    if any(part in message for part in _REPORTED_ALONE):
        return error
    prefixed = f"{INVALID_START_KEY}: {message}"
    if in_scan or message.startswith("Supplied AttributeValue"):
        return invalid(prefixed)
    return invalid(message, old=prefixed)
