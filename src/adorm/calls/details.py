"""What hooks see of a call: names, numbers and codes, never a key, an item or another value."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, cast
from urllib.parse import urlsplit

import attrs

from adorm.calls.capacity import Capacity, TableUnits, Units
from adorm.dynamodb.operations import counts_by_table
from adorm.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    ServiceError,
    Throttled,
    TransactionCanceled,
)
from adorm.transport.base import Answer, Request, Transport

DEFAULT_PORTS = {"http": 80, "https": 443}

next_call_id = count(1).__next__


@attrs.frozen(kw_only=True)
class RequestDetails:
    """The shape of a request; None for a parameter that the request does not have."""

    tables: tuple[str, ...] = ()
    """The names of its tables, each once."""
    index: str | None = None
    consistent_read: bool | None = None
    limit: int | None = None
    """`Limit`: the items read at most, or for ListTables the names."""
    select: str | None = None
    projection: str | None = None
    """`ProjectionExpression` as it is sent; adorm writes names into it as placeholders, `#n0`."""
    attributes_to_get: tuple[str, ...] = ()
    segment: int | None = None
    total_segments: int | None = None
    scan_forward: bool | None = None
    exclusive_start_table: str | None = None
    batch_size: int | None = None
    """The keys, items or statements of a batch or transaction."""


@attrs.frozen(kw_only=True)
class ServerDetails:
    """Where requests go; None where the transport does not know: in memory it never does."""

    address: str | None = None
    port: int | None = None
    region: str | None = None


@attrs.frozen(kw_only=True)
class AnswerDetails:
    """The shape of an answer; None for a member that the answer does not have."""

    count: int | None = None
    scanned_count: int | None = None
    table_count: int | None = None
    """Names in an answer of ListTables."""
    unprocessed: int = 0
    """Keys or items that a batch left unprocessed; adorm sends them again, as a call of its own."""
    request_id: str | None = None
    capacity: Mapping[str, Units] = attrs.field(factory=dict[str, Units])
    """Capacity units consumed, by table; empty where the request did not ask for a report."""
    index_capacity: Mapping[tuple[str, str], Units] = attrs.field(
        factory=dict[tuple[str, str], Units]
    )
    """How much of it the indexes consumed, by table and index."""


@attrs.frozen(kw_only=True)
class ErrorDetails:
    """What ended a call or an attempt.

    It is not the error itself, whose message may contain keys, and whose `item` is the item.
    """

    type: str
    """The error's class: `"ConditionalCheckFailed"`, `"ConnectionFailed"`, `"DeadlineExceeded"`,
    `"CancelledError"`."""
    code: str | None = None
    """DynamoDB's code, such as `"ProvisionedThroughputExceededException"`."""
    status: int | None = None
    """The HTTP status."""
    request_id: str | None = None
    throttled: bool = False
    retryable: bool = False
    """An error after which adorm tries again, while attempts, deadline and quota allow it."""
    maybe_applied: bool = False
    cancelled: bool = False
    """The caller was cancelled: no failure."""
    reasons: tuple[str | None, ...] = ()
    """For a cancelled transaction: the code of each of its actions; None for one without fault."""


@attrs.frozen(kw_only=True)
class _Details:
    """What a call and its attempts have in common."""

    call_id: int = 0
    """One number in all details of a call, and of no other in this process."""
    operation: str
    """DynamoDB's name: `"PutItem"`."""
    table: str | None
    """The table's name; None for operations on several tables or on none: `request.tables`."""
    model: str | None = None
    """The name of the model that the call is about, where it is about one."""
    request: RequestDetails = attrs.field(factory=RequestDetails)
    server: ServerDetails = attrs.field(factory=ServerDetails)
    duration_s: float = 0.0
    """Time taken, of a call with its waits; 0 before it."""
    error: ErrorDetails | None = None
    """What it raised, a cancellation included; None before it and after a success."""
    capacity: Units | None = None
    """What the answer reports as consumed; None before it, after an error, and where the request
    did not ask for a report (`CallHooks.capacity`)."""


@attrs.frozen(kw_only=True)
class CallDetails(_Details):
    """One call as its hooks see it, frozen: no key, no item, no credentials."""

    attempts: int = 0
    """Attempts made; 0 before the call."""
    answer: AnswerDetails | None = None
    """None before the call and after an error."""


@attrs.frozen(kw_only=True)
class AttemptDetails(_Details):
    """One attempt of a call as its hooks see it, frozen."""

    attempt: int
    """1 for the first."""
    delay_s: float
    """The wait that came before this attempt; 0 for the first."""


