"""A small HTTP server on 127.0.0.1 for servers other than DynamoDB: STS, a container's endpoint.

    async with PlainServer(handler) as server:
        ...
        assert [request.target for request in server.requests] == ["/creds"]

`handler(request)` gives a `PlainAnswer`, or None: then nothing is sent until `answer_all()` asks
the handler again. Each answer ends its connection. The server starts no task.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import cast

import attrs

from tests.support.tcp_server import TcpServer


@attrs.frozen
class PlainRequest:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


@attrs.frozen
class PlainAnswer:
    """An answer. `raw` replaces all of it; if it is empty, the connection is only closed."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    raw: bytes | None = None


HANG_UP = PlainAnswer(raw=b"")
PlainHandler = Callable[[PlainRequest], "PlainAnswer | None"]


class PlainServer(TcpServer["_Connection"]):
    """See the module's docstring."""

    requests: list[PlainRequest]

    def __init__(self, handler: PlainHandler, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(lambda: _Connection(self), tls=tls)
        self.handler = handler

    def answer_all(self) -> None:
        """Ask the handler again about every request without an answer."""
        for connection in tuple(self._open):
            connection.answer()


class _Connection(asyncio.Protocol):
    """One client's connection, for one request."""

    def __init__(self, server: PlainServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._request: PlainRequest | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.left(self)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._request is not None:
            return
        line, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (text.partition(": ") for text in lines)
        }
        length = int(headers.get("content-length", "0"))
        if len(self._buffer) < end + 4 + length:
            return
        method, target, _ = line.split(" ")
        self._request = PlainRequest(method, target, headers, bytes(self._buffer[end + 4 :]))
        self._server.requests.append(self._request)
        self.answer()
        self._server.notice()

    def answer(self) -> None:
        if self._request is None or self._transport is None or self._transport.is_closing():
            return
        answer = self._server.handler(self._request)
        if answer is None:
            return
        if answer.raw is None:
            headers = {
                "Content-Length": str(len(answer.body)),
                "Connection": "close",
                **answer.headers,
            }
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            self._transport.write(
                f"HTTP/1.1 {answer.status} Whatever\r\n{lines}\r\n".encode("latin-1") + answer.body
            )
        else:
            self._transport.write(answer.raw)
        self._transport.close()
