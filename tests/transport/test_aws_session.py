"""What comes from AWS's configuration files, by a real aiobotocore session."""

from __future__ import annotations

import importlib
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import anyio
import pytest

from adorm.errors import AccessDenied, ConnectionFailed, UsageError
from adorm.transport.credentials.aws_session import SessionCredentials, SessionHolder
from adorm.transport.credentials.credentials import Credentials
from adorm.transport.wire.transport import WireTransport
from tests.support.loopback import LoopbackServer

pytestmark = pytest.mark.anyio


class Write(Protocol):
    def __call__(self, config: str, credentials: str = "", /) -> None: ...


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the configuration and the credentials file that AWS's variables name."""
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))

    def write(config_text: str, credentials_text: str = "", /) -> None:
        config.write_text(config_text)
        credentials.write_text(credentials_text)

    return write


def aio_session(**options: Any) -> Any:
    return importlib.import_module("aiobotocore.session").AioSession(**options)


async def test_a_profile_gives_credentials(files: Write) -> None:
    files(
        "",
        "[default]\naws_access_key_id=AKD\naws_secret_access_key=sd\n[dev]\naws_access_key_id=AK1\naws_secret_access_key=s1\naws_session_token=t1\n",
    )
    assert await SessionCredentials(profile="dev").load() == Credentials("AK1", "s1", "t1")
    assert await SessionCredentials().load() == Credentials("AKD", "sd")


async def test_a_given_session_gives_credentials(files: Write) -> None:
    files("", "[dev]\naws_access_key_id=AK1\naws_secret_access_key=s1\n")
    core = aio_session(profile="dev")

    class LikeAioboto3:
        _session = core

    assert await SessionCredentials(core).load() == Credentials("AK1", "s1")
    assert await SessionCredentials(LikeAioboto3()).load() == Credentials("AK1", "s1")


@pytest.mark.parametrize("module", ["botocore.session", "boto3"])
async def test_a_blocking_session_is_refused(module: str) -> None:
    session = importlib.import_module(module).Session()
    with pytest.raises(UsageError, match="takes an aiobotocore or aioboto3 session, not"):
        SessionCredentials(session)
    with pytest.raises(UsageError, match="takes an aiobotocore or aioboto3 session, not"):
        WireTransport(session=session)


def test_a_session_and_a_profile_together_are_refused() -> None:
    with pytest.raises(UsageError, match="either `session=` or `profile=`"):
        SessionHolder(aio_session(), "dev")


async def test_no_credentials_anywhere_says_where_they_were_looked_for(files: Write) -> None:
    files("[default]\nregion=eu-central-1\n")
    with pytest.raises(
        UsageError, match=r"no AWS credentials found: not in the environment \(AWS_ACCESS_KEY_ID\)"
    ):
        await SessionCredentials().load()


async def test_a_profile_that_does_not_exist_is_a_usage_error(files: Write) -> None:
    files("[default]\nregion=eu-central-1\n")
    with pytest.raises(UsageError, match="nowhere"):
        await SessionCredentials(profile="nowhere").load()
    with pytest.raises(UsageError, match="nowhere"):
        await SessionHolder(profile="nowhere").settings()


async def test_files_that_changed_are_read_again_when_credentials_are_asked_for_anew(
    files: Write,
) -> None:
    files("", "[default]\naws_access_key_id=AK1\naws_secret_access_key=s1\n")
    source = SessionCredentials()
    assert (await source.load()).access_key_id == "AK1"
    files("", "[default]\naws_access_key_id=AK2\naws_secret_access_key=s2\n")
    assert (await source.load()).access_key_id == "AK2"


async def test_credentials_of_a_process_carry_their_end(files: Write, tmp_path: Path) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    script = tmp_path / "process"
    script.write_text(
        f"#!{sys.executable}\n"
        'print(\'\'\'{"Version": 1, "AccessKeyId": "AKP", "SecretAccessKey": "sp", '
        f'"SessionToken": "tp", "Expiration": "{ends.isoformat()}"}}\'\'\')\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    files(f"[default]\ncredential_process={script}\n")
    assert await SessionCredentials().load() == Credentials("AKP", "sp", "tp", ends)


class BrokenSession:
    """A session whose chain fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_config_variable(self, name: str) -> Any:
        raise self.error

    def get_scoped_config(self) -> Any:
        raise self.error

    async def get_credentials(self) -> Any:
        raise self.error


async def test_failures_of_the_chain_become_errors_by_what_mends_them() -> None:
    errors: Any = importlib.import_module("botocore.exceptions")
    refused = errors.ClientError(
        {
            "Error": {"Code": "AccessDenied", "Message": "not this role"},
            "ResponseMetadata": {"HTTPStatusCode": 403},
        },
        "AssumeRole",
    )
    with pytest.raises(AccessDenied, match="AssumeRole: AccessDenied: not this role") as denied:
        await SessionCredentials(BrokenSession(refused)).load()
    assert denied.value.status == 403
    with pytest.raises(UsageError, match="SSO"):
        await SessionCredentials(BrokenSession(errors.UnauthorizedSSOTokenError())).load()
    with pytest.raises(ConnectionFailed, match="MetadataRetrievalError") as passing:
        await SessionCredentials(
            BrokenSession(errors.MetadataRetrievalError(error_msg="timed out"))
        ).load()
    assert not passing.value.maybe_applied
    with pytest.raises(UsageError, match="bad file"):
        await SessionHolder(BrokenSession(errors.ConfigParseError(path="bad file"))).settings()


async def test_the_profile_gives_region_endpoint_and_credentials_to_the_wire(files: Write) -> None:
    async with LoopbackServer() as server:
        files(
            "[profile dev]\nregion=ap-south-1\nservices=mine\n"
            f"[services mine]\ndynamodb =\n  endpoint_url = {server.url}\n",
            "[dev]\naws_access_key_id=AK1\naws_secret_access_key=s1\n",
        )
        transport = WireTransport(profile="dev")
        await transport.open()
        await transport.send("GetItem", {})
        await transport.close()
    assert transport.region == "ap-south-1"
    assert "Credential=AK1/" in server.requests[0].headers["authorization"]
    assert "/ap-south-1/dynamodb/" in server.requests[0].headers["authorization"]


async def test_a_sessions_region_comes_before_the_environments(
    files: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(
        "[profile dev]\nregion=ap-south-1\n",
        "[dev]\naws_access_key_id=AK1\naws_secret_access_key=s1\n",
    )
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    by_session, by_profile = (
        WireTransport(session=aio_session(profile="dev")),
        WireTransport(profile="dev"),
    )
    for transport in (by_session, by_profile):
        await transport.open()
        await transport.close()
    assert by_session.endpoint_url == "https://dynamodb.ap-south-1.amazonaws.com/"
    assert by_profile.endpoint_url == "https://dynamodb.eu-west-1.amazonaws.com/"


async def test_the_loop_goes_on_while_a_session_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    may_end = threading.Event()

    def slow(_profile: str | None) -> Any:
        assert may_end.wait(10), "the loop stood still"
        return BrokenSession(RuntimeError("made"))

    monkeypatch.setattr("adorm.transport.credentials.aws_session._new_session", slow)
    async with anyio.create_task_group() as group:
        group.start_soon(SessionHolder().get)
        await anyio.lowlevel.checkpoint()
        may_end.set()
