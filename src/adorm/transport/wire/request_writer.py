"""Writes DynamoDB's requests: JSON, signature, trace header and HTTP head, for one endpoint.

By the header `X-Amzn-Trace-Id` X-Ray finds which trace a request belongs to, and Lambda finds
functions that call themselves. Like AWS's SDKs, adorm does not sign it: servers on the way may
change it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import orjson

from adorm.dynamodb.values import json_default
from adorm.errors import UsageError
from adorm.transport.base import Request
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.endpoint import Endpoint
from adorm.transport.wire.sigv4 import Signer

logger = logging.getLogger("adorm")

TRACE_HEADER = "x-amzn-trace-id"
MAX_TRACE_LENGTH = 4096
UNQUOTED = "-=;:+&[]{}\"',"
"""The characters that are not quoted, besides letters, digits and `_.~`. AWS's SDKs leave the same
ones."""


def trace_line(
    environ: Mapping[str, str], given: Callable[[], str | None] | None
) -> Callable[[], str] | None:
    """A function that gives the header's line for a request, or None if no request has the header.

    Args:
        given: the user's function, which gives the header's value. Without it the value is the
            variable `_X_AMZN_TRACE_ID` inside Lambda, read for each request because each invocation
            changes it; elsewhere there is none.
    """
    if given is None:
        if "AWS_LAMBDA_FUNCTION_NAME" not in environ:
            return None

        def from_environment() -> str | None:
            return environ.get("_X_AMZN_TRACE_ID")

        given = from_environment
    return TraceLine(given)


class TraceLine:
    """Writes the line of the current trace. It keeps the last one, since traces change seldom."""

    __slots__ = ("_given", "_line", "_value")

    def __init__(self, given: Callable[[], str | None]) -> None:
        self._given = given
        self._value: str | None = None
        self._line = ""

    def __call__(self) -> str:
        """`x-amzn-trace-id: Root=...` with its line end; empty without a trace."""
        try:
            value = self._given()
            if value != self._value:
                self._line = _line(value)
                self._value = value
        except Exception:
            logger.exception(
                "trace_header failed, the request is sent without the header: %r", self._given
            )
            return ""
        return self._line


def _line(value: str | None) -> str:
    if not value or len(value) > MAX_TRACE_LENGTH:
        return ""
    from urllib.parse import quote

    # A line end in the value is quoted too.
    return f"{TRACE_HEADER}: {quote(value, safe=UNQUOTED)}\r\n"


CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET_PREFIX = "DynamoDB_20120810."


RequestStart: TypeAlias = tuple[str, str]
"""What all requests of one operation begin with: the target, `DynamoDB_20120810.GetItem`; and the
request line and the headers, up to the value of `x-amz-date`."""


class RequestWriter:
    """Writes requests to one endpoint. What two requests have in common is written once."""

    __slots__ = ("_path", "_signer", "_trace_line", "starts")

    def __init__(self, endpoint: Endpoint, trace_line: Callable[[], str] | None) -> None:
        self._signer = Signer(
            region=endpoint.region,
            host=endpoint.authority,
            path=endpoint.path,
            headers={"content-type": CONTENT_TYPE},
        )
        self._path = (
            f"POST {endpoint.path} HTTP/1.1\r\nhost: {endpoint.authority}\r\n"
            f"content-type: {CONTENT_TYPE}\r\nuser-agent: adorm\r\nx-amz-target: "
        )
        self._trace_line = trace_line
        self.starts: dict[str, RequestStart] = {}
        """By operation, those that `start` has made."""

    def start(self, operation: str) -> RequestStart:
        """What the requests of an operation begin with.

        Raises:
            UsageError: it is not the name of an operation.
        """
        if not (operation.isascii() and operation.isalnum()):
            raise UsageError(f"{operation!r} is not the name of an operation of DynamoDB")
        target = TARGET_PREFIX + operation
        start = target, f"{self._path}{target}\r\nx-amz-date: "
        return self.starts.setdefault(operation, start)

    def write(
        self, start: RequestStart, body: bytes, credentials: Credentials, epoch_s: float
    ) -> bytes:
        """The bytes of a request, signed for this time of day."""
        target, lines = start
        signer = self._signer
        timestamp = signer.timestamp(int(epoch_s))
        signature = signer.authorization(credentials, target, body, timestamp)
        token = credentials.session_token
        token_line = f"x-amz-security-token: {token}\r\n" if token else ""
        trace_line = "" if self._trace_line is None else self._trace_line()
        head = (
            f"{lines}{timestamp}\r\nauthorization: {signature}\r\n{token_line}{trace_line}"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def json_body(operation: str, request: Request) -> bytes:
    """The JSON of a request; binary values become base64 text."""
    try:
        return orjson.dumps(request, default=_default)
    except TypeError as error:
        raise UsageError(f"{operation}: the request can't be written as JSON: {error}") from error


def _default(value: Any) -> Any:
    """For orjson: what to write in the place of a value that it can't write."""
    if isinstance(value, Mapping):
        # orjson checks what is in it
        return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return json_default(value)
