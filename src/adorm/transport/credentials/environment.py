"""Credentials from environment variables.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime

from adorm.errors import UsageError
from adorm.transport.credentials.credentials import Credentials, utc_datetime


class EnvironmentCredentials:
    """Reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

    AWS_CREDENTIAL_EXPIRATION is read too: an ISO 8601 time, UTC where it names no zone.
    """

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def present(self) -> bool:
        """Whether the environment names an access key."""
        return bool(self._environ.get("AWS_ACCESS_KEY_ID"))

    async def load(self) -> Credentials:
        """Read the variables.

        Raises:
            UsageError: a variable is missing, or its value can't be used.
        """
        access_key_id = self._environ.get("AWS_ACCESS_KEY_ID")
        secret_access_key = self._environ.get("AWS_SECRET_ACCESS_KEY")
        if not access_key_id or not secret_access_key:
            missing = "AWS_SECRET_ACCESS_KEY" if access_key_id else "AWS_ACCESS_KEY_ID"
            raise UsageError(
                f"the environment holds only a part of the credentials: {missing} is not set"
            )
        token = self._environ.get("AWS_SESSION_TOKEN") or self._environ.get("AWS_SECURITY_TOKEN")
        expires_at = _expires_at(self._environ.get("AWS_CREDENTIAL_EXPIRATION"))
        return Credentials(access_key_id, secret_access_key, token or None, expires_at)


def _expires_at(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return utc_datetime(text)
    except ValueError as error:
        raise UsageError(f"AWS_CREDENTIAL_EXPIRATION is not an ISO 8601 time: {text!r}") from error
