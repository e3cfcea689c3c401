"""What a call costs: adorm, typed, by its own wire against raw aiobotocore, on one loopback server in one run.

The claim: a typed get takes a fifth of aiobotocore's time, a typed query page of 1,000 items a tenth.

    python bench/overhead.py [--rounds N] [--json PATH]

The server (`stub_server.py`) answers at once with bytes made beforehand, so what is left is the client. aiobotocore gives attribute maps,
adorm checked instances of a class. A bare socket that sends such requests shows what server and kernel take of the wall time, a crowd of
them the most that the server can answer. Server and clients (`overhead_client.py`) are processes of their own; CPU time is the client's
alone. The clients take turns in every round, and a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import base64
import json
from contextlib import ExitStack
from typing import Any

from processes import Sample, cell, heading, report, script, spread, surroundings

CLIENTS = ("adorm", "aiobotocore", "socket", "crowd")
CROWD = 8
"""Answers that a call of the crowd's waits for."""

OPERATIONS = {"get": "GetItem", "put": "PutItem", "page": "Query"}
CALLS = {"get": 200, "put": 200, "page": 8}
"""Calls in a row, of each client in each round."""

AIMS = {"get": 1 / 5, "page": 1 / 10}
"""The share of aiobotocore's time that adorm may take."""


def measure(rounds: int) -> dict[str, Any]:
    samples: dict[str, dict[str, list[Sample]]] = {name: {client: [] for client in CLIENTS} for name in OPERATIONS}
    with ExitStack() as stack:
        with script("overhead_client.py", "bodies") as maker:
            bodies = maker.hear()
        server = stack.enter_context(script("stub_server.py"))
        port = server.ask(json.dumps(bodies))
        clients = {client: stack.enter_context(script("overhead_client.py", client, str(port))) for client in CLIENTS}
        for number in range(-1, rounds):  # the first round warms up
            for name, calls in CALLS.items():
                for client in CLIENTS if number % 2 else reversed(CLIENTS):
                    taken = Sample(*clients[client].ask(json.dumps([name, calls])))
                    if number >= 0:
                        samples[name][client].append(taken)
    return {
        **surroundings(),
        "rounds": rounds,
        "calls": CALLS,
        "operations": {
            name: {"answer_bytes": len(base64.b64decode(bodies[operation])), **results_of(samples[name], AIMS.get(name))}
            for name, operation in OPERATIONS.items()
        },
    }


def results_of(samples: dict[str, list[Sample]], aim: float | None) -> dict[str, Any]:
    """The figures of one operation, in microseconds, and adorm's share of aiobotocore's time, round by round."""
    results: dict[str, Any] = {
        client: {"wall_us": spread([each.wall for each in own]), "cpu_us": spread([each.cpu for each in own])}
        for client, own in samples.items()
    }
    pairs = list(zip(samples["adorm"], samples["aiobotocore"], strict=True))
    results["ratio"] = {
        "wall": spread([ours.wall / theirs.wall for ours, theirs in pairs]),
        "cpu": spread([ours.cpu / theirs.cpu for ours, theirs in pairs]),
    }
    results["aim"] = aim
    results["server_answers_per_s"] = CROWD * 1e6 / results["crowd"]["wall_us"]["median"]
    return results


def table(results: dict[str, Any]) -> str:
    """The figures for people: medians, and in brackets from the first to the third quartile."""
    lines = [
        heading(results),
        f"{results['rounds']} rounds; microseconds a call: median (first to third quartile)",
        "",
        f"{'':14}{'wall':>26}{'client CPU':>26}",
    ]
    for name, own in results["operations"].items():
        lines.append(f"{name}: an answer of {own['answer_bytes']:,} bytes; the server can give {own['server_answers_per_s']:,.0f} a second")
        lines.extend(
            f"  {client:12}{cell(own[client]['wall_us'], '.0f'):>26}{cell(own[client]['cpu_us'], '.0f'):>26}" for client in CLIENTS[:3]
        )
        wall, cpu = own["ratio"]["wall"], own["ratio"]["cpu"]
        lines.append(f"  {'adorm takes':12}{cell(wall, '.3f'):>26}{cell(cpu, '.3f'):>26}  of aiobotocore's")
        if own["aim"] is not None:
            verdicts = ["met" if ratio["median"] <= own["aim"] else "missed" for ratio in (wall, cpu)]
            lines.append(f"  {'aim':12}{verdicts[0]:>26}{verdicts[1]:>26}  {own['aim']:.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    report("adorm by wire against raw aiobotocore, on a stub server.", measure, table, takes="about half a minute")
