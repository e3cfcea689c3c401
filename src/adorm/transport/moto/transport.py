"""Internal: moto's request handler, called directly, as a transport.

No socket is opened, botocore is not patched, and nothing of moto's global state is used: each
transport owns its tables, which go when it is closed. moto is laxer than DynamoDB in places; where
it breaks on a request, the error is a `ValidationFailed` that names moto.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import orjson
from anyio.lowlevel import checkpoint

from adorm.clock import current_clock
from adorm.errors import UsageError, ValidationFailed
from adorm.transport.base import Answer, Request, Transport
from adorm.transport.errors import service_error
from adorm.transport.moto.differences import (
    Tokens,
    assigned_attributes,
    segment_of,
    take_segment,
    with_sizes_guarded,
)
from adorm.transport.wire_values import plain_request

if TYPE_CHECKING:
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.responses import DynamoHandler

    class Handler(DynamoHandler):
        """A handler of one request on a database of ours."""

        database: DynamoDBBackend


REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
"""Only shown in table ARNs: each transport has a database of its own."""

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class MotoTransport(Transport):
    """Carries operations to a moto database of its own, in about a millisecond each.

    Answers and errors are as on the wire, `B` as base64 text. An answer shares nothing with the
    stored items.
    """

    def __init__(self) -> None:
        self._new_handler: Callable[[], Handler] | None = None
        self._closed = False
        self._tokens = Tokens(current_clock())

    async def open(self) -> None:
        """Import moto (a third of a second, once a process) and make an empty database.

        Raises:
            UsageError: moto is not installed.
        """
        await checkpoint()
        if self._new_handler is None and not self._closed:
            self._new_handler = _database()
            _quieten()

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        """See `Transport.send`.

        Raises:
            ServiceError: as DynamoDB would; a Python error inside moto is a `ValidationFailed` that
                names moto.
            UsageError: not open, or an operation that moto does not have.
        """
        # A real engine makes every caller wait: here too others run in between, and a cancelled
        # caller sends nothing.
        await checkpoint()
        if self._new_handler is None:
            state = "closed" if self._closed else "not open yet: await open() first"
            raise UsageError(f"the moto database is {state}")
        handler = self._new_handler()
        if not callable(getattr(handler, _CAPITAL.sub("_", operation).lower(), None)):
            raise UsageError(
                f'{operation}: moto does not have this operation: use connect("memory")'
            )
        parameters = plain_request(request)
        _check_text(operation, parameters)
        text = self._tokens.answer(parameters) if operation == "TransactWriteItems" else None
        if text is None:
            given = dict(parameters)
            text = _apply(handler, operation, parameters)
            if operation == "TransactWriteItems":
                self._tokens.keep(given, text)
        answer: Answer = orjson.loads(text)
        return answer

    async def close(self) -> None:
        """Drop the database."""
        self._new_handler = None
        self._closed = True


def _database() -> Callable[[], Handler]:
    """An empty database, as what makes request handlers on it."""
    try:
        from moto.dynamodb.models import DynamoDBBackend
        from moto.dynamodb.responses import DynamoHandler
    except ImportError as error:
        raise UsageError('connect("moto") needs moto: pip install "adorm[moto]"') from error

    backend = DynamoDBBackend(REGION, ACCOUNT_ID)

    class OwnHandler(DynamoHandler):
        database = backend

        @property
        def dynamodb_backend(self) -> DynamoDBBackend:
            return self.database

    return cast("type[Handler]", OwnHandler)


def _check_text(operation: str, parameters: dict[str, Any]) -> None:
    """Refuse text that is no valid UTF-8, which moto would store, and never read again."""
    try:
        orjson.dumps(parameters, default=lambda _: None)  # moto checks bytes and the like
    except TypeError as error:
        raise UsageError(f"{operation}: the request can't be written as JSON: {error}") from error


def _apply(handler: Handler, operation: str, parameters: dict[str, Any]) -> str:
    """The answer's JSON text, corrected where moto differs from DynamoDB."""
    _guard_sizes(parameters)
    if operation == "Scan" and (segment := take_segment(parameters)):
        handler.database = segment_of(handler.database, parameters.get("TableName", ""), *segment)
    updates = operation == "UpdateItem"
    if updates and "UpdateExpression" not in parameters:
        # Without either of the two moto fails when it creates the item.
        parameters.setdefault("AttributeUpdates", {})
    request = dict(parameters)
    status, headers, text = _dispatch(handler, operation, parameters)
    if status >= 300:
        raise service_error(
            orjson.loads(text),
            operation=operation,
            status=status,
            request_id=headers.get("x-amzn-requestid"),
        )
    if updates and request.get("ReturnValues") == "UPDATED_NEW":
        return _with_unchanged(handler, request, text)
    return text


def _guard_sizes(parameters: dict[str, Any]) -> None:
    actions = (each for item in parameters.get("TransactItems", ()) for each in item.values())
    for each in (parameters, *actions):
        for name in ("ConditionExpression", "FilterExpression"):
            if isinstance(expression := each.get(name), str) and "size" in expression:
                each[name] = with_sizes_guarded(expression)


def _with_unchanged(handler: Handler, request: dict[str, Any], text: str) -> str:
    """The answer of an update with UPDATED_NEW, with every attribute that SET assigns.

    moto leaves out attributes whose value did not change, as after `if_not_exists`.
    """
    answer = orjson.loads(text)
    attributes = answer.setdefault("Attributes", {})
    names: dict[str, str] = request.get("ExpressionAttributeNames") or {}
    missing = assigned_attributes(request.get("UpdateExpression", ""), names) - set(attributes)
    if missing:
        read = {"TableName": request["TableName"], "Key": request["Key"], "ConsistentRead": True}
        stored = orjson.loads(_dispatch(handler, "GetItem", read)[2])["Item"]
        attributes.update({name: stored[name] for name in missing if name in stored})
    return orjson.dumps(answer).decode()


def _quieten() -> None:
    """Raise the log levels of moto and botocore to WARNING where none is set: at DEBUG they write
    tens of lines a call."""
    for name in ("moto", "botocore"):
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)


def _dispatch(
    handler: Handler, operation: str, parameters: dict[str, Any]
) -> tuple[int, dict[str, str], str]:
    """Call moto behind its parsing of HTTP and JSON; gives status, headers and JSON text."""
    handler.headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
    }
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
            f"moto failed on this request with {type(error).__name__}: {error}. DynamoDB would "
            'probably refuse it: try it with connect("memory")',
            code="ValidationException",
            operation=operation,
            status=400,
        ) from error
    return int(status), dict(headers), body.decode() if isinstance(body, bytes) else str(body)
