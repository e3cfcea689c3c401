"""`python -m adorm.memory`: its options, what it prints, its snapshots, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

import adorm
from adorm.errors import AdormError
from adorm.memory.engine import Engine
from adorm.memory.server.command import load, main, read_secrets, save

ROOT = Path(__file__).parents[2]
TABLE = {
    "TableName": "orders",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}


@attrs.define
class Command:
    """The command, running."""

    process: subprocess.Popen[bytes]
    printed: str
    endpoint_url: str

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Its status and what it wrote to standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors.decode()


@contextmanager
def running(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> Generator[Command, None, None]:
    with subprocess.Popen(
        [
            sys.executable,
            "-W",
            "error",
            "-X",
            "dev",
            "-m",
            "adorm.memory",
            "--port",
            "0",
            *arguments,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            for line in process.stdout:
                lines.append(line.decode())
                if line.startswith((b"export AWS_REGION", b"# and one of")):
                    break
            url = next(
                line for line in lines if line.startswith("export AWS_ENDPOINT_URL_DYNAMODB=")
            )
            yield Command(process, "".join(lines), url.partition("=")[2].strip())
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")


@pytest.mark.anyio
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_until_a_signal_stops_it(number: signal.Signals) -> None:
    with running() as command:
        assert "export AWS_ENDPOINT_URL_DYNAMODB_STREAMS=http://127.0.0.1:" in command.printed
        assert "export AWS_ACCESS_KEY_ID=" in command.printed
        async with adorm.connect(endpoint_url=command.endpoint_url, region="eu-central-1") as db:
            await db.call("CreateTable", TABLE)
            assert (await db.call("ListTables", {}))["TableNames"] == ["orders"]
            assert command.end(number) == (0, "")


@pytest.mark.anyio
async def test_tables_are_kept_in_a_file(tmp_path: Path) -> None:
    kept = tmp_path / "tables.json"
    item = {"pk": {"S": "é"}, "b": {"B": "/wA="}}
    with running("--save", str(kept)) as command:
        async with adorm.connect(endpoint_url=command.endpoint_url, region="eu-central-1") as db:
            await db.call("CreateTable", TABLE)
            await db.call("PutItem", {"TableName": "orders", "Item": item})
        assert command.end() == (0, "")
    assert os.listdir(tmp_path) == ["tables.json"]  # noqa: PTH208  # no Path in async code
    with running("--load", str(kept)) as command:
        async with adorm.connect(endpoint_url=command.endpoint_url, region="eu-central-1") as db:
            answer = await db.call("Scan", {"TableName": "orders"})
        assert answer["Items"] == [item]


@pytest.mark.anyio
async def test_the_file_that_tables_are_kept_in_need_not_exist_yet(tmp_path: Path) -> None:
    kept = str(tmp_path / "tables.json")
    for expected in ([], ["orders"]):
        with running("--load", kept, "--save", kept) as command:
            async with adorm.connect(
                endpoint_url=command.endpoint_url, region="eu-central-1"
            ) as db:
                assert (await db.call("ListTables", {}))["TableNames"] == expected
                if not expected:
                    await db.call("CreateTable", TABLE)
            assert command.end() == (0, "")


def test_a_file_that_could_not_be_written_is_refused_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path, tmp_path / "no-such-folder" / "tables.json"):
        with pytest.raises(SystemExit):
            main(["--port", "0", "--save", str(path)])
        assert f"--save {path} " in capsys.readouterr().err


def test_an_impossible_port_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--port", "99999"])
    assert "invalid port_number value: '99999'" in capsys.readouterr().err


def test_a_file_that_is_not_a_snapshot_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "letter.txt"
    for content, words in (
        (None, "No such file"),
        (b"dear", "not a snapshot"),
        (b"[]", "not a snapshot"),
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SystemExit) as caught:
            main(["--port", "0", "--load", str(path)])
        assert caught.value.code == 1
        assert words in capsys.readouterr().err


def test_a_snapshot_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "tables.json"
    engine = Engine()
    engine.call("CreateTable", TABLE)
    save(engine, path)
    before = path.read_bytes()
    again = Engine()
    load(again, path)
    assert again.call("ListTables", {})["TableNames"] == ["orders"]
    with pytest.raises(OSError, match="nowhere"):
        save(engine, tmp_path / "nowhere" / "tables.json")
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["tables.json"]


@pytest.mark.anyio
async def test_signatures_are_checked_by_secrets_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running("--check-signatures") as command:
        assert "s3cret" not in command.printed
        assert "ACCESS_KEY_ID=" not in command.printed
        async with adorm.connect(endpoint_url=command.endpoint_url, region="eu-central-1") as db:
            await db.call("ListTables", {})
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        async with adorm.connect(endpoint_url=command.endpoint_url, region="eu-central-1") as db:
            with pytest.raises(AdormError, match="signature we calculated does not match"):
                await db.call("ListTables", {})


def test_secrets_are_read_from_one_variable_or_from_those_of_aws() -> None:
    plain = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "a"}
    assert read_secrets({}) == {}
    assert read_secrets({"AWS_ACCESS_KEY_ID": "A"}) == {}
    assert read_secrets(plain) == {"A": "a"}
    own = {"ADORM_MEMORY_CREDENTIALS": "B:b  C:c:c D: E"}
    assert read_secrets(plain | own) == {"B": "b", "C": "c:c"}


def test_without_secrets_nothing_is_checked_and_nothing_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(SystemExit) as caught:
        main(["--check-signatures"])
    assert caught.value.code == 2
    assert "ADORM_MEMORY_CREDENTIALS" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--table-delay-s", "-1"],
        ["--table-delay-s", "nan"],
        ["--throttle-above", "5"],
        ["--throttle-above", "a,b"],
        ["--stream-shards", "0"],
        ["--wording", "newest"],
        ["--port", "http"],
    ],
)
def test_bad_options_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert "--save FILE" in printed
    assert "fresh database" in printed


def test_it_stops_with_the_program_that_started_it() -> None:
    with running("--stop-with-stdin") as command:
        assert command.process.stdin is not None
        command.process.stdin.close()
        assert command.process.wait(30) == 0
