"""Internal: chooses the words of a refusal where they depend on the whole request.

The service has two checks of attribute values, an earlier and a newer one, with different messages.
The newer check serves the operations on one item, Query and Scan; it puts the refusals of PutItem,
UpdateItem and DeleteItem into the envelope. The earlier check serves BatchWriteItem, transactions
and PartiQL. It also serves any request that holds a value of two types or a boolean as text.

The service reports an unreadable value before it looks at the rest of the request. The engine reads
values only where it needs them. So it looks for unreadable values here, after it has refused the
request for another reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from adorm.memory.errors import EngineError
from adorm.memory.expressions.placeholders import bad_value
from adorm.memory.shapes.attribute_values import clean_value
from adorm.memory.shapes.json_scalars import is_list, is_map
from adorm.memory.values.canonical import TYPE_NAMES, check_readable

OPERATIONS_CHECKED_EARLIER = frozenset(
    {
        "BatchWriteItem",
        "TransactWriteItems",
        "TransactGetItems",
        "ExecuteStatement",
        "BatchExecuteStatement",
        "ExecuteTransaction",
    }
)
"""The operations whose values the earlier check reads."""

MEMBERS_READ_FIRST: Mapping[str, tuple[str, ...]] = {
    "GetItem": ("Key",),
    "PutItem": ("Item", "ExpressionAttributeValues"),
    "UpdateItem": ("Key", "AttributeUpdates", "ExpressionAttributeValues"),
    "DeleteItem": ("Key",),
    "Query": ("ExpressionAttributeValues",),
    "Scan": ("ExpressionAttributeValues",),
}
"""The members whose values the service reads before it checks anything else, by operation."""

_FLAGS = ("BOOL", "NULL", "Exists")


def final_refusal(operation: str, request: Any, error: EngineError) -> EngineError:
    """Return the refusal of a request in its final words.

    Args:
        operation: the name of the operation in the API.
        request: the request as the client sent it.
        error: the refusal that a check or the handler raised.
    """
    if operation in MEMBERS_READ_FIRST and error.code == "ValidationException":
        error = _unreadable_value(MEMBERS_READ_FIRST[operation], request) or error
    if (
        error.enveloped
        and operation not in OPERATIONS_CHECKED_EARLIER
        and not _is_checked_earlier(request)
    ):
        error.close_envelope(operation)
    return error


def _unreadable_value(members: Collection[str], request: Mapping[str, Any]) -> EngineError | None:
    """The refusal of the first unreadable value of a request; None if all values are readable."""
    for member in request:
        if member not in members:
            continue
        content: Mapping[str, Any] = request[member] or {}
        for name, content_of_name in content.items():
            value: Any = (
                content_of_name.get("Value") if member == "AttributeUpdates" else content_of_name
            )
            if value is None:
                continue
            try:
                check_readable(clean_value(value))
            except EngineError as error:
                if member != "ExpressionAttributeValues":
                    return error
                return bad_value(error, name, in_transaction=False)
    return None


def _is_checked_earlier(request: Any) -> bool:
    """Whether a request holds a value of two types or a boolean as text, at any depth."""
    waiting = [request]
    while waiting:
        each = waiting.pop()
        if is_map(each):
            if any(isinstance(each.get(name), str) for name in _FLAGS):
                return True
            types = [each[tag] for tag in TYPE_NAMES if each.get(tag) is not None]
            if len(types) > 1 and not all(map(is_map, types)):
                return True
            waiting.extend(each.values())
        elif is_list(each):
            waiting.extend(each)
    return False
