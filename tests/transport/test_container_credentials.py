"""Credentials that a container is handed by its host."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adorm.clock import SYSTEM_CLOCK
from adorm.errors import AccessDenied, AdormError, ConnectionFailed, UsageError
from adorm.testing.clock import FakeClock
from adorm.transport.credentials.aws_session import SessionCredentials
from adorm.transport.credentials.container import (
    FULL_URI,
    RELATIVE_URI,
    TOKEN,
    TOKEN_FILE,
    ContainerCredentials,
)
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.credentials.default_chain import EnvironmentCredentials, default_credentials
from adorm.transport.wire.answer_parser import Response
from adorm.transport.wire.endpoint import Endpoint
from tests.support.certificates import make_certificates
from tests.support.plain_http import HANG_UP, PlainAnswer, PlainServer

pytestmark = pytest.mark.anyio

SECRET = "PLANTED-SECRET"
ANSWER = {
    "AccessKeyId": "AK",
    "SecretAccessKey": SECRET,
    "Token": f"{SECRET}-TOKEN",
    "Expiration": "2026-11-21T08:30:00Z",
}
OK = PlainAnswer(json.dumps(ANSWER).encode())
NO_FILES = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


async def test_the_full_uri_is_asked_with_the_token() -> None:
    async with PlainServer(lambda _: OK) as server:
        source = ContainerCredentials({FULL_URI: f"{server.url}/creds?id=1", TOKEN: "Basic abc"})
        assert source.present()
        assert await source.load() == Credentials(
            "AK", SECRET, f"{SECRET}-TOKEN", datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
        )
    (asked,) = server.requests
    assert (asked.method, asked.target, asked.headers["authorization"]) == (
        "GET",
        "/creds?id=1",
        "Basic abc",
    )


async def test_the_relative_uri_comes_first_and_leads_to_the_host_of_ecs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Endpoint] = []

    async def fetched(endpoint: Endpoint, **_options: Any) -> Response:
        seen.append(endpoint)
        return Response(200, {}, OK.body)

    monkeypatch.setattr("adorm.transport.credentials.container.fetch", fetched)
    await ContainerCredentials(
        {RELATIVE_URI: "/v2/credentials/id", FULL_URI: "http://127.0.0.1:1/"}
    ).load()
    assert [endpoint.url for endpoint in seen] == ["http://169.254.170.2/v2/credentials/id"]


async def test_endpoint_and_token_are_read_anew_at_each_load(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    async with PlainServer(lambda _: OK) as server:
        environ = {
            FULL_URI: f"{server.url}/a",
            TOKEN_FILE: str(token),
            TOKEN: "the file comes first",
        }
        source = ContainerCredentials(environ)
        await source.load()
        token.write_text("second")
        environ[FULL_URI] = f"{server.url}/b"
        await source.load()
        del environ[TOKEN_FILE], environ[TOKEN]
        await source.load()
    assert [(asked.target, asked.headers.get("authorization")) for asked in server.requests] == [
        ("/a", "first"),
        ("/b", "second"),
        ("/b", None),
    ]


async def test_an_answer_without_token_or_end_will_do() -> None:
    async with PlainServer(
        lambda _: PlainAnswer(b'{"AccessKeyId": "AK", "SecretAccessKey": "s"}')
    ) as server:
        assert await ContainerCredentials({FULL_URI: server.url}).load() == Credentials("AK", "s")


@pytest.mark.parametrize(
    "first",
    [
        HANG_UP,
        PlainAnswer(b"", 500),
        PlainAnswer(b"slow down", 429),
        PlainAnswer(b"{}"),
        PlainAnswer(b"[]"),
        PlainAnswer(b"not JSON"),
    ],
)
async def test_a_passing_fault_is_tried_again(first: PlainAnswer) -> None:
    script = [first, first]
    clock = FakeClock()
    async with PlainServer(lambda _: script.pop() if script else OK) as server:
        assert (
            await ContainerCredentials({FULL_URI: server.url}, clock=clock).load()
        ).access_key_id == "AK"
    assert clock.sleeps == [0.2, 0.4]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (HANG_UP, "closed before an answer began"),
        (PlainAnswer(SECRET.encode(), 500), "answered HTTP 500"),
        (PlainAnswer(json.dumps({**ANSWER, "AccessKeyId": None}).encode()), "without AccessKeyId"),
        (PlainAnswer(json.dumps({**ANSWER, "Token": 5}).encode()), "not text"),
        (PlainAnswer(json.dumps({**ANSWER, "Expiration": "soon"}).encode()), "can't be used"),
        (PlainAnswer(json.dumps({**ANSWER, "Token": f"{SECRET}\n"}).encode()), "can't be used"),
        (PlainAnswer(b"x" * 300_000), "larger than"),
    ],
)
async def test_what_does_not_pass_is_a_failed_connection_without_secrets(
    said: PlainAnswer, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with PlainServer(lambda _: said) as server:
        source = ContainerCredentials(
            {FULL_URI: f"{server.url}/{SECRET}", TOKEN: SECRET}, clock=FakeClock()
        )
        with pytest.raises(ConnectionFailed, match=told) as caught:
            await source.load()
        assert len(server.requests) == 3
    assert not caught.value.maybe_applied
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text + repr(
        source
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_is_not_tried_again(status: int) -> None:
    said = PlainAnswer(json.dumps({"code": "NoSuchRole", "message": SECRET}).encode(), status)
    async with PlainServer(lambda _: said) as server:
        with pytest.raises(AccessDenied, match=r"NoSuchRole: .* look at the role") as caught:
            await ContainerCredentials({FULL_URI: server.url}).load()
        assert len(server.requests) == 1
    assert (caught.value.status, caught.value.code) == (status, "NoSuchRole")
    assert SECRET not in str(caught.value)


async def test_https_is_verified_and_needs_no_known_host(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "127.0.0.1")
    async with PlainServer(lambda _: OK, tls=certificates.server) as server:
        environ = {FULL_URI: server.url, "AWS_CA_BUNDLE": str(certificates.bundle)}
        assert (await ContainerCredentials(environ).load()).access_key_id == "AK"
        del environ["AWS_CA_BUNDLE"]
        with pytest.raises(ConnectionFailed, match="not trusted"):
            await ContainerCredentials(environ, clock=FakeClock()).load()


@pytest.mark.parametrize(
    "host",
    [
        "169.254.170.2",
        "169.254.170.23",
        "[fd00:ec2::23]",
        "[fd00:0ec2::0:23]",
        "localhost:8000",
        "127.9.9.9",
        "[::1]:80",
    ],
)
async def test_hosts_of_containers_and_of_this_machine_may_be_asked_by_http(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetched(_endpoint: Endpoint, **_options: Any) -> Response:
        return Response(200, {}, OK.body)

    monkeypatch.setattr("adorm.transport.credentials.container.fetch", fetched)
    await ContainerCredentials({FULL_URI: f"http://{host}/creds"}).load()


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "neither .* is set"),
        (
            {FULL_URI: "http://example.com/creds"},
            "names 'example.com' by http, and credentials must not be sent without TLS",
        ),
        ({FULL_URI: "http://169.254.169.254/creds"}, "without TLS"),
        ({FULL_URI: "http://127.0.0.1.example.com/"}, "without TLS"),
        ({FULL_URI: "http://[fd00:ec2::24]/"}, "without TLS"),
        ({FULL_URI: f"http://user:{SECRET}@127.0.0.1/"}, "without user"),
        ({FULL_URI: f"ftp://127.0.0.1/{SECRET}"}, "must read like"),
        ({FULL_URI: f"http://127.0.0.1/{SECRET} HTTP/1.1"}, "can't be sent"),
        ({FULL_URI: f"http://127.0.0.1/{SECRET}\n"}, "can't be sent"),
        ({FULL_URI: f"http://127.0.0.1:{SECRET}/"}, "is not a URL"),
        ({RELATIVE_URI: f"@example.com/{SECRET}"}, "must be a path"),
        ({RELATIVE_URI: f"/{SECRET}\r\nx: y"}, "must be a path"),
        (
            {RELATIVE_URI: "/a", TOKEN: f"{SECRET}\r\nx: y"},
            "AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line end",
        ),
        ({RELATIVE_URI: "/a", TOKEN_FILE: "/nonexistent/token"}, "can't be read: No such file"),
    ],
)
async def test_what_must_not_be_asked_is_refused_before_anything_is_sent(
    environ: dict[str, str], told: str
) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        await ContainerCredentials(environ).load()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_a_token_file_that_ends_in_a_line_end_is_refused(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"{SECRET}\n")
    with pytest.raises(
        UsageError, match="AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE holds a line end"
    ) as caught:
        await ContainerCredentials({RELATIVE_URI: "/a", TOKEN_FILE: str(token)}).load()
    assert SECRET not in str(caught.value)


# ---- its place among the others


def kind_of(environ: dict[str, str]) -> type[object]:
    return type(default_credentials(NO_FILES | environ, clock=SYSTEM_CLOCK))


def test_the_environment_comes_before_the_container() -> None:
    assert kind_of({"AWS_ACCESS_KEY_ID": "AK", RELATIVE_URI: "/a"}) is EnvironmentCredentials
    assert kind_of({RELATIVE_URI: "/a"}) is ContainerCredentials
    assert kind_of({FULL_URI: "http://localhost/"}) is ContainerCredentials
    assert kind_of({}) is SessionCredentials


@pytest.mark.parametrize(
    "name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"]
)
def test_a_named_profile_and_web_identity_come_before_the_container(name: str) -> None:
    assert kind_of({RELATIVE_URI: "/a", name: "x"}) is SessionCredentials


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[default]\nregion = eu-central-1\n", ContainerCredentials),
        ("[default]\nrole_arn = arn:aws:iam::1:role/x\n", SessionCredentials),
        ("[default]\naws_access_key_id = AK\n", SessionCredentials),
        ("[default]\nsso_session = x\n", SessionCredentials),
        ("[default]\ncredential_process = x\n", SessionCredentials),
    ],
)
def test_files_that_hold_credentials_come_before_the_container(
    text: str, kind: type[object], tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(text)
    assert kind_of({RELATIVE_URI: "/a", "AWS_CONFIG_FILE": str(config)}) is kind


async def test_an_error_is_always_one_of_adorms() -> None:
    with pytest.raises(AdormError):
        await ContainerCredentials({}).load()
