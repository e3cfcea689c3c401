"""One HTTP/1.1 connection: it carries one request at a time, and gives its answer."""

from __future__ import annotations

import asyncio
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from adorm.errors import ConnectionFailed, UsageError
from adorm.support.forks import detach, tell_of_forks
from adorm.support.printable_text import reason_of
from adorm.transport.wire.answer_parser import MAX_BODY_BYTES, AnswerParser, BadAnswer, Response


def poll_for_reading(transport: asyncio.BaseTransport) -> select.poll | None:
    """A poll that tells whether the transport's socket has something to read.

    None if the platform has no `poll`, or the transport no socket.
    """
    socket = transport.get_extra_info("socket")
    if socket is None or not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return poll


def queued_bytes(transport: asyncio.Transport | None) -> int:
    """How many written bytes the system still holds because the other side has not taken them.

    0 if the platform does not tell.
    """
    if transport is None:
        return 0
    try:
        import fcntl  # not on Windows
        import termios

        descriptor = transport.get_extra_info("socket").fileno()
        size = fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4))
    except (ImportError, AttributeError, OSError):
        return 0
    return int.from_bytes(size, sys.byteorder)


def close_without_loop(transport: Any) -> None:
    """Close the socket of a transport whose event loop is closed.

    `abort` has the loop call the transport's `_call_connection_lost`, which closes the socket; a
    closed loop calls nothing, and asyncio has no public way. Without this call each transport warns
    that it was not closed when it is collected. uvloop's transports have no such method: uvloop
    closes their sockets together with the loop (docs/decisions/0028).
    """
    with suppress(RuntimeError):  # "Event loop is closed"
        transport.abort()
    tls = getattr(transport, "_ssl_protocol", None)
    below = getattr(tls, "_transport", None) or transport
    close = getattr(below, "_call_connection_lost", None)
    if close is not None:
        # RuntimeError: the TLS layer asks the closed loop for something. AttributeError: the socket
        # was closed before.
        with suppress(RuntimeError, AttributeError):
            close(None)


WRITE_BYTES = 64 * 1024
"""How much of a large request is handed to asyncio at a time. How often asyncio takes another part
shows whether the upload makes progress."""

READ_BYTES = 64 * 1024
"""The size of a connection's read buffer. asyncio gives a plain Protocol new bytes of 256 KB for
each read: to allocate and free them takes 24 us, as long as everything else that asyncio does for a
small answer."""

NEWS_AFTER_S = 0.2
"""Where there is no `poll`: a connection that was idle for longer may have been closed."""


