"""One connection, driven by hand."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adorm.errors import ConnectionFailed
from adorm.transport.wire.connection import HttpConnection

pytestmark = pytest.mark.anyio


class FakeTransport(asyncio.Transport):
    """Keeps what is written; never closes by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        self.aborted = True

    def get_extra_info(self, name: str, default: object = None) -> Any:
        return default


def made() -> tuple[HttpConnection, FakeTransport, list[HttpConnection]]:
    lost: list[HttpConnection] = []
    connection = HttpConnection(asyncio.get_running_loop(), read_timeout_s=1, on_lost=lost.append)
    transport = FakeTransport()
    connection.connection_made(transport)
    return connection, transport, lost


def feed(connection: HttpConnection, data: bytes) -> None:
    """Hand over what came from the socket, as the loop does."""
    connection.get_buffer(-1)[: len(data)] = data
    connection.buffer_updated(len(data))


async def test_an_answer_may_come_byte_by_byte() -> None:
    connection, transport, _ = made()
    exchange = asyncio.get_running_loop().create_task(connection.exchange(b"request"))
    await asyncio.sleep(0)
    for byte in b"HTTP/1.1 200 OK\r\nX-Amzn-RequestId: R1\r\nContent-Length: 4\r\n\r\n{  }":
        feed(connection, bytes([byte]))
    response = await exchange
    assert transport.written == b"request"
    assert response == (200, {b"x-amzn-requestid": b"R1", b"content-length": b"4"}, b"{  }")
    assert connection.usable
    connection.connection_lost(None)


async def test_the_end_of_the_stream_ends_an_idle_connection_at_once() -> None:
    connection, _, lost = made()
    assert connection.usable
    connection.eof_received()
    assert not connection.usable
    connection.connection_lost(None)
    assert lost == [connection]


async def test_on_an_ended_connection_nothing_is_written() -> None:
    connection, transport, _ = made()
    connection.connection_lost(None)
    with pytest.raises(ConnectionFailed, match="had been closed") as caught:
        await connection.exchange(b"request")
    assert not caught.value.maybe_applied
    assert transport.written == b""


async def test_what_the_loop_says_about_a_broken_connection_is_told() -> None:
    connection, _, _ = made()
    exchange = asyncio.get_running_loop().create_task(connection.exchange(b"request"))
    await asyncio.sleep(0)
    connection.connection_lost(ConnectionResetError("reset by peer"))
    with pytest.raises(
        ConnectionFailed, match=r"before an answer began \(reset by peer\)"
    ) as caught:
        await exchange
    assert isinstance(caught.value.__cause__, ConnectionResetError)


async def test_without_poll_a_pause_makes_the_pool_look_again() -> None:
    connection, _, _ = made()  # the transport has no socket to poll
    connection.idle_since = asyncio.get_running_loop().time()
    assert not connection.has_news()
    connection.idle_since -= 1
    assert connection.has_news()
    connection.connection_lost(None)
