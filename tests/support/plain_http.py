"""A small HTTP server on 127.0.0.1 for what is not DynamoDB: STS, and the endpoint of a container's
credentials.

    async with PlainServer(handler) as server:
        ...
        assert [request.target for request in server.requests] == ["/creds"]

`handler(request)` gives a `Said`, or None for silence: nothing is sent until the connection ends or
`answer_all()` asks the handler again. Each answer ends its connection. No task runs behind it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, cast

import attrs


@attrs.frozen
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


@attrs.frozen
class Said:
    """An answer; `raw` replaces all of it, and empty `raw` closes the connection without a word."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    raw: bytes | None = None


HANG_UP = Said(raw=b"")
Answering = Callable[[Asked], "Said | None"]


class PlainServer:
    """See the module's docstring."""

    def __init__(self, handler: Answering, *, tls: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.requests: list[Asked] = []
        self._tls = tls
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def answer_all(self) -> None:
        """Ask the handler again about every request that waits in silence."""
        for connection in tuple(self._open):
            connection.answer()

    async def received(self, requests: int) -> None:
        """Wait until so many requests have come in all."""
        await self._until(lambda: len(self.requests) >= requests)

    async def all_closed(self) -> None:
        """Wait until no connection is open."""
        await self._until(lambda: not self._open)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), "127.0.0.1", 0, ssl=self._tls
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._open):
            connection.abort()
        await self.all_closed()
        if self._server is not None:
            await self._server.wait_closed()

    def joined(self, connection: _Connection) -> None:
        self._open.add(connection)

    def left(self, connection: _Connection) -> None:
        self._open.discard(connection)
        self.notice()

    def notice(self) -> None:
        """Something happened that a test may be waiting for."""
        for condition, waiter in self._waiting:
            if not waiter.done() and condition():
                waiter.set_result(None)

    async def _until(self, condition: Callable[[], bool]) -> None:
        if condition():
            return
        entry = (condition, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            await entry[1]
        finally:
            self._waiting.remove(entry)


class _Connection(asyncio.Protocol):
    """One client's connection, for one request."""

    def __init__(self, server: PlainServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._asked: Asked | None = None

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
        if end < 0 or self._asked is not None:
            return
        line, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (text.partition(": ") for text in lines)
        }
        length = int(headers.get("content-length", "0"))
        if len(self._buffer) < end + 4 + length:
            return
        method, target, _ = line.split(" ")
        self._asked = Asked(method, target, headers, bytes(self._buffer[end + 4 :]))
        self._server.requests.append(self._asked)
        self.answer()
        self._server.notice()

    def answer(self) -> None:
        if self._asked is None or self._transport is None or self._transport.is_closing():
            return
        said = self._server.handler(self._asked)
        if said is None:
            return
        if said.raw is None:
            headers = {"Content-Length": str(len(said.body)), "Connection": "close", **said.headers}
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            self._transport.write(
                f"HTTP/1.1 {said.status} Whatever\r\n{lines}\r\n".encode("latin-1") + said.body
            )
        else:
            self._transport.write(said.raw)
        self._transport.close()
