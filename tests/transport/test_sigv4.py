"""The signer against botocore's own."""

from __future__ import annotations

import hashlib
import importlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from adorm.errors import UsageError
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.sigv4 import Signer, canonical_path, signed_headers

PLAIN = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
ODD = st.characters(max_codepoint=0x2FFF, categories=["L", "N", "P", "S"], include_characters=" ")
SEGMENTS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="?#/\\[]"), max_size=8
) | st.sampled_from([".", "..", "", "%20", "~"])
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
UNSIGNED_BY_BOTOCORE: list[str] = importlib.import_module("botocore.auth").SIGNED_HEADERS_BLACKLIST
HEADER_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,6}){0,2}", fullmatch=True).filter(
    lambda name: (
        name
        not in {
            "host",
            "x-amz-date",
            "x-amz-target",
            "x-amz-security-token",
            *UNSIGNED_BY_BOTOCORE,
            "authorization",
        }
    )
)


def botocore_authorization(
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
    credentials: Credentials,
    region: str,
    service: str,
    timestamp: str,
) -> str:
    auth: Any = importlib.import_module("botocore.auth")
    awsrequest: Any = importlib.import_module("botocore.awsrequest")
    keys: Any = importlib.import_module("botocore.credentials")
    request = awsrequest.AWSRequest(method=method, url=url, headers=headers, data=body)
    request.context["timestamp"] = timestamp
    theirs = keys.Credentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token
    )
    signer = auth.SigV4Auth(theirs, service, region)
    request.headers["X-Amz-Date"] = timestamp
    if credentials.session_token:
        request.headers["X-Amz-Security-Token"] = credentials.session_token
    canonical = signer.canonical_request(request)
    signer._inject_signature_to_request(
        request, signer.signature(signer.string_to_sign(request, canonical), request)
    )
    return str(request.headers["Authorization"])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(["POST", "GET", "PUT", "post"]),
    segments=st.lists(SEGMENTS, max_size=4),
    labels=st.lists(LABELS, min_size=1, max_size=3),
    port=st.none() | st.integers(1024, 65535),
    body=st.binary(max_size=200) | st.text(ODD, max_size=50).map(str.encode),
    target=st.text(PLAIN, min_size=1, max_size=30),
    token=st.none() | st.text(ODD, min_size=1, max_size=60).filter(lambda text: bool(text.strip())),
    key_id=st.text(PLAIN, min_size=1, max_size=20),
    secret=st.text(ODD, min_size=1, max_size=40),
    headers=st.dictionaries(HEADER_NAMES, st.text(ODD, max_size=20), max_size=4),
    region=LABELS,
    service=st.sampled_from(["dynamodb", "sts"]),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),
)
def test_signatures_equal_those_of_botocore(
    method: str,
    segments: list[str],
    labels: list[str],
    port: int | None,
    body: bytes,
    target: str,
    token: str | None,
    key_id: str,
    secret: str,
    headers: dict[str, str],
    region: str,
    service: str,
    at: datetime,
) -> None:
    credentials = Credentials(key_id, secret, token)
    host = ".".join(labels) + (f":{port}" if port else "")
    path = "/" + "/".join(segments)
    if path.startswith("//"):
        path = "/x" + path  # urlsplit would take what follows "//" for a host
    signer = Signer(
        region=region, host=host, path=path, method=method, service=service, headers=headers
    )
    timestamp = signer.timestamp(int(at.replace(tzinfo=UTC).timestamp()))
    assert timestamp == at.strftime("%Y%m%dT%H%M%SZ")
    theirs = botocore_authorization(
        method,
        f"https://{host}{path}",
        {**headers, "x-amz-target": target},
        body,
        credentials,
        region,
        service,
        timestamp,
    )
    assert signer.authorization(credentials, target, body, timestamp) == theirs
    assert (
        signer.authorization(credentials, target, body, timestamp) == theirs
    )  # from the cached key


def test_one_signer_follows_the_day_and_the_credentials() -> None:
    signer = Signer(
        region="eu-central-1",
        host="dynamodb.eu-central-1.amazonaws.com",
        headers={"content-type": "application/x-amz-json-1.0"},
    )
    first, second = Credentials("AK1", "one"), Credentials("AK2", "two", "token")
    moments = [
        int(datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC).timestamp()) + second_
        for second_ in range(3)
    ]
    for credentials in (first, second, first):
        for moment in moments:
            timestamp = signer.timestamp(moment)
            theirs = botocore_authorization(
                "POST",
                "https://dynamodb.eu-central-1.amazonaws.com/",
                {
                    "content-type": "application/x-amz-json-1.0",
                    "x-amz-target": "DynamoDB_20120810.GetItem",
                },
                b"{}",
                credentials,
                "eu-central-1",
                "dynamodb",
                timestamp,
            )
            assert (
                signer.authorization(credentials, "DynamoDB_20120810.GetItem", b"{}", timestamp)
                == theirs
            )


def test_a_different_body_gets_a_different_signature() -> None:
    signer = Signer(region="eu-central-1", host="localhost")
    credentials = Credentials("AK", "secret")
    signatures = {
        signer.authorization(
            credentials, "T", hashlib.sha256(bytes([n])).digest(), "20261121T083000Z"
        )
        for n in range(50)
    }
    assert len(signatures) == 50


@pytest.mark.parametrize(
    ("path", "signed"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a//b/", "/a/b/"),
        ("/a/./b/../c", "/a/c"),
        ("/../x", "/x"),
        ("/a%20b", "/a%2520b"),
        ("/~u", "/~u"),
    ],
)
def test_paths_are_signed_without_dots_and_encoded_once_more(path: str, signed: str) -> None:
    assert canonical_path(path) == signed


@pytest.mark.parametrize("name", ["x-amz-date", "X-Amz-Target", "x-amz-security-token"])
def test_headers_that_the_signer_writes_itself_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name.lower()):
        Signer(region="eu-central-1", host="localhost", headers={name: "x"})


@pytest.mark.parametrize("token", [None, "a token"])
def test_a_single_request_of_another_service_is_signed_as_botocore_signs_it(
    token: str | None,
) -> None:
    credentials = Credentials("AKID", "s/e+c", token)
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    body = b"Action=AssumeRole&Version=2011-06-15"
    sent = signed_headers(
        credentials,
        region="eu-central-1",
        service="sts",
        host="sts.example:8080",
        path="/a b//c",
        headers=headers,
        body=body,
        epoch_s=1_800_000_000.5,
    )
    timestamp = sent["x-amz-date"]
    assert timestamp == datetime.fromtimestamp(1_800_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")
    theirs = botocore_authorization(
        "POST",
        "https://sts.example:8080/a b//c",
        headers,
        body,
        credentials,
        "eu-central-1",
        "sts",
        timestamp,
    )
    assert sent["authorization"] == theirs
    assert sent.get("x-amz-security-token") == token
