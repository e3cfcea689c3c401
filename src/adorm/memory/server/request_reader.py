"""Internal: collects the bytes of one connection into complete requests."""

from __future__ import annotations

from collections import deque
from http import HTTPStatus

import httptools

from adorm.memory.server.limits import Limits
from adorm.memory.server.messages import BadRequest, HttpRequest


class RequestReader:
    """Collects the bytes of one connection into complete requests.

    The connection takes complete requests from `requests`.
    """

    __slots__ = (
        "_body",
        "_has_progressed",
        "_head_bytes",
        "_headers",
        "_in_head",
        "_limits",
        "_parser",
        "_target",
        "in_request",
        "requests",
        "wants_continue",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self.requests: deque[HttpRequest] = deque()
        self.in_request = False
        """Whether a part of a request has arrived."""
        self.wants_continue = False
        """Whether the client waits for "100 Continue" before it sends the body."""
        self._in_head = False
        self._has_progressed = False
        self._head_bytes = 0
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: bytes | bytearray = b""

    def feed(self, data: memoryview) -> None:
        """Read the bytes that have arrived.

        Raises:
            BadRequest: the bytes are not HTTP, or the request is too large. `requests` still holds
                the requests before it.
        """
        self._has_progressed = False
        parts: list[bytes | memoryview] = [data]
        while self._parser is not None and parts:
            part = parts.pop()
            try:
                self._parser.feed_data(part)
            except httptools.HttpParserUpgrade as upgrade:
                parts += self._ignore_upgrade(upgrade, part)
            except httptools.HttpParserError as error:
                problem = error.__context__
                if isinstance(problem, BadRequest):
                    raise problem from None
                raise BadRequest(HTTPStatus.BAD_REQUEST) from error
        if self.in_request and not self._has_progressed:
            # These bytes belong to one head, or to the framing of a chunked body.
            self._grow_head(len(data))

    def close(self) -> None:
        """Drop everything, also the parser, which refers back to this reader."""
        self._parser = None
        self.requests.clear()
        self._body = b""
        self.in_request = self.wants_continue = False

    def _ignore_upgrade(
        self, upgrade: httptools.HttpParserUpgrade, part: bytes | memoryview
    ) -> tuple[bytes | memoryview, bytes]:
        """Ignore the offer to upgrade to another protocol.

        The parser believes that such a request ends with its headers. So a new parser gets the same
        headers without the offer, and then finds the body.

        Returns:
            The parts to read again, the first part last.
        """
        offset = int(upgrade.args[0])
        if offset <= 0 or self._parser is None:
            raise BadRequest(HTTPStatus.BAD_REQUEST) from upgrade
        method, target, headers = self._parser.get_method(), self._target, self._headers
        self._parser = httptools.HttpRequestParser(self)
        if method == b"CONNECT":
            return part[offset:], b""
        lines = [
            b"%b: %b\r\n" % each
            for each in headers.items()
            if each[0] not in (b"connection", b"upgrade")
        ]
        return part[offset:], b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, b"".join(lines))

    def _grow_head(self, count: int) -> None:
        self._head_bytes += count
        limits = self._limits
        if self._head_bytes > limits.head_bytes or len(self._headers) > limits.headers:
            raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    # ------------------------------------------------------------------ called by the parser

    def on_message_begin(self) -> None:
        self.in_request = self._in_head = self._has_progressed = True
        self._head_bytes = 0
        self._target = b""
        self._headers = {}
        self._body = b""

    def on_url(self, part: bytes) -> None:
        self._target += part
        self._grow_head(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer of a chunked body, which has no use here
        self._head_bytes += len(name) + len(value)
        name = name.lower()
        if name == b"accept-encoding" and name in self._headers:
            return  # the first one counts, as ScyllaDB's tests show
        self._headers[name] = value

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._has_progressed = True
        self._grow_head(0)
        length = self._headers.get(b"content-length")
        if length is not None and int(length) > self._limits.body_bytes:
            raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if b"expect" in self._headers:
            self.wants_continue = self._headers[b"expect"].lower() == b"100-continue"

    def on_body(self, part: bytes) -> None:
        self._has_progressed = True
        body = self._body
        if not body:
            self._body = part
            return
        if len(body) + len(part) > self._limits.body_bytes:
            raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if isinstance(body, bytes):
            self._body = body = bytearray(body)
        body += part

    def on_message_complete(self) -> None:
        parser = self._parser
        if parser is None or (parser.should_upgrade() and parser.get_method() != b"CONNECT"):
            return
        self.in_request = self.wants_continue = False
        self.requests.append(
            HttpRequest(
                parser.get_method(),
                self._target,
                self._headers,
                self._body,
                parser.should_keep_alive(),
            )
        )
        self._body = b""
