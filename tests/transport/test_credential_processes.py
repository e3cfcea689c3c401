"""A `credential_process` that hangs, and everything else that aiobotocore resolves: bounded, and no
child is left."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

import adorm
from adorm.errors import ConnectionFailed, DeadlineExceeded, UsageError
from adorm.testing.clock import FakeClock
from adorm.transport.credentials.aws_session import SessionCredentials, SessionHolder
from adorm.transport.credentials.credentials import CredentialsCache
from tests.support.loopback import LoopbackServer

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc"),
]

HANGING = """\
import os, sys, subprocess, time
with open({pids!r}, "a") as file:
    file.write(f"{{os.getpid()}}\\n")
    file.flush()
    if {nested}:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        file.write(f"{{child.pid}}\\n")
time.sleep(600)
"""
ANSWERING = """\
import json
keys = dict(AccessKeyId="AKPROCESS", SecretAccessKey="a-long-secret", SessionToken="t")
print(json.dumps(dict(keys, Version=1, Expiration={expires!r})))
"""


class Place:
    """A profile whose credentials come from a process, and what is known of the processes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.pids = directory / "pids"
        self.script = directory / "process.py"

    def hang(self, *, nested: bool = False) -> None:
        self.script.write_text(HANGING.format(pids=str(self.pids), nested=nested))

    def answer(self, expires: str | None = None) -> None:
        self.script.write_text(ANSWERING.format(expires=expires))

    async def started(self, count: int = 1) -> list[int]:
        """Wait until so many processes have told their ids."""
        with anyio.fail_after(20):
            while True:  # a file tells nobody of its change
                told = self.pids.read_text().split() if self.pids.exists() else []
                if len(told) >= count:
                    return [int(each) for each in told]
                await anyio.sleep(0.01)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    it = Place(tmp_path)
    process = f"credential_process = {sys.executable} {it.script}\n"
    (tmp_path / "config").write_text(
        f"[default]\nregion = eu-central-1\n{process}"
        f"[profile base]\n{process}"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\n"
        "source_profile = base\nregion = eu-central-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return it


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


async def all_end(pids: list[int]) -> None:
    with anyio.fail_after(10):
        while any(map(is_running, pids)):  # noqa: ASYNC110  # nobody tells of another's child
            await anyio.sleep(0.01)


@pytest.mark.parametrize("profile", ["default", "role"])
@pytest.mark.parametrize("nested", [False, True])
async def test_a_deadline_ends_it_and_its_process(place: Place, profile: str, nested: bool) -> None:
    place.hang(nested=nested)
    async with (
        LoopbackServer() as server,
        adorm.connect(endpoint_url=server.url, profile=profile) as db,
    ):
        failed: list[DeadlineExceeded] = []

        async def call() -> None:
            try:
                async with adorm.deadline(5):
                    await db.call("GetItem", {"TableName": "orders", "Key": {}})
            except DeadlineExceeded as error:
                failed.append(error)

        pids: list[int] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            pids += await place.started(1 + nested)
        assert "while the database was opened" in str(failed[0])
        await all_end(pids)


async def test_close_ends_it_while_the_database_is_opened(place: Place) -> None:
    place.hang()
    async with LoopbackServer() as server:
        db = adorm.connect(endpoint_url=server.url, profile="default")
        call = asyncio.ensure_future(open_it(db))
        pids = await place.started()
        with anyio.fail_after(5):
            await db.close()
            with pytest.raises(UsageError, match="closed"):
                await call
        await all_end(pids)


async def open_it(db: adorm.Database) -> None:
    await db.open()


async def test_close_ends_a_call_that_waits_for_new_credentials(place: Place) -> None:
    place.answer()
    async with LoopbackServer() as server:
        db = adorm.connect(endpoint_url=server.url, profile="default")
        await db.call("GetItem", {"TableName": "orders", "Key": {}})
        place.hang()
        db.forget_credentials()
        call = asyncio.ensure_future(db.call("GetItem", {"TableName": "orders", "Key": {}}))
        pids = await place.started()
        with anyio.fail_after(5):
            await db.close()
            with pytest.raises(UsageError, match="closed while this call waited for credentials"):
                await call
        await all_end(pids)


async def test_a_cancelled_caller_leaves_no_process(place: Place) -> None:
    place.hang(nested=True)
    async with (
        LoopbackServer() as server,
        adorm.connect(endpoint_url=server.url, profile="default") as db,
    ):
        pids: list[int] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(open_it, db)
            pids += await place.started(2)
            tasks.cancel_scope.cancel()
        await all_end(pids)
        place.answer()
        await db.open()  # and the next may try again


async def test_it_has_a_limit_of_its_own(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adorm.transport.credentials.aws_session.LIMIT_S", 1.0)
    place.hang()
    with (
        anyio.fail_after(20),
        pytest.raises(
            ConnectionFailed, match="could not be fetched within 1 s by the profile's chain"
        ),
    ):
        await SessionCredentials(profile="default").load()
    await all_end(await place.started())


async def test_a_session_of_the_callers_is_bounded_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiobotocore.session import AioSession

    monkeypatch.setattr("adorm.transport.credentials.aws_session.LIMIT_S", 1.0)
    place.hang()
    with anyio.fail_after(20), pytest.raises(ConnectionFailed, match="within 1 s"):
        await SessionCredentials(AioSession()).load()
    await all_end(await place.started())


async def test_settings_that_can_t_be_read_in_time_are_a_connection_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adorm.transport.credentials.aws_session.LIMIT_S", 0.01)

    async def forever(self: SessionHolder) -> Any:
        await anyio.sleep_forever()

    monkeypatch.setattr(SessionHolder, "get", forever)
    with pytest.raises(ConnectionFailed, match="AWS settings could not be fetched within"):
        await SessionHolder(profile="default").settings()


async def test_any_source_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adorm.transport.credentials.credentials.LOAD_LIMIT_S", 0.01)

    class Forever:
        async def load(self) -> adorm.Credentials:
            await anyio.sleep_forever()
            raise AssertionError

    with pytest.raises(ConnectionFailed, match=r"Forever gave no credentials within 0\.01 s"):
        await CredentialsCache(Forever(), FakeClock()).get()


async def test_what_a_process_complains_of_is_one_bounded_line(place: Place) -> None:
    place.script.write_text(
        "import sys\nsys.stderr.write('no\\n\\x1b[31mway ' * 2000)\nsys.exit(3)\n"
    )
    with anyio.fail_after(20), pytest.raises((ConnectionFailed, UsageError)) as caught:
        await SessionCredentials(profile="default").load()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2500
