"""AWS credentials: what a source of them is, and the cache that fetches new ones in time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol

from adorm.clock import Clock
from adorm.deadlines import within
from adorm.errors import AdormError, ConnectionFailed, UsageError
from adorm.support.forks import tell_of_forks
from adorm.support.printable_text import reason_of
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


REFRESH_AHEAD_S = 600.0
"""New credentials are fetched this long before the old ones expire, but not before two thirds of
their lifetime have passed."""

LAST_MOMENT_S = 30.0
"""Credentials are no longer used this long before they expire, even if no new ones could be
fetched."""

PAUSE_S = 30.0
"""After a fetch that failed or was cancelled, credentials that are still valid are used for this
long before the next fetch."""

LOAD_LIMIT_S = 60.0
"""The most time for one load of any source. adorm's own sources have shorter limits."""

USE_AT_LEAST_S = 5.0
"""Credentials are used for this long after a fetch, even if they seem to be expired: the clock of
this machine may be wrong, and DynamoDB refuses credentials that are really expired."""


class CredentialsCache:
    """The credentials in use. One task at a time fetches new ones, before the old ones expire.

    There is no background task: the first call that finds the credentials about to expire fetches
    new ones. Meanwhile the other calls use the old ones, or wait if there are none. If the fetching
    call is cancelled, the next waiting call fetches.
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
        self._lock = asyncio.Lock()  # the task that held it runs on in the parent
        self.forget()

    async def load(self) -> Credentials:
        """The same as `get`: a cache is also a source, which several databases and roles can
        share."""
        return await self.get()

    def at_hand(self, epoch_s: float) -> Credentials | None:
        """The credentials in use, or None if `get` must fetch them first."""
        return self._current if epoch_s < self._refresh_s else None

    async def get(self) -> Credentials:
        """The credentials in use, after a fetch if that is due.

        Raises:
            AdormError: what the source raised. While the old credentials are valid, a failed fetch
                raises nothing.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # A cache outlives a loop; a lock does not.
            self._loop, self._lock = loop, asyncio.Lock()
        failures = self._failures
        if self._lock.locked() and (current := self._valid()) is not None:
            return current
        async with self._lock:
            # While this task waited for the lock, another may have fetched them, or failed.
            current = self.at_hand(self._clock.now().timestamp())
            if current is not None:
                return current
            if self._failures != failures and self._failure is not None:
                from adorm.transport.errors import another_like

                raise another_like(self._failure) from self._failure
            try:
                return self._keep(await self._load())
            except AdormError as error:
                current = self._valid()
                if current is None:
                    self._failures += 1
                    self._failure = error
                    raise
                self._postpone_refresh()
                return current
            except BaseException:
                # Cancelled, most likely by a deadline. If the next call fetched at once, its
                # deadline would cancel it too, and so on.
                if self._valid() is not None:
                    self._postpone_refresh()
                raise

    def forget(self, credentials: Credentials | None = None) -> None:
        """Fetch new credentials for the next call.

        Args:
            credentials: those that DynamoDB refused: nothing happens if others are in use by now.
                None: forget whatever is in use.
        """
        if credentials is None or self._current is credentials:
            self._current = None
            self._refresh_s = 0.0

    def _postpone_refresh(self) -> None:
        """Use the current credentials for `PAUSE_S` more seconds, or until their last moment."""
        self._refresh_s = min(
            self._clock.now().timestamp() + PAUSE_S, self._expires_s - LAST_MOMENT_S
        )

    def _valid(self) -> Credentials | None:
        """The current credentials if they have not reached their last moment."""
        valid = self._clock.now().timestamp() < self._expires_s - LAST_MOMENT_S
        return self._current if valid else None

    def _keep(self, credentials: Credentials) -> Credentials:
        self._current = credentials
        if credentials.expires_at is None:
            self._refresh_s = self._expires_s = float("inf")
        else:
            self._expires_s = credentials.expires_at.timestamp()
            now_s = self._clock.now().timestamp()
            ahead_s = min(REFRESH_AHEAD_S, max(0.0, self._expires_s - now_s) / 3)
            self._refresh_s = max(self._expires_s - ahead_s, now_s + USE_AT_LEAST_S)
        return credentials

    async def _load(self) -> Credentials:
        source = type(self._source).__name__

        def late(_: TimeoutError) -> ConnectionFailed:
            problem = f"{source} gave no credentials within {LOAD_LIMIT_S:g} s"
            return ConnectionFailed(problem, maybe_applied=False)

        try:
            async with within(LOAD_LIMIT_S, late):
                loaded = await self._source.load()
        except AdormError:
            raise
        except Exception as error:
            problem = (
                f"credentials could not be fetched: {type(error).__name__}: {reason_of(error)}"
            )
            raise ConnectionFailed(problem, maybe_applied=False) from error
        # unchecked callers
        if not isinstance(loaded, Credentials):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                f"{source}.load() has to return adorm.Credentials, not {type(loaded).__name__}"
            )
        return loaded


def cached(source: Credentials | CredentialsSource, clock: Clock) -> CredentialsCache:
    """A cache over credentials or a source of them; a cache is given back as it is."""
    if isinstance(source, CredentialsCache):
        return source
    return CredentialsCache(
        FixedCredentials(source) if isinstance(source, Credentials) else source, clock
    )
