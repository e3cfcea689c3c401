"""Internal: listens, and keeps the connections."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from adorm.memory.server.connection import Connection, Serve
from adorm.memory.server.limits import Limits
from adorm.memory.server.ticker import Ticker

LOOK_S = 1.0
"""How often slow clients are looked for."""

ABORT_S = 1.0
"""How long a connection that was cut may take to go."""

TURNS = 3
"""Turns of the loop in which what has come already is still read before the server stops."""


class Server:
    """Listens on one address, and keeps the connections.

    `start` and `stop` are called in the same loop, once each.
    """

    def __init__(self, serve: Serve, *, limits: Limits | None = None) -> None:
        self._serve = serve
        self._limits = Limits() if limits is None else limits
        self._listener: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._ticker: Ticker | None = None
        self._all_gone: asyncio.Future[None] | None = None
        self.endpoint_url = ""
        """`http://127.0.0.1:8000`, once it has started."""

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; with port 0 on any that is free.

        Raises:
            OSError: the address can't be had.
        """
        loop = asyncio.get_running_loop()

        def make() -> Connection:
            connection = Connection(
                loop, self._serve, self._limits, on_made=self._check, on_lost=self._remove
            )
            self._connections.add(connection)
            return connection

        self._listener = await loop.create_server(make, host, port, backlog=1024)
        port = self._listener.sockets[0].getsockname()[1]
        self.endpoint_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        limits = self._limits
        shortest_s = min(limits.idle_s, limits.request_s, limits.write_s, limits.linger_s)
        self._ticker = Ticker(loop, min(LOOK_S, shortest_s / 2), self._look)

    async def stop(self) -> None:
        """Listen no more, answer the requests that are on their way, and close every connection.

        It takes `Limits.stop_s` at most; connections that are left then are cut.
        """
        listener, self._listener = self._listener, None
        if listener is None:
            return
        loop = asyncio.get_running_loop()
        if self._ticker is not None:
            self._ticker.cancel()
        _accept_no_more(loop, listener)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        listener.close()
        if self._connections:
            self._all_gone = loop.create_future()
            for connection in tuple(self._connections):
                connection.finish()
            await asyncio.wait([self._all_gone], timeout=self._limits.stop_s)
            for connection in tuple(self._connections):
                connection.abort()
            await asyncio.wait([self._all_gone], timeout=ABORT_S)
        await listener.wait_closed()

    def _check(self) -> HTTPStatus | None:
        """Why a connection that stands now may not stay."""
        if self._listener is None or len(self._connections) > self._limits.connections:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return None

    def _remove(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if self._all_gone is not None and not self._connections and not self._all_gone.done():
            self._all_gone.set_result(None)

    def _look(self) -> None:
        for connection in tuple(self._connections):
            connection.look_at_the_clock()


def _accept_no_more(loop: asyncio.AbstractEventLoop, listener: asyncio.Server) -> None:
    """Leave the listening sockets open, but take no connection from them.

    A connection that asyncio has accepted but not handed over when the listener closes is never
    closed: https://github.com/python/cpython/issues/109564
    """
    for each in listener.sockets:
        try:
            loop.remove_reader(each.fileno())
        except NotImplementedError:  # not on Windows, whose loop accepts otherwise
            return
