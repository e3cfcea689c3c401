"""Internal: the service's words for a refusal, where they depend on the whole request.

The service checks attribute values in two ways, an earlier and a newer one, and words what is wrong
differently. The newer checks answer the operations on one item, queries and scans, and put
PutItem's, UpdateItem's and DeleteItem's refusals into the envelope. The earlier checks answer
BatchWriteItem, transactions and PartiQL, and any request that holds a value of two types, or a
boolean that is written as text.

Where a value can't be read at all, the service says so before it looks at the rest of the request.
The engine reads values where it needs them, so it looks for such a value here, once a request is
refused for another reason.
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
"""The operations that the earlier checks answer."""

MEMBERS_READ_FIRST: Mapping[str, tuple[str, ...]] = {
    "GetItem": ("Key",),
    "PutItem": ("Item", "ExpressionAttributeValues"),
    "UpdateItem": ("Key", "AttributeUpdates", "ExpressionAttributeValues"),
    "DeleteItem": ("Key",),
    "Query": ("ExpressionAttributeValues",),
    "Scan": ("ExpressionAttributeValues",),
}
"""The members of requests whose values are read before all else is checked."""

_FLAGS = ("BOOL", "NULL", "Exists")


def final_refusal(operation: str, request: Any, error: EngineError) -> EngineError:
    """The refusal of a request, in its final words.

    Args:
        operation: the service's name of the operation.
        request: what the client sent.
        error: what the checks or the handler raised.
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
    """The refusal of the first value of a request that can't be read; None where all can."""
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
    """Whether a request holds a value of two types, or a boolean as text, however deep."""
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
