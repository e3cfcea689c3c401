"""A server on loopback that answers HTTP requests from a script, good and bad answers alike."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal

Script = bytes | Literal["reset", "close", "silence"]
"""Bytes to send, or what to do after the request has been read: reset the connection, close it, or
never answer."""


def answer(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """A whole HTTP answer; `body` is sent as it is if it is bytes, else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} Whatever",
        "content-type: application/x-amz-json-1.0",
        "x-amzn-requestid: R1",
        f"content-length: {len(content)}",
    ]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def refusal(code: str, *, status: int = 400, **more: object) -> bytes:
    """DynamoDB's JSON for an error."""
    return answer(
        {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "so it is", **more},
        status=status,
    )


class CannedServer:
    """Plays one line of its script for each request; when the script is over, `{}`."""

    def __init__(self, script: Iterable[Script]) -> None:
        self.script = list(script)
        self.requests: list[tuple[str, dict[str, Any]]] = []
        """Operation and parameters of each request that came."""
        self.came = asyncio.Event()
        """Set when a request has come."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def endpoint_url(self) -> str:
        if self._server is None:
            raise RuntimeError("not started")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        self.requests.append((fields["x-amz-target"].rpartition(".")[2], json.loads(body)))
        self.came.set()
        line = self.script.pop(0) if self.script else answer({})
        if isinstance(line, bytes):
            writer.write(line)
            await writer.drain()
            return True
        if line == "silence":
            await reader.read()  # until the client goes
        elif line == "reset":
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        return False


@asynccontextmanager
async def canned(*script: Script) -> AsyncGenerator[CannedServer, None]:
    server = CannedServer(script)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
