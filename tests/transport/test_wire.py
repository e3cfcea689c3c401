"""The wire against a server that behaves."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from adorm.errors import (
    AccessDenied,
    ConditionalCheckFailed,
    ConnectionFailed,
    ServiceError,
    Throttled,
    TransactionCanceled,
    UsageError,
)
from adorm.testing.clock import FakeClock
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.sigv4 import Signer
from adorm.transport.wire.transport import WireTransport
from tests.support.environment import LOOPS
from tests.support.loopback import THROTTLED, LoopbackServer, Reply, ServiceFault, Silence
from tests.support.wired import GET, KEY, opened

pytestmark = pytest.mark.anyio


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


async def test_a_request_and_its_answer_travel_whole() -> None:
    def handler(operation: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"said": operation, "got": body}

    async with LoopbackServer(handler) as server, opened(server) as transport:
        answer = await transport.send("GetItem", GET)
    assert answer == {"said": "GetItem", "got": GET}
    (request,) = server.requests
    assert request.line == "POST / HTTP/1.1"
    assert request.headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert request.headers["content-type"] == "application/x-amz-json-1.0"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.headers["x-amz-security-token"] == "a-session-token"
    assert "accept-encoding" not in request.headers


async def test_what_is_sent_carries_the_signature_of_what_is_sent() -> None:
    clock = FakeClock()
    async with (
        LoopbackServer() as server,
        opened(server, clock=clock, endpoint_url=f"{server.url}/some/path") as transport,
    ):
        await transport.send("GetItem", GET)
    (request,) = server.requests
    signer = Signer(
        region="eu-central-1",
        host=request.headers["host"],
        path="/some/path",
        headers={"content-type": request.headers["content-type"]},
    )
    assert request.line == "POST /some/path HTTP/1.1"
    assert request.headers["x-amz-date"] == clock.now().strftime("%Y%m%dT%H%M%SZ")
    expected = signer.authorization(
        KEY, request.headers["x-amz-target"], request.raw, request.headers["x-amz-date"]
    )
    assert request.headers["authorization"] == expected


async def test_binary_values_travel_as_base64() -> None:
    item = {
        "b": {"B": b"\x00\xff"},
        "many": {"BS": [b"a", bytearray(b"b")]},
        "deep": {"M": {"l": {"L": [{"B": b""}]}}},
    }
    async with LoopbackServer() as server, opened(server) as transport:
        await transport.send("PutItem", {"TableName": "orders", "Item": item})
    assert server.requests[0].body["Item"] == {
        "b": {"B": "AP8="},
        "many": {"BS": ["YQ==", "Yg=="]},
        "deep": {"M": {"l": {"L": [{"B": ""}]}}},
    }


@pytest.mark.parametrize("value", [{1, 2}, object(), "\ud800", 1 << 70])
async def test_what_json_cannot_hold_is_refused_before_it_is_sent(value: object) -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        with pytest.raises(UsageError, match="PutItem: the request can't be written as JSON"):
            await transport.send("PutItem", {"Item": {"a": {"S": value}}})
        assert not server.connections


@pytest.mark.parametrize("operation", ["", "Get Item", "GetItem\r\nx: y", "Gét"])
async def test_an_operation_that_is_no_name_is_refused(operation: str) -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        with pytest.raises(UsageError, match="is not the name of an operation of DynamoDB"):
            await transport.send(operation, {})


async def test_calls_one_after_the_other_share_a_connection() -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        for _ in range(5):
            await transport.send("GetItem", GET)
        assert server.connections == 1


async def test_calls_at_once_have_a_connection_each_up_to_the_limit() -> None:
    async with LoopbackServer() as server, opened(server, max_connections=3) as transport:
        server.script("GetItem", Silence(), Silence(), Silence())
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(transport.send, "GetItem", GET)
            await server.received(3)
            server.release()
        assert server.connections == 3
        assert len(server.requests) == 10


async def test_large_bodies_travel_both_ways() -> None:
    item = {"Item": {"pk": {"S": "x" * 3_000_000}}}

    def echo(operation: str, body: dict[str, Any]) -> dict[str, Any]:
        return body

    async with LoopbackServer(echo) as server, opened(server) as transport:
        assert await transport.send("PutItem", item) == item


@pytest.mark.parametrize(
    "reply",
    [
        Reply(chunked=True),
        Reply(continue_first=True),
        Reply(no_length=True),
        Reply(close="announced"),
        Reply(crc="none"),
        Reply(headers={"content-type": "application/json"}),
    ],
    ids=[
        "chunked",
        "after 100 Continue",
        "until the end of the connection",
        "connection: close",
        "without CRC",
        "other content type",
    ],
)
async def test_answers_in_every_form_of_http_are_read(reply: Reply) -> None:
    async with (
        LoopbackServer(lambda _operation, _body: {"Item": {"pk": {"S": "é" * 1000}}}) as server,
        opened(server) as transport,
    ):
        server.script("GetItem", reply)
        for _ in range(3):
            assert await transport.send("GetItem", GET) == {"Item": {"pk": {"S": "é" * 1000}}}


async def test_an_error_answer_becomes_its_class_with_everything_it_says() -> None:
    fault = ServiceFault(
        "ConditionalCheckFailedException", "no", extra={"Item": {"pk": {"S": "c1"}}}
    )
    async with LoopbackServer() as server, opened(server) as transport:
        server.script("PutItem", fault)
        with pytest.raises(
            ConditionalCheckFailed, match="PutItem: ConditionalCheckFailedException: no"
        ) as caught:
            await transport.send("PutItem", {})
        assert await transport.send("PutItem", {}) == {}
        assert server.connections == 1
    assert caught.value.request_id == "LOOPBACK"
    assert caught.value.status == 400
    assert caught.value.attribute_map == {"pk": {"S": "c1"}}
    assert not caught.value.retryable


async def test_a_cancelled_transaction_carries_its_reasons() -> None:
    fault = ServiceFault(
        "TransactionCanceledException",
        extra={"CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]},
    )
    async with LoopbackServer() as server, opened(server) as transport:
        server.script("TransactWriteItems", fault)
        with pytest.raises(TransactionCanceled) as caught:
            await transport.send("TransactWriteItems", {})
    assert [reason.code for reason in caught.value.reasons] == [None, "ConditionalCheckFailed"]


async def test_a_throttle_says_when_to_come_back() -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        server.script(
            "GetItem", THROTTLED, ServiceFault("ThrottlingException", headers={"Retry-After": "7"})
        )
        for expected in (None, 7.0):
            with pytest.raises(Throttled) as caught:
                await transport.send("GetItem", GET)
            assert caught.value.retryable
            assert caught.value.retry_after_s == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("9" * 400, 1e9),
        ("\xb2", None),
        ("-1", None),
        ("nan", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
    ],
)
async def test_a_retry_after_that_is_no_time_is_no_other_error(
    told: str, expected: float | None
) -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        server.script(
            "GetItem",
            ServiceFault("ThrottlingException", headers={"Retry-After": told, "Date": told}),
        )
        with pytest.raises(Throttled) as caught:
            await transport.send("GetItem", GET)
    assert caught.value.retry_after_s == expected


async def test_reasons_of_a_cancellation_that_are_none_are_read_as_none() -> None:
    extra = {"CancellationReasons": [1, None, {"Code": ["x"]}, {"Code": "ConditionalCheckFailed"}]}
    async with LoopbackServer() as server, opened(server) as transport:
        server.script(
            "TransactWriteItems", ServiceFault("TransactionCanceledException", extra=extra)
        )
        with pytest.raises(TransactionCanceled) as caught:
            await transport.send("TransactWriteItems", {})
    assert [reason.code for reason in caught.value.reasons] == [
        None,
        None,
        "['x']",
        "ConditionalCheckFailed",
    ]


async def test_retry_after_may_be_a_date() -> None:
    headers = {
        "Date": "Sat, 21 Nov 2026 08:30:00 GMT",
        "Retry-After": "Sat, 21 Nov 2026 08:30:12 GMT",
    }
    async with LoopbackServer() as server, opened(server) as transport:
        server.script("GetItem", ServiceFault("ThrottlingException", headers=headers))
        with pytest.raises(Throttled) as caught:
            await transport.send("GetItem", GET)
    assert caught.value.retry_after_s == 12.0


async def test_a_clock_that_is_wrong_is_corrected_for_the_calls_that_follow() -> None:
    clock = FakeClock()
    theirs = clock.now() + timedelta(hours=3)
    skewed = ServiceFault(
        "InvalidSignatureException", headers={"Date": theirs.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    )
    async with LoopbackServer() as server, opened(server, clock=clock) as transport:
        server.script("GetItem", skewed)
        with pytest.raises(AccessDenied) as caught:
            await transport.send("GetItem", GET)
        assert caught.value.retryable
        await transport.send("GetItem", GET)
        clock.advance(60)
        await transport.send("GetItem", GET)
    assert [request.headers["x-amz-date"] for request in server.requests] == [
        moment.strftime("%Y%m%dT%H%M%SZ")
        for moment in (clock.now() - timedelta(seconds=60), theirs, theirs + timedelta(seconds=60))
    ]


async def test_expired_credentials_are_fetched_again_for_the_next_call() -> None:
    class Source:
        loads = 0

        async def load(self) -> Credentials:
            self.loads += 1
            return Credentials(f"AK{self.loads}", "secret")

    source = Source()
    async with LoopbackServer() as server, opened(server, credentials=source) as transport:
        server.script("GetItem", ServiceFault("ExpiredTokenException"))
        with pytest.raises(AccessDenied):
            await transport.send("GetItem", GET)
        for _ in range(2):
            await transport.send("GetItem", GET)
    assert source.loads == 2
    assert ["AK1/", "AK2/", "AK2/"] == [
        request.headers["authorization"].partition("Credential=")[2][:4]
        for request in server.requests
    ]


async def test_after_close_every_use_is_a_clear_error() -> None:
    async with LoopbackServer() as server:
        async with opened(server) as transport:
            await transport.send("GetItem", GET)
        await transport.close()
        await server.all_closed()
        for use in (transport.send("GetItem", GET), transport.open()):
            with pytest.raises(UsageError, match="was closed"):
                await use
    assert len(server.requests) == 1


async def test_before_open_a_call_is_a_clear_error() -> None:
    transport = WireTransport(region="eu-central-1", credentials=KEY, environ={})
    with pytest.raises(UsageError, match="not open"):
        await transport.send("GetItem", GET)
    await transport.close()


async def test_opening_twice_is_fine() -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        await transport.send("GetItem", GET)
        await transport.open()
        await transport.send("GetItem", GET)
        assert server.connections == 1


async def test_close_fails_the_calls_in_flight_and_those_in_line() -> None:
    errors: list[Exception] = []

    async def call(transport: WireTransport) -> None:
        try:
            await transport.send("GetItem", GET)
        except (ConnectionFailed, UsageError) as error:
            errors.append(error)

    async with LoopbackServer() as server, opened(server, max_connections=1) as transport:
        server.script("GetItem", Silence())
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(call, transport)
            await server.received(1)
            await transport.close()
            await server.all_closed()
    in_line = [error for error in errors if isinstance(error, UsageError)]
    in_flight = [error for error in errors if isinstance(error, ConnectionFailed)]
    assert len(in_line) == 2
    assert "was closed" in str(in_line[0])
    assert [error.maybe_applied for error in in_flight] == [True]


async def test_the_representation_tells_where_and_no_secret() -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        await transport.send("GetItem", GET)
        shown = f"{transport!r} {transport} {vars(transport)!r}"
        assert server.url in repr(transport)
        assert transport.endpoint_url == f"{server.url}/"
        assert transport.region == "eu-central-1"
    assert "closed" in repr(transport)
    for secret in (KEY.secret_access_key, KEY.session_token):
        assert secret is not None
        assert secret not in shown


@pytest.mark.parametrize(
    "options", [{"max_connections": 0}, {"connect_timeout_s": 0}, {"read_timeout_s": -1.0}]
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"^{next(iter(options))}: expected .*, not "):
        WireTransport(region="eu-central-1", credentials=KEY, environ={}, **options)


async def test_no_task_is_left_behind_by_any_call() -> None:
    before = asyncio.all_tasks()
    async with LoopbackServer() as server, opened(server) as transport:
        await transport.send("GetItem", GET)
        server.script("GetItem", Silence())
        with anyio.move_on_after(0.05):
            await transport.send("GetItem", GET)
        await checkpoint()
        assert asyncio.all_tasks() == before
    assert asyncio.all_tasks() == before


def test_another_event_loop_is_a_clear_error() -> None:
    transport = WireTransport(
        region="eu-central-1", endpoint_url="http://127.0.0.1:1", credentials=KEY, environ={}
    )
    asyncio.run(transport.open())
    for use in (lambda: transport.send("GetItem", GET), transport.open, transport.close):
        with pytest.raises(UsageError, match="another event loop"):
            asyncio.run(use())


async def test_foreign_mappings_are_written_as_objects() -> None:
    from types import MappingProxyType

    async with LoopbackServer() as server, opened(server) as transport:
        await transport.send(
            "GetItem", MappingProxyType({"Key": MappingProxyType({"pk": {"S": "c1"}})})
        )
    assert json.loads(server.requests[0].raw) == {"Key": {"pk": {"S": "c1"}}}


async def test_errors_without_a_name_of_their_own_keep_their_code() -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        server.script("GetItem", ServiceFault("BrandNewException", status=503))
        with pytest.raises(ServiceError) as caught:
            await transport.send("GetItem", GET)
    assert caught.value.code == "BrandNewException"
    assert caught.value.retryable
