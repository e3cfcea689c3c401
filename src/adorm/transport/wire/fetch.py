"""One HTTP request over a connection of its own: for the servers that give credentials."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Literal

from adorm.deadlines import within
from adorm.errors import ConnectionFailed, UsageError
from adorm.transport.wire.answer_parser import Response
from adorm.transport.wire.connection import HttpConnection
from adorm.transport.wire.connector import Connector
from adorm.transport.wire.endpoint import Endpoint

MAX_FETCHED_BYTES = 256 * 1024
"""Far above any answer with credentials, even with session policies."""


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
    """Send one request that changes nothing, and give its whole answer, whatever its status.

    No error shows the headers or the body. Redirects are not followed.

    Args:
        endpoint: its `path` is the request's target, and may contain a query.
        headers: sent besides `host`, `user-agent`, `connection` and `content-length`.
        tls: for https, a context that verifies.
        limit_s: for everything: name lookup, TCP, TLS, request and answer.
        max_body_bytes: the largest answer, 256 KiB by default.

    Raises:
        ConnectionFailed: no whole answer within the limits; `maybe_applied` is False.
        UsageError: a header can't be sent.
    """
    if (tls is None) is (endpoint.scheme == "https"):
        raise UsageError("https needs a TLS context, and plain http must have none")
    lines = [
        f"{method} {endpoint.path} HTTP/1.1",
        f"host: {endpoint.authority}",
        "user-agent: adorm",
        "connection: close",
    ]
    for name, value in (headers or {}).items():
        if not (value.isascii() and value.isprintable()):
            raise UsageError(
                f"the value of the header {name!r} holds a line end or another character that "
                "can't be sent"
            )
        lines.append(f"{name}: {value}")
    if method == "POST":
        lines.append(f"content-length: {len(body)}")
    request = "\r\n".join([*lines, "", ""]).encode("ascii") + body
    connect = Connector(asyncio.get_running_loop(), endpoint, tls, limit_s, limit_s, max_body_bytes)
    where = f"{endpoint.scheme}://{endpoint.authority}"
    connection: HttpConnection | None = None

    def late(_: TimeoutError) -> ConnectionFailed:
        return ConnectionFailed(f"no whole answer within {limit_s:g} s", maybe_applied=False)

    try:
        async with within(limit_s, late):
            connection = await connect(_forget)
            return await connection.exchange(request)
    except ConnectionFailed as error:
        raise ConnectionFailed(f"{where}: {error.problem}", maybe_applied=False) from error
    finally:
        if connection is not None:
            connection.abort()


def _forget(_connection: HttpConnection) -> None:
    """Does nothing: the connection is in no pool."""