class HttpConnection(asyncio.BufferedProtocol):
    """A connection that `loop.create_connection` makes and that carries one request after another.

    After a failed or cancelled `exchange` it is aborted and never used again, because the server's
    late answer would be taken for the next request's. The same holds when the server sends
    something without a request.
    """

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_dead",
        "_deadline",
        "_loop",
        "_on_lost",
        "_parser",
        "_paused",
        "_poll",
        "_queued",
        "_read_timeout_s",
        "_timer",
        "_transport",
        "_unsent",
        "_waiter",
        "_written",
        "forked",
        "idle_since",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        read_timeout_s: float,
        on_lost: Callable[[HttpConnection], None],
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._loop = loop
        self._read_timeout_s = read_timeout_s
        self._on_lost = on_lost
        self._parser = AnswerParser(max_body_bytes)
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._poll: select.poll | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._dead = False
        self.forked = False
        """This process was forked from the one that made the connection, which keeps it."""
        self._paused = False
        self._unsent: memoryview | None = None  # what asyncio has not taken of the request
        self._written = 0  # bytes of a large request that asyncio has taken
        self._queued = 0  # bytes that the system held at the last look
        self.idle_since = 0.0
        """When the pool put it aside, on the loop's clock."""
        tell_of_forks(self)

    # ------------------------------------------------------------------ for the pool and the wire

    @property
    def usable(self) -> bool:
        """True if a request may be written to it, as far as is known."""
        return not self._dead and self._transport is not None and not self._transport.is_closing()

    def has_news(self) -> bool:
        """True if there is something to read on the idle connection that the loop has not seen.

        Most likely the server has closed it. Without `poll` it is True after 0.2 s of idleness.
        """
        if self._poll is not None:
            return bool(self._poll.poll(0))
        return self._loop.time() - self.idle_since > NEWS_AFTER_S

    async def exchange(self, request: bytes) -> Response:
        """Write a whole request and wait for its whole answer.

        The read timeout limits the server's silence. It starts again whenever the network takes
        another part of the request, and when headers or a part of the body come.

        Raises:
            ConnectionFailed: `maybe_applied` is False only if nothing was written.
            UsageError: the process was forked meanwhile, and this is the child: the parent gets the
                answer.
        """
        transport = self._transport
        if self._dead or transport is None or transport.is_closing():
            raise ConnectionFailed("the connection had been closed", maybe_applied=False)
        waiter: asyncio.Future[Response] = self._loop.create_future()
        self._waiter = waiter
        self._written = 0
        self._deadline = self._loop.time() + self._read_timeout_s
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
        if len(request) <= WRITE_BYTES:
            transport.write(request)
        else:
            # With these limits asyncio calls `resume_writing` after each part.
            transport.set_write_buffer_limits(high=1, low=0)
            self._unsent, self._queued = memoryview(request), 0
            self._write_on()
        try:
            return await waiter
        except BaseException:
            self.abort()
            raise

    def abort(self, problem: str = "the connection was given up") -> None:
        """Close at once. A pending `exchange` fails with `problem`."""
        self._fail(problem)

    def abandon(self) -> None:
        """Close at once, when the event loop is closed and will run nothing more."""
        self._dead = True
        transport, self._transport = self._transport, None
        if transport is not None:
            close_without_loop(transport)

    def after_fork(self) -> None:
        """In the child of a fork: let go of the socket, which the parent keeps."""
        self.forked = self._dead = True
        if self._transport is not None:
            self._leave_to_parent(self._transport)

    def _leave_to_parent(self, transport: asyncio.Transport) -> None:
        detach(transport.get_extra_info("socket").fileno())
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            # Not a ConnectionFailed, after which the request is sent again: the parent's is under
            # way.
            waiter.set_exception(
                UsageError(
                    "the process was forked while this request was under way: the parent process "
                    "gets its answer"
                )
            )
        transport.abort()

    # ------------------------------------------------------------------ called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self.forked:  # the fork came while the connection was being made
            self._leave_to_parent(self._transport)
        else:
            self._poll = poll_for_reading(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._waiter is None:
            self._fail("the server sent something without a request")
            return
        try:
            response = self._parser.feed(self._buffer[:nbytes])
        except BadAnswer as error:
            self._fail(str(error), error.__cause__)
            return
        if response is not None:
            self._complete(response)
        elif self._parser.progressed:
            # Only headers and bytes of a body give the server more time: interim answers, trailers
            # and extensions of chunks could go on for ever.
            self._deadline = self._loop.time() + self._read_timeout_s

    def eof_received(self) -> None:
        # The transport closes itself, because this gives None. Nothing more may be written.
        if self._waiter is None:
            self._dead = True
        elif (response := self._parser.feed_end()) is not None:
            self._complete(response)

    def connection_lost(self, exc: Exception | None) -> None:
        self._dead = True
        if self._waiter is not None:
            reason = f" ({reason_of(exc)})" if exc else ""
            self._fail(f"the connection was closed {self._parser.phase()}{reason}", exc)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport = None
        self._poll = None
        self._parser.close()
        self._unsent = None
        self._on_lost(self)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._waiter is not None:
            self._deadline = self._loop.time() + self._read_timeout_s
        self._write_on()

    # ------------------------------------------------------------------ inside

    def _write_on(self) -> None:
        """Write what is left of the request, until the network takes no more."""
        transport = self._transport
        while (
            (unsent := self._unsent) is not None
            and not self._paused
            and transport is not None
            and not transport.is_closing()
        ):
            self._unsent = unsent[WRITE_BYTES:] or None
            self._written += min(len(unsent), WRITE_BYTES)
            transport.write(unsent[:WRITE_BYTES])

    def _complete(self, response: Response) -> None:
        waiter, self._waiter = self._waiter, None
        if not self._parser.reusable or self._unsent is not None or self._paused:
            # The answer may have come before the whole request was written: the rest is not sent.
            self._dead, self._unsent = True, None
        if waiter is not None and not waiter.done():
            waiter.set_result(response)

    def _fail(self, problem: str, cause: BaseException | None = None) -> None:
        self._dead, self._unsent = True, None
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            error = ConnectionFailed(problem, maybe_applied=True)
            error.__cause__ = cause
            waiter.set_exception(error)
        if self._transport is not None:
            self._transport.abort()

    def _check_deadline(self) -> None:
        # One timer serves many requests: each request moves the deadline, and the timer starts
        # again if it fires before.
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() >= self._deadline:
            queued = queued_bytes(self._transport) if self._written else 0
            if not queued or queued == self._queued:
                self._fail(self._silence())
                return
            # asyncio has written everything, and the system is still sending it.
            self._queued = queued
            self._deadline = self._loop.time() + self._read_timeout_s
        self._timer = self._loop.call_at(self._deadline, self._check_deadline)

    def _silence(self) -> str:
        limit = f"{self._read_timeout_s:g} s"
        if self._unsent is not None or self._paused:
            return (
                f"the server took nothing of the request for {limit}, after {self._written} bytes "
                "were written"
            )
        overhead = self._parser.overhead
        beside = f" ({overhead} bytes that are no part of a body do not count)" if overhead else ""
        return f"the server sent nothing for {limit}, {self._parser.phase()}{beside}"
