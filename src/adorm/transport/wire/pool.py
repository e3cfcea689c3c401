"""Keep-alive connections, shared by many calls: at most so many, first come first served."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, Protocol

from adorm.errors import UsageError
from adorm.support.forks import tell_of_forks
from adorm.transport.wire.connection import HttpConnection

IDLE_LIMIT_S = 15.0
"""How long a connection may lie idle and still be used: DynamoDB closes those that it has not heard
of for some time."""

CLOSE_LIMIT_S = 1.0
CLOSED = "the database was closed"


class Connect(Protocol):
    """Opens one connection, and has it report its end to `on_lost`."""

    def __call__(
        self, on_lost: Callable[[HttpConnection], None], /
    ) -> Awaitable[HttpConnection]: ...


class PoolFigures(NamedTuple):
    """What a pool is doing."""

    in_use: int
    """Connections that carry a call or are being made."""
    idle: int
    waiting: int
    """Calls in line for a connection."""
    limit: int
    """Connections at most."""


class ConnectionPool:
    """At most `max_connections` connections, busy, idle or being made; the rest of the calls wait
    in line.

    A call takes a connection by `take_idle() or await acquire()` and gives it back by `release`,
    whatever happened. The one used last is used next, so that what a burst needed can age and go. A
    caller that is cancelled while it waits passes its turn on.
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
        if max_connections < 1:
            raise UsageError(f"max_connections must be at least 1, not {max_connections}")
        self._connect = connect
        self._loop = loop
        self._max_connections = max_connections
        self._idle_limit_s = idle_limit_s
        self._idle: list[HttpConnection] = []
        self._open: set[HttpConnection] = set()
        self._slots = 0  # connections busy, idle, being made, or promised to a waiter
        self._waiters: OrderedDict[asyncio.Future[HttpConnection | None], None] = OrderedDict()
        self._drained: asyncio.Future[None] | None = None
        self._closed = False
        tell_of_forks(self)

    def __repr__(self) -> str:
        return f"<ConnectionPool {len(self._idle)} idle, {self._slots} of {self._max_connections} in all, {len(self._waiters)} waiting>"

    def figures(self) -> PoolFigures | None:
        """What it is doing now, None once it is closed; may be called from any thread."""
        idle = len(self._idle)
        return (
            None
            if self._closed
            else PoolFigures(
                max(0, self._slots - idle), idle, len(self._waiters), self._max_connections
            )
        )

    def take_idle(self) -> HttpConnection | None:
        """An idle connection that is known to be well, without waiting; None says: use
        `acquire`."""
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
        """A connection: an idle one, a new one, or the next one that is given back.

        Raises:
            ConnectionFailed: no connection could be made; nothing was sent.
            UsageError: the pool is closed.
        """
        if self._closed:
            raise UsageError(f"{CLOSED}: open a new one")
        self._drop_old()
        if self._idle:
            return await self._looked_at(self._idle.pop())
        if (
            self._slots < self._max_connections
        ):  # then nobody waits: what becomes free is given to the first in line at once
            self._slots += 1
            return await self._make()
        connection = await self._turn()
        return connection if connection is not None and connection.usable else await self._make()

    def release(self, connection: HttpConnection) -> None:
        """Give a connection back: the first in line gets it, or its place if it can't be used any
        more."""
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
        """Close the idle connections, however young."""
        old, self._idle = self._idle, []
        for connection in old:
            connection.abort()
            self._free_slot()

    def after_fork(self) -> None:
        """In the child of a fork: the connections are the parent's, and new ones are made here."""
        for connection in tuple(self._open):
            connection.after_fork()
        self.drop_idle()

    def abandon(self) -> bool:
        """Close every connection without waiting, from wherever; gives whether there was any.

        For one whose loop is closed, or whose owner is gone without a word.
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
        """Close every connection. Calls that wait in line fail, so do those in flight. Bounded by a
        second."""
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
        """Wait until the last connection is gone, whatever cancellation comes meanwhile; that is
        raised after it."""
        ends_s = self._loop.time() + CLOSE_LIMIT_S
        cancelled: asyncio.CancelledError | None = None
        while not drained.done() and (left_s := ends_s - self._loop.time()) > 0:
            try:
                await asyncio.wait([drained], timeout=left_s)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    # ------------------------------------------------------------------ inside: who calls these
    # holds a slot

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

    async def _looked_at(self, connection: HttpConnection) -> HttpConnection:
        """The same connection after the loop has read what came while it was idle, or a new one in
        its place."""
        try:
            if connection.usable and connection.has_news():
                # What is readable is handled one turn after it is found: after two turns the loop
                # knows.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        except BaseException:
            self.release(connection)
            raise
        if connection.usable:
            return connection
        connection.abort()
        return await self._make()

    async def _turn(self) -> HttpConnection | None:
        """Wait in line for a connection, or for the place (None) to make one."""
        waiter: asyncio.Future[HttpConnection | None] = self._loop.create_future()
        self._waiters[waiter] = None
        try:
            return await waiter
        except BaseException:
            self._waiters.pop(waiter, None)
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # The turn came together with the cancellation: pass it on.
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
            waiter.set_result(None)  # the slot is the waiter's now
        else:
            self._slots -= 1

    def _drop_old(self) -> None:
        # The last is the youngest: if it is too old, all are.
        if self._idle and self._loop.time() - self._idle[-1].idle_since > self._idle_limit_s:
            self.drop_idle()

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
