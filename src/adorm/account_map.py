"""Several AWS accounts by name: their roles, and a database for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

import attrs

from adorm.clock import Clock, current_clock
from adorm.concurrency.pool import Job, run_all
from adorm.concurrency.shield import to_the_end
from adorm.connecting import connect
from adorm.database import Database
from adorm.errors import GatherFailed, UsageError
from adorm.options import CHECKS, refuse_unknown_options
from adorm.outcomes import Outcome
from adorm.transport.credentials.assumed_role import (
    DEFAULT_DURATION_S,
    DEFAULT_SESSION_NAME,
    AssumedRole,
    check_role,
)
from adorm.transport.credentials.aws_session import SessionCredentials
from adorm.transport.credentials.credentials import (
    Credentials,
    CredentialsCache,
    CredentialsSource,
    cached,
)
from adorm.transport.credentials.default_chain import DefaultCredentials

if TYPE_CHECKING:
    from adorm.options import SharedOptions

MAX_NAMES_SHOWN = 20


@attrs.frozen(kw_only=True)
class Account:
    """One AWS account: the role to assume in it, and its region.

    Raises:
        UsageError: something that STS would refuse.
    """

    role_arn: str | None = None
    """`arn:aws:iam::123456789012:role/orders`; None for the base credentials as they are, the
    account that the program runs in."""
    external_id: str | None = attrs.field(default=None, repr=False)
    """What the role's trust policy demands."""
    region: str | None = None
    """The region of DynamoDB and of STS; by default the one given to `accounts()`, else that of the
    environment or the profile."""
    session_name: str = DEFAULT_SESSION_NAME
    """The caller's name in CloudTrail."""
    duration_s: int = DEFAULT_DURATION_S
    """How long credentials are valid, 900 to 43200 s; at most what the role allows, and 3600 s if
    the base credentials are a role's too."""

    def __attrs_post_init__(self) -> None:
        if self.role_arn is not None:
            check_role(self.role_arn, self.external_id, self.session_name, self.duration_s)
        elif self.external_id is not None:
            raise UsageError("an external_id is for a role: give role_arn too, or take it away")
        # unchecked callers
        if self.region is not None and not isinstance(cast("object", self.region), str):
            raise UsageError(f"region is text, not {type(self.region).__name__}")


@attrs.define(eq=False)
class _Entry:
    """An account with what has been made for it."""

    account: Account
    credentials: CredentialsCache | None
    """None in memory."""
    databases: dict[str | None, Database] = attrs.field(factory=dict[str | None, Database])
    """By region."""


