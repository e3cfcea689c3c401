"""The calls of a database, opened at their first use."""

from __future__ import annotations

import asyncio
import logging
import sys
import warnings
from abc import abstractmethod
from collections.abc import Callable
from typing import Self

from adorm.calls.calls import Calls
from adorm.deadlines import within, within_deadline
from adorm.errors import AdormError, UsageError
from adorm.support.forks import forks
from adorm.transport.base import Transport

CLOSE_TIMEOUT_S = 5.0
"""The longest time for closing connections."""


class LazyCalls:
    """Opens a transport at the first call, in the event loop that makes it, and closes it."""

    def __init__(self, make_transport: Callable[[], Transport]) -> None:
        self._make_transport = make_transport
        self._calls: Calls | None = None
        self._forks = forks()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Lock | None = None
        self._opening_bound: asyncio.Timeout | None = None
        self._failed_openings = 0
        self._opening_failure: AdormError | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._calls is not None else "not open yet"
        return f"<adorm.{type(self).__name__}, {state}>"

    @abstractmethod
    def _make_calls(self, transport: Transport) -> Calls:
        """The calls by a transport that has just been opened."""

    @property
    def closed(self) -> bool:
        """Whether it was closed: every operation is refused."""
        return self._closed

    async def __aenter__(self) -> Self:
        if self._closed:
            raise _closed()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection. Operations under way fail, writes among them with
        `maybe_applied`; closing twice is fine.

        Raises:
            UsageError: called in another event loop than the one it was opened in, and that one is
                not closed.
        """
        if self._calls is not None and self._loop is not asyncio.get_running_loop():
            if not self._is_left():
                raise _foreign_loop()
            self._drop()
        self._closed = True
        opening, self._opening_bound = self._opening_bound, None
        if opening is not None and self._loop is asyncio.get_running_loop():
            opening.reschedule(0)
        calls, self._calls = self._calls, None
        if calls is not None:
            await _close(calls.transport)

    def _is_left(self) -> bool:
        """Whether the loop that it was opened in is gone: closed, or the parent's, in a process
        that was forked."""
        return self._loop is not None and (self._loop.is_closed() or self._forks != forks())

    def _drop(self) -> bool:
        """Close the transport without waiting. Gives whether connections were open."""
        engine, self._calls = self._engine(), None
        return engine is not None and engine.drop()

    def __del__(self) -> None:
        if getattr(self, "_calls", None) is None or sys.is_finalizing():
            return  # closed, never opened, or its construction failed
        state = repr(self)
        if self._drop():
            warnings.warn(
                f"{state} was dropped without close(): its connections are closed now",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    async def warm_up(self) -> None:
        """Do now what the first call would have to do: `open()`, and make one connection where the
        engine makes any.

        Raises:
            UsageError: no region, no credentials; the database is closed, or used from another
                event loop.
            ConnectionFailed, DeadlineExceeded: it failed, and the next call tries again. Making the
                connection is bounded by its own timeout of 5 s, not by `adorm.deadline`.
        """
        await self.open()
        if (engine := self._engine()) is not None:
            await engine.warm_up()

    async def open(self) -> None:
        """Look up region, endpoint and credentials now, as the first call would; connect nothing.

        Raises: as `warm_up`.
        """
        if self._calls is None or self._loop is not asyncio.get_running_loop():
            await self._open_in_time("open")

    def drop_idle_connections(self) -> None:
        """Close the connections that lie idle, as after the process was frozen for long. Calls
        under way keep theirs."""
        if (engine := self._engine()) is not None:
            engine.drop_idle()

    def forget_credentials(self) -> None:
        """Fetch credentials anew for the next request, as after a snapshot was restored. Requests
        under way keep theirs."""
        if (engine := self._engine()) is not None:
            engine.forget_credentials()

    def _engine(self) -> Transport | None:
        """The transport that sends in the end; None before it is open."""
        return None if self._calls is None else self._calls.transport.engine

    async def _open_in_time(self, operation: str) -> Calls:
        _running_loop()
        doing = "the database was opened: region and credentials looked up"
        async with within_deadline(doing, operation=operation):
            return await self._open()

    async def _open(self) -> Calls:
        loop = _running_loop()
        if self._closed:
            raise _closed()
        if self._loop is not loop:
            if self._loop is not None and not self._is_left():
                raise _foreign_loop()
            if self._calls is not None:
                self._drop()
            self._loop, self._forks, self._opening = loop, forks(), asyncio.Lock()
        if self._opening is None:
            raise _closed()
        failures = self._failed_openings
        async with self._opening:
            if self._closed:
                raise _closed()
            if self._failed_openings != failures and self._opening_failure is not None:
                # Another call tried while this one waited for the lock. A hundred calls at once
                # should not fail to open a hundred times.
                from adorm.transport.errors import another_like

                raise another_like(self._opening_failure) from self._opening_failure
            if self._calls is None:
                self._calls = self._make_calls(await self._opened_transport())
            return self._calls

    async def _opened_transport(self) -> Transport:
        transport = self._make_transport()
        bound = asyncio.timeout(None)  # `close` ends it
        try:
            async with bound:
                self._opening_bound = bound
                await transport.open()
        except AdormError as error:
            self._failed_openings += 1
            self._opening_failure = error
            raise
        except TimeoutError:
            if not (self._closed and bound.expired()):
                raise
        finally:
            self._opening_bound = None
        if self._closed:  # `close` was called meanwhile, and did not know of this transport
            await _close(transport)
            raise _closed()
        return transport


async def _close(transport: Transport) -> None:
    try:
        async with within(CLOSE_TIMEOUT_S, lambda _: _Unclosed()):
            await transport.close()
    except _Unclosed:
        logging.getLogger("adorm").warning(
            "%r did not close within %g s", type(transport).__name__, CLOSE_TIMEOUT_S
        )


class _Unclosed(Exception):
    """A transport did not close in time."""


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError as error:
        raise UsageError(
            "adorm runs on asyncio, and no event loop of asyncio runs here, as under trio: "
            "with anyio take the backend asyncio"
        ) from error


def _foreign_loop() -> UsageError:
    return UsageError(
        "this database belongs to another event loop, which is not closed: "
        "connect() once in each of the loops, and close it there"
    )


def _closed() -> UsageError:
    return UsageError("this database is closed: connect() makes a new one")
