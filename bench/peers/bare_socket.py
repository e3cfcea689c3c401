"""The least that the network costs: the same bytes, sent and received, neither made nor parsed."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

import orders
from peers.base import Call, Peer

OPERATIONS = {
    "get": "GetItem",
    "put": "PutItem",
    "update": "UpdateItem",
    "page": "Query",
    "transact": "TransactWriteItems",
}
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-central-1/dynamodb/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date"
)


def request_bytes(operation: str) -> bytes:
    body = orders.encoded(orders.request(operation))
    head = (
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: "
        "application/x-amz-json-1.0\r\nuser-agent: bare\r\n"
        f"x-amz-target: DynamoDB_20120810.{operation}\r\nx-amz-date: 20261121T083000Z\r\n"
        f"authorization: {SIGNATURE}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Exchange(asyncio.Protocol):
    """One connection: writes a request, and counts bytes until the answer is there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()
        self._left = 0
        self._answered: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        if self._left < 0:  # of this operation no answer was seen yet: its head says how long it is
            head, _, _ = data.partition(b"\r\n\r\n")
            self._left = (
                len(head) + 4 + int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            )
            self.sizes[self._request] = self._left
        self._left -= len(data)
        if self._left == 0 and self._answered is not None:
            self._answered.set_result(None)

    sizes: dict[bytes, int] = {}  # noqa: RUF012  # shared by every connection

    def send(self, request: bytes) -> asyncio.Future[None]:
        self._request = request
        self._left = self.sizes.get(request, -1)
        self._answered = self._loop.create_future()
        self._transport.write(request)
        return self._answered

    def close(self) -> None:
        self._transport.close()


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Peer, None]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 0
    tls = (
        ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
        if parts.scheme == "https"
        else None
    )
    loop = asyncio.get_running_loop()
    idle: list[Exchange] = []

    async def exchange(request: bytes) -> None:
        if idle:
            connection = idle.pop()
        else:
            _, connection = await loop.create_connection(Exchange, host, port, ssl=tls)
        await connection.send(request)
        idle.append(connection)

    def by(operation: str) -> Call:
        request = request_bytes(operation)
        return lambda: exchange(request)

    chunk = request_bytes("BatchGetItem")

    async def batch() -> None:
        await asyncio.gather(*(exchange(chunk) for _ in range(orders.BATCH_KEYS // 100)))

    first_page = request_bytes("Scan")

    async def segment() -> None:
        for _ in range(orders.SEGMENT_PAGES):
            await exchange(first_page)

    async def scan() -> None:
        await asyncio.gather(*(segment() for _ in range(orders.SEGMENTS)))

    calls = {name: by(operation) for name, operation in OPERATIONS.items()}
    yield Peer(plain=lambda _: {}, calls={**calls, "batch": batch, "scan": scan})
    for connection in idle:
        connection.close()
