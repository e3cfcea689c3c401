"""Bodies in gzip and deflate.

The facts about the service come from the tests of ScyllaDB's Alternator, which run on both.
"""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from adorm.memory.server import Service
from adorm.memory.server.compression import encoding_for
from adorm.memory.server.messages import HttpAnswer
from tests.memory.http_requests import content_of, headers_of, http_request
from tests.support.raw_http import FakeEngine

GOOD = gzip.compress(b'{"a":1}')


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


def ask(
    engine: FakeEngine, body: bytes, encoding: str, *, body_bytes: int = 16 * 1024 * 1024
) -> HttpAnswer:
    service = Service(engine, body_bytes=body_bytes)
    return service.answer(http_request(body, content_encoding=encoding))


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (GOOD, "gzip"),
        (GOOD, "GZIP"),
        (gzip.compress(b'{"a"') + gzip.compress(b":1}"), "gzip"),
        (GOOD + b"junk after it is overlooked", "gzip"),
        (b'{"a":1}', "identity"),
        (zlib.compress(b'{"a":1}'), "deflate"),
    ],
)
def test_compressed_requests_are_read(engine: FakeEngine, body: bytes, encoding: str) -> None:
    assert ask(engine, body, encoding).status == 200
    assert engine.requests == [{"a": 1}]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b'{"a":1}', "gzip"),
        (b'{"a":1}', "garbage"),
        (b'{"a":1}', "deflate"),
        (b"", "deflate"),
        (GOOD[:-1], "gzip"),
        (GOOD[:10], "gzip"),
        (b"", "gzip"),
        (GOOD + GOOD[:12], "gzip"),
    ],
)
def test_damaged_data_gets_the_services_500(engine: FakeEngine, body: bytes, encoding: str) -> None:
    answer = ask(engine, body, encoding)
    assert answer.status == 500
    assert content_of(answer) == {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}
    assert not engine.calls


def test_a_decompression_bomb_is_refused_before_it_is_decompressed(engine: FakeEngine) -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    spaces = b" " * 1024 * 1024
    bomb = b"".join(compressor.compress(spaces) for _ in range(200)) + compressor.flush()
    assert ask(engine, bomb, "gzip", body_bytes=1_000_000).status == 413
    assert (
        ask(engine, gzip.compress(b" " * 600_000) * 2, "gzip", body_bytes=1_000_000).status == 413
    )
    many = b"".join([gzip.compress(b"")] * 20_000) + GOOD
    assert ask(engine, many, "gzip").status == 200


def test_large_answers_are_compressed_for_those_who_take_it(engine: FakeEngine) -> None:
    service = Service(engine)
    text = ""
    for length, encoding in ((4000, None), (4096, "gzip")):
        text = "x" * (length - len('{"a":""}'))
        engine.answers["GetItem"] = lambda text=text: {"a": text}  # type: ignore[misc]
        answer = service.answer(http_request(accept_encoding="gzip"))
        headers = headers_of(answer)
        assert headers.get("content-encoding") == encoding
        assert headers["x-amz-crc32"] == str(zlib.crc32(answer.body))
        body = gzip.decompress(answer.body) if encoding else answer.body
        assert json.loads(body) == {"a": text}
    answer = service.answer(http_request(accept_encoding="deflate"))
    assert json.loads(zlib.decompress(answer.body)) == {"a": text}
    assert "content-encoding" not in headers_of(service.answer(http_request()))


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("identity", None),
        ("", None),
        ("br", None),
        ("x-gzip", None),
        ("gzip, deflate", "gzip"),
        ("br, identity, deflate, gzip", "deflate"),
        ("GZIP, identity", "gzip"),
        ("dog, gzip ,, cat", "gzip"),
        ("gzip;q=0.8, deflate;q=0.5", "gzip"),
        ("br, gzip;q=0, deflate; q = 0.5 , identity;q=0", "deflate"),
        ("*", "gzip"),
        ("*, deflate;q=0.5", "gzip"),
        ("*, deflate", "deflate"),
        ("*, gzip;q=0.5", "deflate"),
        ("gzip ;q=0", None),
        ("*;q=0", None),
        ("*;q=0.5,identity", "gzip"),
        ("gzip;q=0.5,identity;q=0.8", "gzip"),
        ("br;q=0.8,identity;q=0.5,*;q=0", None),
        ('"gzip"', None),
        ("gzip br", None),
        ("gzip:q=1", None),
        ("deflate;q=0.5, gzip;q=31", "gzip"),
        ("gzip;q=31,deflate;q=51", "gzip"),
        ("deflate;q=0.5, gzip;q=1;q=0.2", "gzip"),
        ("deflate;q=0.5,gzip;q=0.", "deflate"),
        ("deflate;q=0.5,gzip;q=0.x", "gzip"),
        ("deflate;q=-0.5,gzip;q=0.2", "gzip"),
        ("gzip;nq=0;q=1", None),
        ("gzip;q= 0;q=1", None),
        ("gzip; q=0;q=1", None),
        ("gzip;q =0;q=1", "gzip"),
        ("gzip;q=0, gzip;q=1, gzip;q=0", "gzip"),
        ("br,identity;q=0.5,gzip;q=0.0001", "gzip"),
    ],
)
def test_the_encoding_is_the_one_the_service_takes(accepted: str, chosen: str | None) -> None:
    assert encoding_for(accepted.encode()) == (None if chosen is None else chosen.encode())
