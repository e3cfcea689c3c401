"""A small DynamoDB-shaped HTTP server on 127.0.0.1 that does what a test's script says.

    async with LoopbackServer(handler) as server:
        server.script("PutItem", Drop("request", applied=True), {})  # the next two calls
        server.script("GetItem", ServiceFault("ThrottlingException"), call=3)  # the third call
        transport = WireTransport(endpoint_url=server.url, ...)
        ...
        assert server.operations == ["PutItem", "PutItem"]

`handler(operation, body)` is the table behind the server: it returns an answer's dict or a
`ServiceFault`. It is asked for each call without a step; by default it returns `{}`. The steps:

    {"Item": ...}           a plain answer, without the handler
    ServiceFault(code)      DynamoDB's error JSON; with `applied=True` the handler is called first
    Reply(...)              any other answer: status, headers, bytes, a wrong CRC, chunks, closing
                            the connection; with body=None it has the handler's answer
    Drop(after)             the connection is closed after a phase
    Silence(after)          after a phase nothing more is sent until `release()`
    Raw(data)               these bytes instead of an HTTP answer

`applied` says whether the handler saw the request before the fault, so whether the answer was lost
or the request. Ready-made steps: WRONG_CRC, MALFORMED_JSON, NOT_AN_OBJECT, HTML_500, TOO_LARGE,
NOT_HTTP, THROTTLED, `redirect(url)`.

`refuse(n)` closes the next n connections at once. `close_idle()` closes those that wait for a
request, and `send_unasked(data)` writes to them. `received(n)` waits until n requests have come in
all, `all_closed()` until no connection is open. The server starts no task.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import zlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

import attrs

from tests.support.tcp_server import TcpServer

Body = dict[str, Any]
Phase = Literal["headers", "request", "status line", "answer headers", "half the body"]


@attrs.frozen
class ServiceFault:
    """DynamoDB's error answer; `extra` are further members, such as `Item` or
    `CancellationReasons`."""

    code: str
    message: str = "so it is"
    status: int = 400
    extra: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    applied: bool = False


@attrs.frozen
class Reply:
    """An answer in every detail. With `body` None it has the handler's answer, and `applied` does
    not matter."""

    body: bytes | None = None
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    crc: Literal["right", "wrong", "none"] = "right"
    chunked: bool = False
    continue_first: bool = False
    """Send `100 Continue` before it."""
    no_length: bool = False
    """Neither content-length nor chunks: the body ends with the connection."""
    close: Literal["", "announced", "silent"] = ""
    """Close the connection afterwards, with the header `connection: close` or without it."""
    tail: bytes = b""
    """Bytes after the answer."""
    applied: bool = False


@attrs.frozen
class Drop:
    """Close the connection after a phase.

    Without `applied` the request counts as applied if a part of the answer was sent.
    """

    after: Phase
    applied: bool | None = None
    reset: bool = False
    """Close with a reset instead of an orderly end."""


@attrs.frozen
class Silence:
    """Stop after a phase, until `release()` or the connection's end."""

    after: Phase = "request"
    applied: bool | None = None


@attrs.frozen
class Raw:
    """Bytes instead of an HTTP answer; the connection stays open."""

    data: bytes
    applied: bool = False


Step = Body | ServiceFault | Reply | Drop | Silence | Raw
Handler = Callable[[str, Body], "Body | ServiceFault"]

WRONG_CRC = Reply(crc="wrong")
MALFORMED_JSON = Reply(b'{"Item": {"pk"', crc="right")
NOT_AN_OBJECT = Reply(b"[1]")
HTML_500 = Reply(
    b"<html><body>It broke</body></html>", 500, {"content-type": "text/html"}, crc="none"
)
TOO_LARGE = Reply(
    b"<html>Too Large</html>", 413, {"content-type": "text/html"}, crc="none", close="announced"
)
NOT_HTTP = Raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
THROTTLED = ServiceFault("ProvisionedThroughputExceededException", "slow down")


