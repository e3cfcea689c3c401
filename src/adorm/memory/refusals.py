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

from collections.abc import Iterator, Mapping
from typing import Any

from adorm.memory.errors import EngineError
from adorm.memory.expressions.placeholders import bad_value
from adorm.memory.shapes.attribute_values import clean_value
from adorm.memory.shapes.json_scalars import is_list, is_map
from adorm.memory.values import TYPE_NAMES, check_readable

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

OPERATIONS_ON_ITEMS = frozenset(
    {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"}
)
"""The operations whose values are read before all else is checked."""

_FLAGS = ("BOOL", "NULL", "Exists")


def settle(operation: str, request: Any, error: EngineError) -> EngineError:
    """The refusal of a request, in its final words.

    Args:
        operation: the service's name of the operation.
        request: what the client sent.
        error: what the checks or the handler raised.
    """
    if operation in OPERATIONS_ON_ITEMS and error.code == "ValidationException":
        error = _unreadable_value(request) or error
    if operation not in OPERATIONS_CHECKED_EARLIER and not _is_checked_earlier(request):
        error.close_envelope(operation)
    return error


def _unreadable_value(request: Mapping[str, Any]) -> EngineError | None:
    """The refusal of the first value of a request that can't be read; None where all can."""
    for value, placeholder in _values(request):
        try:
            check_readable(clean_value(value))
        except EngineError as error:
            if placeholder is None:
                return error
            return bad_value(error, placeholder, in_transaction=False)
    return None


def _values(request: Mapping[str, Any]) -> Iterator[tuple[Any, str | None]]:
    """The values of a request in the order in which they were sent, each with its placeholder if it
    has one."""
    for member, content in request.items():
        if not content:
            continue
        if member in ("Item", "Key"):
            for value in content.values():
                yield value, None
        elif member == "ExpressionAttributeValues":
            for name, value in content.items():
                yield value, name
        elif member == "AttributeUpdates":
            for update in content.values():
                if update.get("Value") is not None:
                    yield update["Value"], None


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
