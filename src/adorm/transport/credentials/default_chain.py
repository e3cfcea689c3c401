"""The credentials that are used if none are given. botocore is imported only if it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping

from adorm.clock import SYSTEM_CLOCK, Clock
from adorm.transport.credentials.aws_files import files_mention
from adorm.transport.credentials.aws_session import SessionCredentials, SessionHolder
from adorm.transport.credentials.credentials import Credentials, CredentialsSource
from adorm.transport.credentials.environment import EnvironmentCredentials

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
    environ: Mapping[str, str], *, holder: SessionHolder | None = None, clock: Clock = SYSTEM_CLOCK
) -> CredentialsSource:
    """The first source that exists: environment, profile or web identity, container, instance.

    This is botocore's order. adorm itself reads the environment. It also asks the container's
    endpoint, if no variable names a profile and the AWS configuration files mention no credentials.
    Everything else is left to aiobotocore, which is imported when the credentials are loaded.
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
    return SessionCredentials(holder=holder)


class DefaultCredentials:
    """A source that chooses among `default_credentials` at its first load."""

    __slots__ = ("_clock", "_environ", "_holder", "_source")

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        holder: SessionHolder | None = None,
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
