"""Signatures: those of botocore and of adorm are accepted, and changed requests are refused."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from adorm.memory.server import Service, SignatureCheck
from adorm.memory.server.messages import HttpAnswer, HttpRequest
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.sigv4 import Signer
from tests.support.raw_http import FakeEngine

KEY_ID, SECRET = "AKTEST", "se/cret+key"
BODY = b'{"TableName":"t"}'
HOST = "127.0.0.1:8000"


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def service(engine: FakeEngine) -> Service:
    return Service(engine, signatures=SignatureCheck({KEY_ID: SECRET, "AKOTHER": "other"}))


class QueryAuth(SigV4QueryAuth):
    """botocore's moves the body into the query; with this one it stays a body."""

    def payload(self, request: AWSRequest) -> str:
        return hashlib.sha256(BODY).hexdigest()


def signed(
    url: str = f"http://{HOST}/",
    *,
    access_key_id: str = KEY_ID,
    secret: str = SECRET,
    token: str | None = None,
    auth: Callable[..., SigV4Auth] = SigV4Auth,
    service: str = "dynamodb",
) -> HttpRequest:
    headers = {
        "Host": HOST,
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.GetItem",
    }
    body = b"" if auth is QueryAuth else BODY
    request = AWSRequest("POST", url, headers, body)
    auth(BotoCredentials(access_key_id, secret, token), service, "eu-central-1").add_auth(request)
    target = "/" + str(request.url).split("/", 3)[3]
    pairs = {name.lower().encode(): value.encode() for name, value in request.headers.items()}
    return HttpRequest(b"POST", target.encode(), pairs, BODY, keep_alive=True)


def refused(answer: HttpAnswer) -> tuple[str, str]:
    content = json.loads(answer.body)
    assert answer.status == 400
    return content["__type"].partition("#")[2], content["message"]


def with_header(request: HttpRequest, name: bytes, old: bytes, new: bytes) -> HttpRequest:
    changed = request.headers[name].replace(old, new)
    assert changed != request.headers[name]
    return request._replace(headers=request.headers | {name: changed})


@pytest.mark.parametrize(
    "request_",
    [
        signed(),
        signed(token="a token"),
        signed(f"http://{HOST}/a%20b/../c//d/"),
        signed(f"http://{HOST}/?b=2&a=1&c"),
        signed(auth=QueryAuth),
    ],
    ids=["plain", "token", "path", "query", "in the query"],
)
def test_signatures_of_botocore_are_accepted(
    service: Service, engine: FakeEngine, request_: HttpRequest
) -> None:
    assert service.answer(request_).status == 200, service.answer(request_).body
    assert engine.calls[0][3] == "eu-central-1"


def test_signatures_of_adorm_are_accepted(service: Service) -> None:
    fixed = {"content-type": "application/x-amz-json-1.0"}
    signer = Signer(region="eu-central-1", host=HOST, headers=fixed)
    timestamp = signer.timestamp(int(time.time()))
    target = "DynamoDB_20120810.GetItem"
    credentials = Credentials(KEY_ID, SECRET, None)
    headers = fixed | {
        "host": HOST,
        "x-amz-date": timestamp,
        "x-amz-target": target,
        "authorization": signer.authorization(credentials, target, BODY, timestamp),
    }
    pairs = {name.encode(): value.encode() for name, value in headers.items()}
    answer = service.answer(HttpRequest(b"POST", b"/", pairs, BODY, keep_alive=True))
    assert answer.status == 200, answer.body


def test_commas_without_spaces_are_fine(service: Service) -> None:
    assert service.answer(with_header(signed(), b"authorization", b", ", b",")).status == 200


@pytest.mark.parametrize(
    "changed",
    [
        signed()._replace(body=BODY + b" "),
        signed()._replace(target=b"/other"),
        signed()._replace(target=b"/?a=1"),
        with_header(signed(), b"x-amz-target", b"GetItem", b"DeleteTable"),
        with_header(signed(), b"host", b"127", b"126"),
        with_header(signed(), b"authorization", b"AKTEST", b"AKOTHER"),
        with_header(signed(), b"authorization", b"eu-central-1", b"us-west-2"),
        signed(secret="wrong"),
    ],
    ids=["body", "path", "query", "target", "host", "key id", "region", "secret"],
)
def test_a_changed_request_is_refused(
    service: Service, engine: FakeEngine, changed: HttpRequest
) -> None:
    code, message = refused(service.answer(changed))
    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match")
    assert SECRET not in message
    assert not engine.calls


def test_an_unknown_key_id_is_refused(service: Service) -> None:
    assert refused(service.answer(signed(access_key_id="AKWHO"))) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )


@pytest.mark.parametrize(
    ("ahead_s", "words"), [(301, "Signature expired"), (-302, "Signature not yet current")]
)
def test_the_time_must_be_close(engine: FakeEngine, ahead_s: float, words: str) -> None:
    service = Service(
        engine, signatures=SignatureCheck({KEY_ID: SECRET}, now=lambda: time.time() + ahead_s)
    )
    code, message = refused(service.answer(signed()))
    assert code == "InvalidSignatureException"
    assert message.startswith(words)
    assert "5 min.)" in message


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        (b"HMAC-SHA256", b"HMAC-SHA25", "IncompleteSignatureException", "Unsupported AWS 'algor"),
        (b"host;", b"", "InvalidSignatureException", "'Host' must be a 'SignedHeader'"),
        (b"/aws4_request", b"", "IncompleteSignatureException", "Credential must have exactly 5"),
        (
            b"/dynamodb/",
            b"/s3/",
            "InvalidSignatureException",
            "Credential should be scoped to corr",
        ),
        (b"aws4_request", b"x", "InvalidSignatureException", "Credential should be scoped with a"),
        (b"AKTEST/20", b"AKTEST/19", "InvalidSignatureException", "Date in Credential scope does"),
    ],
)
def test_the_fault_of_a_credential_is_reported(
    service: Service, old: bytes, new: bytes, code: str, words: str
) -> None:
    answer = refused(service.answer(with_header(signed(), b"authorization", old, new)))
    assert answer[0] == code
    assert answer[1].startswith(words)


@pytest.mark.parametrize("date", [b"201", b"tomorrow", b"20261399T999999Z", b"\xff", b"9" * 50])
def test_a_date_must_be_one(service: Service, date: bytes) -> None:
    request = signed()
    answer = service.answer(request._replace(headers=request.headers | {b"x-amz-date": date}))
    assert refused(answer)[0] == "IncompleteSignatureException"


OLD_AUTHORIZATION = (
    b"AWS4-HMAC-SHA256 Credential=a/2/3/4/aws4_request SignedHeaders=x-amz-date;host Signature=123"
)


def test_the_order_of_checks_is_the_services(service: Service) -> None:
    """The time is checked first; a request of years ago is refused as too old."""
    headers = {
        b"content-type": b"application/x-amz-json-1.0",
        b"x-amz-target": b"DynamoDB_20120810.DescribeEndpoints",
        b"authorization": OLD_AUTHORIZATION,
    }
    for date, words in (
        (b"20170101T010101Z", "Signature expired"),
        (b"30200101T010101Z", "Signature not yet current"),
    ):
        request = HttpRequest(b"POST", b"/", headers | {b"x-amz-date": date}, b"", keep_alive=True)
        assert words in refused(service.answer(request))[1]
