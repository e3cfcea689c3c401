"""Internal: one connection: it reads requests and sends their answers in order.

The engine answers at once, so no task is needed. The callback that receives the last byte of a
request also sends its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal, cast

from adorm.memory.server.limits import Limits
from adorm.memory.server.messages import (
    CONTINUE,
    BadRequest,
    HttpAnswer,
    HttpRequest,
    answer_bytes,
    refusal_bytes,
)
from adorm.memory.server.request_reader import RequestReader

READ_BYTES = 64 * 1024

Serve = Callable[[HttpRequest], HttpAnswer]
Phase = Literal["new", "idle", "receiving", "sending", "lingering"]


class Connection(asyncio.BufferedProtocol):
    """One connection: it reads requests and sends their answers in order.

    If several requests arrive together (pipelining), one is answered in each turn of the loop, so
    that other connections get their turns. The connection reads nothing more while a request waits
    or while the client does not read its answers.

    Args:
        serve: answers a request; it must not raise.
        on_made: called when the connection is open; returns the reason to refuse it, else None.
        on_lost: called when the connection is closed.
    """

    __slots__ = (
        "_buffer",
        "_deadline",
        "_is_last",
        "_is_scheduled",
        "_limits",
        "_loop",
        "_may_write",
        "_on_lost",
        "_on_made",
        "_phase",
        "_reader",
        "_refusal",
        "_serve",
        "_transport",
        "_unsent_bytes",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        serve: Serve,
        limits: Limits,
        *,
        on_made: Callable[[], HTTPStatus | None],
        on_lost: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        self._serve = serve
        self._limits = limits
        self._on_made = on_made
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._reader = RequestReader(limits)
        self._refusal: HTTPStatus | None = None
        self._may_write = True
        self._is_scheduled = False
        self._is_last = False
        self._phase: Phase = "new"
        self._deadline = 0.0
        self._unsent_bytes = 0

    # ------------------------------------------------------------------ for the server

    def finish(self) -> None:
        """Close after the request in progress is answered; without one close at once."""
        transport = self._transport
        if transport is None:
            return
        self._is_last = True
        if self._phase == "lingering" or not (self._reader.in_request or self._reader.requests):
            transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def check_deadline(self) -> None:
        """Close the connection if the client is too slow."""
        now = self._loop.time()
        transport = self._transport
        if transport is None or now < self._deadline:
            return
        if self._phase == "receiving":
            self._refuse(transport, HTTPStatus.REQUEST_TIMEOUT)
        elif self._phase == "sending" and transport.get_write_buffer_size() < self._unsent_bytes:
            self._unsent_bytes = transport.get_write_buffer_size()
            self._deadline = now + self._limits.write_s
        else:
            transport.abort()

    # ------------------------------------------------------------------ asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        refusal = self._on_made()
        if refusal is not None:
            self._refuse(self._transport, refusal)
        else:
            self._enter("idle")

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._phase == "lingering":
            return
        try:
            self._reader.feed(self._buffer[:nbytes])
        except BadRequest as refusal:
            self._refusal = refusal.status
        self._answer_next()

    def pause_writing(self) -> None:
        self._may_write = False
        transport = self._transport
        if transport is not None and self._phase != "lingering":
            transport.pause_reading()
            self._unsent_bytes = transport.get_write_buffer_size()
            self._enter("sending")

    def resume_writing(self) -> None:
        self._may_write = True
        self._answer_next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._reader.close()
        self._on_lost(self)

    # ------------------------------------------------------------------ inside

    def _answer_next(self) -> None:
        """Answer the first waiting request; without one read on or close."""
        transport = self._transport
        if (
            transport is None
            or transport.is_closing()
            or self._is_scheduled
            or self._phase == "lingering"
        ):
            return
        requests = self._reader.requests
        if requests and self._may_write:
            self._answer(transport, requests.popleft())
        if transport.is_closing() or not self._may_write:
            return
        if requests:
            transport.pause_reading()
            self._is_scheduled = True
            self._loop.call_soon(self._go_on_later)
        elif self._refusal is not None:
            self._refuse(transport, self._refusal)
        else:
            self._read_on(transport)

    def _go_on_later(self) -> None:
        self._is_scheduled = False
        self._answer_next()

    def _answer(self, transport: asyncio.Transport, request: HttpRequest) -> None:
        reader = self._reader
        ends = self._is_last and not reader.requests and not reader.in_request
        keep_alive = request.keep_alive and not ends
        self._phase = "new"
        transport.write(
            answer_bytes(
                self._serve(request), keep_alive=keep_alive, with_body=request.method != b"HEAD"
            )
        )
        if not keep_alive:
            transport.close()

    def _read_on(self, transport: asyncio.Transport) -> None:
        reader = self._reader
        if not reader.in_request:
            if self._is_last:
                transport.close()
                return
            self._enter("idle")
        else:
            self._enter("receiving")
            if reader.wants_continue:
                reader.wants_continue = False
                transport.write(CONTINUE)
        transport.resume_reading()

    def _refuse(self, transport: asyncio.Transport, status: HTTPStatus) -> None:
        """Refuse further requests so that the client can read the answer.

        Closing at once could reset the connection while the client still sends, and the client
        would never read the answer. So the server closes only its own side, and for a while
        discards what still arrives.
        """
        transport.write(refusal_bytes(status))
        self._enter("lingering")
        self._reader.close()
        if transport.can_write_eof():
            transport.write_eof()
        transport.resume_reading()

    def _enter(self, phase: Phase) -> None:
        if phase == self._phase and phase != "idle":
            return  # keep the deadline: it is for the whole request
        limits = self._limits
        self._phase = phase
        if phase == "idle":
            wait_s = limits.idle_s
        elif phase == "receiving":
            wait_s = limits.request_s
        elif phase == "sending":
            wait_s = limits.write_s
        else:
            wait_s = limits.linger_s
        self._deadline = self._loop.time() + wait_s
