"""Processes that are told what to do line by line, and the environment they run in."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

HERE = Path(__file__).parent


class Process:
    """A script that reads lines and writes lines, until its input ends."""

    def __init__(self, process: subprocess.Popen[str], what: str) -> None:
        self._input, self._output = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        self._what = what

    def hear(self) -> Any:
        """The values in the next line of JSON."""
        line = self._output.readline()
        if not line:
            raise RuntimeError(f"{self._what} failed: what it wrote stands above")
        return json.loads(line)

    def ask(self, *what: Any) -> Any:
        self._input.write(json.dumps(what) + "\n")
        self._input.flush()
        return self.hear()


@contextmanager
def script(
    python: Path, name: str, *arguments: str, environment: Mapping[str, str]
) -> Generator[Process, None, None]:
    command = [str(python), str(HERE / name), *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield Process(
            process, " ".join(command[1:])
        )  # leaving closes its input and waits for its end


def own_environment(ca: str = "") -> dict[str, str]:
    """Nothing of the machine's configuration of AWS or Python decides what is measured: with
    PYTHONDONTWRITEBYTECODE, say, every start of a process would compile what has no cache. `ca` is
    trusted by every library in its own way.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTHON")) and not name.lower().endswith("_proxy")
    }
    own = {
        "PYTHONPATH": str(HERE.parent / "src"),
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "an example of a secret key",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if ca:
        own |= {"AWS_CA_BUNDLE": ca, "REQUESTS_CA_BUNDLE": ca, "SSL_CERT_FILE": ca}
    return {**kept, **own}
