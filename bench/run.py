"""Everything in one run: calls, cold starts and memory, on every Python and event loop.

    python bench/run.py [--quick] [--rounds 9] [--python 3.13] [--only NAME ...] [--report PATH]

`make bench` calls it. It makes the environments, measures, writes every sample to
bench/results/latest.json, and makes bench/report.md with its plots from that. `--quick` takes about
two minutes: the newest Python, asyncio, few short rounds; its report is written beside the results.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import calls
import cold_start
import fanout
import memory
import report
from environments import ROOT, VERSIONS, environment
from libraries import LIBRARIES, Environment
from processes import HERE

RESULTS = HERE / "results"


def measure_python(
    own: Environment, loops: Sequence[str], *, rounds: int, quick: bool, only: Sequence[str]
) -> dict[str, Any]:
    sample_s = 0.04 if quick else 0.1
    by_loop: dict[str, Any] = {}
    for loop in loops:
        say(f"{own.directory.name}: calls, {loop}")
        by_loop[loop] = calls.measure(own, loop, rounds=rounds, sample_s=sample_s, only=only)
    say(f"{own.directory.name}: cold starts")
    starts = cold_start.measure(own, 5 if quick else 21)
    say(f"{own.directory.name}: memory")
    fanouts: dict[str, Any] = {}
    if not quick and not only:
        say(f"{own.directory.name}: fan-outs")
        fanouts = {"fanout": fanout.measure(own)}
    return {
        **fanouts,
        "versions": versions(own),
        "ceiling": calls.ceiling(own),
        "calls": by_loop,
        "cold_start": starts,
        "memory": memory.measure(own),
    }


def versions(own: Environment) -> dict[str, dict[str, str]]:
    """Of every library and what it stands on, as installed."""
    code = (
        "import json, sys; from importlib.metadata import version; print(json.dumps({name: "
        "version(name) for name in sys.argv[1:]}))"
    )
    major_minor = calls.version_of(own)
    found: dict[str, dict[str, str]] = {}
    for each in LIBRARIES:
        if major_minor >= each.since and each.distributions:
            asked = subprocess.run(
                [own.python_of(each), "-c", code, *each.distributions],
                check=True,
                capture_output=True,
                text=True,
            )
            found[each.label] = json.loads(asked.stdout)
    return found


def surroundings() -> dict[str, Any]:
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    model = next(
        (line.split(":", 1)[1].strip() for line in cpu_lines() if line.startswith("model name")),
        platform.machine(),
    )
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "revision": revision.stdout.strip(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, {model}",
        "load_before": os.getloadavg()[0],
    }


def cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def say(what: str) -> None:
    print(f"== {what}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="adorm against every peer, side by side.")
    parser.add_argument("--quick", action="store_true", help="about two minutes instead of twenty")
    parser.add_argument("--rounds", type=int, help="of calls; 9 by default, with --quick 3")
    parser.add_argument(
        "--python", action="append", metavar="3.13", help="only this version; may be repeated"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="LABEL",
        help="only this library; may be repeated",
    )
    parser.add_argument(
        "--report",
        type=Path,
        help="where to write it; by default bench/report.md, with --quick bench/results/report.md",
    )
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    loops = ("asyncio",) if quick else ("asyncio", "uvloop")
    wanted = arguments.python or (VERSIONS[-1:] if quick else VERSIONS)
    results: dict[str, Any] = {**surroundings(), "quick": quick, "pythons": {}}
    for version in wanted:
        own = environment(version)
        if own is None:
            print(f"!! no Python {version} was found: it is left out", flush=True)
            continue
        results["pythons"][version] = measure_python(
            own,
            loops,
            rounds=arguments.rounds or (3 if quick else 9),
            quick=quick,
            only=arguments.only,
        )
    if not results["pythons"]:
        raise SystemExit("nothing was measured")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(results) + "\n")
    target = arguments.report or (RESULTS / "report.md" if quick else report.REPORT)
    report.publish(results, target)
    print(report.aims_table(results))
    print(f"== {target}")


if __name__ == "__main__":
    main()