def redirect(location: str, status: int = 301) -> Reply:
    return Reply(b"", status, {"location": location}, crc="none")


@attrs.frozen
class Received:
    """One request as it came."""

    operation: str
    body: Body
    headers: dict[str, str]
    """By lower-case name."""
    connection: int
    """1 for the first connection that was made, and so on."""
    raw: bytes
    line: str


class LoopbackServer(TcpServer["_Connection"]):
    """See the module's docstring."""

    requests: list[Received]

    def __init__(
        self,
        handler: Handler | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(lambda: _Connection(self), tls=tls, host=host)
        self.handler: Handler = handler or (lambda _operation, _body: {})
        self.connections = 0
        self._scripts: defaultdict[str, deque[Step]] = defaultdict(deque)
        self._numbered: dict[tuple[str, int], Step] = {}
        self._calls: Counter[str] = Counter()
        self._refuse = 0

    # ------------------------------------------------------------------ for tests

    @property
    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]

    def script(self, operation: str, *steps: Step, call: int | None = None) -> None:
        """Queue steps for the next calls of an operation, or set one for its n-th call (1 is the
        first since the start)."""
        if call is None:
            self._scripts[operation].extend(steps)
        else:
            (self._numbered[operation, call],) = steps

    def refuse(self, connections: int) -> None:
        """Close the next connections before reading anything from them."""
        self._refuse = connections

    def release(self) -> None:
        """Go on with every silent call."""
        for connection in tuple(self._open):
            connection.go_on()

    def close_idle(self) -> None:
        """Close the connections that wait for a request."""
        for connection in tuple(self._open):
            connection.close_if_idle()

    def send_unasked(self, data: bytes) -> None:
        """Write to the connections that wait for a request."""
        for connection in tuple(self._open):
            connection.write_if_idle(data)

    async def accepted(self, connections: int) -> None:
        """Wait until so many connections have been made in all."""
        await self.until(lambda: self.connections >= connections)

    # ------------------------------------------------------------------ for its connections

    def next_step(self, operation: str) -> Step | None:
        """The step for this call; None: ask the handler."""
        self._calls[operation] += 1
        numbered = self._numbered.pop((operation, self._calls[operation]), None)
        if numbered is not None:
            return numbered
        return self._scripts[operation].popleft() if self._scripts[operation] else None

    def accept(self, connection: _Connection) -> int:
        """The number of a new connection; 0 if it is to be closed."""
        self.connections += 1
        self.joined(connection)
        if self._refuse:
            self._refuse -= 1
            return 0
        return self.connections


