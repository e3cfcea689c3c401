"""The wire against a server, or a network, that does not behave. After each fault the same
transport must work."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from adorm.errors import AdormError, ConnectionFailed, ServiceError, Throttled
from adorm.testing.clock import FakeClock
from adorm.transport.wire.answer_parser import Response
from adorm.transport.wire.answers import clock_offset_s
from adorm.transport.wire.connector import Connector
from adorm.transport.wire.transport import WireTransport
from tests.support.environment import LOOPS
from tests.support.loopback import (
    HTML_500,
    MALFORMED_JSON,
    NOT_AN_OBJECT,
    NOT_HTTP,
    TOO_LARGE,
    WRONG_CRC,
    Drop,
    LoopbackServer,
    Raw,
    Reply,
    ServiceFault,
    Silence,
    Step,
    redirect,
)
from tests.support.wired import GET, KEY, opened

pytestmark = pytest.mark.anyio

ITEM: dict[str, Any] = {"Item": {"pk": {"S": "c1" * 200}}}


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@asynccontextmanager
async def wired(**options: Any) -> AsyncGenerator[tuple[LoopbackServer, WireTransport]]:
    async with (
        LoopbackServer(lambda _operation, _body: ITEM) as server,
        opened(server, **options) as transport,
    ):
        yield server, transport


@pytest.mark.parametrize("warm", [False, True], ids=["a new connection", "a used connection"])
@pytest.mark.parametrize(
    ("step", "told"),
    [
        (MALFORMED_JSON, "not JSON"),
        (NOT_AN_OBJECT, "a JSON list, not an object"),
        (Reply(b""), "not JSON"),
        (
            Reply(b"\x1f\x8b", headers={"content-encoding": "gzip"}),
            "it is encoded as 'gzip', which adorm did not ask for",
        ),
        (Reply(b"{}", 204, crc="none"), "HTTP status 204"),
        (Reply(b"{}", 202, crc="none"), "HTTP status 202"),
        (WRONG_CRC, "CRC32"),
        (Reply(headers={"x-amz-crc32": "many"}, crc="none"), "CRC32"),
        (Reply(b"{}", 500, headers={"x-amz-crc32": "1"}, crc="none"), "CRC32"),
        (NOT_HTTP, "not HTTP"),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: minus\r\n\r\n"), "not HTTP"),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), "not HTTP"),
        (
            Raw(
                b"HTTP/1.1 101 Switching Protocols\r\n"
                b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
            ),
            "another protocol",
        ),
        (
            Raw(b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 40_000 + b"\r\nz: " + b"y" * 40_000),
            "headers are longer",
        ),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), "larger than"),
        (Drop("headers"), "before an answer began"),
        (Drop("request"), "before an answer began"),
        (Drop("request", reset=True), "before an answer began"),
        (Drop("status line"), "in the middle of the answer's headers"),
        (Drop("answer headers"), "in the middle of the answer's headers"),
        (Drop("half the body"), "in the middle of the answer's body, after"),
        (Drop("half the body", reset=True), "in the middle of the answer's"),
    ],
    ids=str,
)
async def test_an_answer_that_cannot_be_read_may_have_been_applied(
    step: Step, told: str, warm: bool
) -> None:
    async with wired() as (server, transport):
        if warm:
            await transport.send("GetItem", GET)
        server.script("PutItem", step)
        with pytest.raises(ConnectionFailed, match=told) as caught:
            await transport.send("PutItem", GET)
        assert caught.value.maybe_applied
        assert caught.value.operation == "PutItem"
        assert str(caught.value).startswith("PutItem: ")
        assert await transport.send("GetItem", GET) == ITEM


async def test_a_reset_while_a_chunked_body_comes_is_a_truncated_body() -> None:
    async with wired() as (server, transport):
        server.script(
            "GetItem", Raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n')
        )
        async with anyio.create_task_group() as group:
            group.start_soon(end_connections_after, server, 1)
            with pytest.raises(
                ConnectionFailed, match="in the middle of the answer's body, after 5 bytes"
            ):
                await transport.send("GetItem", GET)
        assert await transport.send("GetItem", GET) == ITEM


async def end_connections_after(server: LoopbackServer, requests: int) -> None:
    await server.received(requests)
    server.close_idle()


@pytest.mark.parametrize("applied", [False, True])
async def test_a_connection_dropped_after_the_request_tells_nothing_about_its_fate(
    applied: bool,
) -> None:
    seen: list[str] = []

    def handler(operation: str, body: dict[str, Any]) -> dict[str, Any]:
        seen.append(operation)
        return {}

    async with wired() as (server, transport):
        server.handler = handler
        server.script("PutItem", Drop("request", applied=applied))
        with pytest.raises(ConnectionFailed) as caught:
            await transport.send("PutItem", {})
    assert caught.value.maybe_applied
    assert seen == ["PutItem"] * applied


@pytest.mark.parametrize(
    ("step", "code", "retryable", "told"),
    [
        (HTML_500, "InternalServerError", True, "HTTP 500 with text/html.*It broke"),
        (Reply(b"", 503, crc="none"), "ServiceUnavailable", True, "HTTP 503"),
        (Reply(b"null", 502, crc="none"), "BadGateway", True, "HTTP 502"),
        (Reply(b"busy", 429, crc="none"), "TooManyRequests", True, "HTTP 429"),
        (
            TOO_LARGE,
            "RequestEntityTooLarge",
            False,
            "HTTP 413 .the request is larger than it takes",
        ),
        (
            Reply(b"nothing here", 404, crc="none"),
            "NotFound",
            False,
            "not an answer of DynamoDB's: 'nothing here'",
        ),
        (Reply(b"?", 499, crc="none"), "Status499", False, "HTTP 499"),
        (
            redirect("https://elsewhere.example/x"),
            "MovedPermanently",
            False,
            "redirects to 'https://elsewhere.example/x'",
        ),
        (
            redirect("https://elsewhere.example/x", 307),
            "TemporaryRedirect",
            False,
            "follows no redirect",
        ),
        (
            Reply(b'{"__type": "x"}', 304, crc="none", close="announced"),
            "NotModified",
            False,
            r"it redirects\. adorm follows no redirect",
        ),
    ],
    ids=str,
)
async def test_answers_of_something_else_are_service_errors_that_say_so(
    step: Step, code: str, retryable: bool, told: str
) -> None:
    async with wired() as (server, transport):
        server.script("PutItem", step)
        with pytest.raises(ServiceError, match=told) as caught:
            await transport.send("PutItem", GET)
        assert caught.value.code == code
        assert caught.value.retryable is retryable
        assert server.url in str(caught.value)
        assert await transport.send("GetItem", GET) == ITEM
        assert len(server.requests) == 2, "nothing was followed or repeated"


async def test_what_is_shown_of_a_foreign_answer_is_short_and_holds_no_secret() -> None:
    async with wired() as (server, transport):
        server.script(
            "GetItem",
            Reply(b"you sent a-session-token, wJalrXUtnFEMI " + b"x" * 5000, 400, crc="none"),
        )
        with pytest.raises(ServiceError) as caught:
            await transport.send("GetItem", GET)
    assert "a-session-token" not in str(caught.value)
    assert "wJalrXUtnFEMI" not in str(caught.value)
    assert len(str(caught.value)) < 400


async def test_a_server_that_never_answers_is_given_up_after_the_read_timeout() -> None:
    async with wired(read_timeout_s=0.05) as (server, transport):
        server.script("PutItem", Silence())
        with pytest.raises(
            ConnectionFailed, match=r"sent nothing for 0\.05 s, before an answer began"
        ) as caught:
            await transport.send("PutItem", GET)
        assert caught.value.maybe_applied
        assert await transport.send("GetItem", GET) == ITEM
        assert server.connections == 2


@pytest.mark.parametrize("phase", ["status line", "answer headers", "half the body"])
async def test_a_server_that_stops_in_the_middle_is_given_up_too(phase: Any) -> None:
    async with wired(read_timeout_s=0.05) as (server, transport):
        server.script("PutItem", Silence(phase))
        with pytest.raises(ConnectionFailed, match=r"sent nothing for 0\.05 s, in the middle"):
            await transport.send("PutItem", GET)
        assert await transport.send("GetItem", GET) == ITEM


async def test_the_read_timeout_counts_for_each_request_on_a_connection() -> None:
    async with wired(read_timeout_s=0.08) as (server, transport):
        for _ in range(4):
            await transport.send("GetItem", GET)
            await anyio.sleep(
                0.03
            )  # the timer of the first request fires in one of the pauses, or in a later request
        assert server.connections == 1
        server.script("GetItem", Silence())
        with pytest.raises(ConnectionFailed, match="sent nothing"):
            await transport.send("GetItem", GET)


async def test_where_nobody_listens_nothing_was_applied() -> None:
    async with wired() as (server, transport):
        await server.stop()
        for _ in range(3):
            with pytest.raises(
                ConnectionFailed, match=f"PutItem: no connection to 127.0.0.1:{server.port}"
            ) as caught:
                await transport.send("PutItem", GET)
            assert not caught.value.maybe_applied
            assert "may have been applied" not in str(caught.value)


async def test_a_name_that_does_not_resolve_is_a_failed_connection() -> None:
    transport = WireTransport(
        region="eu-central-1",
        endpoint_url="http://no-such-host.invalid",
        credentials=KEY,
        environ={},
    )
    await transport.open()
    with pytest.raises(
        ConnectionFailed, match=r"no connection to no-such-host\.invalid:80"
    ) as caught:
        await transport.send("PutItem", GET)
    assert not caught.value.maybe_applied
    await transport.close()


async def test_connections_closed_as_they_come_are_failures_and_then_it_works() -> None:
    async with wired() as (server, transport):
        server.refuse(2)
        for _ in range(2):
            with pytest.raises(ConnectionFailed):
                await transport.send("PutItem", GET)
        assert await transport.send("GetItem", GET) == ITEM


async def test_a_closed_idle_connection_is_replaced_without_an_error() -> None:
    async with wired() as (server, transport):
        for round_ in range(1, 6):
            assert await transport.send("GetItem", GET) == ITEM
            assert server.connections == round_
            server.close_idle()
            await (
                server.all_closed()
            )  # the loop may not have read the end yet on the client's side: the next call looks


async def test_many_idle_connections_closed_at_once_are_replaced_without_an_error() -> None:
    async with wired(max_connections=8) as (server, transport):
        for _ in range(3):
            server.script("GetItem", *[Silence()] * 8)
            seen = len(server.requests)
            async with anyio.create_task_group() as group:
                for _ in range(8):
                    group.start_soon(transport.send, "GetItem", GET)
                await server.received(seen + 8)
                server.release()
            server.close_idle()
            await server.all_closed()
        assert server.connections == 24


async def test_a_connection_that_the_server_closes_after_an_answer_without_a_word_is_replaced() -> (
    None
):
    async with wired() as (server, transport):
        server.script("GetItem", *[Reply(close="silent")] * 3)
        for _ in range(3):
            assert await transport.send("GetItem", GET) == ITEM
            await server.all_closed()
        assert await transport.send("GetItem", GET) == ITEM
        assert server.connections == 4


async def test_a_connection_that_the_server_wants_closed_is_not_used_again_though_it_is_open() -> (
    None
):
    async with wired() as (server, transport):
        server.script("GetItem", Reply(headers={"Connection": "close"}))
        for _ in range(3):
            assert await transport.send("GetItem", GET) == ITEM
        assert server.connections == 2


@pytest.mark.parametrize(
    "tail", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"rubbish", b"\x00"]
)
async def test_bytes_after_an_answer_end_the_connection_and_never_answer_the_next_call(
    tail: bytes,
) -> None:
    async with wired() as (server, transport):
        server.script("GetItem", Reply(b'{"first": 1}', tail=tail))
        assert await transport.send("GetItem", GET) == {"first": 1}
        assert await transport.send("GetItem", GET) == ITEM
        assert server.connections == 2


async def test_bytes_on_an_idle_connection_never_answer_the_next_call() -> None:
    async with wired() as (server, transport):
        await transport.send("GetItem", GET)
        server.send_unasked(b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"forged": 1}\n')
        assert await transport.send("GetItem", GET) == ITEM
        assert server.connections == 2


@pytest.mark.parametrize("phase", ["request", "status line", "answer headers", "half the body"])
async def test_a_call_cancelled_in_mid_response_does_not_poison_the_next(phase: Any) -> None:
    async with wired(max_connections=1) as (server, transport):
        await transport.send("GetItem", GET)
        server.script("GetItem", Silence(phase))
        async with anyio.create_task_group() as group:
            group.start_soon(transport.send, "GetItem", GET)
            await server.received(2)
            await checkpoint()
            group.cancel_scope.cancel()
        server.handler = lambda _operation, _body: {"fresh": True}
        server.release()
        assert await transport.send("GetItem", GET) == {"fresh": True}
        assert server.connections == 2


async def test_a_call_cancelled_as_its_answer_arrives_leaves_the_transport_usable() -> None:
    async with wired(max_connections=1) as (server, transport):
        loop = asyncio.get_running_loop()
        for turns in range(12):
            task = loop.create_task(transport.send("GetItem", GET))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert await transport.send("GetItem", GET) == ITEM
        assert server.open_connections <= 1


async def test_calls_cancelled_while_they_wait_in_line_pass_their_turn_on() -> None:
    async with wired(max_connections=1) as (server, transport):
        server.script("GetItem", Silence())
        answers: list[object] = []

        async def call() -> None:
            answers.append(await transport.send("GetItem", GET))

        async with anyio.create_task_group() as outer:
            outer.start_soon(call)
            await server.received(1)
            async with anyio.create_task_group() as doomed:
                for _ in range(5):
                    doomed.start_soon(call)
                await checkpoint()
                outer.start_soon(call)
                await checkpoint()
                server.release()
                doomed.cancel_scope.cancel()
        assert answers == [ITEM, ITEM]
        assert server.connections == 1


async def test_no_failure_leaves_an_exception_that_nobody_took() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: complaints.append(context)
    )
    async with wired(read_timeout_s=0.05) as (server, transport):
        server.script(
            "PutItem",
            HTML_500,
            Drop("request"),
            Silence(),
            WRONG_CRC,
            NOT_HTTP,
            Drop("half the body"),
        )
        for _ in range(6):
            with pytest.raises(AdormError):
                await transport.send("PutItem", GET)
        server.script("GetItem", Drop("request"))
        task = asyncio.get_running_loop().create_task(transport.send("GetItem", GET))
        await server.received(7)
        task.cancel()
        await asyncio.wait([task])
        await transport.send("GetItem", GET)
    del task
    gc.collect()
    await checkpoint()
    assert complaints == []


async def test_a_body_above_the_limit_is_refused_while_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Connector, "_defaults", {"max_body_bytes": 100})
    async with wired() as (server, transport):
        server.script("GetItem", Reply(chunked=True), Reply())
        for _ in range(2):
            with pytest.raises(ConnectionFailed, match=r"body.* is larger than 100"):
                await transport.send("GetItem", GET)
        server.script("GetItem", {})
        assert await transport.send("GetItem", GET) == {}


async def test_secrets_are_cut_out_of_a_request_that_aws_sends_back() -> None:
    async with wired() as (server, transport):
        message = (
            "The Canonical String should have been 'POST / "
            f"x-amz-security-token:{KEY.session_token} {KEY.secret_access_key}"
        )
        server.script("GetItem", ServiceFault("InvalidSignatureException", message))
        with pytest.raises(ServiceError) as caught:
            await transport.send("GetItem", GET)
    assert "x-amz-security-token:*** ***" in str(caught.value)


async def test_a_throttle_in_html_is_a_throttle() -> None:
    async with wired() as (server, transport):
        server.script("GetItem", Reply(b"<html>", 429, {"Retry-After": "3"}, crc="none"))
        with pytest.raises(Throttled) as caught:
            await transport.send("GetItem", GET)
    assert caught.value.retry_after_s == 3.0


async def test_a_wrong_secret_does_not_move_the_clock() -> None:
    now = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    error = ServiceError("", code="InvalidSignatureException", operation="GetItem")
    for date, expected in (
        (b"Sat, 21 Nov 2026 08:30:09 GMT", 0.0),
        (b"Sat, 21 Nov 2026 08:40:00 GMT", 600.0),
        (b"yesterday", None),
    ):
        assert clock_offset_s(error, Response(403, {b"date": date}, b""), now) == expected


async def test_other_errors_do_not_move_the_clock() -> None:
    clockless = ServiceFault(
        "ValidationException", headers={"Date": "Sat, 21 Nov 2020 08:30:09 GMT"}
    )
    async with wired(clock=FakeClock()) as (server, transport):
        server.script("GetItem", clockless)
        with pytest.raises(ServiceError):
            await transport.send("GetItem", GET)
        await transport.send("GetItem", GET)
    first, second = (request.headers["x-amz-date"] for request in server.requests)
    assert first == second
