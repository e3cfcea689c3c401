"""One HTTP/1.1 connection: a request out, its answer in, one at a time."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import NamedTuple, cast

import httptools

from adorm.errors import ConnectionFailed

MAX_BODY_BYTES = 256 * 1024 * 1024
"""Far above what DynamoDB sends: 16 MB of items in a batch, each value wrapped in its type's name."""

MAX_HEAD_BYTES = 64 * 1024

READ_BYTES = 64 * 1024
"""Read at a time, into one buffer for each connection: asyncio gives a plain Protocol new bytes of 256 KB for every read, and to allocate
and free those takes 24 us, as long as all else that asyncio does for a small answer."""


class Response(NamedTuple):
    """A whole answer. Header names are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class HttpConnection(asyncio.BufferedProtocol):
    """A connection that is made by `loop.create_connection` and carries one request after another.

    After a failure or a cancelled `exchange` it is aborted and never used again: what the server still sends would be
    taken for the next request's answer. So would bytes that nobody asked for.
    """

    __slots__ = (
        "_buffer",
        "_chunks",
        "_dead",
        "_deadline",
        "_has_head",
        "_head_bytes",
        "_headers",
        "_loop",
        "_max_body_bytes",
        "_on_lost",
        "_parser",
        "_poll",
        "_promised",
        "_read_timeout_s",
        "_received",
        "_timer",
        "_transport",
        "_waiter",
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
        self.idle_since = 0.0
        """When it was last put aside, on the loop's clock."""
        self._promised: int | None = None
        """The body's length: -1 if it comes in chunks, None if it ends with the connection (or the headers are not here yet)."""
        self._forget_answer()

    # ------------------------------------------------------------------ for the pool and the wire

    @property
    def usable(self) -> bool:
        """True if a request may be written to it, as far as is known."""
        return not self._dead and self._transport is not None and not self._transport.is_closing()

    def has_news(self) -> bool:
        """True if the idle connection has something to read, which is most likely its end; the loop has not seen it yet."""
        if self._poll is not None:
            return bool(self._poll.poll(0))
        return self._loop.time() - self.idle_since > 0.2  # no poll on this platform: let the loop look after a pause

    async def exchange(self, request: bytes) -> Response:
        """Write a whole request and wait for its whole answer.

        Raises:
            ConnectionFailed: `maybe_applied` is False only if nothing was written.
        """
        transport = self._transport
        if self._dead or transport is None or transport.is_closing():
            raise ConnectionFailed("the connection had been closed", maybe_applied=False)
        waiter: asyncio.Future[Response] = self._loop.create_future()
        self._waiter = waiter
        self._deadline = self._loop.time() + self._read_timeout_s
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)
        transport.write(request)
        try:
            return await waiter
        except BaseException:
            self.abort()
            raise

    def abort(self, problem: str = "the connection was given up") -> None:
        """Close at once. A pending `exchange` fails with `problem`."""
        self._fail(problem)

    # ------------------------------------------------------------------ asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
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
        self._deadline = self._loop.time() + self._read_timeout_s
        try:
            parser.feed_data(self._buffer[:nbytes])
        except httptools.HttpParserUpgrade:
            self._fail("the server wanted to switch to another protocol")
        except httptools.HttpParserError as error:
            self._fail(f"the answer is not HTTP: {error}", error)
        else:
            if not self._has_head and self._waiter is not None:
                self._head_bytes += nbytes
                if self._head_bytes > MAX_HEAD_BYTES:
                    self._fail(f"the answer's headers are longer than {MAX_HEAD_BYTES} bytes")

    def eof_received(self) -> None:
        # Returning None has the transport close itself; nothing more may be written from here on.
        if self._waiter is None:
            self._dead = True
        elif self._has_head and self._promised is None:
            self._complete(reusable=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._dead = True
        if self._waiter is not None:
            self._fail(f"the connection was closed {self._phase()}{f' ({exc})' if exc else ''}", exc)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport = None
        self._poll = None
        self._parser = None  # it refers back to this connection
        self._on_lost(self)

    # ------------------------------------------------------------------ the parser's side

    def on_message_begin(self) -> None:
        if self._waiter is None:
            self._fail("the server sent a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        headers = self._headers
        length = headers.get(b"content-length")
        if length is not None:
            self._promised = promised = int(length)
            if promised > self._max_body_bytes:
                self._fail(f"the answer's body of {promised} bytes is larger than {self._max_body_bytes}")
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
        if not reusable:
            self._dead = True
        waiter.set_result(response)

    def _forget_answer(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []
        self._has_head = False
        self._head_bytes = 0
        self._received = 0
        self._promised = None

    def _fail(self, problem: str, cause: BaseException | None = None) -> None:
        self._dead = True
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            error = ConnectionFailed(problem, maybe_applied=True)
            error.__cause__ = cause
            waiter.set_exception(error)
        if self._transport is not None:
            self._transport.abort()

    def _look_at_the_clock(self) -> None:
        # One timer serves many requests: each moves the deadline, and only a timer that fires looks at it.
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)
        else:
            self._fail(f"the server sent nothing for {self._read_timeout_s:g} s, {self._phase()}")

    def _phase(self) -> str:
        if self._has_head:
            of_how_many = f" of {self._promised}" if self._promised is not None and self._promised >= 0 else ""
            return f"in the middle of the answer's body, after {self._received}{of_how_many} bytes"
        return "in the middle of the answer's headers" if self._headers or self._head_bytes else "before an answer began"