def request_details(request: Request) -> RequestDetails:
    """The shape of any operation's request."""
    tables, size = _tables(request)
    shape: dict[str, Any] = {}
    for parameter, value in request.items():
        if (known := _SHAPE.get(parameter)) is not None:
            name, checked = known
            if (shown := checked(value)) is not None:
                shape[name] = shown
    return RequestDetails(tables=tables, batch_size=size, **shape)


def answer_details(
    answer: Answer, consumed: Sequence[TableUnits] = (), request_id: str | None = None
) -> AnswerDetails:
    """The shape of any operation's answer, with the capacity that it reports as consumed."""
    names = answer.get("TableNames")
    unprocessed = answer.get("UnprocessedKeys") or answer.get("UnprocessedItems")
    return AnswerDetails(
        count=_number(answer.get("Count")),
        scanned_count=_number(answer.get("ScannedCount")),
        table_count=len(cast("list[object]", names)) if isinstance(names, list) else None,
        unprocessed=sum(counts_by_table({"RequestItems": unprocessed}).values())
        if unprocessed
        else 0,
        request_id=request_id,
        **_capacity(consumed) if consumed else {},
    )


def error_details(error: BaseException) -> ErrorDetails:
    """The kind of an error, without its words."""
    kind = type(error).__name__
    if isinstance(error, ServiceError):
        return ErrorDetails(
            type=kind,
            code=_code(error.code),
            status=error.status,
            request_id=error.request_id,
            throttled=isinstance(error, Throttled),
            retryable=error.retryable,
            maybe_applied=error.maybe_applied,
            reasons=tuple(_code(reason.code) for reason in error.reasons)
            if isinstance(error, TransactionCanceled)
            else (),
        )
    if isinstance(error, ConnectionFailed | DeadlineExceeded):
        return ErrorDetails(
            type=kind,
            retryable=isinstance(error, ConnectionFailed),
            maybe_applied=error.maybe_applied,
        )
    return ErrorDetails(type=kind, cancelled=isinstance(error, asyncio.CancelledError))


def server_details(transport: Transport) -> ServerDetails:
    """Where a transport sends to."""
    url, region = transport.engine.endpoint_url, transport.engine.region
    parts = urlsplit(_text(url) or "")  # a given client may hold anything
    port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    return ServerDetails(address=parts.hostname, port=port, region=_text(region))


def model_name(subject: object) -> str | None:
    """The model of what a call is about, where that knows it: a key does."""
    return _text(getattr(getattr(subject, "model", None), "__name__", None))


_CODE = re.compile(r"[A-Za-z0-9_.#:-]{1,120}", re.ASCII)


def _code(code: str | None) -> str | None:
    """An error code as it came; "Unknown" for text that can't be one, as a proxy may send."""
    return code if code is None or _CODE.fullmatch(code) else "Unknown"


def _tables(request: Request) -> tuple[tuple[str, ...], int | None]:
    """Names of tables, and how many operations a batch or transaction has."""
    counts = counts_by_table(request)
    tables = tuple(name for name in counts if name)
    if request.get("TableName") is not None:
        return tables, None
    if counts:
        return tables, sum(counts.values())
    return tables, _length(request.get("Statements", request.get("TransactStatements")))


def _capacity(consumed: Sequence[TableUnits]) -> dict[str, Any]:
    totals = Capacity()
    totals.add("", consumed)
    return {"capacity": dict(totals.by_table), "index_capacity": dict(totals.by_index)}


# A caller of `db.call` may write anything anywhere, and so may a server in DynamoDB's place. Only
# values of a parameter's own type are shown, and nothing here raises: hooks must not change a call.


def _length(value: object) -> int | None:
    return len(cast("Sequence[object]", value)) if isinstance(value, Sequence) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _names(value: object) -> tuple[str, ...] | None:
    return tuple(map(str, cast("list[object]", value))) if isinstance(value, list) else None


_SHAPE: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "IndexName": ("index", _text),
    "ConsistentRead": ("consistent_read", _flag),
    "Limit": ("limit", _number),
    "Select": ("select", _text),
    "ProjectionExpression": ("projection", _text),
    "AttributesToGet": ("attributes_to_get", _names),
    "Segment": ("segment", _number),
    "TotalSegments": ("total_segments", _number),
    "ScanIndexForward": ("scan_forward", _flag),
    "ExclusiveStartTableName": ("exclusive_start_table", _text),
}
"""The parameters that are shown: each with its name in `RequestDetails` and its check."""
