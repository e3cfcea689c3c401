from __future__ import annotations

import os
import shutil
import socket
import stat
from pathlib import Path

import pytest

from adorm.errors import AdormError, UsageError
from adorm.testing import DynamoDBLocal, DynamoDBLocalFailed, DynamoDBLocalMissing, fetch_dynamodb_local
from adorm.testing.local import PORTS, VERSION, _free_port, main


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def jars(tmp_path: Path) -> Path:
    """A directory that passes for a complete one."""
    directory = tmp_path / "jars"
    directory.mkdir()
    for name in (f"DynamoDBLocal-{VERSION}.jar", "sqlite4java-1.jar"):
        (directory / name).touch()
    return directory


def listens(endpoint_url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(endpoint_url.rpartition(":")[2]))) == 0


@pytest.mark.usefixtures("dynamodb_local")
def test_it_listens_inside_the_block_and_not_after_it() -> None:
    with DynamoDBLocal() as local:
        endpoint_url = local.endpoint_url
        assert listens(endpoint_url)
        local.start()
        assert local.endpoint_url == endpoint_url
    assert not listens(endpoint_url)
    local.stop()


@pytest.mark.usefixtures("dynamodb_local")
def test_a_port_that_was_taken_in_between_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as stranger:
        stranger.bind(("0.0.0.0", 0))
        stranger.listen()
        taken = int(stranger.getsockname()[1])
        chosen = iter([(taken, socket.socket()), _free_port()])
        monkeypatch.setattr("adorm.testing.local._free_port", lambda: next(chosen))
        with DynamoDBLocal() as local:
            assert not local.endpoint_url.endswith(f":{taken}")


def test_two_runners_never_choose_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    port, claim = _free_port()
    with claim:
        monkeypatch.setattr("random.sample", lambda _ports, _count: [port])  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        with pytest.raises(DynamoDBLocalFailed, match="no free port"):
            _free_port()
    assert port in PORTS


def test_without_a_start_there_is_no_endpoint() -> None:
    with pytest.raises(UsageError, match="not running"):
        _ = DynamoDBLocal().endpoint_url


def test_what_java_prints_is_told_when_it_ends(jars: Path, tmp_path: Path) -> None:
    java = script(tmp_path / "java", "echo 'UnsupportedClassVersionError: too old' >&2; exit 3")
    local = DynamoDBLocal(directory=jars, java=str(java))
    with pytest.raises(DynamoDBLocalFailed, match=r"(?s)status 3.*too old"):
        local.start()
    with pytest.raises(UsageError):
        _ = local.endpoint_url


def test_waiting_for_it_ends_and_the_process_with_it(jars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adorm.testing.local.STOP_TIMEOUT_S", 0.1)
    pid_file = tmp_path / "pid"
    java = script(tmp_path / "java", f"trap '' TERM; echo $$ > {pid_file}; echo thinking; exec sleep 600")
    with pytest.raises(DynamoDBLocalFailed, match=r"(?s)did not answer within 0\.5 s.*thinking"):
        DynamoDBLocal(directory=jars, java=str(java), start_timeout_s=0.5).start()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_a_missing_java_is_named(jars: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(DynamoDBLocalMissing, match="needs Java 17"):
        DynamoDBLocal(directory=jars).start()


def test_a_missing_maven_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DynamoDBLocalMissing, match="Maven, which would fetch it, is not installed") as caught:
        fetch_dynamodb_local(tmp_path / "nowhere")
    assert isinstance(caught.value, AdormError)


def test_jars_that_are_there_are_taken(jars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("ADORM_DYNAMODB_LOCAL", str(jars))
    assert fetch_dynamodb_local() == jars.resolve()


FAKE_MAVEN = """
for word in "$@"; do
    case "$word" in
        -DoutputDirectory=*) directory="${word#*=}" ;;
        *.xml) grep -q DynamoDBLocal "$word" || exit 9 ;;
    esac
done
mkdir -p "$directory"
touch "$directory/DynamoDBLocal-2.jar" "$directory/sqlite4java-1.jar"
"""


def test_maven_puts_them_there_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "mvn", FAKE_MAVEN)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    target = tmp_path / "deep" / "jars"
    assert fetch_dynamodb_local(target) == target.resolve()
    assert {path.name for path in target.parent.iterdir()} == {"jars"}
    assert len(list(target.iterdir())) == 2


def test_what_maven_prints_is_told_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "mvn", "echo 'Could not transfer artifact' && exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    target = tmp_path / "jars"
    with pytest.raises(DynamoDBLocalMissing, match=r"(?s)status 1.*Could not transfer artifact"):
        fetch_dynamodb_local(target)
    assert not target.exists()


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "mvn", FAKE_MAVEN)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    target = tmp_path / "home"
    target.mkdir()
    (target / "letter.txt").write_text("dear")
    with pytest.raises(DynamoDBLocalMissing, match="in the way"):
        fetch_dynamodb_local(target)
    assert (target / "letter.txt").read_text() == "dear"


def test_build_scripts_get_a_status(
    jars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["-c", str(jars)])
    if shutil.which("java"):
        assert main() == 0
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["-c", str(tmp_path / "nowhere")])
    assert main() == 1
    assert "Maven" in capsys.readouterr().err
