"""Who signs: AWS credentials, where they come from, and keeping them fresh."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from adorm.clock import Clock
from adorm.errors import AdormError, ConnectionFailed, ServiceError, UsageError
from adorm.support.forks import tell_of_forks
from adorm.support.records import Record
from adorm.support.shown import reason_of

REFRESH_AHEAD_S = 600.0
"""How long before they expire credentials are fetched anew (earlier than a third of their life
never)."""

LAST_MOMENT_S = 30.0
"""How long before they expire credentials are no longer used, whatever a refresh says."""

PAUSE_S = 30.0
"""After a refresh that failed or was cut off, how long credentials that are still valid are used
before the next one."""

LOAD_LIMIT_S = 60.0
"""For one load of any source. Those of adorm have shorter limits of their own."""

USE_AT_LEAST_S = 5.0
"""For how long credentials are used after a fetch even where they come expired: this clock may be
wrong, and DynamoDB refuses those that really are."""


class Credentials(Record):
    """An access key, and for temporary ones the session token and the end of their life (aware).

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
                # The value stays out of the message: it may be a secret with a stray line end.
                raise UsageError(
                    f"{name} is empty, or holds a line end or another control character"
                )
        if expires_at is not None and expires_at.tzinfo is None:
            raise UsageError("expires_at of credentials must be an aware datetime")
        self._hold(access_key_id, secret_access_key, session_token, expires_at)

    def __repr__(self) -> str:
        return f"Credentials(expires_at={self.expires_at!r})"  # nothing of what they are


class CredentialsSource(Protocol):
    """Where credentials come from. Write one to bring your own."""

    async def load(self) -> Credentials:
        """Fetch credentials now, within seconds.

        Called by one task at a time: first, before they expire, and after DynamoDB refused them.

        Raises:
            UsageError: there are none; the message says where they were looked for.
            ConnectionFailed: whoever hands them out does not answer.
        """
        ...


class FixedCredentials:
    """Credentials that were given."""

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def load(self) -> Credentials:
        return self._credentials


