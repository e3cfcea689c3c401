"""What the benchmarks share: processes that are told what to do line by line, and the figures of many rounds."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

HERE = Path(__file__).parent


class Sample(NamedTuple):
    """Wall time and the client's own CPU time, in microseconds."""

    wall: float
    cpu: float


class Process:
    """A script that reads lines and writes lines, until its input ends."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._input, self._output = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)

    def tell(self, line: str) -> None:
        self._input.write(line + "\n")
        self._input.flush()

    def hear(self) -> Any:
        """What a line of JSON says."""
        line = self._output.readline()
        if not line:
            raise RuntimeError("a process of the benchmark failed: what it wrote stands above")
        return json.loads(line)

    def ask(self, line: str) -> Any:
        self.tell(line)
        return self.hear()


@contextmanager
def script(name: str, *arguments: str) -> Generator[Process, None, None]:
    command = [sys.executable, str(HERE / name), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Process(process)  # leaving closes its input and waits for its end


def surroundings() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "versions": {name: version(name) for name in ("aiobotocore", "botocore", "aiohttp", "orjson", "httptools")},
    }


def heading(results: dict[str, Any]) -> str:
    """The same for people."""
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    return f"Python {results['python']} on {results['machine']}; {versions}"


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, quartiles and the least."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high, "least": min(values)}


def cell(figures: dict[str, float], form: str) -> str:
    """Median, and in brackets from the first to the third quartile."""
    return f"{figures['median']:{form}} ({figures['low']:{form}} to {figures['high']:{form}})"


def own_environment() -> None:
    """Nothing of the machine's AWS configuration decides what is measured."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
        AWS_SECRET_ACCESS_KEY="an example of a secret key",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )


def report(description: str, measure: Callable[[int], dict[str, Any]], table: Callable[[dict[str, Any]], str], *, takes: str) -> None:
    """A benchmark's command line: measure so many rounds, print the table, and write the figures where they are wanted.

    `takes`: how long the usual number of rounds takes.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=15, help=f"2 or more; 15 by default, {takes}")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there")
    arguments = parser.parse_args()
    if arguments.rounds < 2:
        parser.error("--rounds: 2 or more")
    results = measure(arguments.rounds)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    print(table(results))
