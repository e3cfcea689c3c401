"""The memory database's HTTP server over a scripted engine, and a client that sends bytes.

async with serving(FakeEngine()) as server, dial(server) as client:
    await client.send(post("GetItem", {...}))
    answer = await client.answer()
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

import anyio
import attrs

from adorm.memory.errors import EngineError
from adorm.memory.server import Limits, Server, Service, SignatureCheck

LIMIT_S = 20.0
"""How long a test waits for the server at most."""

CREDENTIAL = "AKLOCAL/20260101/eu-central-1/dynamodb/aws4_request"
AUTHORIZATION = f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host, Signature=ab"


class FakeEngine:
    """Answers each operation with `{"Number": n}`, n from 0, or with the result of `answers`."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[], dict[str, Any]]] = {}
        self.calls: list[tuple[str, Any, str, str]] = []
        """Operation, request, account and region of each call."""
        self.wording: Literal["new", "old"] = "new"

    def call(
        self, operation: str, request: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]:
        self.calls.append((operation, request, account, region))
        answer = self.answers.get(operation)
        return {"Number": len(self.calls) - 1} if answer is None else answer()

    def refuse(self, operation: str, error: EngineError) -> None:
        """Refuse an operation from now on."""

        def fail() -> dict[str, Any]:
            raise error

        self.answers[operation] = fail

    @property
    def requests(self) -> list[Any]:
        return [request for _, request, _, _ in self.calls]


@asynccontextmanager
async def serving(
    engine: FakeEngine,
    *,
    limits: Limits | None = None,
    shared: bool = False,
    signatures: SignatureCheck | None = None,
) -> AsyncGenerator[Server, None]:
    server = Server(Service(engine, shared=shared, signatures=signatures).answer, limits=limits)
    await server.start()
    try:
        yield server
    finally:
        with anyio.fail_after(LIMIT_S):
            await server.stop()


def post(
    operation: str, parameters: object = (), *, headers: Mapping[str, str] | None = None
) -> bytes:
    """The bytes of a request; `parameters` are sent as they are where they are bytes."""
    body = parameters if isinstance(parameters, bytes) else json.dumps(parameters or {}).encode()
    sent = {
        "Host": "127.0.0.1",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": str(len(body)),
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": AUTHORIZATION,
    } | dict(headers or {})
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items() if value)
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


@attrs.frozen
class RawAnswer:
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with anyio.fail_after(LIMIT_S):
            await self.writer.drain()

    async def answer(self, *, to_head: bool = False) -> RawAnswer:
        """The next answer; `to_head` where it has no body, whatever its headers say."""
        with anyio.fail_after(LIMIT_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.split("\r\n")[:-2]
            headers = {name.lower(): value for name, _, value in (e.partition(": ") for e in lines)}
            if headers.get("transfer-encoding") == "chunked":
                body = (await self.reader.readuntil(b"0\r\n\r\n"))[: -len(b"0\r\n\r\n")]
            else:
                length = 0 if to_head else int(headers["content-length"])
                body = await self.reader.readexactly(length)
        return RawAnswer(int(status.split()[1]), headers, body)

    async def ended(self) -> bytes:
        """What comes until the server ends the connection."""
        with anyio.fail_after(LIMIT_S):
            return await self.reader.read()

    def abort(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until a condition holds."""
    with anyio.fail_after(LIMIT_S):
        while not condition():  # noqa: ASYNC110  # there is no event for the condition
            await asyncio.sleep(0)


@asynccontextmanager
async def dial(
    server: Server, *, read_ahead: int = 64 * 1024 * 1024
) -> AsyncGenerator[Client, None]:
    port = int(server.endpoint_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=read_ahead)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()
        with anyio.CancelScope(shield=True), anyio.fail_after(LIMIT_S), suppress(OSError):
            await writer.wait_closed()
