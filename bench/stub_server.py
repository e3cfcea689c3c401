"""A DynamoDB that answers at once with the bytes it was given: run as a process of its own, so that its work is nobody else's.

It reads one line of JSON from its input, `{"GetItem": "<base64 of a body>", ...}`, writes its port on a line of its output, and serves
until its input ends.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
import zlib
from typing import cast

OPERATION = re.compile(rb"x-amz-target: ?DynamoDB_20120810\.(\w+)", re.IGNORECASE)
LENGTH = re.compile(rb"content-length: ?(\d+)", re.IGNORECASE)


def answer(body: bytes) -> bytes:
    """The whole answer, with the headers that DynamoDB sends."""
    head = (
        "HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Sat, 21 Nov 2026 08:30:00 GMT\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n"
        "x-amzn-RequestId: 4QMF5VPIVCUB2JMK8QF3EXAMPLEVV4KQNSO5AEMVJF66Q9ASUAAJG\r\n"
        f"x-amz-crc32: {zlib.crc32(body)}\r\n\r\n"
    )
    return head.encode() + body


class Stub(asyncio.Protocol):
    """Answers one request after the other, by the operation's name alone."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        while (end := received.find(b"\r\n\r\n")) >= 0:
            operation, length = OPERATION.search(received, 0, end), LENGTH.search(received, 0, end)
            if operation is None or length is None:
                self._transport.abort()
                return
            size = end + 4 + int(length[1])
            if len(received) < size:
                break
            self._transport.write(self._answers[operation[1]])
            received = received[size:]
        self._received = received


async def serve() -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    bodies = cast("dict[str, str]", json.loads(sys.stdin.readline()))
    answers = {name.encode(): answer(base64.b64decode(body)) for name, body in bodies.items()}
    server = await loop.create_server(lambda: Stub(answers), "127.0.0.1", 0)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve())
