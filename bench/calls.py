"""What calls cost: all libraries do all works, in turns, on one loopback server.

In each round every library does each work once, for long enough to be measured. Ratios are made
round by round, from samples that are about a second apart, so that a busy machine slows both.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from libraries import LIBRARIES, WORKS, Environment, Library, Work
from processes import Process, own_environment, script

CEILING_TASKS, CEILING_CALLS = 64, 20_000


@dataclass(frozen=True)
class Server:
    ports: dict[str, int]
    tls_ports: dict[str, int]
    ca: str

    def url(self, time_form: str, tls: bool = False) -> str:
        return (
            f"https://localhost:{self.tls_ports[time_form]}"
            if tls
            else f"http://localhost:{self.ports[time_form]}"
        )


@contextmanager
def server(
    environment: Environment, latency_s: float = 0, scan: str = "4x25x100"
) -> Generator[Server, None, None]:
    with script(
        environment.python,
        "stub_server.py",
        str(latency_s),
        environment=own_environment() | {"BENCH_SCAN": scan},
    ) as process:
        yield Server(**process.hear())


def libraries_of(environment: Environment, loop: str, only: Sequence[str]) -> list[Library]:
    version = version_of(environment)
    return [
        each
        for each in LIBRARIES
        if version >= each.since
        and (not only or each.label in only)
        and (loop == "asyncio" or each.module != "pynamodb_models")
    ]


def version_of(environment: Environment) -> tuple[int, int]:
    code = "import sys; print(*sys.version_info[:2])"
    major, minor = subprocess.run(
        [environment.python, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    return int(major), int(minor)


def measure(
    environment: Environment,
    loop: str,
    *,
    rounds: int,
    sample_s: float,
    only: Sequence[str] = (),
    works: Sequence[Work] = WORKS,
    latency_s: float = 0,
    scan: str = "4x25x100",
) -> dict[str, Any]:
    """Samples by work and library: `{"get x1": {"adorm": {"wall_us": [...], "cpu_us": [...]}}}`."""
    libraries = libraries_of(environment, loop, only)
    samples: dict[str, dict[str, dict[str, list[float]]]] = {work.label: {} for work in works}
    with ExitStack() as stack:
        at = stack.enter_context(server(environment, latency_s, scan))

        def start(library: Library, tls: bool) -> Process:
            arguments = (
                "client.py",
                library.module,
                at.url(library.time_form, tls),
                "--loop",
                loop,
            )
            process = stack.enter_context(
                script(
                    environment.python_of(library),
                    *arguments,
                    environment=own_environment(at.ca) | {"BENCH_SCAN": scan},
                )
            )
            process.hear()
            return process

        clients = {
            (library.label, tls): start(library, tls)
            for tls in {work.tls for work in works}
            for library in libraries
        }
        for work in works:
            apt = [
                each for each in libraries if not (each.one_task and (work.tasks > 1 or work.tls))
            ]
            repeats = {
                each.label: calibrated(clients[each.label, work.tls], work, sample_s)
                for each in apt
            }
            able = [each for each in apt if repeats[each.label]]
            own = samples[work.label] = {each.label: {"wall_us": [], "cpu_us": []} for each in able}
            for number in range(rounds):
                for each in able if number % 2 else reversed(able):
                    wall_us, cpu_us = clients[each.label, work.tls].ask(
                        work.name, work.tasks, repeats[each.label]
                    )
                    own[each.label]["wall_us"].append(wall_us)
                    own[each.label]["cpu_us"].append(cpu_us)
    return samples


def calibrated(client: Process, work: Work, sample_s: float) -> int:
    """How many calls make a sample; 0 if the library lacks the work. The calls also warm it up."""
    taken: list[float] | None = client.ask(work.name, work.tasks, work.tasks * 2)
    if taken is None:
        return 0
    fill = max(1, round(sample_s * 1e6 / taken[0] / work.tasks)) * work.tasks
    wall_us: float = client.ask(work.name, work.tasks, fill)[0]  # the first calls were slow
    return max(1, round(sample_s * 1e6 / wall_us / work.tasks)) * work.tasks


def ceiling(environment: Environment) -> dict[str, float]:
    """How many gets a second the server answers to 64 bare sockets, and its CPU time for each."""
    with ExitStack() as stack:
        at = stack.enter_context(server(environment))
        arguments = ("client.py", "bare_socket", at.url("z"), "--loop", "uvloop")
        client = stack.enter_context(
            script(environment.python, *arguments, environment=own_environment(at.ca))
        )
        client.hear()
        client.ask("get", CEILING_TASKS, CEILING_TASKS * 100)
        before_s = used_s(at)
        wall_us, _ = client.ask(
            "get", CEILING_TASKS, CEILING_CALLS // CEILING_TASKS * CEILING_TASKS
        )
        cpu_us = (used_s(at) - before_s) / CEILING_CALLS * 1e6
    return {
        "gets_per_s": 1e6 / wall_us,
        "server_cpu_us": cpu_us,
        "gets_per_server_cpu_s": 1e6 / cpu_us,
    }


def used_s(at: Server) -> float:
    import http.client

    connection = http.client.HTTPConnection("localhost", at.ports["z"])
    connection.request("POST", "/", "{}", {"x-amz-target": "DynamoDB_20120810.Used"})
    found = json.loads(connection.getresponse().read())["cpu_s"]
    connection.close()
    return float(found)
