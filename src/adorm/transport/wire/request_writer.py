"""Writes DynamoDB's requests: JSON, signature and HTTP head, for one endpoint.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from adorm.dynamodb.values import json_default
from adorm.errors import UsageError
from adorm.transport.base import Request
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.endpoint import Endpoint
from adorm.transport.wire.sigv4 import Signer

CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET_PREFIX = "DynamoDB_20120810."


class RequestStart(NamedTuple):
    """What all requests of one operation begin with."""

    target: str
    """`DynamoDB_20120810.GetItem`."""
    lines: str
    """The request line and the headers, up to the value of `x-amz-date`."""


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
        start = RequestStart(target, f"{self._path}{target}\r\nx-amz-date: ")
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
    """The JSON of a request; binary values become base64 text.

    Raises:
        UsageError: a value can't be written as JSON.
    """
    try:
        return orjson.dumps(request, default=_default)
    except TypeError as error:
        raise UsageError(f"{operation}: the request can't be written as JSON: {error}") from error


def _default(value: Any) -> Any:
    """For orjson: what to write in the place of a value that it can't write."""
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # orjson checks what is in it
    return json_default(value)
