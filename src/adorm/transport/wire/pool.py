"""The pool of keep-alive connections: bounded, and first come, first served."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from adorm.checks import count
from adorm.errors import UsageError
from adorm.support.forks import tell_of_forks
from adorm.transport.base import PoolFigures
from adorm.transport.wire.connection import HttpConnection

IDLE_LIMIT_S = 15.0
"""The longest idle time after which a connection is still used. DynamoDB closes idle connections
after some time of its own."""

CLOSE_LIMIT_S = 1.0
"""The most time that `close` waits for the connections to end."""

CLOSED = "the database was closed"


Connect: TypeAlias = Callable[[Callable[[HttpConnection], None]], Awaitable[HttpConnection]]
"""`connect(on_lost)` opens one connection, which calls `on_lost` when it ends."""


class ConnectionPool:
    """At most `max_connections` connections, busy, idle or being made; further calls wait in line.

    A call takes a connection by `take_idle() or await acquire()` and always gives it back by
    `release`. The connection used last is used next, so that those that only a burst needed grow
    old and are closed. A caller that is cancelled while it waits gives its place to the next.
    """

    __slots__ = (
        "__weakref__",
        "_closed",
        "_connect",
        "_drained",
        "_idle",
        "_idle_limit_s",
        "_loop",
        "_max_connections",
        "_open",
        "_slots",
        "_waiters",
    )

    def __init__(
        self,
        connect: Connect,
        loop: asyncio.AbstractEventLoop,
        *,
        max_connections: int,
        idle_limit_s: float = IDLE_LIMIT_S,
    ) -> None:
        self._connect = connect
        self._loop = loop
        self._max_connections = count("max_connections", max_connections)
        self._idle_limit_s = idle_limit_s
        self._idle: list[HttpConnection] = []
        self._open: set[HttpConnection] = set()
        self._slots = 0  # connections that are busy, idle, being made, or promised to a waiter
        self._waiters: OrderedDict[asyncio.Future[HttpConnection | None], None] = OrderedDict()
        self._drained: asyncio.Future[None] | None = None
        self._closed = False
        tell_of_forks(self)

    def __repr__(self) -> str:
        slots = f"{self._slots} of {self._max_connections} in all"
        return f"<ConnectionPool {len(self._idle)} idle, {slots}, {len(self._waiters)} waiting>"

    def figures(self) -> PoolFigures | None:
        """What it is doing now, None once it is closed; may be called from any thread."""
        if self._closed:
            return None
        idle = len(self._idle)
        in_use = max(0, self._slots - idle)
        return PoolFigures(in_use, idle, len(self._waiters), self._max_connections)

    def take_idle(self) -> HttpConnection | None:
        """An idle connection that can be used at once; None: use `acquire`."""
        idle = self._idle
        if not idle:
            return None
        connection = idle[-1]
        if (
            not connection.usable
            or self._loop.time() - connection.idle_since > self._idle_limit_s
            or connection.has_news()
        ):
            return None
        return idle.pop()

    async def acquire(self) -> HttpConnection:
        """Wait for a connection: an idle one, a new one, or the next that is given back.

        Raises:
            ConnectionFailed: no connection could be made; nothing was sent.
            UsageError: the pool is closed.
        """
        if self._closed:
            raise UsageError(f"{CLOSED}: open a new one")
        # The last idle connection is the youngest: if it is too old, all are.
        if self._idle and self._loop.time() - self._idle[-1].idle_since > self._idle_limit_s:
            self.drop_idle()
        if self._idle:
            return await self._checked(self._idle.pop())
        if self._slots < self._max_connections:  # then no call waits
            self._slots += 1
            return await self._make()
        connection = await self._wait_in_line()
        return connection if connection is not None and connection.usable else await self._make()

    def release(self, connection: HttpConnection) -> None:
        """Give a connection back. The first call in line gets it, or gets its slot if the
        connection can't be used any more."""
        if self._closed or not connection.usable:
            connection.abort()
            self._free_slot()
            return
        if not self._waiters or (waiter := self._next_waiter()) is None:
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
        else:
            waiter.set_result(connection)

    def drop_idle(self) -> None:
        """Close all idle connections."""
        old, self._idle = self._idle, []
        for connection in old:
            connection.abort()
            self._free_slot()

    def after_fork(self) -> None:
        """In the child of a fork: let go of the connections, which the parent keeps."""
        for connection in tuple(self._open):
            connection.after_fork()
        self.drop_idle()

    def abandon(self) -> bool:
        """Close every connection without waiting, from any thread. Gives whether there were any.

        For a pool whose loop is closed, or whose owner is gone without closing it.
        """
        self._closed = True
        self._idle.clear()
        connections = tuple(self._open)
        self._open.clear()
        alive = [each for each in connections if not self._loop.is_closed() and not each.forked]
        for connection in connections:
            if connection not in alive:
                connection.abandon()
        if alive:
            self._loop.call_soon_threadsafe(_abort_all, alive)
        return bool(connections)

    async def close(self) -> None:
        """Close every connection, within a second. Waiting calls and those in flight fail."""
        self._closed = True
        self._idle.clear()
        while (waiter := self._next_waiter()) is not None:
            waiter.set_exception(UsageError(f"{CLOSED} while this call waited for a connection"))
        for connection in tuple(self._open):
            connection.abort(CLOSED)
        if self._open:
            drained = self._drained = self._drained or self._loop.create_future()
            await self._drain(drained)

    async def _drain(self, drained: asyncio.Future[None]) -> None:
        """Wait until the last connection has ended. A cancellation meanwhile is raised after it."""
        ends_s = self._loop.time() + CLOSE_LIMIT_S
        cancelled: asyncio.CancelledError | None = None
        while not drained.done() and (left_s := ends_s - self._loop.time()) > 0:
            try:
                await asyncio.wait([drained], timeout=left_s)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    # ------------------------------------------------------------------ inside

    async def _make(self) -> HttpConnection:
        try:
            connection = await self._connect(self._lost)
        except BaseException:
            self._free_slot()
            raise
        if self._closed:
            connection.abort()
            self._free_slot()
            raise UsageError(f"{CLOSED} while this call waited for a connection")
        if connection.usable:
            self._open.add(connection)
        return connection

    async def _checked(self, connection: HttpConnection) -> HttpConnection:
        """The connection, or a new one if what came while it was idle makes it unusable.

        The loop reads that first.
        """
        try:
            if connection.usable and connection.has_news():
                # The loop finds in one turn that the socket is readable, and reads it in the next.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        except BaseException:
            self.release(connection)
            raise
        if connection.usable:
            return connection
        connection.abort()
        return await self._make()

    async def _wait_in_line(self) -> HttpConnection | None:
        """Wait for a connection that is given back, or for a slot (None) to make one."""
        waiter: asyncio.Future[HttpConnection | None] = self._loop.create_future()
        self._waiters[waiter] = None
        try:
            return await waiter
        except BaseException:
            self._waiters.pop(waiter, None)
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # It was served in the moment of its cancellation: serve the next instead.
                granted = waiter.result()
                if granted is not None:
                    self.release(granted)
                else:
                    self._free_slot()
            raise

    def _next_waiter(self) -> asyncio.Future[HttpConnection | None] | None:
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            if not waiter.done():
                return waiter
        return None

    def _free_slot(self) -> None:
        waiter = None if self._closed else self._next_waiter()
        if waiter is not None:
            waiter.set_result(None)  # the waiter has the slot now
        else:
            self._slots -= 1

    def _lost(self, connection: HttpConnection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
            self._free_slot()
        if not self._open and self._drained is not None and not self._drained.done():
            self._drained.set_result(None)


def _abort_all(connections: Iterable[HttpConnection]) -> None:
    for connection in connections:
        connection.abort(CLOSED)