class _Connection(asyncio.Protocol):
    """One client's connection: reads a request, takes its step, writes what the step says."""

    def __init__(self, server: LoopbackServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._number = 0
        self._step: Step | None = None
        self._step_taken = False
        self._rest: Callable[[], None] | None = None  # what a silent call still has to do

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._number = self._server.accept(self)
        if not self._number:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.left(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (
            self._transport is not None
            and not self._transport.is_closing()
            and self._rest is None
            and self._read()
        ):
            pass

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def go_on(self) -> None:
        rest, self._rest = self._rest, None
        if rest is not None and self._transport is not None:
            rest()
            self.data_received(b"")

    def close_if_idle(self) -> None:
        if self._transport is not None and not self._buffer and self._rest is None:
            self._transport.close()

    def write_if_idle(self, data: bytes) -> None:
        if self._transport is not None and not self._buffer and self._rest is None:
            self._transport.write(data)

    def _read(self) -> bool:
        """Handle one request; False if it is not here as a whole."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        line, *lines = self._buffer[:end].decode("utf-8").split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (text.partition(": ") for text in lines)
        }
        operation = headers["x-amz-target"].rpartition(".")[2]
        if not self._step_taken:
            self._step = self._server.next_step(operation)
            self._step_taken = True
        if isinstance(self._step, Drop) and self._step.after == "headers":
            self._hang_up(self._step)
            return False
        start, length = end + 4, int(headers["content-length"])
        if len(self._buffer) < start + length:
            return False
        raw = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        request = Received(operation, json.loads(raw), headers, self._number, raw, line)
        self._server.requests.append(request)
        step, self._step, self._step_taken = self._step, None, False
        self._answer(request, step)
        self._server.notice()
        return True

    def _answer(self, request: Received, step: Step | None) -> None:
        late = isinstance(step, Drop | Silence) and step.after not in ("headers", "request")
        applied = getattr(step, "applied", None)
        asked = (
            step is None
            or applied
            or (applied is None and late)
            or (isinstance(step, Reply) and step.body is None)
        )
        handled: Body | ServiceFault = {}
        if asked and not isinstance(step, Silence):
            handled = self._server.handler(request.operation, request.body)
        if isinstance(step, Raw):
            self._write(step.data)
        elif isinstance(step, Reply):
            self._send_reply(step, handled)
        elif isinstance(step, Drop):
            self._write(_first_part(_reply_bytes(Reply(), handled), step.after))
            self._hang_up(step)
        elif isinstance(step, Silence):
            self._fall_silent(request, step)
        elif isinstance(step, dict | ServiceFault):
            self._write(_reply_bytes(Reply(), step))
        else:
            self._write(_reply_bytes(Reply(), handled))

    def _fall_silent(self, request: Received, step: Silence) -> None:
        early = step.applied or (step.applied is None and step.after != "request")
        answer = (
            _reply_bytes(Reply(), self._server.handler(request.operation, request.body))
            if early
            else None
        )
        sent = b"" if answer is None else _first_part(answer, step.after)
        self._write(sent)

        def rest() -> None:
            whole = (
                answer
                if answer is not None
                else _reply_bytes(Reply(), self._server.handler(request.operation, request.body))
            )
            self._write(whole[len(sent) :])

        self._rest = rest

    def _send_reply(self, reply: Reply, handled: Body | ServiceFault) -> None:
        self._write(_reply_bytes(reply, handled) + reply.tail)
        if (reply.close or reply.no_length) and self._transport is not None:
            self._transport.close()

    def _hang_up(self, step: Drop) -> None:
        if self._transport is not None:
            if step.reset:
                self._transport.abort()
            else:
                self._transport.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and data:
            self._transport.write(data)


def _reply_bytes(reply: Reply, handled: Body | ServiceFault) -> bytes:
    status, headers, body = reply.status, dict(reply.headers), reply.body
    if body is None and isinstance(handled, ServiceFault):
        status = handled.status
        headers |= handled.headers
        error = {
            "__type": f"com.amazonaws.dynamodb.v20120810#{handled.code}",
            "message": handled.message,
            **handled.extra,
        }
        body = json.dumps(error).encode()
    elif body is None:
        body = json.dumps(handled).encode()
    headers = {
        "x-amzn-RequestId": "LOOPBACK",
        "Content-Type": "application/x-amz-json-1.0",
        **headers,
    }
    if reply.crc != "none":
        headers["x-amz-crc32"] = str(zlib.crc32(body) ^ (reply.crc == "wrong"))
    if reply.close == "announced":
        headers["Connection"] = "close"
    if reply.chunked:
        headers["Transfer-Encoding"] = "chunked"
        half = len(body) // 2
        body = (
            b"".join(
                b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part
            )
            + b"0\r\n\r\n"
        )
    elif not reply.no_length:
        headers["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    start = "HTTP/1.1 100 Continue\r\n\r\n" if reply.continue_first else ""
    return f"{start}HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode("latin-1") + body


def _first_part(answer: bytes, phase: Phase) -> bytes:
    head, separator, body = answer.partition(b"\r\n\r\n")
    match phase:
        case "headers" | "request":
            return b""
        case "status line":
            return answer[:12]
        case "answer headers":
            return head[:-5]
        case "half the body":
            return head + separator + body[: len(body) // 2]
