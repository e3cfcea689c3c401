"""A server in a process of its own that answers as DynamoDB does, with prepared bytes.

    python bench/stub_server.py [LATENCY_S]

It writes one line of JSON, `{"ports": {"z": 40001, ...}, "tls_ports": {...}, "ca":
"/path/ca.pem"}`, and serves until its input ends. A port for each form of datetime (see
`orders.TIME_FORMS`). Every answer carries the headers that DynamoDB sends, the CRC32 among them.
Two operations are its own: `Last` gives the last request of another, {"Operation": "PutItem"}, to
see what a client has sent; `Used` gives the CPU time that this process has taken, {"cpu_s": 1.5}.
It runs on uvloop, to be faster than whoever asks. With a latency it gives each answer so many
seconds after its request, by a loop whose timers are exact: epoll, and uvloop too, round a wait up
to whole milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import re
import selectors
import ssl
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

import orders
import uvloop
from certificates import write_certificates

TARGET = b"dynamodb_20120810."
LENGTH = b"content-length:"
ORDER_NUMBER = re.compile(rb"order#2026-11-21#(\d{6})")
THING_NUMBER = re.compile(rb'"thing-(\d+)"')
THINGS_PAGES = 1000
"""Of the table "things": 1,000 items each, so that a scan gives a million small items."""

Answer = Callable[[bytes], bytes]
"""From a request's body to the whole answer."""


def whole(body: bytes) -> bytes:
    """The answer with this body, and with the headers that DynamoDB sends."""
    head = (
        "HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Sat, 21 Nov 2026 08:30:00 GMT\r\nContent-Type: "
        "application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n"
        "x-amzn-RequestId: 4QMF5VPIVCUB2JMK8QF3EXAMPLEVV4KQNSO5AEMVJF66Q9ASUAAJG\r\n"
        f"x-amz-crc32: {zlib.crc32(body)}\r\n\r\n"
    )
    return head.encode() + body


class Answers:
    """What a server of one form of datetime answers."""

    def __init__(self, time_form: str) -> None:
        self._items = [
            orders.encoded(orders.item(number, time_form)) for number in range(orders.BATCH_KEYS)
        ]
        self._time_form = time_form
        self._get = whole(b'{"Item":' + self._items[0] + b"}")
        self._nothing = whole(b"{}")
        self._updated = whole(b'{"Attributes":' + self._items[0] + b"}")
        self._query: bytes | None = None
        self._pages: list[bytes] = []
        self._batches: dict[bytes, bytes] = {}
        self.last: dict[str, bytes] = {}
        self.by_operation: dict[bytes, Answer] = {
            b"getitem": lambda _: self._get,
            b"putitem": lambda _: self._nothing,
            b"updateitem": lambda body: self._updated if b"ALL_NEW" in body else self._nothing,
            b"transactwriteitems": lambda _: self._nothing,
            b"query": self._queried,
            b"batchgetitem": self._batch,
            b"scan": self._scan,
            b"last": self._last,
            b"used": lambda _: whole(orders.encoded({"cpu_s": time.process_time()})),
        }

    def _queried(self, _body: bytes) -> bytes:
        if self._query is None:
            self._query = whole(orders.query_page(self._time_form))
        return self._query

    def _batch(self, body: bytes) -> bytes:
        """Clients ask for the same chunks again and again: what was made for one is kept."""
        answer = self._batches.get(body)
        if answer is None:
            found = b",".join([self._items[int(number)] for number in ORDER_NUMBER.findall(body)])
            answer = whole(
                b'{"Responses":{"%b":[%b]},"UnprocessedKeys":{}}' % (orders.TABLE.encode(), found)
            )
            if len(self._batches) < 1000:
                self._batches[body] = answer
        return answer

    def _scan(self, body: bytes) -> bytes:
        if b'"things"' in body:
            return things_page(body)
        if not self._pages:
            self._pages = [
                whole(orders.scan_page(number, self._time_form))
                for number in range(orders.SEGMENT_PAGES)
            ]
        after = ORDER_NUMBER.search(body)
        return self._pages[0 if after is None else (int(after[1]) + 1) // orders.SCAN_PAGE_ITEMS]

    def _last(self, body: bytes) -> bytes:
        return whole(self.last.get(json.loads(body)["Operation"].lower(), b"{}"))


def things_page(body: bytes) -> bytes:
    """A thousand items of about 40 bytes after the one named, made when they are asked for: no
    million of them stays here."""
    named = THING_NUMBER.search(body)
    first = 0 if named is None else int(named[1]) + 1
    limit = re.search(rb'"Limit": ?(\d+)', body)
    count = 1000 if limit is None else int(limit[1])
    last = min(first + count, THINGS_PAGES * 1000)
    items = ",".join(
        [
            f'{{"thing_id":{{"S":"thing-{number}"}},"name":{{"S":"a '
            f'name"}},"value":{{"N":"{number}"}}}}'
            for number in range(first, last)
        ]
    )
    after = (
        ""
        if last == THINGS_PAGES * 1000
        else f',"LastEvaluatedKey":{{"thing_id":{{"S":"thing-{last - 1}"}}}}'
    )
    count = last - first
    page = f'{{"Count":{count},"Items":[{items}],"ScannedCount":{count}{after}}}'
    return whole(page.encode())


class Stub(asyncio.Protocol):
    """Answers one request after the other."""

    def __init__(self, answers: Answers, latency_s: float) -> None:
        self._answers = answers
        self._latency_s = latency_s
        self._by_operation = answers.by_operation
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._write = self._write_later if self._latency_s else self._transport.write

    def _write_later(self, answer: bytes) -> None:
        asyncio.get_running_loop().call_later(self._latency_s, self._transport.write, answer)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        while (end := received.find(b"\r\n\r\n")) >= 0:
            head = received[:end].lower()
            at = head.find(TARGET)
            stop = head.find(b"\r", at)
            operation = head[at + 18 : stop] if stop >= 0 else head[at + 18 :]
            at = head.find(LENGTH)
            stop = head.find(b"\r", at)
            length = int(head[at + 15 : stop] if stop >= 0 else head[at + 15 :])
            size = end + 4 + length
            if len(received) < size:
                break
            body = received[end + 4 : size]
            self._write(self._by_operation[operation](body))
            if operation != b"last":
                self._answers.last[operation.decode()] = body
            received = received[size:]
        self._received = received


async def serve(latency_s: float) -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    ports: dict[str, int] = {}
    tls_ports: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as directory:
        written = write_certificates(Path(directory))
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(written.certificate, written.key)
        for form in orders.TIME_FORMS:
            answers = Answers(form)

            def stub(answers: Answers = answers) -> Stub:
                return Stub(answers, latency_s)

            plain = await loop.create_server(stub, "127.0.0.1", 0)
            secure = await loop.create_server(stub, "127.0.0.1", 0, ssl=tls)
            ports[form] = plain.sockets[0].getsockname()[1]
            tls_ports[form] = secure.sockets[0].getsockname()[1]
        ended = asyncio.Event()
        loop.add_reader(sys.stdin.fileno(), ended.set)
        print(
            json.dumps({"ports": ports, "tls_ports": tls_ports, "ca": str(written.ca)}), flush=True
        )
        await ended.wait()


def precise_loop() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def main() -> None:
    latency_s = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    with asyncio.Runner(
        loop_factory=precise_loop if latency_s else uvloop.new_event_loop
    ) as runner:
        runner.run(serve(latency_s))


if __name__ == "__main__":
    main()
