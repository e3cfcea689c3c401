"""`LocalDynamoDB`: adorm's DynamoDB over HTTP, in a thread and in a process of its own."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

import adorm
from adorm.errors import AdormError, UsageError
from adorm.testing import LocalDynamoDB, LocalDynamoDBFailed

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"


@pytest.fixture(params=[False, True], ids=["thread", "process"])
def process(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def listens(endpoint_url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(endpoint_url.rpartition(":")[2]))) == 0


async def table_names(endpoint_url: str, region: str = REGION) -> list[str]:
    async with adorm.connect(endpoint_url=endpoint_url, region=region) as db:
        answer = await db.call("ListTables", {})
        names: list[str] = answer["TableNames"]
        return names


async def make_table(endpoint_url: str, name: str) -> None:
    async with adorm.connect(endpoint_url=endpoint_url, region=REGION) as db:
        await db.call(
            "CreateTable",
            {
                "TableName": name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            },
        )


def test_it_listens_inside_the_block_and_not_after_it(process: bool) -> None:
    before = threading.active_count()
    with LocalDynamoDB(process=process) as local:
        endpoint_url = local.endpoint_url
        assert listens(endpoint_url)
        local.start()
        assert local.endpoint_url == endpoint_url
    assert not listens(endpoint_url)
    local.stop()
    assert threading.active_count() == before
    gc.collect()  # what is left open would warn


@pytest.mark.anyio
async def test_it_answers_adorm(process: bool) -> None:
    async with LocalDynamoDB(process=process) as local:
        await make_table(local.endpoint_url, "orders")
        assert await table_names(local.endpoint_url) == ["orders"]
        assert await table_names(local.endpoint_url, "us-west-2") == []


@pytest.mark.anyio
async def test_each_start_is_a_fresh_database() -> None:
    local = LocalDynamoDB()
    for _ in range(2):
        with local:
            assert await table_names(local.endpoint_url) == []
            await make_table(local.endpoint_url, "orders")


@pytest.mark.anyio
async def test_an_access_key_id_is_a_database_unless_they_share(
    process: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shared in (False, True):
        with LocalDynamoDB(process=process, shared=shared) as local:
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKONE")
            await make_table(local.endpoint_url, "orders")
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKTWO")
            assert await table_names(local.endpoint_url) == (["orders"] if shared else [])


@pytest.mark.anyio
async def test_options_reach_the_engine(process: bool) -> None:
    options: dict[str, Any] = {"wording": "old", "table_delay_s": 600.0, "throttle_above": (5, 5)}
    with LocalDynamoDB(process=process, stream_shards=2, **options) as local:
        await make_table(local.endpoint_url, "orders")
        async with adorm.connect(endpoint_url=local.endpoint_url, region=REGION) as db:
            answer = await db.call("DescribeTable", {"TableName": "orders"})
        assert answer["Table"]["TableStatus"] == "CREATING"
        if not process:
            assert local.engine.options.wording == "old"
            assert local.engine.options.throttle_above == (5, 5)
            assert local.engine.options.stream_shards == 2


@pytest.mark.anyio
async def test_the_engine_can_be_used_between_requests() -> None:
    with LocalDynamoDB() as local:
        await make_table(local.endpoint_url, "orders")
        kept = local.run(lambda engine: engine.snapshot())
        await make_table(local.endpoint_url, "more")
        local.run(lambda engine: engine.restore(kept))
        assert await table_names(local.endpoint_url) == ["orders"]
        assert local.run(lambda engine: local.run(lambda same: same is engine))
        with pytest.raises(ZeroDivisionError):
            local.run(lambda _: 1 / 0)


@pytest.mark.anyio
async def test_expired_items_go_by_the_engines_clock() -> None:
    time_s = [1_700_000_000.0]
    with LocalDynamoDB(now=lambda: time_s[0], ttl_every_s=0.01) as local:
        await make_table(local.endpoint_url, "orders")
        async with adorm.connect(endpoint_url=local.endpoint_url, region=REGION) as db:
            setting = {"Enabled": True, "AttributeName": "until"}
            await db.call(
                "UpdateTimeToLive", {"TableName": "orders", "TimeToLiveSpecification": setting}
            )
            item = {"pk": {"S": "a"}, "until": {"N": "1700000010"}}
            await db.call("PutItem", {"TableName": "orders", "Item": item})
            time_s[0] += 3600
            with anyio.fail_after(20):
                while (await db.call("Scan", {"TableName": "orders"}))["Count"]:
                    pass


def test_other_programs_find_it_by_their_environment(process: bool) -> None:
    with LocalDynamoDB(process=process) as local:
        assert local.environment["AWS_ENDPOINT_URL_DYNAMODB"] == local.endpoint_url
        assert local.environment["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] == local.endpoint_url
        assert local.environment["AWS_REGION"]


def test_without_a_start_there_is_nothing() -> None:
    local = LocalDynamoDB()
    for look in (lambda: local.endpoint_url, lambda: local.engine, lambda: local.environment):
        with pytest.raises(UsageError, match="not running"):
            look()


def test_what_is_in_another_process_is_out_of_reach() -> None:
    with pytest.raises(UsageError, match="function of this process"):
        LocalDynamoDB(process=True, now=lambda: 0.0)
    with LocalDynamoDB(process=True) as local, pytest.raises(UsageError, match="another process"):
        _ = local.engine


def test_a_port_that_is_taken_is_told(process: bool, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        local = LocalDynamoDB(process=process, port=int(stranger.getsockname()[1]))
        with pytest.raises(LocalDynamoDBFailed) as caught:
            local.start()
    assert isinstance(caught.value, AdormError)
    told = str(caught.value) + capfd.readouterr().err
    assert "in use" in told
    with pytest.raises(UsageError, match="not running"):
        _ = local.endpoint_url
    gc.collect()


def test_waiting_for_a_process_that_says_nothing_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 600\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(LocalDynamoDBFailed, match=f"status -{signal.SIGKILL.value}"):
        LocalDynamoDB(process=True, start_timeout_s=0.2).start()


def test_a_fork_stops_nothing_of_its_parent(process: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalDynamoDB(process=process) as local:
        real = os.getpid()
        with monkeypatch.context() as patched:
            patched.setattr("os.getpid", lambda: real + 1)
            running = local._running
            local.stop()
        assert running is not None
        assert listens(running.endpoint_url)
        local._running = running


STARTS = """
import sys
from adorm.testing import LocalDynamoDB
local = LocalDynamoDB(process={process})
local.start()
print(local.endpoint_url, flush=True)
{end}
"""


@pytest.mark.parametrize("end", ["", "sys.stdin.read()"], ids=["exit", "kill"])
def test_it_ends_with_its_program_however_that_ends(process: bool, end: str) -> None:
    program = STARTS.format(process=process, end=end)
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-X", "dev", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        endpoint_url = child.stdout.readline().decode().strip()
        assert endpoint_url, child.stderr.read().decode()
        if end:
            child.kill()
        # The server shares its standard error: that ends when both are gone.
        assert child.stderr.read() == b""
        assert child.wait(20) == (-signal.SIGKILL if end else 0)
    assert not listens(endpoint_url)
