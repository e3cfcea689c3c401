"""One HTTP request over a connection of its own: for credentials, which are asked for seldom and
not of DynamoDB."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Literal

from adorm.errors import ConnectionFailed, UsageError
from adorm.transport.wire.answer_parser import Response
from adorm.transport.wire.connection import HttpConnection
from adorm.transport.wire.connector import Connector
from adorm.transport.wire.endpoint import Endpoint

MAX_FETCHED_BYTES = 256 * 1024
"""Far above any answer with credentials, session policies and all."""


async def fetch(
    endpoint: Endpoint,
    *,
    method: Literal["GET", "POST"] = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    tls: ssl.SSLContext | None = None,
    limit_s: float,
    max_body_bytes: int = MAX_FETCHED_BYTES,
) -> Response:
    """Send one request that may be repeated, and give its whole answer, of whatever status; a
    redirect is an answer like others.

    The request line is the endpoint's `path`, a query included. `headers` (`host` and
    `content-length` are written here) and the body appear in no error. `tls`: for https, a context
    that verifies. `limit_s` bounds all of it: name lookup, TCP, TLS, request and answer.

    Raises:
        ConnectionFailed: no whole answer within the limits; `maybe_applied` is False, since nothing
            is changed by asking.
        UsageError: a header can't be sent; its value is not shown.
    """
    if (tls is None) is (endpoint.scheme == "https"):
        raise UsageError("https takes a TLS context, and plain http none")
    lines = [
        f"{method} {endpoint.path} HTTP/1.1",
        f"host: {endpoint.authority}",
        "user-agent: adorm",
        "connection: close",
    ]
    for name, value in (headers or {}).items():
        if not (value.isascii() and value.isprintable()):
            raise UsageError(
                f"the value of the header {name!r} holds a line end or another character that can't be sent"
            )
        lines.append(f"{name}: {value}")
    if method == "POST":
        lines.append(f"content-length: {len(body)}")
    request = "\r\n".join([*lines, "", ""]).encode("ascii") + body
    connect = Connector(asyncio.get_running_loop(), endpoint, tls, limit_s, limit_s, max_body_bytes)
    where = f"{endpoint.scheme}://{endpoint.authority}"
    connection: HttpConnection | None = None
    bound = asyncio.timeout(limit_s)
    try:
        async with bound:
            connection = await connect(_forget)
            return await connection.exchange(request)
    except ConnectionFailed as error:
        raise ConnectionFailed(f"{where}: {error.problem}", maybe_applied=False) from error
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise ConnectionFailed(
            f"{where}: no whole answer within {limit_s:g} s", maybe_applied=False
        ) from error
    finally:
        if connection is not None:
            connection.abort()


def _forget(_connection: HttpConnection) -> None:
    """No pool keeps it."""
