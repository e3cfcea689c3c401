"""HTTP/1.1 in the server: split, pipelined, broken, too large and too slow requests."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from adorm.memory.server import Limits
from tests.support.environment import LOOPS
from tests.support.raw_http import Client, FakeEngine, dial, post, serving, until

pytestmark = pytest.mark.anyio


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


def split(data: bytes, seed: int) -> Iterator[bytes]:
    """The data in random parts."""
    chance = random.Random(seed)
    at = 0
    while at < len(data):
        length = chance.choice((1, 2, 3, 7, 30, 200))
        yield data[at : at + length]
        at += length


def chunked(operation: str, *parts: bytes) -> bytes:
    head = post(operation, b"", headers={"Content-Length": "", "Transfer-Encoding": "chunked"})
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


async def test_answers_come_on_one_connection_with_what_the_service_sends(
    engine: FakeEngine,
) -> None:
    async with serving(engine) as server, dial(server) as client:
        ids: set[str] = set()
        for number in range(3):
            await client.send(post("GetItem", {"TableName": "t"}))
            answer = await client.answer()
            assert (answer.status, answer.content) == (200, {"Number": number})
            assert answer.headers["content-type"] == "application/x-amz-json-1.0"
            assert answer.headers["server"] == "Server"
            assert answer.headers["date"].endswith(" GMT")
            assert answer.headers["connection"] == "keep-alive"
            assert answer.headers["x-amz-crc32"].isdigit()
            ids.add(answer.headers["x-amzn-requestid"])
        assert len(ids) == 3
        assert all(len(each) == 52 and each.isalnum() and each == each.upper() for each in ids)
        assert server.connections == 1


@pytest.mark.parametrize("seed", range(3))
async def test_a_request_may_arrive_in_any_parts(engine: FakeEngine, seed: int) -> None:
    data = post("PutItem", {"TableName": "t", "Item": {"pk": {"S": "é" * 50}}})
    async with serving(engine) as server, dial(server) as client:
        for part in split(data, seed):
            await client.send(part)
            await asyncio.sleep(0)
        assert (await client.answer()).content == {"Number": 0}
    assert engine.requests == [{"TableName": "t", "Item": {"pk": {"S": "é" * 50}}}]


@pytest.mark.parametrize("seed", range(3))
async def test_pipelined_requests_are_answered_in_order(engine: FakeEngine, seed: int) -> None:
    data = b"".join(post("GetItem", {"N": number}) for number in range(500))
    async with serving(engine) as server, dial(server) as client:
        parts = [data] if seed == 0 else split(data, seed)
        for part in parts:
            client.writer.write(part)
        for number in range(500):
            assert (await client.answer()).content == {"Number": number}
    assert engine.requests == [{"N": number} for number in range(500)]


async def test_a_client_that_reads_nothing_stops_the_work_done_for_it(engine: FakeEngine) -> None:
    engine.answers["Scan"] = lambda: {"Items": "x" * 1_000_000}
    async with (
        serving(engine) as server,
        dial(server, read_ahead=1000) as client,
        dial(server) as other,
    ):
        client.writer.write(post("Scan") * 200)
        for _ in range(50):
            await other.send(post("GetItem"))
            await other.answer()
        scans = [operation for operation, *_ in engine.calls].count("Scan")
        assert scans < 50
        for _ in range(200):
            assert len((await client.answer()).body) > 1_000_000
        await client.send(post("GetItem"))
        assert (await client.answer()).status == 200


async def test_chunked_bodies_are_put_together(engine: FakeEngine) -> None:
    async with serving(engine) as server, dial(server) as client:
        await client.send(chunked("PutItem", b'{"a"', b":", b"[1,", b"2]}"))
        assert (await client.answer()).status == 200
    assert engine.requests == [{"a": [1, 2]}]


async def test_a_client_that_expects_continue_is_told_to_send_the_body(engine: FakeEngine) -> None:
    data = post("PutItem", {"a": 1}, headers={"Expect": "100-continue"})
    head, _, body = data.partition(b"\r\n\r\n")
    async with serving(engine) as server, dial(server) as client:
        await client.send(head + b"\r\n\r\n")
        received = await client.reader.readuntil(b"\r\n\r\n")
        assert received == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(body)
        assert (await client.answer()).content == {"Number": 0}


@pytest.mark.parametrize(
    ("version", "header", "kept"),
    [("1.1", "", True), ("1.1", "close", False), ("1.0", "", False), ("1.0", "keep-alive", True)],
)
async def test_the_connection_ends_when_the_client_says_so(
    engine: FakeEngine, version: str, header: str, kept: bool
) -> None:
    data = post("GetItem", headers={"Connection": header})
    async with serving(engine) as server, dial(server) as client:
        await client.send(data.replace(b"HTTP/1.1", f"HTTP/{version}".encode()))
        answer = await client.answer()
        assert answer.headers["connection"] == ("keep-alive" if kept else "close")
        if kept:
            await client.send(post("GetItem"))
            assert (await client.answer()).status == 200
        else:
            assert await client.ended() == b""


async def test_an_offer_of_another_protocol_is_ignored(engine: FakeEngine) -> None:
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AA"}
    upgrade = post("GetItem", {"TableName": "t"}, headers=headers)
    async with serving(engine) as server, dial(server) as client:
        await client.send(upgrade * 3 + b"CONNECT x:1 HTTP/1.1\r\n\r\n" + post("GetItem"))
        for number in range(3):
            assert (await client.answer()).content == {"Number": number}
        assert (await client.answer()).status == 404
        assert (await client.answer()).content == {"Number": 3}
    assert engine.requests == [{"TableName": "t"}] * 3 + [{}]


async def test_an_offer_with_a_body_that_is_too_large_is_refused(engine: FakeEngine) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "h2c", "Content-Length": str(1024**3)}
    async with serving(engine) as server, dial(server) as client:
        await client.send(post("GetItem", b"", headers=headers))
        assert (await client.answer()).status == 413


async def test_a_half_closed_connection_still_gets_its_answers(engine: FakeEngine) -> None:
    async with serving(engine) as server, dial(server) as client:
        client.writer.write(post("GetItem") * 3)
        client.writer.write_eof()
        for number in range(3):
            assert (await client.answer()).content == {"Number": number}
        assert await client.ended() == b""


async def test_head_gets_no_body(engine: FakeEngine) -> None:
    async with serving(engine) as server, dial(server) as client:
        await client.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + post("GetItem"))
        assert (await client.answer(to_head=True)).status == 404
        assert (await client.answer()).content == {"Number": 0}


# ---------------------------------------------------------------- what is no request


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"POST / HTTP/1.1\r\nBad Header: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nX: a\0b\r\n\r\n",
    ],
)
async def test_bytes_that_are_not_http_are_refused_and_the_server_lives(
    engine: FakeEngine, data: bytes
) -> None:
    async with serving(engine) as server, dial(server) as client:
        await client.send(data)
        answer = await client.answer()
        assert answer.status == 400
        assert answer.headers["connection"] == "close"
        assert await client.ended() == b""
        async with dial(server) as other:
            await other.send(post("GetItem"))
            assert (await other.answer()).status == 200


async def test_requests_before_a_broken_one_are_answered_first(engine: FakeEngine) -> None:
    async with serving(engine) as server, dial(server) as client:
        await client.send(post("GetItem") * 3 + b"no HTTP\r\n\r\n" + post("GetItem"))
        for number in range(3):
            assert (await client.answer()).content == {"Number": number}
        assert (await client.answer()).status == 400
        assert await client.ended() == b""
    assert len(engine.calls) == 3


async def test_random_bytes_never_kill_the_server(engine: FakeEngine) -> None:
    chance = random.Random(5)
    good = post("PutItem", {"Item": {"pk": {"S": "x"}}})
    async with serving(engine) as server:
        for _ in range(150):
            data = bytearray(good * chance.randint(1, 3))
            for _ in range(chance.randint(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            async with dial(server) as client:
                client.writer.write(data)
                client.writer.write_eof()
                await client.ended()
        async with dial(server) as client:
            await client.send(good)
            assert (await client.answer()).status == 200


# ---------------------------------------------------------------- too large


async def test_a_body_declared_too_large_is_refused_before_it_is_sent(engine: FakeEngine) -> None:
    head = post("PutItem", b"", headers={"Content-Length": str(2 * 1024**3)})
    async with serving(engine) as server, dial(server) as client:
        await client.send(head)
        answer = await client.answer()
        assert (answer.status, answer.body) == (413, b"")
        assert answer.headers["transfer-encoding"] == "chunked"
        assert await client.ended() == b""
    assert not engine.calls


async def test_a_client_that_waits_for_continue_is_refused_if_its_body_is_too_large(
    engine: FakeEngine,
) -> None:
    headers = {"Content-Length": str(2 * 1024**3), "Expect": "100-continue"}
    async with serving(engine) as server, dial(server) as client:
        await client.send(post("PutItem", b"", headers=headers))
        assert (await client.answer()).status == 413


async def test_a_client_that_sends_too_much_can_read_why(engine: FakeEngine) -> None:
    """As clients do that read no answer before the whole request is out."""
    async with serving(engine) as server, dial(server) as client:
        await client.send(post("PutItem", b" " * (17 * 1024 * 1024)))
        assert (await client.answer()).status == 413


async def test_a_chunked_body_is_refused_where_it_grows_too_large(engine: FakeEngine) -> None:
    async with serving(engine) as server, dial(server) as client:
        await client.send(chunked("PutItem", *[b" " * 1024 * 1024] * 17))
        assert (await client.answer()).status == 413
    assert not engine.calls


async def test_the_largest_body_is_taken(engine: FakeEngine) -> None:
    body = b'{"a":"' + b"x" * (16 * 1024 * 1024 - 8) + b'"}'
    async with serving(engine) as server, dial(server) as client:
        await client.send(post("PutItem", body))
        assert (await client.answer()).status == 200
        await client.send(chunked("PutItem", body[:1000], body[1000:]))
        assert (await client.answer()).status == 200
    assert [len(request["a"]) for request in engine.requests] == [16 * 1024 * 1024 - 8] * 2


async def test_many_small_chunks_cost_no_more_than_one_large(engine: FakeEngine) -> None:
    body = b'{"a":"' + b"xy" * 100_000 + b'"}'
    parts = [body[at : at + 2] for at in range(0, len(body), 2)]
    async with serving(engine) as server, dial(server) as client:
        await client.send(chunked("PutItem", *parts))
        assert (await client.answer()).status == 200


@pytest.mark.parametrize(
    "lines",
    [
        b"X-Long: " + b"x" * 70_000 + b"\r\n",
        b"".join(b"X-%d: 1\r\n" % number for number in range(200)),
    ],
    ids=["long", "many"],
)
async def test_headers_have_a_limit(engine: FakeEngine, lines: bytes) -> None:
    async with serving(engine) as server, dial(server) as client:
        await client.send(b"POST / HTTP/1.1\r\n" + lines + b"\r\n")
        assert (await client.answer()).status == 431


async def test_a_header_without_an_end_has_a_limit(engine: FakeEngine) -> None:
    async with serving(engine) as server, dial(server) as client:
        await client.send(b"POST / HTTP/1.1\r\nX-Endless: ")
        for _ in range(400):
            client.writer.write(b"x" * 1000)
        assert (await client.answer()).status == 431


@pytest.mark.parametrize("start", [b"X-Endless: ", b"1;extension="], ids=["trailer", "extension"])
async def test_the_framing_of_chunks_has_a_limit(engine: FakeEngine, start: bytes) -> None:
    data = chunked("PutItem", b"{}")
    last = b"0\r\n\r\n"
    async with serving(engine) as server, dial(server) as client:
        await client.send(data[: -len(last)] + (b"0\r\n" if start[:1] == b"X" else b"") + start)
        for _ in range(400):
            client.writer.write(b"x" * 1000)
        assert (await client.answer()).status == 431


@pytest.mark.parametrize(
    ("first", "second", "encoding"), [("gzip", "identity", "gzip"), ("identity", "gzip", None)]
)
async def test_the_first_accept_encoding_counts(
    engine: FakeEngine, first: str, second: str, encoding: str | None
) -> None:
    engine.answers["GetItem"] = lambda: {"a": "x" * 5000}
    both = {"Accept-Encoding": first, "accept-encoding": second}
    async with serving(engine) as server, dial(server) as client:
        await client.send(post("GetItem", headers=both))
        answer = await client.answer()
    assert answer.headers.get("content-encoding") == encoding


async def test_headers_after_a_body_are_ignored(engine: FakeEngine) -> None:
    trailer = b"X-Amz-Target: DynamoDB_20120810.DeleteTable\r\n\r\n"
    async with serving(engine) as server, dial(server) as client:
        await client.send(chunked("PutItem", b"{}")[:-2] + trailer)
        assert (await client.answer()).status == 200
    assert [operation for operation, *_ in engine.calls] == ["PutItem"]


# ---------------------------------------------------------------- too slow, too many


async def test_an_idle_connection_is_closed(engine: FakeEngine) -> None:
    async with serving(engine, limits=Limits(idle_s=0.05)) as server, dial(server) as client:
        await client.send(post("GetItem"))
        assert (await client.answer()).status == 200
        with pytest.raises((ConnectionError, EOFError)):
            if await client.ended() == b"":
                raise EOFError


async def test_a_request_that_does_not_end_is_refused(engine: FakeEngine) -> None:
    async with serving(engine, limits=Limits(request_s=0.05)) as server, dial(server) as client:
        await client.send(post("GetItem")[:-1])
        assert (await client.answer()).status == 408
        assert await client.ended() == b""
    assert not engine.calls


async def test_a_client_that_sends_byte_by_byte_is_refused_too(
    engine: FakeEngine,
) -> None:
    async with serving(engine, limits=Limits(request_s=0.1)) as server, dial(server) as client:
        answers: list[int] = []
        for byte in post("GetItem"):
            client.writer.write(bytes([byte]))
            with anyio.move_on_after(0.01):
                answers.append((await client.answer()).status)
            if answers:
                break
        assert answers == [408]


async def test_a_client_that_reads_nothing_is_disconnected(engine: FakeEngine) -> None:
    engine.answers["Scan"] = lambda: {"Items": "x" * 20_000_000}
    async with serving(engine, limits=Limits(write_s=0.05)) as server:
        with socket.create_connection(("127.0.0.1", int(server.endpoint_url[-5:]))) as client:
            client.setblocking(False)
            await asyncio.get_running_loop().sock_sendall(client, post("Scan"))
            await until(lambda: bool(engine.calls) and not server.connections)


async def test_a_refused_client_that_keeps_sending_is_disconnected(engine: FakeEngine) -> None:
    async with serving(engine, limits=Limits(linger_s=0.05)) as server, dial(server) as client:
        await client.send(b"no HTTP\r\n\r\n")
        with pytest.raises((ConnectionError, TimeoutError)):
            while True:
                await client.send(b"x" * 10_000)
        assert server.connections == 0


async def test_connections_have_a_limit(engine: FakeEngine) -> None:
    async with serving(engine, limits=Limits(connections=2)) as server:
        async with dial(server) as first, dial(server) as second:
            for client in (first, second):
                await client.send(post("GetItem"))
                assert (await client.answer()).status == 200
            async with dial(server) as third:
                assert (await third.answer()).status == 503
                assert await third.ended() == b""
            await first.send(post("GetItem"))
            assert (await first.answer()).status == 200
        await until(lambda: not server.connections)
        async with dial(server) as fourth:
            await fourth.send(post("GetItem"))
            assert (await fourth.answer()).status == 200


# ---------------------------------------------------------------- disconnects and the end


async def test_disconnects_at_any_byte_leave_nothing_behind(engine: FakeEngine) -> None:
    data = post("PutItem", {"Item": {"pk": {"S": "x"}}})
    engine.answers["PutItem"] = lambda: {"Attributes": "x" * 100_000}
    async with serving(engine) as server:
        for at in range(0, len(data), 7):
            async with dial(server) as client:
                await client.send(data[:at])
                client.abort()
        async with dial(server) as client:  # in the middle of an answer
            await client.send(data)
            await client.reader.readexactly(100)
            client.abort()
        await until(lambda: not server.connections)
        async with dial(server) as client:
            await client.send(data)
            assert (await client.answer()).status == 200
    gc.collect()  # an unclosed transport would warn


async def test_stop_answers_requests_in_progress(engine: FakeEngine) -> None:
    async with serving(engine) as server, dial(server) as client, dial(server) as idle:
        await idle.send(post("GetItem"))
        await idle.answer()
        data = post("PutItem", {"a": 1})
        await client.send(data[:-3])
        await until(lambda: server.connections == 2)
        answers: list[Any] = []

        async def finish() -> None:
            assert await idle.ended() == b""  # the server is stopping
            await client.send(data[-3:])
            answers.append(await client.answer())
            assert await client.ended() == b""

        async with anyio.create_task_group() as group:
            group.start_soon(server.stop)
            group.start_soon(finish)
        assert answers[0].content == {"Number": 1}
        assert answers[0].headers["connection"] == "close"
        with pytest.raises(OSError, match=r"(?i)connect"):
            async with dial(server):
                pass


async def test_stop_waits_no_longer_than_its_limit(engine: FakeEngine) -> None:
    async with serving(engine, limits=Limits(stop_s=0.05)) as server, dial(server) as client:
        await client.send(post("GetItem")[:-1])
        await until(lambda: server.connections == 1)
        with anyio.fail_after(5):
            await server.stop()
        assert server.connections == 0


async def test_one_client_gets_its_turn_beside_many(engine: FakeEngine) -> None:
    async def many(client: Client) -> None:
        client.writer.write(post("Query") * 1000)
        for _ in range(1000):
            await client.answer()

    async with serving(engine) as server, dial(server) as busy, dial(server) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(many, busy)
            for _ in range(20):
                await client.send(post("GetItem"))
                await client.answer()
            assert len(engine.calls) < 1000
            group.cancel_scope.cancel()
