"""What a cold start costs: each library in turn, from the start of a process to the first item.

    python bench/cold_start.py --environment .venv-bench-3.13 [--starts N] [--json PATH]

A process (the scripts of `cold/`) imports its library, defines three models (where the library has
any) and reads one item from a loopback server. Measured are wall time until it has the item, its
CPU time till then, and its peak of resident memory; and the wall time until the process is gone.
Bytecode is cached: the first start of each is not counted. For comparison: Python alone, `import
asyncio, ssl`, and `import adorm` alone. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from calls import Server, server, version_of
from figures import spread
from libraries import Environment, Library, by_label
from processes import HERE, own_environment

STARTS = 25


@dataclass(frozen=True)
class Start:
    label: str
    script: str
    library: Library | None = None


STARTS_OF = (
    Start("Python alone", "bare_python.py"),
    Start("import asyncio, ssl", "import_asyncio_ssl.py"),
    Start("import adorm", "import_adorm.py"),
    *(
        Start(label, f"read_{script}.py", by_label(label))
        for label, script in (
            ("adorm", "adorm"),
            ("aiobotocore", "aiobotocore"),
            ("aioboto3", "aioboto3"),
            ("PynamoDB", "pynamodb"),
            ("pydynox", "pydynox"),
            ("aiodynamo", "aiodynamo"),
            ("dynamoxy", "dynamoxy"),
        )
    ),
)


class Taken(NamedTuple):
    item_s: float
    cpu_s: float
    peak_mib: float
    process_s: float


def started(environment: Environment, start: Start, at: Server) -> Taken:
    library = start.library
    python = environment.python if library is None else environment.python_of(library)
    url = at.url("z" if library is None else library.time_form)
    began_s = time.perf_counter()
    with subprocess.Popen(
        [python, HERE / "cold" / start.script, url],
        stdout=subprocess.PIPE,
        env=own_environment(),
        text=True,
    ) as process:
        line = "" if process.stdout is None else process.stdout.readline()
        item_s = time.perf_counter() - began_s
        process.wait()
        process_s = time.perf_counter() - began_s
    if not line:
        raise RuntimeError(f"{start.script} failed: what it wrote stands above")
    cpu_s, peak_kib = json.loads(line)
    return Taken(item_s, cpu_s, peak_kib / 1024, process_s)


def measure(environment: Environment, starts: int = STARTS) -> dict[str, Any]:
    """Samples by what is started: `{"adorm": {"item_s": [...], "cpu_s": [...], "peak_mib": [...],
    "process_s": [...]}}`."""
    version = version_of(environment)
    able = [each for each in STARTS_OF if each.library is None or version >= each.library.since]
    samples: dict[str, list[Taken]] = {each.label: [] for each in able}
    with server(environment) as at:
        for number in range(-1, starts):
            for each in able if number % 2 else reversed(able):
                taken = started(environment, each, at)
                if number >= 0:
                    samples[each.label].append(taken)
    return {
        label: {name: [getattr(each, name) for each in own] for name in Taken._fields}
        for label, own in samples.items()
    }


def table(samples: dict[str, Any]) -> str:
    lines = [f"{'':22}{'first item, ms':>26}{'CPU, ms':>26}{'peak, MiB':>12}{'process, ms':>14}"]
    for label, own in samples.items():
        item, cpu = spread(own["item_s"], 1e3), spread(own["cpu_s"], 1e3)
        peak, process = spread(own["peak_mib"]), spread(own["process_s"], 1e3)
        lines.append(
            f"{label:22}{item.cell(1):>26}{cpu.cell(1):>26}{peak.median:>12.1f}{process.median:>14.1f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Cold starts of DynamoDB libraries, side by side.")
    parser.add_argument(
        "--environment",
        type=Path,
        required=True,
        help="as `bench/run.py` makes it: .venv-bench-3.13",
    )
    parser.add_argument("--starts", type=int, default=STARTS, help=f"of each; {STARTS} by default")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write every sample there")
    arguments = parser.parse_args()
    samples = measure(Environment(arguments.environment), arguments.starts)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(samples) + "\n")
    print(table(samples))


if __name__ == "__main__":
    main()
