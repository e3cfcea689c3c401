"""A DynamoDB inside the process: moto's request handler, called directly.

No socket is opened, botocore is not patched, and nothing of moto's global state is used: each transport owns its tables, which
go when it is closed. moto is laxer than DynamoDB in places; where it breaks on a request it says so in a `ValidationFailed`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from anyio.lowlevel import checkpoint

from adorm.errors import UsageError, ValidationFailed
from adorm.transport.answers import service_error
from adorm.transport.base import Answer, Request
from adorm.transport.wire_values import plain_request

if TYPE_CHECKING:
    from moto.dynamodb.responses import DynamoHandler

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
"""What table ARNs carry; isolation does not rest on it."""

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class MemoryTransport:
    """Carries operations to a database of its own, in memory.

    Bytes, numbers and errors are as on the wire: what DynamoDB's JSON would hold comes back, `B` as base64 text.
    An answer shares nothing with what is stored. About a millisecond an operation.
    """

    def __init__(self) -> None:
        self._new_handler: Callable[[], DynamoHandler] | None = None
        self._closed = False

    async def open(self) -> None:
        """Import moto (a third of a second, once a process) and make an empty database.

        Raises:
            UsageError: moto is not installed.
        """
        await checkpoint()
        if self._new_handler is None and not self._closed:
            self._new_handler = _database()

    async def send(self, operation: str, request: Request, /) -> Answer:
        """See `Transport.send`.

        Raises:
            ServiceError: as DynamoDB would; a Python error inside moto is a `ValidationFailed` that names moto.
            UsageError: not open, or an operation that moto does not have.
        """
        # A real engine makes every caller wait: here too others run in between, and a cancelled caller sends nothing.
        await checkpoint()
        if self._new_handler is None:
            raise UsageError("the memory database is closed" if self._closed else "the memory database is not open yet: await open() first")
        handler = self._new_handler()
        if not callable(getattr(handler, _CAPITAL.sub("_", operation).lower(), None)):
            raise UsageError(f"{operation}: the memory database does not have this operation (moto lacks it): use DynamoDB Local")
        parameters = plain_request(request)
        _check_text(operation, parameters)
        segment = _take_segment(parameters) if operation == "Scan" else 0
        status, headers, text = _dispatch(handler, operation, parameters)
        request_id = headers.get("x-amzn-requestid")
        answer: Answer = orjson.loads(text)
        if status >= 300:
            raise service_error(answer, operation=operation, status=status, request_id=request_id)
        if segment:  # moto has read one item for it
            answer.pop("LastEvaluatedKey", None)
            answer.update(Items=[], Count=0, ScannedCount=0)
        return answer

    async def close(self) -> None:
        """Drop the database."""
        self._new_handler = None
        self._closed = True


def _database() -> Callable[[], DynamoHandler]:
    """An empty database, as what makes request handlers on it."""
    try:
        from moto.dynamodb.models import DynamoDBBackend
        from moto.dynamodb.responses import DynamoHandler
    except ImportError as error:
        raise UsageError('connect("memory") needs moto: pip install "adorm[memory]"') from error

    backend = DynamoDBBackend(REGION, ACCOUNT_ID)

    class Handler(DynamoHandler):
        @property
        def dynamodb_backend(self) -> DynamoDBBackend:
            return backend

    return Handler


def _check_text(operation: str, parameters: dict[str, Any]) -> None:
    """Refuse what no JSON in UTF-8 can carry: moto would keep it, and then fail on every read of the table.

    Raises:
        UsageError: there is such text.
    """
    try:
        orjson.dumps(parameters, default=_no_text)
    except TypeError as error:
        raise UsageError(f"{operation}: the request can't be written as JSON: {error}") from error


def _no_text(_value: object) -> None:
    """Bytes and the like are no text; what is wrong with them moto says."""


def _take_segment(parameters: dict[str, Any]) -> int:
    """The segment that a scan asks for. moto has none: the first holds every item, the others are empty, as may be in DynamoDB."""
    segment, total_segments = parameters.pop("Segment", None), parameters.pop("TotalSegments", None)
    if (segment is None) != (total_segments is None) or (segment is not None and not 0 <= segment < total_segments):
        raise ValidationFailed(
            "Segment and TotalSegments go together, and Segment is less than TotalSegments",
            code="ValidationException",
            operation="Scan",
            status=400,
        )
    if segment:
        parameters["Limit"] = 1  # nothing of its page is used: moto takes seconds for a full one
    return int(segment or 0)


def _dispatch(handler: DynamoHandler, operation: str, parameters: dict[str, Any]) -> tuple[int, dict[str, str], str]:
    """Status, headers and JSON text, by the part of moto that comes after its parsing of HTTP and JSON."""
    handler.headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    handler.params = parameters
    handler.body = b""
    handler.querystring = {}
    handler.response_headers = {}
    handler.region = REGION
    handler.current_account = ACCOUNT_ID
    handler.partition = "aws"
    try:
        status, headers, body = handler.call_action()
    except Exception as error:
        raise ValidationFailed(
            f"moto, which the memory database is made of, failed on this request with {type(error).__name__}: {error}. "
            "DynamoDB would probably refuse it; DynamoDB Local tells",
            code="ValidationException",
            operation=operation,
            status=400,
        ) from error
    return int(status), dict(headers), body.decode() if isinstance(body, bytes) else str(body)
