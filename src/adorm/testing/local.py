"""DynamoDB Local, AWS's own engine, without Docker: Java runs it, Maven fetches it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.html
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from importlib.resources import as_file, files
from pathlib import Path
from types import TracebackType
from typing import Self

from adorm.errors import AdormError, UsageError

VERSION = "2.6.1"
"""The version that is fetched; a directory that already holds another is used as it is."""

DIRECTORY_VARIABLE = "ADORM_DYNAMODB_LOCAL"
FETCH_TIMEOUT_S = 600.0
STOP_TIMEOUT_S = 5.0
"""How long it may take to end before it is killed."""

PORTS = range(20_000, 32_000)
"""Below the ports that systems hand out by themselves, so that no outgoing connection takes one in between."""

PORTS_TRIED = 5


class DynamoDBLocalMissing(UsageError):
    """Java, Maven or the engine itself is not there. The message says what to install."""


class DynamoDBLocalFailed(AdormError):
    """The engine did not start. The message holds what it printed."""


class DynamoDBLocal:
    """A running DynamoDB Local, in memory: `with DynamoDBLocal() as local: local.endpoint_url`.

    It accepts any credentials and region, and keeps a separate database for each access key id and region: fresh ones make a
    fresh database. Listens on a free port, on all interfaces (it offers no choice), and sends no telemetry.

    Starting takes one or two seconds, the first one ever a download of 50 MB by Maven besides. Start and stop block, so in a
    test suite a session fixture is the place for it.
    """

    def __init__(self, *, directory: str | os.PathLike[str] | None = None, java: str | None = None, start_timeout_s: float = 30.0) -> None:
        """Prepare; nothing is looked up or started yet.

        `directory`: where the engine's jars are, or are put: default the environment variable `ADORM_DYNAMODB_LOCAL`, else the
        user's cache. `java`: the command, default the one of `JAVA_HOME`, else `java` (17 or newer).
        """
        self._directory = None if directory is None else Path(directory)
        self._java = java
        self._start_timeout_s = start_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._claim: socket.socket | None = None
        self._port = 0

    @property
    def endpoint_url(self) -> str:
        """`http://127.0.0.1:PORT`.

        Raises:
            UsageError: it is not running.
        """
        if self._process is None:
            raise UsageError("DynamoDB Local is not running: `with DynamoDBLocal() as local: ...`")
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start and wait until it answers; nothing where it runs already.

        Raises:
            DynamoDBLocalMissing: Java, Maven or the engine is not there.
            DynamoDBLocalFailed: it ended, or did not answer in `start_timeout_s`.
        """
        if self._process is not None:
            return
        java = _find_java(self._java)
        jars = fetch_dynamodb_local(self._directory)
        atexit.register(self.stop)
        problem = ""
        try:
            for _ in range(PORTS_TRIED):
                self._port, self._claim = _free_port()
                self._launch(java, jars)
                problem = self._problem()
                if not problem:
                    return
                self._end()
                if "BindException" not in problem:
                    break
            raise DynamoDBLocalFailed(f"DynamoDB Local did not start on port {self._port}: {problem}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process and wait until it is gone; nothing where it does not run."""
        atexit.unregister(self.stop)
        self._end()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _launch(self, java: str, jars: Path) -> None:
        # It writes a file into its working directory, telemetry or not.
        self._scratch = tempfile.TemporaryDirectory(prefix="adorm-dynamodb-local-")
        command = [
            java,
            "-Xmx512m",
            "-XX:+UseSerialGC",
            f"-Djava.library.path={jars}",
            "-cp",
            f"{jars}{os.sep}*",
            "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
            "-inMemory",
            "-disableTelemetry",
            "-port",
            str(self._port),
        ]
        with self._output(self._scratch).open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=self._scratch.name, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def _problem(self) -> str:
        """Wait until it answers; else why it does not."""
        until_s = time.monotonic() + self._start_timeout_s
        while time.monotonic() < until_s:
            status = self._process.poll() if self._process is not None else None
            if status is not None:
                return f"java ended with status {status} and printed:\n{self._printed()}"
            if _answers(self._port):
                return ""
            time.sleep(0.05)
        return f"it did not answer within {self._start_timeout_s:g} s and printed:\n{self._printed()}"

    @staticmethod
    def _output(scratch: tempfile.TemporaryDirectory[str]) -> Path:
        return Path(scratch.name) / "output"

    def _printed(self) -> str:
        if self._scratch is None:
            return ""
        return self._output(self._scratch).read_text(errors="replace")[-4000:].strip()

    def _end(self) -> None:
        process, scratch, claim = self._process, self._scratch, self._claim
        self._process = self._scratch = self._claim = None
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if scratch is not None:
            scratch.cleanup()
        if claim is not None:
            claim.close()


def fetch_dynamodb_local(directory: str | os.PathLike[str] | None = None) -> Path:
    """The directory that holds DynamoDB Local's jars; Maven fetches them where they are not there yet (50 MB).

    Default: the environment variable `ADORM_DYNAMODB_LOCAL`, else a directory in the user's cache. Several processes may ask
    for the same one at the same time.

    Raises:
        DynamoDBLocalMissing: Maven is not installed, or could not fetch them.
    """
    target = Path(directory or os.environ.get(DIRECTORY_VARIABLE) or _user_cache() / f"dynamodb-local-{VERSION}").expanduser().resolve()
    if _is_complete(target):
        return target
    maven = shutil.which("mvn")
    if maven is None:
        raise DynamoDBLocalMissing(
            f"DynamoDB Local is not in {target}, and Maven, which would fetch it, is not installed: "
            f"install Maven, or put the jars of com.amazonaws:DynamoDBLocal there, or name their directory in {DIRECTORY_VARIABLE}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as scratch,
        as_file(files("adorm.testing") / "dynamodb_local.xml") as pom,
    ):
        fetched = Path(scratch) / "jars"
        command = [
            maven,
            "-B",
            "-q",
            "-f",
            str(pom),
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={fetched}",
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=FETCH_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DynamoDBLocalMissing(f"Maven could not fetch DynamoDB Local {VERSION}: {error}") from error
        if done.returncode != 0 or not _is_complete(fetched):
            printed = (done.stdout + done.stderr).decode(errors="replace")[-2000:].strip()
            raise DynamoDBLocalMissing(f"Maven could not fetch DynamoDB Local {VERSION} (status {done.returncode}) and printed:\n{printed}")
        _put(fetched, target)
    return target


def _put(fetched: Path, target: Path) -> None:
    """Move the jars where they belong, whole or not at all."""
    if target.is_dir() and not _is_complete(target) and not any(target.iterdir()):
        target.rmdir()
    try:
        fetched.rename(target)
    except OSError as error:
        if not _is_complete(target):  # else another process was faster
            raise DynamoDBLocalMissing(f"{target} is in the way of DynamoDB Local's jars: empty it, or name another directory") from error


def _is_complete(directory: Path) -> bool:
    return any(directory.glob("DynamoDBLocal-*.jar")) and any(directory.glob("sqlite4java-*.jar"))


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "adorm"


def _find_java(java: str | None) -> str:
    home = os.environ.get("JAVA_HOME")
    candidates: Iterable[str] = [java] if java else [*([str(Path(home) / "bin" / "java")] if home else []), "java"]
    for candidate in candidates:
        found = shutil.which(candidate)
        if found is not None:
            return found
    raise DynamoDBLocalMissing(
        f"DynamoDB Local needs Java 17 or newer, and {java or 'java'} was not found: install a JRE, or set JAVA_HOME"
    )


def _free_port() -> tuple[int, socket.socket]:
    """A TCP port that nothing listens on, and the claim to it.

    The engine can't be told to take a port of the system's choice, so one is chosen here. Holding the UDP port of the same number
    keeps every other runner, in any process, from choosing it too; a stranger that takes it in between makes the engine end
    with a BindException, and another port is tried.
    """
    for port in random.sample(PORTS, 200):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.bind(("0.0.0.0", port))  # noqa: S104  # as the engine will, which offers no choice
        except OSError:
            claim.close()
        else:
            return port, claim
    raise DynamoDBLocalFailed(f"no free port between {PORTS.start} and {PORTS.stop}")


def _answers(port: int) -> bool:
    """True when what listens there speaks like DynamoDB."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = b""
            while part := connection.recv(4096):
                answer += part
    except OSError:
        return False
    return b"x-amzn-requestid" in answer.lower() or b"MissingAuthenticationToken" in answer


def main() -> int:
    """Fetch the engine into the directory given as the only argument, for build scripts; 1 where that can't be done."""
    try:
        fetch_dynamodb_local(sys.argv[1] if len(sys.argv) > 1 else None)
        _find_java(None)
    except DynamoDBLocalMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
