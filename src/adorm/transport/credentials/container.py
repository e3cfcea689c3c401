"""Credentials from the endpoint of a container's host: ECS, EKS Pod Identity, Lambda SnapStart,
Greengrass.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import orjson

from adorm.clock import SYSTEM_CLOCK, Clock
from adorm.errors import AccessDenied, ConnectionFailed, UsageError
from adorm.transport.credentials.credentials import Credentials, utc_datetime
from adorm.transport.wire.connector import tls_context
from adorm.transport.wire.endpoint import DEFAULT_PORTS, Endpoint, is_host
from adorm.transport.wire.fetch import fetch

RELATIVE_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105  # a variable's name
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105  # a variable's name

ECS_HOST = "169.254.170.2"
PLAIN_HTTP_HOSTS = frozenset({ECS_HOST, "169.254.170.23", "fd00:ec2::23", "localhost"})
"""Hosts that may be asked by plain http, besides loopback addresses: those of ECS and of EKS Pod
Identity."""

ATTEMPTS = 3
ATTEMPT_LIMIT_S = 5.0
FIRST_PAUSE_S = 0.2
"""The pause after the first attempt; the one after the second is twice as long."""
MAX_TOKEN_BYTES = 64 * 1024
OPERATION = "GetContainerCredentials"

_TARGET = re.compile(r"/[!-~]*", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9.]{1,64}", re.ASCII)


class ContainerCredentials:
    """Credentials from the endpoint that a container's environment names.

    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS) or AWS_CONTAINER_CREDENTIALS_FULL_URI names the
    endpoint, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN the token.
    Each load reads them again, since a restored snapshot and a rotated token change them. The full
    URI must be https, or http to a loopback address, 169.254.170.2, 169.254.170.23 or
    [fd00:ec2::23]. No proxy is used. There are at most three attempts of 5 s each.

    Args:
        environ: read instead of `os.environ`.
        clock: waits between attempts.
    """

    __slots__ = ("_clock", "_environ")

    def __init__(
        self, environ: Mapping[str, str] | None = None, *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._clock = clock

    def __repr__(self) -> str:
        return "ContainerCredentials()"

    def present(self) -> bool:
        """Whether the environment names an endpoint."""
        return bool(self._environ.get(RELATIVE_URI) or self._environ.get(FULL_URI))

    async def load(self) -> Credentials:
        """Ask for credentials now.

        Raises:
            UsageError: the environment names no endpoint, one that must not be asked, or a token
                that can't be sent.
            AccessDenied: the endpoint refuses: a status from 400 to 499, except 429.
            ConnectionFailed: no answer, or one without credentials.
        """
        endpoint, headers = self._endpoint(), self._headers()
        authorities = self._environ.get("AWS_CA_BUNDLE") or None
        tls = tls_context(authorities) if endpoint.scheme == "https" else None
        attempt = 1
        while True:
            try:
                status, _, body = await fetch(
                    endpoint, headers=headers, tls=tls, limit_s=ATTEMPT_LIMIT_S
                )
                return _read(endpoint, status, body)
            except ConnectionFailed as error:
                if attempt == ATTEMPTS:
                    what = f"the container's credentials could not be fetched: {error.problem}"
                    raise ConnectionFailed(what, maybe_applied=False, attempts=attempt) from error
            await self._clock.sleep(FIRST_PAUSE_S * attempt)
            attempt += 1

    def _endpoint(self) -> Endpoint:
        relative = self._environ.get(RELATIVE_URI)
        if relative:
            if not _TARGET.fullmatch(relative):
                # Its value is not shown: on ECS it gives access to the credentials.
                raise UsageError(
                    f"{RELATIVE_URI} must be a path that begins with / and holds only plain "
                    "characters"
                )
            return Endpoint("http", ECS_HOST, DEFAULT_PORTS["http"], relative, "")
        full = self._environ.get(FULL_URI)
        if not full:
            raise UsageError(
                f"no container credentials: neither {RELATIVE_URI} nor {FULL_URI} is set"
            )
        return _full(full)

    def _headers(self) -> Mapping[str, str]:
        token = self._environ.get(TOKEN)
        path = self._environ.get(TOKEN_FILE)
        if path:
            try:
                with Path(path).open("rb") as file:
                    token = file.read(MAX_TOKEN_BYTES).decode("ascii")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not ASCII"
                raise UsageError(
                    f"the file {path!r} ({TOKEN_FILE}) can't be read: {reason}"
                ) from None
        if not token:
            return {"accept": "application/json"}
        if not (token.isascii() and token.isprintable()):
            raise UsageError(
                f"the token of {TOKEN_FILE if path else TOKEN} holds a line end or another "
                "character that can't be sent"
            )
        return {"accept": "application/json", "authorization": token}


def _full(url: str) -> Endpoint:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"{FULL_URI} is not a URL") from None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or parts.username is not None
        or parts.password is not None
        or parts.fragment
    ):
        raise UsageError(f"{FULL_URI} must read like https://host/path, without user or fragment")
    if not is_host(host):
        raise UsageError(
            f"{FULL_URI} names a host that can't exist: the parts of a name have 1 to 63 letters, "
            "digits or hyphens each"
        )
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    if scheme == "http" and not _may_be_plain(host):
        raise UsageError(
            f"{FULL_URI} names {host!r} by http, and credentials must not be sent without TLS: "
            f"only loopback addresses, {', '.join(sorted(PLAIN_HTTP_HOSTS))} may be asked by http"
        )
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    if not (_TARGET.fullmatch(target) and url.isprintable()):
        raise UsageError(f"{FULL_URI} holds a character that can't be sent")
    return Endpoint(scheme, host, port if port is not None else DEFAULT_PORTS[scheme], target, "")


def _may_be_plain(host: str) -> bool:
    if host in PLAIN_HTTP_HOSTS:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False  # not even a name that stands for loopback today
    return address.is_loopback or str(address) in PLAIN_HTTP_HOSTS


def _read(endpoint: Endpoint, status: int, body: bytes) -> Credentials:
    """The credentials in an answer.

    Errors show nothing of its body but a code: it may hold secrets, whatever its status.
    """
    where = f"{endpoint.scheme}://{endpoint.authority}"

    def unusable(answered: str) -> ConnectionFailed:
        return ConnectionFailed(f"{where} answered {answered}", maybe_applied=False)

    try:
        parsed: object = orjson.loads(body)
    except ValueError:
        parsed = None
    fields: Mapping[str, Any] = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    if status != 200:
        code = str(fields.get("code") or fields.get("Code") or "")
        if not _CODE.fullmatch(code):
            code = f"Status{status}"
        if 400 <= status < 500 and status != 429:
            raise AccessDenied(
                f"{where} refused to give the container's credentials: look at the role of the "
                "task, pod or function, and at the token",
                code=code,
                operation=OPERATION,
                status=status,
            )
        raise unusable(f"HTTP {status} ({code})")
    access_key_id, secret_access_key = fields.get("AccessKeyId"), fields.get("SecretAccessKey")
    token, expiration = fields.get("Token"), fields.get("Expiration")
    if not (isinstance(access_key_id, str) and isinstance(secret_access_key, str)):
        raise unusable("without AccessKeyId and SecretAccessKey")
    if not (isinstance(token, str | None) and isinstance(expiration, str | None)):
        raise unusable("with a Token or Expiration that is not text")
    try:
        expires_at = utc_datetime(expiration) if expiration else None
        return Credentials(access_key_id, secret_access_key, token or None, expires_at)
    except ValueError:  # of the time, or a UsageError of the others: its text may show a value
        raise unusable("with credentials that can't be used") from None
