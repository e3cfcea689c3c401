"""Internal: the check that every request passes before its handler gets it.

The service first reads the JSON, and refuses the request with a SerializationException at the first
value of a wrong type. Then it checks the constraints of the members and reports the broken ones in
one ValidationException. Only then does it read expressions and find tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adorm.memory.errors import EngineError, Wording
from adorm.memory.shapes import (
    backups,
    batches,
    items,
    partiql,
    queries,
    settings,
    streams,
    tables,
)
from adorm.memory.shapes.json_scalars import CHANGED, FAULTY, is_map, unreadable
from adorm.memory.shapes.json_types import clean, compile_check
from adorm.memory.shapes.model import Operation, Request

OPERATIONS: Mapping[str, Operation] = {
    **items.OPERATIONS,
    **queries.OPERATIONS,
    **batches.OPERATIONS,
    **partiql.OPERATIONS,
    **tables.OPERATIONS,
    **backups.OPERATIONS,
    **settings.OPERATIONS,
    **streams.OPERATIONS,
}
"""Every operation of DynamoDB and DynamoDB Streams whose requests can be checked."""

_CHECKS: Mapping[str, tuple[Callable[[Any], int], Operation]] = {
    name: (compile_check(operation.input), operation) for name, operation in OPERATIONS.items()
}


def check(operation: str, request: Any, wording: Wording = "new") -> Request:
    """Return a request in the form for its handler.

    It has the right types, keeps the constraints, and has no nulls and no members that the
    operation does not know.

    Args:
        operation: the name of the operation in the API, such as `GetItem`.
        request: the request as the client sent it. It is not changed.
        wording: which regions to follow; they differ in what they check before expressions.

    Returns:
        The request itself if nothing in it has to change, which is the usual case; else a copy.

    Raises:
        EngineError: SerializationException for JSON of a wrong type, ValidationException for a
            broken constraint, UnknownOperationException for an unknown operation.
    """
    known = _CHECKS.get(operation)
    if known is None:
        raise EngineError("UnknownOperationException", "")
    check_types, described = known
    if not is_map(request):
        raise unreadable("")
    found = check_types(request)
    if not found and described.suspect is None:
        return request
    cleaned: Request = clean(described.input, request) if found & CHANGED else request
    if not found & FAULTY and described.suspect is not None and described.suspect(cleaned):
        found |= FAULTY
    if found & FAULTY:
        _refuse(described, request, cleaned, wording)
    return cleaned


def _refuse(described: Operation, sent: Request, request: Request, wording: Wording) -> None:
    """Raise the service's refusal of a request that may be faulty, if it already has one."""
    if request is sent:
        request = clean(described.input, sent)
    new = described.explain(described.input, sent, request)
    old = described.explain_old(described.input, sent, request)
    message = new if wording == "new" else old
    if message is not None:
        raise EngineError("ValidationException", new or message, old=old or message)
