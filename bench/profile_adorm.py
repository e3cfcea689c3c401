"""Where adorm's time goes in one work of the benchmarks.

    python bench/profile_adorm.py WORK [--tasks 16] [--loop uvloop] [--lines 40]
    python bench/profile_adorm.py cold

WORK is get, put, update, page, batch, transact, scan, encode or decode. The program prints the CPU
time of a call, then the functions by their own time under cProfile. cProfile makes small functions
look slower than they are: believe the order, not the sums. `cold` prints what a cold start imports.
With perf you see native frames too:

    perf record -g -- python -X perf bench/profile_adorm.py get --plain --calls 50000
    perf report

It runs in any environment with the dependencies of adorm and of the test suite, such as `.venv`.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import calls
import client
import uvloop
from libraries import Environment
from peers import adorm_wire
from processes import HERE, own_environment

ENOUGH_S = 1.0


async def profile(
    url: str, work: str, tasks: int, wanted: int | None, lines: int, plain: bool
) -> None:
    async with adorm_wire.opened(url) as peer:
        await run(client.runner(peer, work, tasks, tasks))
        _, cpu_us = await client.measure(peer, work, tasks, tasks * 4) or (0.0, 0.0)
        repeats = wanted or max(1, round(ENOUGH_S * 1e6 / cpu_us / tasks)) * tasks
        wall_us, cpu_us = await client.measure(peer, work, tasks, repeats) or (0.0, 0.0)
        print(
            f"{work} by {tasks} task(s), {repeats} calls: wall {wall_us:.1f} us, CPU {cpu_us:.1f} "
            "us a call"
        )
        if plain:
            return
        profiler = cProfile.Profile()
        profiler.enable()
        await run(client.runner(peer, work, tasks, repeats))
        profiler.disable()
        stats = pstats.Stats(profiler)
        print(
            f"under cProfile: {getattr(stats, 'total_calls', 0) / repeats:.1f} calls of functions "
            "for each"
        )
        stats.strip_dirs().sort_stats("tottime").print_stats(lines)


async def run(work: Callable[[], Awaitable[object]] | None) -> None:
    if work is None:
        raise SystemExit("no such work: see --help")
    await work()


def cold(url: str, lines: int) -> None:
    """What is imported until the first item is there, the dearest first."""
    command = [sys.executable, "-X", "importtime", str(HERE / "cold" / "read_adorm.py"), url]
    subprocess.run(
        command, env=own_environment(), capture_output=True, check=True
    )  # bytecode is cached from here on
    told = subprocess.run(
        command, env=own_environment(), capture_output=True, text=True, check=True
    ).stderr
    found = [
        line.removeprefix("import time:").split("|")
        for line in told.splitlines()
        if "|" in line and "self [us]" not in line
    ]
    modules = sorted(
        ((int(own), int(whole), name.strip()) for own, whole, name in found), reverse=True
    )
    print(
        f"{len(modules)} modules, {sum(own for own, _, _ in modules) / 1e3:.1f} ms; own and "
        "cumulative microseconds:"
    )
    for own, whole, name in modules[:lines]:
        print(f"{own:8} {whole:8}  {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Where adorm's time goes.")
    parser.add_argument("work")
    parser.add_argument("--tasks", type=int, default=1)
    parser.add_argument("--calls", type=int, help="by default as many as take a second")
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    parser.add_argument("--lines", type=int, default=40)
    parser.add_argument("--plain", action="store_true", help="no cProfile")
    own = parser.parse_args()
    with calls.server(Environment(Path(sys.prefix))) as at:
        if own.work == "cold":
            cold(at.url("z"), own.lines)
            return
        for name, value in own_environment().items():
            os.environ.setdefault(name, value)
        with asyncio.Runner(
            loop_factory=uvloop.new_event_loop if own.loop == "uvloop" else None
        ) as runner:
            runner.run(profile(at.url("z"), own.work, own.tasks, own.calls, own.lines, own.plain))


if __name__ == "__main__":
    main()
