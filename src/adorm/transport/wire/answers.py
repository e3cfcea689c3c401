"""What an answer with another status than 200 means. Loaded by the first of them.

It may come from a proxy or another server on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

import orjson

from adorm.dynamodb.codes import CREDENTIALS_REFUSED, code_of
from adorm.errors import MESSAGE_CHARACTERS, ConnectionFailed, ServiceError
from adorm.support.printable_text import shown
from adorm.transport.errors import misshapen, service_error
from adorm.transport.redaction import LOOKED_AT, presentable
from adorm.transport.wire.answer_parser import Response

CLOCK_TOLERANCE_S = 30.0
"""A smaller difference between the clocks is not corrected. DynamoDB allows five minutes, so it is
not why a signature was refused."""

SHOWN_CHARACTERS = 120
"""The most characters of another server's answer in a message."""

MAX_RETRY_AFTER_S = 1e9
"""A `Retry-After` of any number of digits stays finite."""


def error_of_answer(
    operation: str,
    response: Response,
    *,
    endpoint_url: str,
    secrets: Iterable[str | None] = (),
    request: object = None,
) -> ServiceError | ConnectionFailed:
    """The error for an answer with another status than 200.

    Args:
        secrets: cut out of the message, and the values in `request` too. Some proxies send back the
            request, and so does AWS if a signature does not fit.
        request: the request's parameters.
    """
    secrets = tuple(secrets)
    status, headers, body = response
    request_id = shown(_text(headers.get(b"x-amzn-requestid"))) or None
    retry_after_s = _retry_after_s(headers)
    if 200 <= status < 300:
        return ConnectionFailed(
            f"the answer has the HTTP status {status}; DynamoDB sends 200", maybe_applied=True
        )
    parsed = None if 300 <= status < 400 else _json_object(body)
    if parsed is None:
        foreign = _foreign(response, endpoint_url, secrets, request)
        parsed = {"__type": _code(status), "message": foreign}
    else:
        for name in ("message", "Message"):
            if isinstance(parsed.get(name), str):
                parsed[name] = presentable(parsed[name], secrets, request, MESSAGE_CHARACTERS)
        if (problem := misshapen(parsed)) is not None:
            problem = f"the error answer, HTTP {status}, can't be read: {problem}"
            return ConnectionFailed(problem, maybe_applied=True)
    return service_error(
        parsed,
        operation=operation,
        status=status,
        request_id=request_id,
        retry_after_s=retry_after_s,
    )


def clock_offset_s(error: Exception, response: Response, now: datetime) -> float | None:
    """By how many seconds DynamoDB's clock is ahead of `now`; None if the error is not about time.

    0 if the difference is below `CLOCK_TOLERANCE_S`.
    """
    if (
        not isinstance(error, ServiceError)
        or code_of(error.code, error.status).treatment != "renew"
        or error.code in CREDENTIALS_REFUSED
    ):
        return None
    server_time = _moment(response.headers.get(b"date"))
    if server_time is None:
        return None
    offset_s = (server_time - now).total_seconds()
    return offset_s if abs(offset_s) > CLOCK_TOLERANCE_S else 0.0


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        parsed: object = orjson.loads(body)
    except ValueError:
        return None
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) and parsed else None


TOO_LARGE = 413


def _code(status: int) -> str:
    """The status in words, as AWS writes codes: `ServiceUnavailable`, `RequestEntityTooLarge`."""
    if status == TOO_LARGE:
        return "RequestEntityTooLarge"  # Python 3.13 names it ContentTooLarge
    from http import HTTPStatus

    try:
        words = HTTPStatus(status).phrase.replace("-", " ").split()
    except ValueError:
        return f"Status{status}"
    return "".join(word[:1].upper() + word[1:] for word in words)


def _foreign(
    response: Response, endpoint_url: str, secrets: Iterable[str | None], request: object
) -> str:
    status, headers, body = response
    location = headers.get(b"location")
    if 300 <= status < 400:
        where = f" to {_shown(location, secrets, request)}" if location else ""
        return (
            f"{endpoint_url} is not DynamoDB's endpoint: it redirects{where}. adorm follows no "
            "redirect: correct endpoint_url or region"
        )
    kind = shown(_text(headers.get(b"content-type"))) or "no content type"
    content = f": {_shown(body, secrets, request)}" if body else ""
    size = " (the request is larger than it takes)" if status == TOO_LARGE else ""
    return (
        f"{endpoint_url} answered HTTP {status}{size} with {kind}, which is not an answer of "
        f"DynamoDB's{content}"
    )


def _shown(raw: bytes, secrets: Iterable[str | None], request: object) -> str:
    text = raw[:LOOKED_AT].decode("utf-8", "replace")
    return repr(presentable(text, secrets, request, SHOWN_CHARACTERS))


def _retry_after_s(headers: dict[bytes, bytes]) -> float | None:
    """`Retry-After` in seconds; the header holds seconds or a date."""
    raw = _text(headers.get(b"retry-after")).strip()
    if not raw:
        return None
    if raw.isascii() and raw.isdigit():
        return min(float(raw), MAX_RETRY_AFTER_S)
    moment, now = _moment(raw.encode()), _moment(headers.get(b"date"))
    if moment is None or now is None:
        return None
    return max(0.0, (moment - now).total_seconds())


def _moment(raw: bytes | None) -> datetime | None:
    from email.utils import parsedate_to_datetime  # slow to import and seldom used

    try:
        moment = parsedate_to_datetime(_text(raw))
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _text(raw: bytes | None) -> str:
    return "" if raw is None else raw.decode("latin-1")
