"""The `X-Amzn-Trace-Id` header: inside Lambda, given by hand, or none; never more than one line,
and not signed."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest

import adorm
from adorm.errors import UsageError
from adorm.transport.wire.request_writer import MAX_TRACE_LENGTH, trace_line
from tests.support.loopback import LoopbackServer
from tests.support.wired import GET, opened

pytestmark = pytest.mark.anyio

ROOT = (
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;"
    "Sampled=1;Lineage=25:a87bd80c:1"
)


def lambda_environment(trace: str | None) -> dict[str, str]:
    environ = {"AWS_LAMBDA_FUNCTION_NAME": "handler"}
    return environ if trace is None else environ | {"_X_AMZN_TRACE_ID": trace}


async def test_inside_lambda_each_request_has_the_trace_of_its_invocation() -> None:
    environ = lambda_environment(None)
    async with LoopbackServer() as server, opened(server, environ=environ) as transport:
        await transport.send("GetItem", GET)
        environ["_X_AMZN_TRACE_ID"] = ROOT
        await transport.send("GetItem", GET)
        await transport.send("GetItem", GET)
        environ["_X_AMZN_TRACE_ID"] = "Root=2"
        await transport.send("GetItem", GET)
        del environ["_X_AMZN_TRACE_ID"]
        await transport.send("GetItem", GET)
    assert [request.headers.get("x-amzn-trace-id") for request in server.requests] == [
        None,
        ROOT,
        ROOT,
        "Root=2",
        None,
    ]
    assert all("trace" not in request.headers["authorization"] for request in server.requests)


async def test_outside_lambda_no_request_has_one() -> None:
    async with (
        LoopbackServer() as server,
        opened(server, environ={"_X_AMZN_TRACE_ID": ROOT}) as transport,
    ):
        await transport.send("GetItem", GET)
    assert "x-amzn-trace-id" not in server.requests[0].headers


async def test_a_function_given_comes_before_the_environment() -> None:
    traces = ["Root=1", None]
    async with LoopbackServer() as server:
        async with opened(
            server, environ=lambda_environment(ROOT), trace_header=lambda: traces.pop(0)
        ) as transport:
            await transport.send("GetItem", GET)
            await transport.send("GetItem", GET)
    assert [request.headers.get("x-amzn-trace-id") for request in server.requests] == [
        "Root=1",
        None,
    ]


async def test_connect_takes_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    async with LoopbackServer() as server:
        async with adorm.connect(endpoint_url=server.url, trace_header=lambda: ROOT) as db:
            await db.call("ListTables", {})
    assert server.requests[0].headers["x-amzn-trace-id"] == ROOT


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (ROOT, f"x-amzn-trace-id: {ROOT}\r\n"),
        ("Root=1\r\nx-evil: 1", "x-amzn-trace-id: Root=1%0D%0Ax-evil:%201\r\n"),
        ("é\0", "x-amzn-trace-id: %C3%A9%00\r\n"),
        ("", ""),
        ("x" * (MAX_TRACE_LENGTH + 1), ""),
    ],
)
def test_what_could_end_the_line_is_quoted(value: str, line: str) -> None:
    write = trace_line(lambda_environment(value), None)
    assert write is not None
    assert write() == write() == line


def test_a_function_that_fails_is_logged_and_the_request_goes_without(
    caplog: pytest.LogCaptureFixture,
) -> None:
    given: list[Any] = [LookupError("no trace"), 5, "Root=1"]

    def trace() -> str:
        value = given.pop(0)
        if isinstance(value, Exception):
            raise value
        return cast(str, value)

    write = trace_line({}, trace)
    assert write is not None
    with caplog.at_level(logging.ERROR, logger="adorm"):
        assert [write(), write(), write()] == ["", "", "x-amzn-trace-id: Root=1\r\n"]
    assert len(caplog.records) == 2


async def test_a_client_writes_its_own_headers() -> None:
    with pytest.raises(UsageError, match="a client brings its own trace_header"):
        adorm.connect(client=object(), trace_header=lambda: None)
    with pytest.raises(UsageError, match=r"connect\(trace_header=\.\.\.\) takes a function"):
        adorm.connect("memory", trace_header=cast(Any, "Root=1"))