class EnvironmentCredentials:
    """AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (with
    AWS_CREDENTIAL_EXPIRATION, if it is set)."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def present(self) -> bool:
        """True if the environment names an access key."""
        return bool(self._environ.get("AWS_ACCESS_KEY_ID"))

    async def load(self) -> Credentials:
        access_key_id = self._environ.get("AWS_ACCESS_KEY_ID")
        secret_access_key = self._environ.get("AWS_SECRET_ACCESS_KEY")
        if not access_key_id or not secret_access_key:
            missing = "AWS_SECRET_ACCESS_KEY" if access_key_id else "AWS_ACCESS_KEY_ID"
            raise UsageError(
                f"the environment holds only a part of the credentials: {missing} is not set"
            )
        return Credentials(
            access_key_id,
            secret_access_key,
            self._environ.get("AWS_SESSION_TOKEN")
            or self._environ.get("AWS_SECURITY_TOKEN")
            or None,
            _expiry(self._environ.get("AWS_CREDENTIAL_EXPIRATION")),
        )


def _expiry(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"AWS_CREDENTIAL_EXPIRATION is not an ISO 8601 time: {text!r}") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class CredentialsCache:
    """The credentials in use, fetched anew before they expire, by one task at a time.

    No task runs behind it: the first call that finds them about to expire fetches new ones, and the
    others go on with those they have, or wait if there are none. If that call is cancelled, the
    next in line fetches, or where those in use are valid still, one that comes later.
    """

    __slots__ = (
        "__weakref__",
        "_clock",
        "_current",
        "_expires_s",
        "_failure",
        "_failures",
        "_lock",
        "_loop",
        "_refresh_s",
        "_source",
    )

    def __init__(self, source: CredentialsSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._current: Credentials | None = None
        self._refresh_s = 0.0
        self._expires_s = 0.0
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failures: int = 0
        self._failure: AdormError | None = None
        tell_of_forks(self)

    def after_fork(self) -> None:
        """In the child of a fork: fetch credentials of its own."""
        self._lock = asyncio.Lock()  # who held it goes on in the parent
        self.forget()

    async def load(self) -> Credentials:
        """`get`: a cache is a source too, for databases and roles that share it. They forget by it
        what was refused."""
        return await self.get()

    def at_hand(self, epoch_s: float) -> Credentials | None:
        """The credentials in use, or None where `get` has to look after them."""
        return self._current if epoch_s < self._refresh_s else None

    async def get(self) -> Credentials:
        """The credentials in use, fetched if that is due.

        Raises what the source raises; a failed refresh of credentials that are still valid raises
        nothing.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Accounts outlive a loop, locks do not.
            self._loop, self._lock = loop, asyncio.Lock()
        seen = self._failures
        if self._lock.locked() and (current := self._valid()) is not None:
            return current
        async with self._lock:
            # Second look: while this task waited, another may have fetched them, or failed to.
            current = self.at_hand(self._clock.now().timestamp())
            if current is not None:
                return current
            if self._failures != seen and self._failure is not None:
                raise another_like(self._failure) from self._failure
            try:
                return self._keep(await self._load())
            except AdormError as error:
                current = self._valid()
                if current is None:
                    self._failures += 1
                    self._failure = error
                    raise
                self._put_off()
                return current
            except BaseException:
                # Cut off, by a deadline most likely: were the next call to try at once, it would be
                # cut off too, and the one after it.
                if self._valid() is not None:
                    self._put_off()
                raise

    def forget(self, credentials: Credentials | None = None) -> None:
        """DynamoDB refused these, or (without any) whatever there is may be out of date: fetch new
        ones for the next call."""
        if credentials is None or self._current is credentials:
            self._current = None
            self._refresh_s = 0.0

    def _put_off(self) -> None:
        """Go on with the credentials there are for a while."""
        self._refresh_s = min(
            self._clock.now().timestamp() + PAUSE_S, self._expires_s - LAST_MOMENT_S
        )

    def _valid(self) -> Credentials | None:
        return (
            self._current
            if self._clock.now().timestamp() < self._expires_s - LAST_MOMENT_S
            else None
        )

    def _keep(self, credentials: Credentials) -> Credentials:
        self._current = credentials
        if credentials.expires_at is None:
            self._refresh_s = self._expires_s = float("inf")
        else:
            self._expires_s = credentials.expires_at.timestamp()
            now_s = self._clock.now().timestamp()
            life_s = max(0.0, self._expires_s - now_s)
            self._refresh_s = max(
                self._expires_s - min(REFRESH_AHEAD_S, life_s / 3), now_s + USE_AT_LEAST_S
            )
        return credentials

    async def _load(self) -> Credentials:
        bound = asyncio.timeout(LOAD_LIMIT_S)
        try:
            async with bound:
                loaded = await self._source.load()
        except AdormError:
            raise
        except Exception as error:
            if isinstance(error, TimeoutError) and bound.expired():
                problem = (
                    f"{type(self._source).__name__} gave no credentials within {LOAD_LIMIT_S:g} s"
                )
                raise ConnectionFailed(problem, maybe_applied=False) from error
            problem = (
                f"credentials could not be fetched: {type(error).__name__}: {reason_of(error)}"
            )
            raise ConnectionFailed(problem, maybe_applied=False) from error
        if not isinstance(loaded, Credentials):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            raise UsageError(
                f"{type(self._source).__name__}.load() has to return adorm.Credentials, not {type(loaded).__name__}"
            )
        return loaded


def another_like(error: AdormError) -> AdormError:
    """The same failure for another caller: errors are written to on their way up, so each caller
    needs its own."""
    if isinstance(error, ConnectionFailed):
        return ConnectionFailed(
            error.problem,
            maybe_applied=False,
            operation=error.operation,
            subject=error.subject,
            attempts=error.attempts,
        )
    if isinstance(error, ServiceError):
        return type(error)(
            error.detail,
            code=error.code,
            operation=error.operation,
            status=error.status,
            retryable=error.retryable,
        )
    return UsageError(str(error))
