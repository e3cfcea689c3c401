"""Internal: an HTTP request, an HTTP answer and the bytes of an answer."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple


class HttpRequest(NamedTuple):
    """A complete request."""

    method: bytes
    target: bytes
    """The path and the query string, such as `/`."""
    headers: dict[bytes, bytes]
    """The headers by name in lower case. If a header is sent twice, the last one counts."""
    body: bytes | bytearray
    keep_alive: bool
    """Whether the client may send another request on this connection."""


class HttpAnswer(NamedTuple):
    """A complete answer, except for the headers that depend on the connection."""

    status: int
    headers: bytes
    """Whole lines, each with its line end."""
    body: bytes


class BadRequest(Exception):
    """The received bytes are not a readable request. The connection closes with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STATUS_LINES = {
    each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\nServer: Server\r\n".encode()
    for each in HTTPStatus
}


class DateLine:
    """The header `Date`, made again once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._line = b""

    def now(self) -> bytes:
        """The line for this second."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._line


_date = DateLine()


def answer_bytes(answer: HttpAnswer, *, keep_alive: bool, with_body: bool = True) -> bytes:
    """The bytes of an answer. Pass `with_body=False` for HEAD, whose answer has only headers."""
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
    """The bytes of the answer to an unreadable request, after which the connection closes.

    The service answers a too large body with status 413 and an empty chunked body.
    """
    return b"%b%bConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (
        STATUS_LINES[status.value],
        _date.now(),
    )
