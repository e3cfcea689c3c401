"""Roles assumed by STS."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from adorm.errors import (
    AccessDenied,
    AdormError,
    ConnectionFailed,
    ServiceError,
    Throttled,
    UsageError,
    ValidationFailed,
)
from adorm.testing.clock import FakeClock
from adorm.transport.credentials.assumed_role import AssumedRole
from adorm.transport.credentials.credentials import Credentials, CredentialsCache
from tests.support.certificates import make_certificates
from tests.support.environment import LOOPS
from tests.support.plain_http import HANG_UP, PlainAnswer, PlainServer
from tests.support.sts import (
    BASE,
    EXTERNAL_ID,
    GRANT,
    SECRET,
    AssumeRoleCall,
    FakeSts,
    expected_headers,
    fault,
    granted,
    role,
)

pytestmark = pytest.mark.anyio

ORDERS = role(1)
NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def sts(clock: FakeClock) -> AsyncIterator[FakeSts]:
    fake = FakeSts(clock)
    async with fake.server:
        yield fake


def assuming(sts: FakeSts, clock: FakeClock, **options: Any) -> AssumedRole:
    settings: dict[str, Any] = {
        "source": BASE,
        "region": "eu-central-1",
        "sts_endpoint_url": sts.url,
        "clock": clock,
        "environ": NO_FILES,
        "external_id": EXTERNAL_ID,
    }
    return AssumedRole(ORDERS, **(settings | options))


def script(*answers: PlainAnswer) -> Callable[[AssumeRoleCall], PlainAnswer]:
    """One after the other; the last stays."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


async def test_the_role_is_asked_for_and_its_credentials_come_back(
    sts: FakeSts, clock: FakeClock
) -> None:
    credentials = await assuming(sts, clock, session_name="me@here", duration_s=900).load()
    assert credentials == Credentials(
        "AK1-1", f"{SECRET}-AK1-1", f"{SECRET}-TOKEN-AK1-1", clock.now() + timedelta(seconds=900)
    )
    assert sts.calls == [AssumeRoleCall(ORDERS, EXTERNAL_ID, "me@here", 900, "AKBASE")]


async def test_without_an_external_id_none_is_sent(sts: FakeSts, clock: FakeClock) -> None:
    await assuming(sts, clock, external_id=None).load()
    assert sts.calls == [AssumeRoleCall(ORDERS, None, "adorm", 3600, "AKBASE")]


async def test_the_request_carries_its_signature(sts: FakeSts, clock: FakeClock) -> None:
    await assuming(sts, clock, region="eu-north-1").load()
    (asked,) = sts.server.requests
    expected = expected_headers(asked, BASE, "eu-north-1", clock.now().timestamp())
    assert {name: asked.headers[name] for name in expected} == expected
    assert asked.headers["x-amz-security-token"] == BASE.session_token
    assert "/eu-north-1/sts/aws4_request" in asked.headers["authorization"]


async def test_another_source_may_ask_and_is_asked_once(sts: FakeSts, clock: FakeClock) -> None:
    class Source:
        loads = 0

        async def load(self) -> Credentials:
            self.loads += 1
            return BASE

    source = Source()
    assumed = assuming(sts, clock, source=source)
    await assumed.load()
    await assumed.load()
    assert source.loads == 1


async def test_a_role_may_assume_a_role(sts: FakeSts, clock: FakeClock) -> None:
    middle = assuming(sts, clock)
    inner = AssumedRole(
        role(2),
        source=middle,
        region="eu-central-1",
        sts_endpoint_url=sts.url,
        clock=clock,
        environ=NO_FILES,
    )
    assert (await inner.load()).access_key_id == "AK2-1"
    assert [(call.role_arn, call.key_id) for call in sts.calls] == [
        (ORDERS, "AKBASE"),
        (role(2), "AK1-1"),
    ]


async def test_region_credentials_and_endpoint_may_come_from_the_environment(
    sts: FakeSts, clock: FakeClock
) -> None:
    environ = NO_FILES | {
        "AWS_ACCESS_KEY_ID": "AKENV",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "ap-south-1",
        "AWS_ENDPOINT_URL_STS": sts.url,
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1",
    }
    await AssumedRole(ORDERS, clock=clock, environ=environ).load()
    (asked,) = sts.server.requests
    assert "Credential=AKENV/" in asked.headers["authorization"]
    assert "/ap-south-1/sts/" in asked.headers["authorization"]


