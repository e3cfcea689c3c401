"""A DynamoDB that answers with bytes made beforehand: run as a process of its own, so that its work is nobody else's.

It reads one line of JSON from its input, writes its port on a line of its output, and serves until its input ends. The line says what to
answer by operation, bodies in base64, and how long to wait with each answer:

    {"GetItem": "<body>", "Scan": {"pages": ["<body>", ...]}, "BatchGetItem": {"items": {"key-1": "<item>", ...}}, "latency_s": 0.005}

Of pages, a request that names `page-3` gets the one after it, any other the first. Of items, a request gets those that it names.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import selectors
import sys
import zlib
from collections.abc import Callable
from typing import Any, cast

OPERATION = re.compile(rb"x-amz-target: ?DynamoDB_20120810\.(\w+)", re.IGNORECASE)
LENGTH = re.compile(rb"content-length: ?(\d+)", re.IGNORECASE)
PAGE = re.compile(rb'"page-(\d+)"')
KEY = re.compile(rb'"(key-\d+)"')

Answer = Callable[[bytes], bytes]
"""From a request's body to the whole answer."""


def whole(body: bytes) -> bytes:
    """With the headers that DynamoDB sends."""
    head = (
        "HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Sat, 21 Nov 2026 08:30:00 GMT\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n"
        "x-amzn-RequestId: 4QMF5VPIVCUB2JMK8QF3EXAMPLEVV4KQNSO5AEMVJF66Q9ASUAAJG\r\n"
        f"x-amz-crc32: {zlib.crc32(body)}\r\n\r\n"
    )
    return head.encode() + body


def by_name(body: str) -> Answer:
    answer = whole(base64.b64decode(body))
    return lambda _request: answer


def by_page(bodies: list[str]) -> Answer:
    answers = [whole(base64.b64decode(body)) for body in bodies]

    def answer(request: bytes) -> bytes:
        after = PAGE.search(request)
        return answers[0 if after is None else int(after[1]) + 1]

    return answer


def by_key(items: dict[str, str]) -> Answer:
    known = {key.encode(): base64.b64decode(item) for key, item in items.items()}
    table = re.compile(rb'"RequestItems": ?\{"(\w+)"')

    def answer(request: bytes) -> bytes:
        name = cast("re.Match[bytes]", table.search(request))[1]
        found = b",".join([known[key] for key in KEY.findall(request)])
        return whole(b'{"Responses":{"%b":[%b]},"UnprocessedKeys":{}}' % (name, found))

    return answer


def answer_of(told: Any) -> Answer:
    if isinstance(told, str):
        return by_name(told)
    return by_page(told["pages"]) if "pages" in told else by_key(told["items"])


class Stub(asyncio.Protocol):
    """Answers one request after the other."""

    def __init__(self, answers: dict[bytes, Answer], latency_s: float) -> None:
        self._answers = answers
        self._latency_s = latency_s
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
            self._answer(self._answers[operation[1]], received[end + 4 : size])
            received = received[size:]
        self._received = received

    def _answer(self, answer: Answer, request: bytes) -> None:
        if not self._latency_s:
            self._transport.write(answer(request))
            return
        loop = asyncio.get_running_loop()
        at_s = loop.time() + self._latency_s  # from here on: making the answer is part of it
        loop.call_at(at_s, self._transport.write, answer(request))


async def serve(told: dict[str, Any], latency_s: float) -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    answers = {name.encode(): answer_of(body) for name, body in told.items()}
    server = await loop.create_server(lambda: Stub(answers, latency_s), "127.0.0.1", 0)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


def precise_loop() -> asyncio.AbstractEventLoop:
    """epoll rounds a wait up to whole milliseconds, select doesn't."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def main() -> None:
    told = cast("dict[str, Any]", json.loads(sys.stdin.readline()))
    latency_s = told.pop("latency_s", 0.0)
    with asyncio.Runner(loop_factory=precise_loop if latency_s else None) as runner:
        runner.run(serve(told, latency_s))


if __name__ == "__main__":
    main()
