"""Internal: one HTTP request, one HTTP answer, and the answer's bytes."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple


class HttpRequest(NamedTuple):
    """A whole request."""

    method: bytes
    target: bytes
    """Path and query: `/`."""
    headers: dict[bytes, bytes]
    """By name in lower case. Of a header that was sent twice the last one counts."""
    body: bytes | bytearray
    keep_alive: bool
    """Whether the client may send another request on this connection."""


class HttpAnswer(NamedTuple):
    """A whole answer, but for what depends on the connection."""

    status: int
    headers: bytes
    """Whole lines, each with its end."""
    body: bytes


class BadRequest(Exception):
    """What came is no request that can be read; the connection ends with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STATUS_LINES = {
    each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\nServer: Server\r\n".encode()
    for each in HTTPStatus
}


class DateLine:
    """The header `Date`, written anew once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._line = b""

    def now(self) -> bytes:
        """The line of this second."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._line


_date = DateLine()


def answer_bytes(answer: HttpAnswer, *, keep_alive: bool, with_body: bool = True) -> bytes:
    """The bytes of an answer; `with_body` is False for HEAD, whose answer has the headers alone."""
    connection = b"keep-alive" if keep_alive else b"close"
    return b"%b%bConnection: %b\r\n%bContent-Length: %d\r\n\r\n%b" % (
        STATUS_LINES[answer.status],
        _date.now(),
        connection,
        answer.headers,
        len(answer.body),
        answer.body if with_body else b"",
    )


def refusal_bytes(status: HTTPStatus) -> bytes:
    """The bytes that end a connection whose request could not be read.

    The service sends the 413 for a body that is too large without a body of its own, in chunks.
    """
    return b"%b%bConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (
        STATUS_LINES[status.value],
        _date.now(),
    )
