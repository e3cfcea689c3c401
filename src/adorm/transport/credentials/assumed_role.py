"""Credentials of a role: one signed request to STS, by adorm's own HTTP client.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import os
import random
import re
import ssl
from collections.abc import Mapping
from urllib.parse import urlencode

from adorm.clock import Clock, current_clock
from adorm.dynamodb.codes import CREDENTIALS_REFUSED, code_of
from adorm.errors import AccessDenied, ConnectionFailed, ServiceError, Throttled, UsageError
from adorm.transport.credentials.aws_session import SessionHolder
from adorm.transport.credentials.credentials import Credentials, CredentialsSource, cached
from adorm.transport.credentials.default_chain import DefaultCredentials
from adorm.transport.credentials.sts_answers import OPERATION, assumed, sts_error
from adorm.transport.wire.answers import clock_offset_s
from adorm.transport.wire.connector import tls_context
from adorm.transport.wire.endpoint import Endpoint
from adorm.transport.wire.fetch import fetch
from adorm.transport.wire.find_endpoint import find_endpoint, refuse_proxy
from adorm.transport.wire.sigv4 import signed_headers

ATTEMPTS = 3
ATTEMPT_LIMIT_S = 5.0
BASE_PAUSE_S = 0.2
DEFAULT_DURATION_S = 3600
DEFAULT_SESSION_NAME = "adorm"
CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]{1,1900}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


class AssumedRole:
    """The temporary credentials of a role:
    `adorm.connect(credentials=adorm.AssumedRole("arn:aws:iam::123456789012:role/orders"))`.

    Args:
        role_arn: `arn:aws:iam::<account>:role/<name>`.
        external_id: what the role's trust policy demands, 2 to 1224 characters; reprs and errors do
            not show it.
        session_name: the caller's name in CloudTrail, 2 to 64 letters, digits or `+=,.@-_`.
        duration_s: how long the credentials are valid, 900 to 43200 s, at most what the role
            allows, and at most 3600 s if a role assumes a role. Default 3600.
        source: the credentials that assume the role: `Credentials` or another source; by default
            those of the environment, then AWS's chain.
        region: the region of STS; by default found as for a database.
        sts_endpoint_url: another STS; by default AWS_ENDPOINT_URL_STS, or AWS's own.
        clock: by default the current one.
        environ: read instead of `os.environ`.

    A load makes at most three attempts of 5 s each. A database fetches the credentials once for all
    waiting calls, and again before they expire.

    Raises:
        UsageError: an argument that STS would refuse.
    """

    def __init__(
        self,
        role_arn: str,
        *,
        external_id: str | None = None,
        session_name: str = DEFAULT_SESSION_NAME,
        duration_s: int = DEFAULT_DURATION_S,
        source: Credentials | CredentialsSource | None = None,
        region: str | None = None,
        sts_endpoint_url: str | None = None,
        clock: Clock | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        check_role(role_arn, external_id, session_name, duration_s)
        self._role_arn = role_arn
        self._external_id = external_id
        self._session_name = session_name
        self._duration_s = duration_s
        self._region = region
        self._sts_endpoint_url = sts_endpoint_url
        self._clock = clock or current_clock()
        self._environ = os.environ if environ is None else environ
        session = SessionHolder()
        self._holder = lambda: session
        if source is None:
            source = DefaultCredentials(self._environ, holder=self._holder, clock=self._clock)
        self._source = cached(source, self._clock)
        self._endpoint: Endpoint | None = None
        self._tls: ssl.SSLContext | None = None
        self._offset_s = 0.0

    def __repr__(self) -> str:
        return f"AssumedRole({self._role_arn!r})"

    async def load(self) -> Credentials:
        """Assume the role now.

        Raises:
            AccessDenied: the caller may not assume the role, or its credentials are refused.
            Throttled: STS asked to slow down at each of three attempts.
            ServiceError: STS refuses; `operation` is "AssumeRole".
            ConnectionFailed: STS does not answer, or answers without credentials.
            UsageError: no region, no credentials to sign with, or a proxy that the environment asks
                for.
        """
        endpoint = await self._found_endpoint()
        source = self._source
        attempt = 1
        while True:
            base = await source.get()
            try:
                return await self._assume(endpoint, base)
            except (Throttled, ConnectionFailed) as error:
                error.attempts = attempt
                if error.operation is None:
                    error.operation, error.subject = OPERATION, self._role_arn
                if attempt == ATTEMPTS:
                    raise
                # jitter
                share = 0.5 + random.random() / 2  # noqa: S311
                pause_s = BASE_PAUSE_S * 2 ** (attempt - 1) * share
            except AccessDenied as error:
                error.attempts = attempt
                if error.code in CREDENTIALS_REFUSED:
                    source.forget(base)
                if attempt == ATTEMPTS or code_of(error.code, error.status).treatment != "renew":
                    raise
                pause_s = 0.0
            await self._clock.sleep(pause_s)
            attempt += 1

    async def _found_endpoint(self) -> Endpoint:
        if self._endpoint is None:
            endpoint = await find_endpoint(
                region=self._region,
                endpoint_url=self._sts_endpoint_url,
                environ=self._environ,
                holder=self._holder,
                prefer_profile=False,
                service="sts",
            )
            refuse_proxy(endpoint, self._environ)
            self._tls = tls_context(endpoint.ca_bundle) if endpoint.scheme == "https" else None
            self._endpoint = endpoint
        return self._endpoint

    async def _assume(self, endpoint: Endpoint, base: Credentials) -> Credentials:
        parameters = {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": self._role_arn,
            "RoleSessionName": self._session_name,
            "DurationSeconds": str(self._duration_s),
        }
        if self._external_id is not None:
            parameters["ExternalId"] = self._external_id
        body = urlencode(parameters).encode("ascii")
        headers = signed_headers(
            base,
            region=endpoint.region,
            service="sts",
            host=endpoint.authority,
            path=endpoint.path,
            headers={"content-type": CONTENT_TYPE},
            body=body,
            epoch_s=self._clock.now().timestamp() + self._offset_s,
        )
        response = await fetch(
            endpoint,
            method="POST",
            headers=headers,
            body=body,
            tls=self._tls,
            limit_s=ATTEMPT_LIMIT_S,
        )
        if response.status == 200:
            return assumed(response, self._role_arn)
        secrets = (base.session_token, base.secret_access_key, self._external_id)
        error = sts_error(response, self._role_arn, endpoint.url, secrets)
        if isinstance(error, ServiceError):
            offset_s = clock_offset_s(error, response, self._clock.now())
            if offset_s is not None:
                self._offset_s = offset_s
        raise error


def check_role(role_arn: str, external_id: str | None, session_name: str, duration_s: int) -> None:
    """Check arguments as STS does."""
    # unchecked callers
    if (
        not isinstance(role_arn, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        or not _ROLE_ARN.fullmatch(role_arn)
    ):
        raise UsageError(f"role_arn reads arn:aws:iam::123456789012:role/name, not {role_arn!r}")
    if external_id is not None and (
        not isinstance(external_id, str)  # pyright: ignore[reportUnnecessaryIsInstance]  # the same
        or not _EXTERNAL_ID.fullmatch(external_id)
    ):
        raise UsageError("external_id is text of 2 to 1224 letters, digits or _+=,.@:/-")
    # the same
    if (
        not isinstance(session_name, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        or not _SESSION_NAME.fullmatch(session_name)
    ):
        raise UsageError(
            f"session_name is text of 2 to 64 letters, digits or _+=,.@-, not {session_name!r}"
        )
    if type(duration_s) is not int or not 900 <= duration_s <= 43200:
        raise UsageError(
            f"duration_s is a whole number of seconds from 900 to 43200, not {duration_s!r}"
        )