class Accounts:
    """Databases by account. Made by `accounts()`.

    `accounts["prod"]` is the account's database, the same at each call; its role is assumed when
    the database is first used, once for all waiting calls, and again before the credentials expire.
    If a database was closed, the next access makes a new one. Iterating gives the names.
    """

    def __init__(
        self,
        base: CredentialsCache | None,
        *,
        region: str | None,
        sts_endpoint_url: str | None,
        clock: Clock,
        options: SharedOptions,
    ) -> None:
        self._base = base
        self._region = region
        self._sts_endpoint_url = sts_endpoint_url
        self._clock = clock
        self._options = options
        self._entries: dict[str, _Entry] = {}
        self._unclosed: list[tuple[str, Database]] = []
        self._closed = False

    def __repr__(self) -> str:
        names = ", ".join(self._entries) or "without any"
        return f"<adorm.Accounts {names}{', closed' if self._closed else ''}>"

    def __getitem__(self, name: str, /) -> Database:
        return self.database(name)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._entries))

    def __contains__(self, name: object, /) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    # ---- databases

    def database(self, name: str, /, *, region: str | None = None) -> Database:
        """The account's database, or with `region` that of another replica of its global tables.

        Both have the same credentials.

        Raises:
            UsageError: no account has this name, or all were closed.
        """
        self._check_open()
        entry = self._entries.get(name)
        if entry is None:
            raise self._unknown(name)
        region = region or entry.account.region or self._region
        database = entry.databases.get(region)
        if database is None or database.closed:
            if entry.credentials is None:
                database = connect("memory", **self._options)
            else:
                database = connect(region=region, credentials=entry.credentials, **self._options)
            entry.databases[region] = database
        return database

    # ---- which accounts there are

    def add(self, name: str, account: Account, /) -> None:
        """Add an account; nothing is sent.

        Raises:
            UsageError: there is one of this name, or all were closed.
        """
        self._check_open()
        # unchecked callers
        if not isinstance(name, str) or not name:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(f"an account's name is text, and not empty: {name!r} is not")
        # the same
        if not isinstance(account, Account):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                f"account {name!r}: expected an adorm.Account, not {type(account).__name__}"
            )
        if name in self._entries:
            raise UsageError(
                f"there is an account {name!r} already: await accounts.remove({name!r}) first"
            )
        self._entries[name] = _Entry(account, self._credentials(account))

    def _credentials(self, account: Account) -> CredentialsCache | None:
        if self._base is None or account.role_arn is None:
            return self._base
        role = AssumedRole(
            account.role_arn,
            external_id=account.external_id,
            session_name=account.session_name,
            duration_s=account.duration_s,
            source=self._base,
            region=account.region or self._region,
            sts_endpoint_url=self._sts_endpoint_url,
            clock=self._clock,
        )
        return CredentialsCache(role, self._clock)

    async def remove(self, name: str, /) -> None:
        """Take an account away and close its databases; their operations under way fail. Finishes
        even when it is cancelled.

        Raises:
            UsageError: no account has this name, or a database of it belongs to another event loop.
        """
        if name not in self._entries:
            raise self._unknown(name)
        entry = self._entries.pop(name)
        await self._close([(name, database) for database in entry.databases.values()])

    def forget_credentials(self) -> None:
        """Fetch all credentials anew when they are next needed, as after a snapshot was restored.
        Connections stay."""
        for cache in (self._base, *(entry.credentials for entry in self._entries.values())):
            if cache is not None:
                cache.forget()

    # ---- opening and closing

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the databases of all accounts, in five seconds; closing twice is fine.

        Each is closed, even where another fails.

        Finishes even when it is cancelled. What could not be closed is tried again by the next
        `close()`.

        Raises:
            UsageError: a database belongs to another event loop.
            GatherFailed: several could not be closed.
        """
        self._closed = True
        unclosed, self._unclosed = self._unclosed, []
        for name, entry in self._entries.items():
            unclosed += [(name, database) for database in entry.databases.values()]
            entry.databases = {}
        await self._close(unclosed)

    async def _close(self, databases: Sequence[tuple[str, Database]]) -> None:
        if databases:
            await to_the_end(partial(self._close_each, databases))

    async def _close_each(self, databases: Sequence[tuple[str, Database]]) -> None:
        outcomes: list[Outcome[None]] = [Outcome(f"account {name}") for name, _ in databases]
        jobs = [
            (outcome, _closing(database))
            for outcome, (_, database) in zip(outcomes, databases, strict=True)
        ]
        await run_all(jobs, limit=len(jobs), on_failure="continue")
        errors: list[Exception] = []
        for outcome, each in zip(outcomes, databases, strict=True):
            if outcome.error is not None:
                self._unclosed.append(each)
                errors.append(outcome.error)
                outcome.error.add_note(f"{outcome.label}: its database could not be closed")
        if len(errors) == 1:
            raise errors[0]
        if errors:
            problem = f"{len(errors)} of {len(databases)} databases could not be closed"
            raise GatherFailed(problem, errors, outcomes=outcomes)

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("these accounts are closed: adorm.accounts() makes new ones")

    def _unknown(self, name: object) -> UsageError:
        known = ", ".join(map(repr, tuple(self._entries)[:MAX_NAMES_SHOWN])) or "none"
        more = len(self._entries) - MAX_NAMES_SHOWN
        rest = f", and {more} more" if more > 0 else ""
        return UsageError(f"no account is called {name!r}; those known: {known}{rest}")


def _closing(database: Database) -> Job[None]:
    async def close(_outcome: Outcome[None]) -> None:
        await database.close()

    return close


def accounts(
    by_name: Mapping[str, Account],
    /,
    *,
    region: str | None = None,
    credentials: Credentials | CredentialsSource | None = None,
    profile: str | None = None,
    session: Any = None,
    sts_endpoint_url: str | None = None,
    memory: bool = False,
    **options: Unpack[SharedOptions],
) -> Accounts:
    """Databases of several AWS accounts, by name; nothing is sent before the first use of one.

    ::

        async with adorm.accounts(
            {"prod": adorm.Account(role_arn=...), "dev": adorm.Account(role_arn=...)}
        ) as accounts:
            await accounts["prod"].table(Order).get("c1", "o1")

    Args:
        by_name: the accounts; `add` and `remove` change them later.
        region: the region of accounts that have none of their own.
        credentials: those that assume the roles; by default as for a database. They are fetched
            once for all accounts.
        profile, session: a profile, or an aiobotocore or aioboto3 session, to take these
            credentials from (and nothing else).
        sts_endpoint_url: another STS than AWS's own.
        memory: a DynamoDB inside the process for each account and region; no role is assumed.
        options: of `adorm.connect()`, shared by all: endpoint_url, retry, max_connections,
            table_names, table_prefix, cursor_secret, hooks, middleware, trace_header, rate_limit,
            hedge, clock, random, wrap, datetime_format.

    Raises:
        UsageError: options that exclude each other, or one that `connect()` refuses.
    """
    # unchecked callers
    if not isinstance(by_name, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            f"accounts() takes a dict of names and adorm.Account, not {type(by_name).__name__}"
        )
    refuse_unknown_options("accounts", options, [name for name in CHECKS if name != "client"])
    sources = {"credentials": credentials, "profile": profile, "session": session}
    given = [name for name, value in sources.items() if value is not None]
    if memory and (given or sts_endpoint_url is not None):
        raise UsageError(
            "in memory no role is assumed: take credentials, profile, session and "
            "sts_endpoint_url away"
        )
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} all say who assumes the roles: give one of them")
    clock = options["clock"] = options.get("clock") or current_clock()
    # Made and thrown away: what connect() refuses is refused now, not at the first use.
    if memory:
        connect("memory", **options)
    else:
        connect(region=region, profile=profile, session=session, credentials=credentials, **options)
    base = None if memory else _base_credentials(credentials, profile, session, clock)
    made = Accounts(
        base, region=region, sts_endpoint_url=sts_endpoint_url, clock=clock, options=options
    )
    for name, account in by_name.items():
        made.add(name, account)
    return made


def _base_credentials(
    credentials: Credentials | CredentialsSource | None,
    profile: str | None,
    session: object,
    clock: Clock,
) -> CredentialsCache:
    if credentials is None and (profile is not None or session is not None):
        credentials = SessionCredentials(session, profile=profile)
    return cached(credentials or DefaultCredentials(clock=clock), clock)
