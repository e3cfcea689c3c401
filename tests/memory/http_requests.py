"""Requests to the server's service, and the parts of its answers."""

from __future__ import annotations

import json
import zlib
from typing import Any

from adorm.memory.server.messages import HttpAnswer, HttpRequest
from tests.support.raw_http import AUTHORIZATION

HEADERS = {
    "host": "127.0.0.1:8000",
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "DynamoDB_20120810.GetItem",
    "x-amz-date": "20260101T000000Z",
    "authorization": AUTHORIZATION,
}


def http_request(
    body: bytes = b"{}", *, method: str = "POST", target: str = "/", **headers: str | None
) -> HttpRequest:
    sent = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    pairs = {
        name.encode(): value.encode("latin-1") for name, value in sent.items() if value is not None
    }
    return HttpRequest(method.encode(), target.encode("latin-1"), pairs, body, keep_alive=True)


def headers_of(answer: HttpAnswer) -> dict[str, str]:
    lines = answer.headers.decode().split("\r\n")[:-1]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def content_of(answer: HttpAnswer) -> Any:
    assert headers_of(answer)["x-amz-crc32"] == str(zlib.crc32(answer.body))
    return json.loads(answer.body)
