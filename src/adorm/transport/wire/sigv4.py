"""AWS Signature Version 4: for DynamoDB's requests, and for a single request to any service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from hashlib import sha256

from adorm.errors import UsageError
from adorm.transport.credentials.credentials import Credentials

BLOCK_BYTES = 64
"""The block size of SHA-256."""

DATE = "x-amz-date"
TOKEN = "x-amz-security-token"  # noqa: S105  # a header's name
TARGET = "x-amz-target"


class Signer:
    """Signs the requests to one host, path and region.

    What is the same in two requests is made once: the header lines when the signer is made, the
    signing key and the token's line when the credentials or the day (in UTC) change.

    Args:
        headers: further headers that every request has with the same value; they are signed too.
    """

    __slots__ = (
        "_after_target",
        "_authorization",
        "_before_date",
        "_before_target",
        "_before_token",
        "_credentials",
        "_day",
        "_fixed",
        "_method",
        "_path",
        "_region",
        "_scope",
        "_second",
        "_service",
        "_sign",
        "_timestamp",
        "_to_target",
    )

    def __init__(
        self,
        *,
        region: str,
        host: str,
        path: str = "/",
        method: str = "POST",
        service: str = "dynamodb",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._region = region
        self._service = service
        self._method = method.upper()
        self._path = canonical_path(path)
        self._fixed = {
            name.lower(): trimmed(value)
            for name, value in {**(headers or {}), "host": host}.items()
        }
        taken = self._fixed.keys() & {DATE, TOKEN, TARGET}
        if taken:
            raise UsageError(f"the signer itself writes {', '.join(sorted(taken))}")
        self._before_date = f"{self._method}\n{self._path}\n\n{self._lines('', DATE)}{DATE}:"
        self._before_token = self._lines(DATE, TOKEN)
        self._before_target = f"{self._lines(TOKEN, TARGET)}{TARGET}:"
        self._credentials: Credentials | None = None
        self._day = ""
        self._sign = hmac_sha256(b"")
        self._scope = ""
        self._authorization = ""
        self._to_target = ""
        self._after_target = ""
        self._second = -1
        self._timestamp = ""

    def timestamp(self, epoch_s: int) -> str:
        """`20261121T083000Z`."""
        if epoch_s != self._second:
            self._timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch_s))
            self._second = epoch_s
        return self._timestamp

    def authorization(
        self, credentials: Credentials, target: str, body: bytes, timestamp: str
    ) -> str:
        """The value of the `authorization` header.

        The request must carry, besides the fixed headers, `x-amz-date` with this `timestamp`,
        `x-amz-target` with this `target` and, if the credentials have one, `x-amz-security-token`.
        """
        if credentials is not self._credentials or timestamp[:8] != self._day:
            self._prepare(credentials, timestamp[:8])
        body_hash = sha256(body).hexdigest()
        canonical = (
            f"{self._before_date}{timestamp}\n{self._to_target}{target}\n"
            f"{self._after_target}{body_hash}"
        )
        canonical_hash = sha256(canonical.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{timestamp}\n{self._scope}\n{canonical_hash}"
        return f"{self._authorization}{self._sign(to_sign.encode())}"

    def _prepare(self, credentials: Credentials, day: str) -> None:
        key = signing_key(credentials, day, self._region, self._service)
        token = credentials.session_token
        names = sorted({*self._fixed, DATE, TARGET} | ({TOKEN} if token else set()))
        signed = ";".join(names)
        self._scope = f"{day}/{self._region}/{self._service}/aws4_request"
        self._authorization = _authorization(credentials, self._scope, signed)
        token_line = f"{TOKEN}:{trimmed(token)}\n" if token else ""
        self._to_target = f"{self._before_token}{token_line}{self._before_target}"
        self._after_target = f"{self._lines(TARGET, None)}\n{signed}\n"
        self._sign, self._day, self._credentials = hmac_sha256(key), day, credentials

    def _lines(self, after: str, before: str | None) -> str:
        """The lines of the fixed headers that are sorted between two names."""
        return "".join(
            f"{name}:{value}\n"
            for name, value in sorted(self._fixed.items())
            if name > after and (before is None or name < before)
        )


def signed_headers(
    credentials: Credentials,
    *,
    region: str,
    service: str,
    host: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    epoch_s: float,
) -> dict[str, str]:
    """The headers of one signed POST request to any service, by lower-case name, without `host`.

    They are those given, the date, the session token and the signature.
    """
    timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch_s))
    day = timestamp[:8]
    sent = {name.lower(): value for name, value in headers.items()} | {DATE: timestamp}
    if credentials.session_token:
        sent[TOKEN] = credentials.session_token
    lines = sorted({**sent, "host": host}.items())
    names = ";".join(name for name, _ in lines)
    canonical_lines = "".join(f"{name}:{trimmed(value)}\n" for name, value in lines)
    canonical = (
        f"POST\n{canonical_path(path)}\n\n{canonical_lines}\n{names}\n{sha256(body).hexdigest()}"
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac_sha256(signing_key(credentials, day, region, service))(to_sign.encode())
    sent["authorization"] = f"{_authorization(credentials, scope, names)}{signature}"
    return sent


def _authorization(credentials: Credentials, scope: str, signed: str) -> str:
    """The value of the `authorization` header up to the signature."""
    credential = f"{credentials.access_key_id}/{scope}"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature="


def signing_key(credentials: Credentials, day: str, region: str, service: str) -> bytes:
    """The key that signs all requests of a day (`20261121`, in UTC) to a service in a region."""
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = bytes.fromhex(hmac_sha256(key)(part.encode()))
    return key


def hmac_sha256(key: bytes) -> Callable[[bytes], str]:
    """A function that gives the HMAC-SHA256 of a message under this key, in hexadecimal.

    From the second message on it takes a third of the time of `hmac.digest`, which hashes the two
    blocks of the key for every message.
    https://www.rfc-editor.org/rfc/rfc2104
    """
    block = (sha256(key).digest() if len(key) > BLOCK_BYTES else key).ljust(BLOCK_BYTES, b"\0")
    inner_key = sha256(bytes(byte ^ 0x36 for byte in block))
    outer_key = sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(message: bytes) -> str:
        inner, outer = inner_key.copy(), outer_key.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.hexdigest()

    return sign


def canonical_path(path: str) -> str:
    """The path as it is signed: without dot segments and doubled slashes, then encoded once more.

    So `/a%20b` is signed as `/a%2520b`. This is the rule of every service but S3.
    """
    if path == "/":
        return path
    from urllib.parse import quote

    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    tail = "/" if kept and path.endswith("/") else ""
    return quote(f"/{'/'.join(kept)}{tail}", safe="/~")


def trimmed(value: str) -> str:
    """A header's value as it is signed: no white space around it, single spaces inside."""
    return " ".join(value.split())
