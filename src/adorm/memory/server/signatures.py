"""Internal: checks signatures of version 4 in the service's order and with its messages.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, quote

from adorm.memory.errors import EngineError
from adorm.memory.server.authorization import Authorization
from adorm.memory.server.messages import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
ALLOWED_MINUTES = 5
"""The largest difference between the time of a request and the server's time."""

TIME_FORMAT = "%Y%m%dT%H%M%SZ"


class SignatureCheck:
    """Refuses requests that are not signed with one of the known secrets.

    Args:
        secrets: the secret access key by access key id.
        now: seconds since 1970.
    """

    def __init__(self, secrets: Mapping[str, str], *, now: Callable[[], float] = time.time) -> None:
        self._secrets = dict(secrets)
        self._now = now

    def check(self, request: HttpRequest, authorization: Authorization) -> None:
        """Refuse a request with a wrong signature.

        Raises:
            EngineError: the signature is too old, incomplete, by an unknown key, or wrong.
        """
        timestamp = _timestamp(authorization)
        self._check_time(timestamp)
        names = authorization.signed_headers.lower().split(";")
        if "host" not in names:
            raise _wrong("'Host' must be a 'SignedHeader' in the AWS Authorization.")
        if authorization.algorithm != ALGORITHM:
            raise _incomplete(
                f"Unsupported AWS 'algorithm': '{authorization.algorithm}'"
                f" (only {ALGORITHM} for now). "
            )
        access_key_id, day, region, service, end = _scope(authorization.credential)
        _check_scope(timestamp, day, service, end)
        secret = self._secrets.get(access_key_id)
        if secret is None:
            raise EngineError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        scope = f"{day}/{region}/{service}/{end}"
        canonical = hashlib.sha256(_canonical_request(request, authorization, names)).hexdigest()
        to_sign = f"{ALGORITHM}\n{timestamp}\n{scope}\n{canonical}"
        key = f"AWS4{secret}".encode()
        for part in (day, region, service, end):
            key = hmac.digest(key, part.encode(), "sha256")
        expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
            raise _wrong(
                "The request signature we calculated does not match the signature you provided."
                " Check your AWS Secret Access Key and signing method."
                " Consult the service documentation for details."
            )

    def _check_time(self, timestamp: str) -> None:
        now = self._now()
        here = _text_of(now)
        earliest = _text_of(now - ALLOWED_MINUTES * 60)
        latest = _text_of(now + ALLOWED_MINUTES * 60)
        if timestamp < earliest:
            raise _wrong(
                f"Signature expired: {timestamp} is now earlier than {earliest}"
                f" ({here} - {ALLOWED_MINUTES} min.)"
            )
        if timestamp > latest:
            raise _wrong(
                f"Signature not yet current: {timestamp} is still later than {latest}"
                f" ({here} + {ALLOWED_MINUTES} min.)"
            )


def _wrong(message: str) -> EngineError:
    return EngineError("InvalidSignatureException", message)


def _incomplete(message: str) -> EngineError:
    return EngineError("IncompleteSignatureException", message)


def _text_of(epoch_s: float) -> str:
    return time.strftime(TIME_FORMAT, time.gmtime(epoch_s))


def _timestamp(authorization: Authorization) -> str:
    """The signed time of a request: `20261121T083000Z`."""
    date = authorization.date
    try:
        return time.strftime(TIME_FORMAT, time.strptime(date, TIME_FORMAT))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(date).strftime(TIME_FORMAT)
    except (ValueError, TypeError, OverflowError):
        raise _incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{date}'."
            " See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None


def _scope(credential: str) -> tuple[str, str, str, str, str]:
    parts = credential.rstrip("/").split("/")
    if len(parts) != 5:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements,"
            f" e.g. keyid/date/region/service/term, got '{credential}'"
        )
    access_key_id, day, region, service, end = parts
    return access_key_id, day, region, service, end


def _check_scope(timestamp: str, day: str, service: str, end: str) -> None:
    problems: list[str] = []
    if service != "dynamodb":
        problems.append("Credential should be scoped to correct service: 'dynamodb'. ")
    if end != "aws4_request":
        problems.append(
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{end}'. "
        )
    if day != timestamp[:8]:
        problems.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from"
            f" HTTP: '{day}' != '{timestamp[:8]}', from '{timestamp}'."
        )
    if problems:
        raise _wrong("".join(problems))


def _canonical_request(
    request: HttpRequest, authorization: Authorization, names: list[str]
) -> bytes:
    path, _, query = request.target.decode("latin-1").partition("?")
    lines = [
        request.method.decode(),
        _canonical_path(path),
        _canonical_query(query),
        *(f"{name}:{_header(request, name)}" for name in names),
        "",
        authorization.signed_headers,
        hashlib.sha256(request.body).hexdigest(),
    ]
    return "\n".join(lines).encode("latin-1", "replace")


def _header(request: HttpRequest, name: str) -> str:
    value = request.headers.get(name.encode("latin-1", "replace"), b"")
    return " ".join(value.decode("latin-1").split())


def _canonical_path(path: str) -> str:
    """The path in the form that is signed.

    It has no dot segments and no doubled slashes, and is encoded once more.
    """
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    tail = "/" if kept and path.endswith("/") else ""
    return quote(f"/{'/'.join(kept)}{tail}", safe="/~")


def _canonical_query(query: str) -> str:
    pairs = [
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
