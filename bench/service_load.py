"""Services under load: many clients at once, over 64 connections to a DynamoDB.

    python bench/service_load.py [--seconds 30 | --requests N] [--clients 200]
                                 [--services fastapi,aiohttp] [--json PATH]

5 % of the requests are broken off at a random moment. The claim: there are no other errors, no
task, connection or file is left behind, and the pool stays within its limit.

The services are those of `examples/`, each in a process of its own (`service_server.py`). The
clients have a process of their own too (`service_client.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from processes import Process, own_environment, script

from adorm.testing import LocalDynamoDB

PYTHON = Path(sys.executable)

MAX_CONNECTIONS = 64
"""adorm's default, with which the examples connect."""

WARM_UP_REQUESTS = 5
QUIET_TIMEOUT_S = 10.0


def measure(
    service: str, *, endpoint_url: str, clients: int, seconds: float, requests: int, seed: int = 1
) -> dict[str, Any]:
    """The figures of one service, and whether each part of the claim holds. It ends after
    `seconds`, or `requests` of each client."""
    environment = {
        **own_environment(),
        "ORDERS_DB": "dynamodb",
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint_url,
    }
    with script(PYTHON, "service_server.py", service, environment=environment) as server:
        port = str(server.hear()["port"])
        load(port, clients, 0, WARM_UP_REQUESTS, seed)
        before = quiet(server)
        told = load(port, clients, seconds, requests, seed + 1)
        after = quiet(server, tasks=before["tasks"])
    holds = {
        "no errors": not told["errors"] and not after["logged"],
        "no task left": after["tasks"] <= before["tasks"],
        "no file left": after["fds"] - after["pool"]["open"]
        <= before["fds"] - before["pool"]["open"],
        "pool whole": after["pool"]["busy"] == after["pool"]["waiting"] == 0,
        "pool bounded": after["most"]["connections"] <= MAX_CONNECTIONS,
    }
    return {**told, "before": before, "after": after, "holds": holds}


def load(port: str, clients: int, seconds: float, requests: int, seed: int) -> Any:
    arguments = (port, str(clients), str(seconds), str(requests), str(seed))
    with script(PYTHON, "service_client.py", *arguments, environment=own_environment()) as process:
        return process.hear()


def quiet(server: Process, *, tasks: int | None = None) -> Any:
    """The server's figures once nothing is under way; where that does not come, what they are
    then."""
    until_s = time.monotonic() + QUIET_TIMEOUT_S
    before: Any = None
    while True:
        stats = server.ask("stats")
        still = before is not None and (stats["tasks"], stats["fds"]) == (
            before["tasks"],
            before["fds"],
        )
        if (
            still and not stats["pool"]["busy"] and (tasks is None or stats["tasks"] <= tasks)
        ) or time.monotonic() > until_s:
            return stats
        before = stats
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="The example services under load, with random disconnects."
    )
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument(
        "--requests", type=int, default=0, help="of each client, in the place of the seconds"
    )
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--services", default="fastapi,aiohttp")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there")
    arguments = parser.parse_args()
    results: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "clients": arguments.clients,
        "max_connections": MAX_CONNECTIONS,
    }
    for service in arguments.services.split(","):
        with LocalDynamoDB() as local:
            results[service] = measure(
                service,
                endpoint_url=local.endpoint_url,
                clients=arguments.clients,
                seconds=0 if arguments.requests else arguments.seconds,
                requests=arguments.requests,
            )
    text = json.dumps(results, indent=2)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n")
    print(text)
    if not all(
        all(results[service]["holds"].values()) for service in arguments.services.split(",")
    ):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
