"""Answers without an end, of a wrong shape, or that tell what is nobody's business."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

import adorm
from adorm.errors import ConnectionFailed, ItemDecodeError, ServiceError, UsageError
from adorm.transport.credentials.container import ContainerCredentials
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.redaction import presentable, without_secrets
from adorm.transport.wire.connector import Connector
from adorm.transport.wire.endpoint import custom_endpoint
from tests.support.environment import LOOPS
from tests.support.loopback import LoopbackServer, Raw, Reply, ServiceFault
from tests.support.wired import GET, KEY, opened

pytestmark = pytest.mark.anyio

TIMEOUT_S = 0.3
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


class Dripping(asyncio.Protocol):
    """Answers each request by a beginning, and then by one piece after the other without an end."""

    def __init__(self, first: bytes, piece: bytes, pause_s: float) -> None:
        self.first, self.piece, self.pause_s = first, piece, pause_s
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.first)
        self.drip()

    def drip(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(self.piece)
            asyncio.get_running_loop().call_later(self.pause_s, self.drip)


@asynccontextmanager
async def dripping(
    first: bytes, piece: bytes, pause_s: float
) -> AsyncGenerator[adorm.Database, None]:
    loop = asyncio.get_running_loop()
    connections: list[Dripping] = []

    def connected() -> Dripping:
        connections.append(Dripping(first, piece, pause_s))
        return connections[-1]

    server = await loop.create_server(connected, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    options: dict[str, Any] = {
        "retry": adorm.RetryPolicy(max_attempts=1),
        "read_timeout_s": TIMEOUT_S,
    }
    async with adorm.connect(
        endpoint_url=url, region="eu-central-1", credentials=KEY, **options
    ) as db:
        yield db
    server.close()
    for each in connections:
        if each.transport is not None:
            each.transport.abort()
    with anyio.fail_after(5):
        while any(each.transport is not None for each in connections):  # noqa: ASYNC110  # turns of the loop
            await asyncio.sleep(0)


ENDLESS = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "interim answers with headers": (b"", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"x: y\r\n"),
    "a trailer": (CHUNKED + b"0\r\nx: ", b"y"),
    "an extension of a chunk": (CHUNKED + b"5;x=", b"y"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_what_is_no_body_and_has_no_end_is_bounded_in_time(what: str) -> None:
    async with dripping(*ENDLESS[what], pause_s=0.02) as db:
        with (
            anyio.fail_after(5),
            pytest.raises(ConnectionFailed, match=r"sent nothing for 0\.3 s") as caught,
        ):
            await db.call("PutItem", GET)
        assert caught.value.maybe_applied


@pytest.mark.parametrize("what", ENDLESS)
async def test_what_is_no_body_and_has_no_end_is_bounded_in_size(what: str) -> None:
    first, piece = ENDLESS[what]
    async with dripping(first, piece * 2000, pause_s=0) as db:
        with (
            anyio.fail_after(5),
            pytest.raises(ConnectionFailed, match=r"longer than 65536 bytes|is not HTTP"),
        ):
            await db.call("GetItem", GET)


async def test_a_body_that_gets_on_is_waited_for() -> None:
    chunk = b"10\r\n" + b" " * 16 + b"\r\n"
    async with dripping(CHUNKED, chunk, pause_s=0.02) as db:
        with pytest.raises(adorm.DeadlineExceeded):
            async with adorm.deadline(2 * TIMEOUT_S):
                await db.call("GetItem", GET)


async def test_trailers_are_read_and_say_nothing() -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        server.script(
            "GetItem", Raw(CHUNKED + b"0\r\nx-amz-crc32: 1\r\ncontent-encoding: gzip\r\n\r\n")
        )
        assert await transport.send("GetItem", GET) == {}


@pytest.mark.parametrize("checksum", ["9" * 5000, "0" * 5000 + "1", "1e3", "-1", "", "\xb2"])
async def test_a_checksum_that_is_none_is_a_damaged_answer(checksum: str) -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        server.script("GetItem", Reply(b"{}", crc="none", headers={"x-amz-crc32": checksum}))
        with pytest.raises(ConnectionFailed, match="damaged on its way"):
            await transport.send("GetItem", GET)


@pytest.mark.parametrize("length", ["9" * 5000, "0" * 5000, "1e3", "-1", "0x10"])
async def test_a_length_that_is_none_is_not_http(length: str) -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        server.script(
            "GetItem", Raw(f"HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{{}}".encode())
        )
        with anyio.fail_after(5), pytest.raises(ConnectionFailed):
            await transport.send("GetItem", GET)


# ---- numbers that are none, as a model reads them


@adorm.model(table="measures")
class Measure:
    name: str = adorm.partition_key()
    value: float = 0.0


@pytest.mark.parametrize("from_bytes", [False, True], ids=["as JSON", "from bytes"])
@pytest.mark.parametrize("number", ["1e999", "-1e400", "NaN", "Infinity", "x", ""])
async def test_a_number_that_no_float_holds_is_an_item_decode_error(
    number: str, from_bytes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0 if from_bytes else 10**9)
    async with (
        LoopbackServer() as server,
        adorm.connect(endpoint_url=server.url, region="eu-central-1", credentials=KEY) as db,
    ):
        server.script(
            "Query",
            {
                "Items": [{"name": {"S": "a"}, "value": {"N": number}}],
                "Count": 1,
                "ScannedCount": 1,
            },
        )
        with pytest.raises(ItemDecodeError, match="expected a number"):
            await db.table(Measure).query("a")


@pytest.mark.parametrize("from_bytes", [False, True], ids=["as JSON", "from bytes"])
@pytest.mark.parametrize("count", [b"1e999", b"-1", b"null", b'"1"', b"1.5", b"{}"])
async def test_a_count_that_is_none_is_a_connection_failed(
    count: bytes, from_bytes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0 if from_bytes else 10**9)
    policy = adorm.RetryPolicy(max_attempts=1)
    async with (
        LoopbackServer() as server,
        adorm.connect(
            endpoint_url=server.url, region="eu-central-1", credentials=KEY, retry=policy
        ) as db,
    ):
        server.script("Query", Reply(b'{"Items":[{"name":{"S":"a"}}],"Count":' + count + b"}"))
        with pytest.raises(ConnectionFailed):
            await db.table(Measure).query("a")


# ---- endpoints


@pytest.mark.parametrize(
    "host",
    [
        "a..b",
        ".example",
        "a" * 64,
        "a." * 130 + "a",
        "a.-.b",
        "[::g]",
        "[1:2]",
        "ex ample",
        "b\u00fccher",
        "%41",
    ],
)
def test_a_host_that_can_t_be_one_is_refused_by_name(host: str) -> None:
    for url in (f"http://{host}:8000", f"https://{host}", f"http://{host}/path"):
        with pytest.raises(UsageError, match="endpoint_url"):
            custom_endpoint(url, "eu-central-1")


@pytest.mark.parametrize(
    "host",
    ["localhost", "dynamodb_local", "a.b.", "a" * 63, "127.0.0.1", "[::1]", "my-host.example"],
)
def test_other_hosts_are_taken(host: str) -> None:
    assert custom_endpoint(f"http://{host}:8000", "eu-central-1").port == 8000


async def test_a_container_s_host_that_can_t_be_one_is_refused() -> None:
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"https://{'a' * 64}.example/creds"}
    with pytest.raises(UsageError, match="names a host that can't exist"):
        await ContainerCredentials(environ).load()


# ---- what is told


@pytest.mark.parametrize(
    "error",
    [ssl.SSLError(), ssl.SSLError(""), OSError(), ConnectionResetError(""), UnicodeError("")],
)
async def test_a_failure_without_words_names_its_type(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_args: object) -> None:
        raise error

    monkeypatch.setattr(Connector, "_connect", fail)
    connect = Connector(
        asyncio.get_running_loop(),
        custom_endpoint("http://localhost:1", "eu-central-1"),
        None,
        5,
        5,
    )
    with pytest.raises(ConnectionFailed) as caught:
        await connect(lambda _: None)
    assert str(caught.value) == f"no connection to localhost:1: {type(error).__name__}"
    assert not caught.value.maybe_applied


async def test_a_secret_that_is_a_word_hides_no_letters() -> None:
    key = Credentials("test", "test", "test")
    async with LoopbackServer() as server, opened(server, credentials=key) as transport:
        server.script(
            "GetItem", Reply(b"", 301, {"location": "https://ddb.test/latest"}, crc="none")
        )
        with pytest.raises(ServiceError, match=r"redirects to 'https://ddb\.test/latest'"):
            await transport.send("GetItem", GET)


SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"x{SECRET}y",
        "wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY",
        "wJalrXUtnFEMI\\/K7MDENG+bPxRfiCYEXAMPLEKEY",
    ],
)
def test_a_secret_is_hidden_in_every_spelling(text: str) -> None:
    assert "CYEXAMPLE" not in without_secrets(
        f"your key {text} is wrong", [None, "", "short", SECRET]
    )


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    assert (
        without_secrets("password=hunter22, hunter222", ["hunter22"]) == "password=***, hunter222"
    )


ITEM: dict[str, Any] = {
    "TableName": "orders",
    "Item": {
        "pk": {"S": "c1"},
        "card": {"S": "4111-1111"},
        "n": {"N": "12.7501"},
        "l": {"L": [{"SS": ["a-label-of-mine"]}]},
    },
}

ECHOES: dict[str, Callable[[str], str]] = {
    "as it was sent": lambda body: body,
    "in JSON": lambda body: json.dumps({"request": body}),
    "in HTML": lambda body: "<pre>" + body.replace('"', "&quot;") + "</pre>",
    "in words": lambda _: (
        "AttributeValue: {S:4111-1111}, AttributeValue(N=12.7501, S=null), {SS=[a-label-of-mine]}"
    ),
    "as a parameter": lambda body: (
        f"1 validation error detected: Value '{body}' at 'item' failed to satisfy constraint"
    ),
    "bare": lambda _: "no such card: 4111-1111 (a-label-of-mine)",
}


@pytest.mark.parametrize("how", ECHOES)
@pytest.mark.parametrize("of", ["DynamoDB", "a proxy"])
async def test_an_echo_of_the_request_shows_no_values(how: str, of: str) -> None:
    async with LoopbackServer() as server, opened(server) as transport:
        echo = ECHOES[how](json.dumps(ITEM["Item"]))
        server.script(
            "PutItem",
            ServiceFault("ValidationException", echo)
            if of == "DynamoDB"
            else Reply(echo.encode(), 502, {"content-type": "text/html"}, crc="none"),
        )
        with pytest.raises(ServiceError) as caught:
            await transport.send("PutItem", ITEM)
    told = f"{caught.value} {caught.value.message} {caught.value!r}"
    for value in ("4111", "12.7501", "label-of-mine"):
        assert value not in told


async def test_a_message_without_values_stays_as_it_is() -> None:
    words = "One or more parameter values were invalid: Missing the key pk in the item"
    assert presentable(words, [SECRET], ITEM, 2000) == words


async def test_a_server_s_words_are_one_line_and_bounded() -> None:
    long = "line\nline\r\n\x1b[31m\u2028" + "x" * 100_000
    async with LoopbackServer() as server, opened(server) as transport:
        for step in (
            ServiceFault("Validation\nException", long, headers={"x-amzn-RequestId": "r" * 5000}),
            ServiceFault("E" * 5000, long),
            Reply(long.encode(), 500, {"content-type": "text/x" * 500}, crc="none"),
            ServiceFault(
                "TransactionCanceledException",
                long,
                extra={"CancellationReasons": [{"Code": "X\n" * 999, "Message": long}]},
            ),
        ):
            server.script("PutItem", step)
            with pytest.raises(ServiceError) as caught:
                await transport.send("PutItem", ITEM)
            assert len(str(caught.value)) < 6000
            assert all(line.isprintable() for line in str(caught.value).split("\n  "))


# ---- messages of adorm about what somebody else chose


async def test_keys_in_messages_are_one_line_bounded_and_can_be_printed() -> None:
    @adorm.model(table="notes")
    class Note:
        note_id: str = adorm.partition_key()

    async with adorm.connect("memory") as db:
        await db.create_table(Note)
        notes = db.table(Note)
        for key in ("a\nb\r\x1b[2J\u2028", "k" * 2000, "\u202e" + "x"):
            with pytest.raises(adorm.ItemNotFound) as caught:
                await notes.get(key)
            assert str(caught.value).isprintable()
            assert len(str(caught.value)) < 300
        with pytest.raises((UsageError, ServiceError)) as refused:
            await notes.get("\ud800")
        str(refused.value).encode()
        assert str(notes.key("\ud800")) == "Note \\ud800"


def test_an_item_decode_error_prints_whatever_came() -> None:
    keys: list[dict[str, Any]] = [
        {"pk": {"S": "a\n\ud800"}},
        {"pk": []},
        {"pk": {}},
        {"pk": None},
        {"pk": "x"},
    ]
    for key in keys:
        error = ItemDecodeError("expected\ntext", model=Measure, key=key, path="$.\udcff\n")
        assert str(error).isprintable()
