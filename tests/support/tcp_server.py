"""What the servers of tests on 127.0.0.1 share: a port, open connections, and waits for both.

It starts no task.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar


class Connection(Protocol):
    """A connection of a server, which is an `asyncio.Protocol`."""

    def abort(self) -> None: ...


ConnectionT = TypeVar("ConnectionT", bound=Connection)


class TcpServer(Generic[ConnectionT]):
    """A server in a block; `connect` makes the protocol of a new connection."""

    def __init__(
        self,
        connect: Callable[[], Any],
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.requests: list[Any] = []
        self._connect = connect
        self._host = host
        self._tls = tls
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: set[ConnectionT] = set()
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    @property
    def open_connections(self) -> int:
        return len(self._open)

    async def received(self, requests: int) -> None:
        """Wait until so many requests have come in all."""
        await self.until(lambda: len(self.requests) >= requests)

    async def all_closed(self) -> None:
        """Wait until no connection is open."""
        await self.until(lambda: not self._open)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._connect, self._host, self._port, ssl=self._tls
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection. `start` opens the same port again."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._open):
            connection.abort()
        await self.all_closed()
        if self._server is not None:
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def joined(self, connection: ConnectionT) -> None:
        self._open.add(connection)
        self.notice()

    def left(self, connection: ConnectionT) -> None:
        self._open.discard(connection)
        self.notice()

    def notice(self) -> None:
        """Wake those whose condition holds now."""
        for condition, waiter in self._waiting:
            if not waiter.done() and condition():
                waiter.set_result(None)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds; `notice` looks at it again."""
        if condition():
            return
        entry = (condition, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            await entry[1]
        finally:
            self._waiting.remove(entry)