async def test_without_a_region_it_says_so() -> None:
    with pytest.raises(UsageError, match="no AWS region"):
        await AssumedRole(ORDERS, source=BASE, environ=NO_FILES).load()


async def test_a_proxy_is_not_gone_around() -> None:
    environ = NO_FILES | {"HTTPS_PROXY": f"http://me:{SECRET}@proxy"}
    with pytest.raises(
        UsageError, match=r"HTTPS_PROXY asks for a proxy to sts\.eu-central-1\.amazonaws\.com"
    ) as caught:
        await AssumedRole(ORDERS, source=BASE, region="eu-central-1", environ=environ).load()
    assert SECRET not in str(caught.value)


async def test_tls_is_verified(tmp_path: Path, clock: FakeClock) -> None:
    certificates = make_certificates(tmp_path, "127.0.0.1")
    async with PlainServer(
        lambda _: granted("AK", "2026-01-01T01:00:00Z"), tls=certificates.server
    ) as server:
        environ = NO_FILES | {"AWS_CA_BUNDLE": str(certificates.bundle)}
        options: dict[str, Any] = {
            "source": BASE,
            "region": "eu-central-1",
            "sts_endpoint_url": server.url,
            "clock": clock,
        }
        assert (await AssumedRole(ORDERS, environ=environ, **options).load()).access_key_id == "AK"
        with pytest.raises(ConnectionFailed, match="not trusted"):
            await AssumedRole(ORDERS, environ=NO_FILES, **options).load()


async def test_an_sts_that_cannot_be_reached_is_named_with_the_role(clock: FakeClock) -> None:
    async with PlainServer(lambda _: HANG_UP) as server:
        gone = server.url
    role = AssumedRole(
        ORDERS,
        source=BASE,
        region="eu-central-1",
        sts_endpoint_url=gone,
        environ=NO_FILES,
        clock=clock,
    )
    with pytest.raises(ConnectionFailed) as caught:
        await role.load()
    assert (caught.value.operation, caught.value.subject, caught.value.attempts) == (
        "AssumeRole",
        ORDERS,
        3,
    )
    assert str(caught.value).startswith(f"AssumeRole on {ORDERS}: {gone}: no connection to ")


