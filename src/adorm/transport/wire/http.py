"""One HTTP/1.1 connection: a request out, its answer in, one at a time."""

from __future__ import annotations

import asyncio
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, cast

import httptools

from adorm.errors import ConnectionFailed, UsageError
from adorm.support.forks import detach, tell_of_forks
from adorm.support.shown import reason_of

MAX_BODY_BYTES = 256 * 1024 * 1024
"""Far above what DynamoDB sends: 16 MB of items in a batch, each value wrapped in its type's
name."""

MAX_HEAD_BYTES = 64 * 1024
"""Of headers, interim answers, chunk sizes and trailers, without a byte of a body in between."""

WRITE_BYTES = 64 * 1024
"""Handed to asyncio at a time: what it takes shows how the upload of a large request gets on."""

READ_BYTES = 64 * 1024
"""Read at a time, into one buffer for each connection: asyncio gives a plain Protocol new bytes of
256 KB for every read, and to allocate and free those takes 24 us, as long as all else that asyncio
does for a small answer."""


class Response(NamedTuple):
    """A whole answer. Header names are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class HttpConnection(asyncio.BufferedProtocol):
    """A connection that is made by `loop.create_connection` and carries one request after another.

    After a failure or a cancelled `exchange` it is aborted and never used again: what the server
    still sends would be taken for the next request's answer. So would bytes that nobody asked for.
    """

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_chunks",
        "_dead",
        "_deadline",
        "_has_head",
        "_headers",
        "_loop",
        "_max_body_bytes",
        "_on_lost",
        "_overhead",
        "_parser",
        "_paused",
        "_poll",
        "_promised",
        "_queued",
        "_read_timeout_s",
        "_received",
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
        self._max_body_bytes = max_body_bytes
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._poll: select.poll | None = None
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._dead = False
        self.forked = False
        """It is the parent's: this process was forked from the one that made it."""
        self._paused = False
        self._unsent: memoryview | None = None
        """What of the request was not handed to asyncio yet."""
        self._queued = 0
        self.idle_since = 0.0
        """When it was last put aside, on the loop's clock."""
        self._promised: int | None = None
        """The body's length: -1 if it comes in chunks, None if it ends with the connection (or the
        headers are not here yet)."""
        self._forget_answer()
        tell_of_forks(self)

    # ------------------------------------------------------------------ for the pool and the wire

    @property
    def usable(self) -> bool:
        """True if a request may be written to it, as far as is known."""
        return not self._dead and self._transport is not None and not self._transport.is_closing()

    def has_news(self) -> bool:
        """True if the idle connection has something to read, which is most likely its end; the loop
        has not seen it yet."""
        if self._poll is not None:
            return bool(self._poll.poll(0))
        return (
            self._loop.time() - self.idle_since > 0.2
        )  # no poll on this platform: let the loop look after a pause

    async def exchange(self, request: bytes) -> Response:
        """Write a whole request and wait for its whole answer.

        The read timeout is for the server's silence: it begins anew whenever the network takes
        another part of the request, and when the request is out.

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
        self._overhead = 0
        self._deadline = self._loop.time() + self._read_timeout_s
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)
        if len(request) <= WRITE_BYTES:
            transport.write(request)
        else:
            transport.set_write_buffer_limits(
                high=1, low=0
            )  # so that `resume_writing` tells of every part
            self._unsent, self._written, self._queued = memoryview(request), 0, 0
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
        """Close at once, where the event loop is closed and will run nothing more."""
        self._dead = True
        transport, self._transport = self._transport, None
        if transport is not None:
            _close_without_loop(transport)

    def after_fork(self) -> None:
        """In the child of a fork: let go of the socket, which is the parent's."""
        self.forked = self._dead = True
        if self._transport is not None:
            self._leave_to_parent(self._transport)

    def _leave_to_parent(self, transport: asyncio.Transport) -> None:
        detach(transport.get_extra_info("socket").fileno())
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            # No ConnectionFailed, which is repeated: the parent's request is under way.
            waiter.set_exception(
                UsageError(
                    "the process was forked while this request was under way: its answer is the parent's"
                )
            )
        transport.abort()

    # ------------------------------------------------------------------ asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self.forked:  # while it was made
            self._leave_to_parent(self._transport)
            return
        socket = transport.get_extra_info("socket")
        if socket is not None and hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(socket.fileno(), select.POLLIN)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        waiter = self._waiter
        parser = self._parser
        if waiter is None or parser is None or self._dead:
            self._fail("the server sent what nobody had asked for")
            return
        received, had_head = self._received, self._has_head
        try:
            parser.feed_data(self._buffer[:nbytes])
        except httptools.HttpParserUpgrade:
            self._fail("the server wanted to switch to another protocol")
        except httptools.HttpParserError as error:
            self._fail(f"the answer is not HTTP: {reason_of(error)}", error)
        else:
            if self._waiter is None:
                return
            # Only a head and a body's bytes give the server more time: interim answers, trailers
            # and chunks' extensions have no end.
            if self._received > received or self._has_head is not had_head:
                self._deadline = self._loop.time() + self._read_timeout_s
            if self._received > received:
                self._overhead = 0
                return
            self._overhead += nbytes
            if self._overhead > MAX_HEAD_BYTES:
                where = (
                    "what follows the answer's headers, without a body,"
                    if self._has_head
                    else "the answer's headers"
                )
                self._fail(f"{where} are longer than {MAX_HEAD_BYTES} bytes")

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._waiter is not None:
            self._deadline = self._loop.time() + self._read_timeout_s
        self._write_on()

    def _write_on(self) -> None:
        """Hand on what of the request is left, until the network takes no more."""
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

    def eof_received(self) -> None:
        # Returning None has the transport close itself; nothing more may be written from here on.
        if self._waiter is None:
            self._dead = True
        elif self._has_head and self._promised is None:
            self._complete(reusable=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._dead = True
        if self._waiter is not None:
            self._fail(
                f"the connection was closed {self._phase()}{f' ({reason_of(exc)})' if exc else ''}",
                exc,
            )
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport = None
        self._poll = None
        self._parser = None  # it refers back to this connection
        self._unsent = None
        self._on_lost(self)

    # ------------------------------------------------------------------ the parser's side

    def on_message_begin(self) -> None:
        if self._waiter is None:
            self._fail("the server sent a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # trailers say nothing that is looked at
            self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        headers = self._headers
        length = headers.get(b"content-length")
        if length is not None:
            self._promised = promised = int(length)
            if promised > self._max_body_bytes:
                self._fail(
                    f"the answer's body of {promised} bytes is larger than {self._max_body_bytes}"
                )
        elif b"transfer-encoding" in headers:
            self._promised = -1
        self._has_head = True

    def on_body(self, body: bytes) -> None:
        self._received += len(body)
        if self._received > self._max_body_bytes:
            self._fail(f"the answer's body is larger than {self._max_body_bytes} bytes")
        else:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        parser = self._parser
        if self._waiter is None or parser is None:
            return
        if parser.get_status_code() < 200:  # "100 Continue": the answer is still to come
            self._forget_answer()
        else:
            self._complete(reusable=parser.should_keep_alive())

    # ------------------------------------------------------------------ inside

    def _complete(self, *, reusable: bool) -> None:
        waiter, parser = self._waiter, self._parser
        if waiter is None or parser is None or waiter.done():
            return
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        response = Response(parser.get_status_code(), self._headers, body)
        self._waiter = None
        self._forget_answer()
        if (
            not reusable or self._unsent is not None or self._paused
        ):  # an answer to half a request: the rest is not sent
            self._dead, self._unsent = True, None
        waiter.set_result(response)

    def _forget_answer(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []
        self._has_head = False
        self._received = 0
        self._written = 0
        self._promised = None

    def _fail(self, problem: str, cause: BaseException | None = None) -> None:
        self._dead, self._unsent = True, None
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            error = ConnectionFailed(problem, maybe_applied=True)
            error.__cause__ = cause
            waiter.set_exception(error)
        if self._transport is not None:
            self._transport.abort()

    def _look_at_the_clock(self) -> None:
        # One timer serves many requests: each moves the deadline, and only a timer that fires looks
        # at it.
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)
            return
        queued = _queued_bytes(self._transport) if self._written else 0
        if queued and queued != self._queued:
            # The request is out as far as asyncio knows, and still on its way out of the system:
            # that is progress too.
            self._queued = queued
            self._deadline = self._loop.time() + self._read_timeout_s
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)
        elif self._unsent is not None or self._paused:
            self._fail(
                f"the server took nothing of the request for {self._read_timeout_s:g} s, after {self._written} bytes were written"
            )
        else:
            beside = (
                f" ({self._overhead} bytes that are no part of a body do not count)"
                if self._overhead
                else ""
            )
            self._fail(
                f"the server sent nothing for {self._read_timeout_s:g} s, {self._phase()}{beside}"
            )

    def _phase(self) -> str:
        if self._has_head:
            of_how_many = (
                f" of {self._promised}"
                if self._promised is not None and self._promised >= 0
                else ""
            )
            return f"in the middle of the answer's body, after {self._received}{of_how_many} bytes"
        return (
            "in the middle of the answer's headers"
            if self._headers or self._overhead
            else "before an answer began"
        )


def _queued_bytes(transport: asyncio.Transport | None) -> int:
    """What the system holds of what was written, because the other side did not take it yet; 0
    where it does not tell."""
    if transport is None:
        return 0
    try:
        import fcntl  # not on Windows
        import termios

        told = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except (ImportError, AttributeError, OSError):
        return 0
    return int.from_bytes(told, sys.byteorder)


def _close_without_loop(transport: Any) -> None:
    """Close the socket of a transport whose loop is closed: asyncio's close in a turn of their
    loop, and there is none any more."""
    with suppress(RuntimeError):  # "Event loop is closed", after it has marked itself as closed
        transport.abort()
    below = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None) or transport
    close = getattr(
        below, "_call_connection_lost", None
    )  # what abort() would have had the loop call
    if close is not None:
        with suppress(
            RuntimeError, AttributeError
        ):  # the same, of the TLS between; the second time there is no socket any more
            close(None)
