"""AWS credentials, and what a source of credentials is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from adorm.errors import UsageError
from adorm.support.records import Record


class Credentials(Record):
    """An access key: what requests are signed with.

    Args:
        access_key_id: `AKIA...`, or `ASIA...` for temporary credentials.
        secret_access_key: the secret of the key; never sent.
        session_token: sent with each request; only temporary credentials have one.
        expires_at: when temporary credentials end, an aware datetime; None: never.

    Raises:
        UsageError: a part is empty or holds a control character, or `expires_at` is naive.
    """

    __slots__ = ("access_key_id", "secret_access_key", "session_token", "expires_at")  # noqa: RUF023  # the constructor's order

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    expires_at: datetime | None

    def __init__(
        self,
        access_key_id: str,
        secret_access_key: str,
        session_token: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        parts = {
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
            "session_token": session_token,
        }
        for name, value in parts.items():
            if value is not None and (not value or not value.isprintable()):
                # The message does not show the value: it may be a secret with a stray line end.
                raise UsageError(
                    f"{name} is empty, or holds a line end or another control character"
                )
        if expires_at is not None and expires_at.tzinfo is None:
            raise UsageError("expires_at of credentials must be an aware datetime")
        self._hold(access_key_id, secret_access_key, session_token, expires_at)

    def __repr__(self) -> str:
        return f"Credentials(expires_at={self.expires_at!r})"  # no part of the secrets is shown


class CredentialsSource(Protocol):
    """Where credentials come from. Write one to use credentials of your own."""

    async def load(self) -> Credentials:
        """Fetch credentials now, within seconds.

        One task at a time calls it: for the first request, before the credentials expire, and
        after DynamoDB refused them.

        Raises:
            UsageError: there are no credentials; the message says where they were looked for.
            ConnectionFailed: the server that gives the credentials does not answer.
        """
        ...


class FixedCredentials:
    """A source that always gives the same credentials."""

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def load(self) -> Credentials:
        return self._credentials


def utc_datetime(text: str) -> datetime:
    """An ISO 8601 time as an aware datetime; without a zone it is in UTC.

    Raises:
        ValueError: it is not such a time.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
