"""The credentials that are used if none are given: the environment's, then AWS's chain.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from adorm.clock import SYSTEM_CLOCK, Clock
from adorm.errors import UsageError
from adorm.transport.credentials.credentials import Credentials, CredentialsSource, utc_datetime

if TYPE_CHECKING:
    from adorm.transport.credentials.aws_session import SessionHolder

FILES = (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
"""The variable that names a file, and the file's name in `~/.aws` without it."""


def files_mention(words: Collection[str], environ: Mapping[str, str]) -> bool:
    """Whether one of the files holds one of these words, anywhere.

    The search takes microseconds. To ask botocore takes 0.3 s, most of it for its import.
    """
    home = environ.get("HOME") or environ.get("USERPROFILE") or "~"
    for variable, name in FILES:
        # pathlib takes 2 ms to import
        path = os.path.expanduser(environ.get(variable) or f"{home}/.aws/{name}")  # noqa: PTH111
        try:
            with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # the same
                text = file.read()
        except OSError:
            continue  # no such file, so nothing is configured there
        if any(word in text for word in words):
            return True
    return False


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


PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")
"""Variables that name a profile or a web identity."""

PROFILE_WORDS = frozenset(
    {
        "aws_access_key_id",
        "role_arn",
        "web_identity_token_file",
        "credential_process",
        "sso_",
        "login_session",
    }
)
"""Words of the AWS configuration files that stand for a source of credentials."""


def default_credentials(
    environ: Mapping[str, str],
    *,
    holder: Callable[[], SessionHolder] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> CredentialsSource:
    """The first source that exists: environment, profile or web identity, container, instance.

    This is botocore's order. adorm itself reads the environment. It also asks the container's
    endpoint, if no variable names a profile and the AWS configuration files mention no credentials.
    Everything else is left to aiobotocore, which is imported when the credentials are loaded;
    `holder` gives the session that is shared with others.
    """
    environment = EnvironmentCredentials(environ)
    if environment.present():
        return environment
    in_container = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") or environ.get(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    )
    if (
        in_container
        and not any(environ.get(name) for name in PROFILE_VARIABLES)
        and not files_mention(PROFILE_WORDS, environ)
    ):
        # Imported here, because few programs run in a container of this kind.
        from adorm.transport.credentials.container import ContainerCredentials

        return ContainerCredentials(environ, clock=clock)
    from adorm.transport.credentials.aws_session import SessionCredentials  # few programs need it

    return SessionCredentials(holder=None if holder is None else holder())


class DefaultCredentials:
    """A source that chooses among `default_credentials` at its first load."""

    __slots__ = ("_clock", "_environ", "_holder", "_source")

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        holder: Callable[[], SessionHolder] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._holder = holder
        self._clock = clock
        self._source: CredentialsSource | None = None

    async def load(self) -> Credentials:
        if self._source is None:
            self._source = default_credentials(
                self._environ, holder=self._holder, clock=self._clock
            )
        return await self._source.load()
