"""One request over a connection of its own."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from anyio.lowlevel import checkpoint

from adorm.errors import ConnectionFailed, UsageError
from adorm.transport.wire.connector import tls_context
from adorm.transport.wire.endpoint import Endpoint, custom_endpoint
from adorm.transport.wire.fetch import fetch
from tests.support.certificates import make_certificates
from tests.support.environment import LOOPS
from tests.support.plain_http import HANG_UP, PlainAnswer, PlainRequest, PlainServer

pytestmark = pytest.mark.anyio

SECRET = "PLANTED-SECRET"


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


def to(server: PlainServer, path: str = "") -> Endpoint:
    return custom_endpoint(server.url + path, "eu-central-1")


async def test_a_request_and_its_answer_travel_whole() -> None:
    async with PlainServer(
        lambda asked: PlainAnswer(asked.body[::-1], 203, {"X-A": "b"})
    ) as server:
        response = await fetch(
            to(server, "/path"), method="POST", headers={"x-b": "c"}, body=b"abc", limit_s=5
        )
        assert (response.status, response.body, response.headers[b"x-a"]) == (203, b"cba", b"b")
        (asked,) = server.requests
        assert (asked.method, asked.target, asked.headers["x-b"], asked.body) == (
            "POST",
            "/path",
            "c",
            b"abc",
        )
        await server.all_closed()


async def test_a_redirect_is_not_followed() -> None:
    async with PlainServer(
        lambda _: PlainAnswer(b"", 302, {"location": "http://127.0.0.1:1/"})
    ) as server:
        assert (await fetch(to(server), limit_s=5)).status == 302
        assert [asked.method for asked in server.requests] == ["GET"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (HANG_UP, "the connection was closed before an answer began"),
        (PlainAnswer(raw=b"SSH-2.0\r\n\r\n"), "the answer is not HTTP"),
        (PlainAnswer(b"x" * 2000), "body of 2000 bytes is larger than 1000"),
        (
            PlainAnswer(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"),
            "in the middle of the answer's body",
        ),
    ],
)
async def test_what_is_no_whole_answer_is_a_failed_connection_that_changed_nothing(
    said: PlainAnswer, told: str
) -> None:
    async with PlainServer(lambda _: said) as server:
        with pytest.raises(ConnectionFailed, match=told) as caught:
            await fetch(
                to(server, "/secret-path"),
                headers={"authorization": SECRET},
                limit_s=5,
                max_body_bytes=1000,
            )
        assert not caught.value.maybe_applied
        assert server.url in str(caught.value)
        assert "secret-path" not in str(caught.value)
        await server.all_closed()


async def test_a_server_that_falls_silent_is_left_after_the_limit() -> None:
    async with PlainServer(lambda _: None) as server:
        with pytest.raises(
            ConnectionFailed, match=r"no whole answer within 0.05 s|sent nothing for 0.05 s"
        ):
            await fetch(to(server), limit_s=0.05)
        await server.all_closed()


async def test_a_cancelled_request_leaves_no_connection() -> None:
    async with PlainServer(lambda _: None) as server:
        task = asyncio.ensure_future(fetch(to(server), limit_s=5))
        await server.received(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.all_closed()


async def test_nobody_there_is_a_failed_connection() -> None:
    async with PlainServer(lambda _: None) as server:
        gone = to(server)
    with pytest.raises(ConnectionFailed, match=r"no connection to 127\.0\.0\.1"):
        await fetch(gone, limit_s=5)


async def test_headers_appear_neither_in_logs_nor_in_errors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with PlainServer(lambda _: HANG_UP) as server:
        with pytest.raises(ConnectionFailed) as caught:
            await fetch(to(server), headers={"authorization": SECRET}, limit_s=5)
        with pytest.raises(UsageError, match="the value of the header 'authorization'") as refused:
            await fetch(to(server), headers={"authorization": f"{SECRET}\r\nx: y"}, limit_s=5)
    assert SECRET not in f"{caplog.text}{caught.value!r}{caught.value}{refused.value}"


async def test_tls_is_verified(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "127.0.0.1")

    def handler(_: PlainRequest) -> PlainAnswer:
        return PlainAnswer(b"over TLS")

    async with PlainServer(handler, tls=certificates.server) as server:
        trusting = tls_context(str(certificates.bundle))
        assert (await fetch(to(server), tls=trusting, limit_s=5)).body == b"over TLS"
        with pytest.raises(ConnectionFailed, match=r"TLS certificate of .* is not trusted"):
            await fetch(to(server), tls=tls_context(None), limit_s=5)
        with pytest.raises(UsageError, match="https needs a TLS context"):
            await fetch(to(server), limit_s=5)
        await checkpoint()
