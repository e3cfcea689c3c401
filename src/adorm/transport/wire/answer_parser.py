"""Parses the bytes of HTTP/1.1 answers, one after another, within limits."""

from __future__ import annotations

from typing import NamedTuple, cast

import httptools

from adorm.support.printable_text import reason_of

MAX_BODY_BYTES = 256 * 1024 * 1024
"""Far above what DynamoDB sends: 16 MB of items in a batch, each value wrapped in its type's
name."""

MAX_HEAD_BYTES = 64 * 1024
"""The most bytes of headers, interim answers, chunk sizes and trailers without a byte of a body in
between."""


class Response(NamedTuple):
    """A whole answer. Header names are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class BadAnswer(Exception):
    """The bytes are no HTTP answer, or a limit is exceeded. The message says which."""


class AnswerParser:
    """Takes bytes by `feed` and gives each answer when it is complete.

    After a `BadAnswer`, or when `reusable` is False, the connection must not carry another request.
    """

    __slots__ = (
        "_chunks",
        "_content_length",
        "_headers",
        "_http",
        "_max_body_bytes",
        "_problem",
        "_response",
        "_until_end",
        "has_head",
        "overhead",
        "progressed",
        "received",
        "reusable",
    )

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._max_body_bytes = max_body_bytes
        self._http = httptools.HttpResponseParser(self)
        self._problem: str | None = None
        self._response: Response | None = None
        self.reusable = True
        """Whether the connection may carry another request after the answer."""
        self.progressed = False
        """Whether the bytes fed last had headers to their end, or a part of a body."""
        self.overhead = 0
        """Bytes that came without a byte of a body: since the last one, or since the request."""
        self._expect_head()

    def _expect_head(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []
        self._content_length: int | None = None
        self._until_end = False  # the body ends with the connection
        self.has_head = False
        """Whether the headers of the current answer are complete."""
        self.received = 0
        """Bytes of the current answer's body so far."""

    def close(self) -> None:
        """Let httptools' parser go, which refers back to this object. Nothing can be parsed any
        more."""
        self._http = cast(httptools.HttpResponseParser, None)

    def feed(self, data: memoryview) -> Response | None:
        """Parse the next bytes; gives the answer if they complete it, else None.

        Raises:
            BadAnswer: see the class.
        """
        received, had_head = self.received, self.has_head
        try:
            self._http.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.reusable = False
            self._problem = self._problem or "the server wanted to switch to another protocol"
        except httptools.HttpParserError as error:
            if self._response is None:
                raise BadAnswer(f"the answer is not HTTP: {reason_of(error)}") from error
            self.reusable = False  # what follows the answer is not HTTP
        response = self._response
        if response is not None:
            self._response = None
            self.overhead = 0
        elif self._problem is not None:
            raise BadAnswer(self._problem)
        elif self.received > received:
            self.overhead = 0
            self.progressed = True
        else:
            self._count_overhead(len(data))
            self.progressed = self.has_head is not had_head
        return response

    def feed_end(self) -> Response | None:
        """Take note that the connection has ended; gives the answer if that completes it."""
        if not self._until_end:
            return None
        self.reusable = False
        return self._whole(self._http.get_status_code())

    def phase(self) -> str:
        """What was being awaited, as it may stand in an error message."""
        if self.has_head:
            length = "" if self._content_length is None else f" of {self._content_length}"
            return f"in the middle of the answer's body, after {self.received}{length} bytes"
        if self._headers or self.overhead:
            return "in the middle of the answer's headers"
        return "before an answer began"

    def _count_overhead(self, size: int) -> None:
        self.overhead += size
        if self.overhead > MAX_HEAD_BYTES:
            where = (
                "what follows the answer's headers, without a body,"
                if self.has_head
                else "the answer's headers"
            )
            raise BadAnswer(f"{where} are longer than {MAX_HEAD_BYTES} bytes")

    def _whole(self, status: int) -> Response:
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        response = Response(status, self._headers, body)
        self._expect_head()
        return response

    # ------------------------------------------------------------------ called by httptools

    def on_message_begin(self) -> None:
        if self._response is not None:  # the server sends a second answer to one request
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # trailers are ignored
            self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self.has_head = True
        text = self._headers.get(b"content-length")
        if text is None:
            self._until_end = b"transfer-encoding" not in self._headers
            return
        self._content_length = length = int(text)
        if length > self._max_body_bytes:
            most = self._max_body_bytes
            self._problem = f"the answer's body of {length} bytes is larger than {most}"

    def on_body(self, body: bytes) -> None:
        self.received += len(body)
        if self.received <= self._max_body_bytes:
            self._chunks.append(body)
        elif self._problem is None:
            self._problem = f"the answer's body is larger than {self._max_body_bytes} bytes"

    def on_message_complete(self) -> None:
        if self._response is not None or self._problem is not None:
            return
        status = self._http.get_status_code()
        if status < 200:  # "100 Continue": the answer is still to come
            self._expect_head()
        else:
            self.reusable = self._http.should_keep_alive()
            self._response = self._whole(status)