@pytest.mark.parametrize(
    ("said", "kind", "asked"),
    [
        (
            fault("AccessDenied", "User: arn:x is not authorized to perform: sts:AssumeRole", 403),
            AccessDenied,
            1,
        ),
        (fault("RegionDisabledException", status=403), AccessDenied, 1),
        (fault("SomethingNew", status=403), AccessDenied, 1),
        (fault("InvalidClientTokenId", status=403), AccessDenied, 1),
        (fault("ExpiredToken", status=403), AccessDenied, 3),
        (fault("ValidationError"), ValidationFailed, 1),
        (fault("PackedPolicyTooLarge"), ServiceError, 1),
        (fault("Throttling"), Throttled, 3),
        (fault("Throttling", status=503), Throttled, 3),
        (fault("InternalFailure", status=500), ConnectionFailed, 3),
        (fault("ServiceUnavailable", status=503), ConnectionFailed, 3),
        (PlainAnswer(b"<html>", 502), ConnectionFailed, 3),
        (PlainAnswer(b"<html>", 404), ServiceError, 1),
        (PlainAnswer(b"", 301, {"location": f"http://{SECRET}/"}), ConnectionFailed, 3),
        (HANG_UP, ConnectionFailed, 3),
        (PlainAnswer(b"not XML"), ConnectionFailed, 3),
        (
            PlainAnswer(f"<!DOCTYPE a [<!ENTITY x '{SECRET}'>]><a>&x;</a>".encode()),
            ConnectionFailed,
            3,
        ),
        (
            PlainAnswer(f"<AssumeRoleResponse><A>{SECRET}</A></AssumeRoleResponse>".encode()),
            ConnectionFailed,
            3,
        ),
        (granted("AK", f"{SECRET}"), ConnectionFailed, 3),
        (granted("AK&#10;x", "2026-01-01T01:00:00Z"), ConnectionFailed, 3),
        (
            fault(
                "SignatureDoesNotMatch",
                f"should have been 'POST / x-amz-security-token:{BASE.session_token} {EXTERNAL_ID}",
                403,
            ),
            AccessDenied,
            3,
        ),
    ],
)
async def test_what_stands_against_it_is_an_error_of_its_kind_without_secrets(
    sts: FakeSts,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    said: PlainAnswer,
    kind: type[AdormError],
    asked: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    sts.answers[ORDERS] = said
    assumed = assuming(sts, clock)
    with pytest.raises(kind) as caught:
        await assumed.load()
    assert type(caught.value) is kind
    error: Any = caught.value
    assert len(sts.calls) == error.attempts == asked
    assert len(clock.sleeps) == asked - 1
    assert not error.maybe_applied
    assert SECRET not in "".join(traceback.format_exception(error)) + repr(
        error
    ) + caplog.text + repr(assumed)


async def test_an_error_names_role_and_reason(sts: FakeSts, clock: FakeClock) -> None:
    sts.answers[ORDERS] = fault("AccessDenied", "User: arn:x is not authorized", 403)
    with pytest.raises(AccessDenied) as caught:
        await assuming(sts, clock).load()
    assert (
        str(caught.value) == f"AssumeRole: AccessDenied: {ORDERS}: User: arn:x is not authorized "
        "(request id: LOOPBACK)"
    )


@pytest.mark.parametrize(
    "first",
    [fault("Throttling"), fault("InternalFailure", status=500), HANG_UP, PlainAnswer(b"not XML")],
)
async def test_a_passing_fault_is_tried_again(
    sts: FakeSts, clock: FakeClock, first: PlainAnswer
) -> None:
    sts.answers[ORDERS] = script(first, first, GRANT)
    assert (await assuming(sts, clock).load()).access_key_id == "AK1-1"
    first_pause_s, second_pause_s = clock.sleeps
    assert 0.1 <= first_pause_s <= 0.2 <= second_pause_s <= 0.4


async def test_base_credentials_that_were_refused_are_fetched_anew(
    sts: FakeSts, clock: FakeClock
) -> None:
    class Source:
        loads = 0

        async def load(self) -> Credentials:
            self.loads += 1
            return Credentials(f"AKBASE{self.loads}", "s")

    sts.answers[ORDERS] = lambda call: (
        GRANT if call.key_id == "AKBASE2" else fault("ExpiredToken", status=403)
    )
    assert (
        await assuming(sts, clock, source=CredentialsCache(Source(), clock)).load()
    ).access_key_id == "AK1-1"
    assert [call.key_id for call in sts.calls] == ["AKBASE1", "AKBASE2"]


async def test_a_clock_that_is_wrong_is_corrected_once(sts: FakeSts, clock: FakeClock) -> None:
    theirs = clock.now() + timedelta(hours=1)
    late = fault("SignatureDoesNotMatch", "Signature expired", 403)
    sts.answers[ORDERS] = script(
        PlainAnswer(late.body, 403, {"Date": format_datetime(theirs, usegmt=True)}), GRANT
    )
    await assuming(sts, clock).load()
    first, second = (asked.headers["x-amz-date"] for asked in sts.server.requests)
    assert (first, second) == ("20260101T000000Z", "20260101T010000Z")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"role_arn": "orders"}, "role_arn reads"),
        ({"role_arn": "arn:aws:iam::1:role/x"}, "role_arn reads"),
        ({"role_arn": f"{ORDERS} x"}, "role_arn reads"),
        ({"external_id": f"{SECRET}\n"}, "external_id is text"),
        ({"external_id": ""}, "external_id is text"),
        ({"session_name": "a b"}, "session_name is text"),
        ({"duration_s": 899}, "duration_s is a whole number"),
        ({"duration_s": 43201}, "duration_s"),
        ({"duration_s": 3600.0}, "duration_s"),
        ({"duration_s": True}, "duration_s"),
    ],
)
def test_what_sts_would_refuse_is_refused_at_once(options: dict[str, Any], told: str) -> None:
    arguments: dict[str, Any] = {"role_arn": ORDERS} | options
    with pytest.raises(UsageError, match=told) as caught:
        AssumedRole(**arguments)
    assert SECRET not in str(caught.value)
