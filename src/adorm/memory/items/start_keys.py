"""Internal: the `ExclusiveStartKey` of Query and Scan, as far as no table is needed to check it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.errors import EngineError, invalid
from adorm.memory.values.canonical import Item, canonical_item

INVALID_START_KEY = "The provided starting key is invalid"

_TOLD_ALONE = (
    "duplicates",
    "number set",
    "numeric value",
    "significant digits",
    "number with magnitude",
    "Empty attribute name",
)
"""What marks the messages about a value before which the service never speaks of the key."""


def read_start_key(request: Mapping[str, Any], *, in_scan: bool) -> Item | None:
    """The canonical `ExclusiveStartKey` of a request, or None.

    Raises:
        EngineError: DynamoDB does not take a value of it.
    """
    key = request.get("ExclusiveStartKey")
    if key is None:
        return None
    try:
        return canonical_item(key)
    except EngineError as error:
        raise _bad_value(error, in_scan=in_scan) from error


def _bad_value(error: EngineError, *, in_scan: bool) -> EngineError:
    """The service's refusal of a bad value. In the new wording a Query says that the key is invalid
    only of a value without a type or with several."""
    message = error.message
    if any(part in message for part in _TOLD_ALONE):
        return error
    prefixed = f"{INVALID_START_KEY}: {message}"
    if in_scan or message.startswith("Supplied AttributeValue"):
        return invalid(prefixed)
    return invalid(message, old=prefixed)
