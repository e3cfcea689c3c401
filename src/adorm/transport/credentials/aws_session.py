"""Credentials, region and settings from AWS's whole chain, by aiobotocore's session.

No other module uses the session. aiobotocore is imported when a session is first needed, in a
worker thread, so that the event loop is not blocked.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast

from adorm.deadlines import within
from adorm.errors import AccessDenied, AdormError, ConnectionFailed, UsageError
from adorm.support.printable_text import shown
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.credentials.processes import ending_children, watch_children
from adorm.transport.wire.endpoint import Settings

T = TypeVar("T")

MESSAGE_CHARACTERS = 1000
"""The most characters of botocore's message that are shown."""

LIMIT_S = 30.0
"""The most time for whatever aiobotocore resolves. It has no limit of its own, neither for a
`credential_process` nor for a whole chain."""

NO_CREDENTIALS = (
    "no AWS credentials found: not in the environment (AWS_ACCESS_KEY_ID), nor in the profile's "
    "configuration and credentials files, nor from SSO, web identity, a container or the "
    "instance's metadata. Set them, or give `credentials=`, `profile=` or `session=`"
)


class AwsSession(Protocol):
    """What adorm uses of `aiobotocore.session.AioSession`."""

    @property
    def full_config(self) -> Mapping[str, Any]: ...

    @property
    def profile(self) -> str | None: ...

    def get_config_variable(self, logical_name: str) -> Any: ...

    def get_scoped_config(self) -> Mapping[str, Any]: ...

    async def get_credentials(self) -> Any: ...


class SessionHolder:
    """An aiobotocore session: the user's, or one that is made when it is first needed."""

    __slots__ = ("_given", "_made", "_profile")

    def __init__(self, session: object = None, profile: str | None = None) -> None:
        if session is not None and profile is not None:
            raise UsageError(
                "give either `session=` or `profile=`: a session already stands for a profile"
            )
        self._given = None if session is None else _core(session)
        self._profile = profile
        self._made: AwsSession | None = None

    async def get(self) -> AwsSession:
        if self._given is not None:
            return self._given
        if self._made is None:
            self._made = await asyncio.to_thread(_new_session, self._profile)
        return self._made

    def renew(self) -> None:
        """Let the next `get` make a new session, which reads the files again.

        A session that the user gave is kept.
        """
        self._made = None

    async def settings(self, service: str = "dynamodb") -> Settings:
        """The profile's settings, by botocore's rules.

        Raises:
            UsageError: the profile does not exist, or its files can't be read.
            ConnectionFailed: they could not be read within 30 s.
        """

        async def read() -> Settings:
            return await asyncio.to_thread(_settings, await self.get(), service)

        return await _bounded(read, "settings")


class SessionCredentials:
    """Credentials by aiobotocore's chain: environment, profiles, SSO, web identity, roles, hosts.

    A load takes at most 30 s. A `credential_process` that still runs at its end is killed.

    Args:
        session: an aiobotocore or aioboto3 session.
        profile: a name from the AWS configuration files, instead of a session; with neither it is
            AWS_PROFILE or the default profile.
        holder: a session shared with others, instead of both.
    """

    __slots__ = ("_holder", "_loaded")

    def __init__(
        self,
        session: object = None,
        *,
        profile: str | None = None,
        holder: SessionHolder | None = None,
    ) -> None:
        self._holder = holder or SessionHolder(session, profile)
        self._loaded = False

    async def load(self) -> Credentials:
        credentials = await _bounded(self._load, "credentials")
        self._loaded = True
        return credentials

    async def _load(self) -> Credentials:
        async with ending_children():
            found = await watch_children(await self._holder.get()).get_credentials()
            if self._loaded and found is not None and _expires_at(found) is None:
                # Credentials without an end are loaded again only if DynamoDB refused them, so the
                # files may have changed.
                self._holder.renew()
                found = await watch_children(await self._holder.get()).get_credentials()
            if found is None:
                raise UsageError(NO_CREDENTIALS)
            frozen = await found.get_frozen_credentials()
            return Credentials(
                frozen.access_key, frozen.secret_key, frozen.token or None, _expires_at(found)
            )


