"""Requests that are large, over lines that are slow: the read timeout is for a server that does
nothing."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

import adorm
from adorm.errors import ConnectionFailed, UsageError
from adorm.transport.wire.connection import HttpConnection
from tests.support.certificates import make_certificates
from tests.support.environment import LOOPS
from tests.support.wired import KEY

pytestmark = pytest.mark.anyio

TIMEOUT_S = 0.3
PAUSE_S = 0.02
PIECE_BYTES = 32 * 1024
BLOB = bytes(1_500_000)
PUT = {"TableName": "orders", "Item": {"pk": {"S": "c1"}, "blob": {"B": BLOB}}}
LARGE = {"TableName": "orders", "Item": {"blob": {"B": bytes(12_000_000)}}}
"""More than the buffers of both systems hold."""


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


class SlowServer:
    """Reads requests in small pieces with pauses, and answers each; or reads no more after some
    bytes, until `gone` is set.

    It runs in a thread on a plain socket with a small buffer: what it has not read, the client's
    system still holds.
    """

    def __init__(self, *, stops_after: int | None = None) -> None:
        self.requests = 0
        self.connections = 0
        self.took_s = 0.0
        self.stops_after = stops_after
        self.gone = threading.Event()
        self.listening = socket.socket()

    def run(self, tls: ssl.SSLContext | None) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.connections += 1
                with (
                    suppress(OSError),
                    connection
                    if tls is None
                    else tls.wrap_socket(connection, server_side=True) as stream,
                ):
                    while self._serve(stream):
                        pass

    def _serve(self, stream: socket.socket) -> bool:
        received = b""
        while b"\r\n\r\n" not in received:
            more = stream.recv(PIECE_BYTES)
            if not more:
                return False
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        left = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]) - len(body)
        started_s, read = time.monotonic(), 0
        while left > 0:
            if self.stops_after is not None and read >= self.stops_after:
                self.gone.wait()
                return False
            self.gone.wait(PAUSE_S)
            more = stream.recv(min(PIECE_BYTES, left))
            left, read = left - len(more), read + len(more)
            if not more:
                return False
        self.took_s = time.monotonic() - started_s
        self.requests += 1
        stream.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        return True


@contextmanager
def serving(slow: SlowServer, tls: ssl.SSLContext | None = None) -> Generator[int, None, None]:
    slow.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    slow.listening.bind(("127.0.0.1", 0))
    slow.listening.listen()
    thread = threading.Thread(target=slow.run, args=(tls,))
    thread.start()
    try:
        yield slow.listening.getsockname()[1]
    finally:
        slow.gone.set()
        slow.listening.shutdown(socket.SHUT_RDWR)
        slow.listening.close()
        thread.join(10)
        assert not thread.is_alive()


def database(port: int, scheme: str = "http", **options: Any) -> adorm.Database:
    settings: dict[str, Any] = {
        "read_timeout_s": TIMEOUT_S,
        "retry": adorm.RetryPolicy(max_attempts=1),
    }
    url = f"{scheme}://{'localhost' if scheme == 'https' else '127.0.0.1'}:{port}"
    return adorm.connect(
        endpoint_url=url, region="eu-central-1", credentials=KEY, **(settings | options)
    )


async def test_an_upload_takes_longer_than_the_read_timeout_where_it_gets_on() -> None:
    slow = SlowServer()
    with serving(slow) as port, anyio.fail_after(30):
        async with database(port) as db:
            await db.call("PutItem", PUT)
            await db.call("PutItem", PUT)  # the same connection serves the next
    assert slow.requests == 2
    assert slow.connections == 1
    assert slow.took_s > 2 * TIMEOUT_S


async def test_the_same_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = make_certificates(tmp_path, "localhost")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates.bundle))
    slow = SlowServer()
    with serving(slow, certificates.server) as port, anyio.fail_after(30):
        async with database(port, "https") as db:
            await db.call("PutItem", PUT)
    assert slow.requests == 1
    assert slow.took_s > 2 * TIMEOUT_S


async def test_a_server_that_takes_no_more_of_a_request_is_given_up() -> None:
    slow = SlowServer(stops_after=200_000)
    with serving(slow) as port, anyio.fail_after(30):
        async with database(port) as db:
            with pytest.raises(
                ConnectionFailed, match=r"took nothing of the request for 0\.3 s"
            ) as caught:
                await db.call("PutItem", LARGE)
            assert caught.value.maybe_applied
    assert slow.requests == 0


async def test_a_deadline_ends_an_upload() -> None:
    slow = SlowServer(stops_after=200_000)
    with serving(slow) as port, anyio.fail_after(30):
        async with database(port, read_timeout_s=30) as db:
            with pytest.raises(adorm.DeadlineExceeded) as caught:
                async with adorm.deadline(1.5):
                    await db.call("PutItem", LARGE)
            assert caught.value.maybe_applied
    assert slow.requests == 0


async def test_an_answer_before_the_request_is_out_ends_the_connection() -> None:
    """Such as a proxy's 413: what is left of the request is not sent, and nobody's next request
    goes after half of one."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        connections.append(writer)

    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(refuse, "127.0.0.1", 0, limit=32 * 1024)
    port = server.sockets[0].getsockname()[1]
    async with database(port) as db:
        for _ in range(2):
            with anyio.fail_after(30), pytest.raises(adorm.ServiceError) as caught:
                await db.call("PutItem", LARGE)
            assert caught.value.status == 413
    assert len(connections) == 2
    for writer in connections:
        writer.close()
    server.close()


@pytest.mark.parametrize("name", ["connect_timeout_s", "read_timeout_s"])
async def test_the_timeouts_are_options_of_connect(name: str) -> None:
    wrong: list[tuple[Any, str]] = [
        (0, "finite number above 0"),
        (float("inf"), "finite number above 0"),
        (True, "expected seconds"),
        ("5", "expected seconds"),
        (float("nan"), "finite number above 0"),
    ]
    for value, told in wrong:
        with pytest.raises(UsageError, match=f"{name}.*{told}"):
            adorm.connect(endpoint_url="http://127.0.0.1:1", **{name: value})


async def test_a_small_connect_timeout_ends_a_connection_that_is_not_made() -> None:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listening.getsockname())
    async with database(listening.getsockname()[1], connect_timeout_s=0.1) as db:
        with (
            anyio.fail_after(10),
            pytest.raises(ConnectionFailed, match=r"within 0\.1 s") as caught,
        ):
            await db.call("PutItem", PUT)
        assert not caught.value.maybe_applied
    for each in (*fillers, listening):
        each.close()


async def test_small_requests_are_written_at_once() -> None:
    """Nothing is asked of their transport but to write: they are nearly all there are."""
    written: list[bytes] = []

    class Transport(asyncio.Transport):
        def write(self, data: Any) -> None:
            written.append(bytes(data))

        def is_closing(self) -> bool:
            return False

        def abort(self) -> None: ...

        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return default

    connection = HttpConnection(
        asyncio.get_running_loop(), read_timeout_s=TIMEOUT_S, on_lost=lambda _: None
    )
    connection.connection_made(Transport())
    with anyio.move_on_after(0.01):
        await connection.exchange(b"x" * 65_536)
    assert written == [b"x" * 65_536]
    connection.connection_lost(None)
