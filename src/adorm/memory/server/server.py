"""Internal: listens on an address and manages the connections."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from adorm.memory.server.connection import Connection, Serve
from adorm.memory.server.limits import Limits
from adorm.memory.server.ticker import Ticker

DEADLINE_CHECK_S = 1.0
"""Seconds between two checks for slow clients."""

ABORT_S = 1.0
"""Seconds that an aborted connection may take to close."""

TURNS = 3
"""The turns of the loop in which bytes that have already arrived are still read before the server
stops."""


class Server:
    """Listens on one address and manages the connections.

    Call `start` and `stop` once each, in the same loop.
    """

    def __init__(self, serve: Serve, *, limits: Limits | None = None) -> None:
        self._serve = serve
        self._limits = Limits() if limits is None else limits
        self._listener: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._ticker: Ticker | None = None
        self._all_gone: asyncio.Future[None] | None = None
        self.endpoint_url = ""
        """For example `http://127.0.0.1:8000`; set once the server has started."""

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return len(self._connections)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on the port; port 0 means any free one.

        Raises:
            OSError: the address is not available.
        """
        loop = asyncio.get_running_loop()

        def make() -> Connection:
            connection = Connection(
                loop, self._serve, self._limits, on_made=self._refusal_reason, on_lost=self._remove
            )
            self._connections.add(connection)
            return connection

        self._listener = await loop.create_server(make, host, port, backlog=1024)
        port = self._listener.sockets[0].getsockname()[1]
        self.endpoint_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        limits = self._limits
        shortest_s = min(limits.idle_s, limits.request_s, limits.write_s, limits.linger_s)
        self._ticker = Ticker(loop, min(DEADLINE_CHECK_S, shortest_s / 2), self._check_deadlines)

    async def stop(self) -> None:
        """Stop listening, answer the requests in progress, and close every connection.

        It takes `Limits.stop_s` at most; then the remaining connections are aborted.
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

    def _refusal_reason(self) -> HTTPStatus | None:
        """The reason to refuse a new connection; None to keep it."""
        if self._listener is None or len(self._connections) > self._limits.connections:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return None

    def _remove(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if self._all_gone is not None and not self._connections and not self._all_gone.done():
            self._all_gone.set_result(None)

    def _check_deadlines(self) -> None:
        for connection in tuple(self._connections):
            connection.check_deadline()


def _accept_no_more(loop: asyncio.AbstractEventLoop, listener: asyncio.Server) -> None:
    """Keep the listening sockets open but accept no more connections.

    If the listener closed now, a connection that asyncio has accepted but not yet handed over would
    never be closed: https://github.com/python/cpython/issues/109564
    """
    for each in listener.sockets:
        try:
            loop.remove_reader(each.fileno())
        except NotImplementedError:  # Windows, whose loop accepts in another way
            return
