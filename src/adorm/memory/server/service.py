"""Internal: answers one HTTP request as DynamoDB's endpoint does."""

from __future__ import annotations

import logging
import secrets
import zlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol

import orjson

from adorm.memory.errors import EngineError, Wording
from adorm.memory.failures import log_failure
from adorm.memory.limits import ENDPOINT_CACHE_MINUTES
from adorm.memory.server.authorization import Callers, read_authorization
from adorm.memory.server.compression import (
    COMPRESSED_BYTES,
    TooLong,
    decoded,
    encoded,
    encoding_for,
)
from adorm.memory.server.messages import HttpAnswer, HttpRequest
from adorm.memory.server.refusals import refusal
from adorm.memory.server.signatures import SignatureCheck
from adorm.memory.server.targets import OPERATIONS, WITHOUT_BODY

AMAZON_JSON = b"application/x-amz-json-1.0"
JSON = b"application/json"

NOT_FOUND = b"<UnknownOperationException/>\n"
"""The body of the 404 for a request that is not part of the API."""

logger = logging.getLogger("adorm.memory.server")


class CallableEngine(Protocol):
    """The part of an engine that the service uses."""

    @property
    def wording(self) -> Wording: ...

    def call(
        self, operation: str, request: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]: ...


class Service:
    """Answers as DynamoDB's endpoint does: DynamoDB and DynamoDB Streams at one address.

    Args:
        engine: carries out the operations.
        shared: whether all callers share one database. Otherwise each access key id and region has
            its own.
        signatures: refuses requests with wrong signatures; None to accept any signature.
        default_region: the region of a caller who names none.
        body_bytes: the longest body that is accepted, counted after decompression.
    """

    def __init__(
        self,
        engine: CallableEngine,
        *,
        shared: bool = False,
        signatures: SignatureCheck | None = None,
        default_region: str = "us-east-1",
        body_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        self._engine = engine
        self._callers = Callers(shared=shared, default_region=default_region)
        self._signatures = signatures
        self._body_bytes = body_bytes
        self._healthy = f"healthy: dynamodb.{default_region}.amazonaws.com ".encode()

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request; this never raises.

        The checks come in the service's order: preflight of browsers, health check, method and
        content type, encoding, JSON, target, authorization, and then the operation.
        """
        headers = request.headers
        method = request.method
        if method == b"OPTIONS" and b"origin" in headers:
            return _preflight(headers)
        if method == b"GET" and request.target.partition(b"?")[0] == b"/":
            return _answer(request, 200, self._healthy, b"")
        content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        is_known = content_type in (AMAZON_JSON, JSON)
        if method != b"POST" or (request.body and not is_known):
            return _answer(request, 404, NOT_FOUND, b"")
        operation = OPERATIONS.get(headers.get(b"x-amz-target", b""), "")
        try:
            status, body = 200, self._carry_out(request, operation)
        except EngineError as error:
            status, body = refusal(error, operation, self._engine.wording)
        except TooLong:
            return _answer(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"", b"")
        except Exception as error:  # noqa: BLE001  # no error may stop the server
            log_failure(logger, operation, error)
            fault = EngineError("InternalServerError", "Internal server error")
            status, body = refusal(fault, operation, "new")
        return _answer(request, status, body, AMAZON_JSON if content_type == AMAZON_JSON else JSON)

    def _carry_out(self, request: HttpRequest, operation: str) -> bytes:
        body = request.body
        encoding = request.headers.get(b"content-encoding")
        if encoding is not None:
            body = decoded(body, encoding.strip().lower(), self._body_bytes)
        parameters: Any = None
        if body:
            try:
                parameters = orjson.loads(body)
            except orjson.JSONDecodeError as error:
                raise EngineError("SerializationException", "") from error
        if not operation:
            raise EngineError("UnknownOperationException", "")
        authorization = read_authorization(request)
        if self._signatures is not None:
            self._signatures.check(request, authorization)
        if not body:
            raise EngineError("SerializationException", "")
        account, region = self._callers.find(authorization.credential)
        answer = self._engine.call(operation, parameters, account=account, region=region)
        if operation == "DescribeEndpoints":
            answer = _endpoint(request)
        return b"" if operation in WITHOUT_BODY else orjson.dumps(answer)


def _endpoint(request: HttpRequest) -> dict[str, Any]:
    """This server's address as the client wrote it."""
    host = request.headers.get(b"host", b"").decode("latin-1")
    return {"Endpoints": [{"Address": host, "CachePeriodInMinutes": ENDPOINT_CACHE_MINUTES}]}


def _answer(request: HttpRequest, status: int, body: bytes, content_type: bytes) -> HttpAnswer:
    more = b""
    accepted = request.headers.get(b"accept-encoding")
    if accepted is not None and len(body) >= COMPRESSED_BYTES:
        encoding = encoding_for(accepted)
        if encoding is not None:
            body = encoded(body, encoding)
            more = b"Content-Encoding: %b\r\n" % encoding
    if content_type:
        more += b"Content-Type: %b\r\n" % content_type
    if b"origin" in request.headers:
        more += CORS
    headers = b"%bx-amzn-RequestId: %b\r\nx-amz-crc32: %d\r\n" % (
        more,
        _request_id(),
        zlib.crc32(body),
    )
    return HttpAnswer(status, headers, body)


def _request_id() -> bytes:
    """A request id of 52 letters and digits, like the service's."""
    return secrets.token_hex(26).upper().encode()


CORS = (
    b"Access-Control-Allow-Origin: *\r\n"
    b"Access-Control-Expose-Headers: x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date\r\n"
)
"""The headers that allow scripts of a web page to read the answer."""


def _preflight(headers: dict[bytes, bytes]) -> HttpAnswer:
    """The answer to a browser's preflight request: it allows everything that the page asks for."""
    lines = CORS + b"Access-Control-Max-Age: 172800\r\n"
    for asked_header, allowed_header in (
        (b"access-control-request-headers", b"Access-Control-Allow-Headers"),
        (b"access-control-request-method", b"Access-Control-Allow-Methods"),
    ):
        if asked_header in headers:
            lines += b"%b: %b\r\n" % (allowed_header, headers[asked_header])
    return HttpAnswer(200, lines + b"x-amzn-RequestId: %b\r\n" % _request_id(), b"")