async def _bounded(resolve: Callable[[], Awaitable[T]], what: str) -> T:
    """Await something of aiobotocore for at most 30 s; its errors become adorm's."""

    def late(_: TimeoutError) -> ConnectionFailed:
        return ConnectionFailed(
            f"AWS {what} could not be fetched within {LIMIT_S:g} s by the profile's chain: a "
            "process or a server does not answer",
            maybe_applied=False,
        )

    try:
        async with within(LIMIT_S, late):
            return await resolve()
    except AdormError:
        raise
    except Exception as error:
        raise _translated(error) from error


def _new_session(profile: str | None) -> AwsSession:
    module: Any = importlib.import_module("aiobotocore.session")  # untyped
    return cast(AwsSession, module.AioSession(profile=profile))


def _core(session: object) -> AwsSession:
    """The aiobotocore session, which an aioboto3 session holds inside."""
    is_core = hasattr(session, "get_config_variable")
    core = session if is_core else getattr(session, "_session", None)
    if core is None or not inspect.iscoroutinefunction(getattr(core, "get_credentials", None)):
        raise UsageError(
            "session= takes an aiobotocore or aioboto3 session, not "
            f"{type(session).__module__}.{type(session).__qualname__}: boto3 and botocore would "
            "block the event loop"
        )
    return cast(AwsSession, core)


def _expires_at(found: object) -> datetime | None:
    # botocore has no public name for it. Without it the credentials count as valid until DynamoDB
    # refuses them.
    moment = getattr(found, "_expiry_time", None)
    return moment if isinstance(moment, datetime) else None


def _settings(session: AwsSession, service: str) -> Settings:
    scoped = session.get_scoped_config()
    endpoint_url: str | None = None
    if not session.get_config_variable("ignore_configured_endpoint_urls"):
        services: Any = session.full_config.get("services", {})
        own: Any = services.get(scoped.get("services"), {}).get(service, {})
        endpoint_url = own.get("endpoint_url") or scoped.get("endpoint_url")
    return Settings(
        region=session.get_config_variable("region"),
        endpoint_url=endpoint_url,
        use_fips=bool(session.get_config_variable("use_fips_endpoint")),
        use_dualstack=bool(session.get_config_variable("use_dualstack_endpoint")),
        ca_bundle=session.get_config_variable("ca_bundle"),
    )


TELL_THE_USER = frozenset(
    {
        "ProfileNotFound",
        "ConfigParseError",
        "ConfigNotFound",
        "PartialCredentialsError",
        "NoCredentialsError",
        "InvalidConfigError",
        "InfiniteLoopConfigError",
        "UnknownCredentialError",
        "SSOError",
        "SSOTokenLoadError",
        "UnauthorizedSSOTokenError",
        "PendingAuthorizationExpiredError",
        "LoginError",
        "RefreshWithMFAUnsupportedError",
        "MissingDependencyException",
    }
)
"""botocore's errors that only the user can correct; another attempt does not help."""


def _translated(error: Exception) -> AdormError:
    """adorm's error for botocore's, found by its class's name: botocore may not be imported."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ClientError" in names:
        response = cast("Mapping[str, Any]", getattr(error, "response", {}))
        about = response.get("Error", {})
        message = shown(str(about.get("Message", "")), MESSAGE_CHARACTERS)
        return AccessDenied(
            f"{message} (while fetching credentials)",
            code=shown(str(about.get("Code", "Unknown"))),
            operation=str(getattr(error, "operation_name", "GetCredentials")),
            status=response.get("ResponseMetadata", {}).get("HTTPStatusCode"),
        )
    text = shown(str(error), MESSAGE_CHARACTERS)
    if names & TELL_THE_USER:
        return UsageError(f"no AWS credentials: {text}")
    name = type(error).__name__
    return ConnectionFailed(
        f"AWS credentials or settings could not be fetched: {name}: {text}", maybe_applied=False
    )
