"""What fanning out costs: adorm's parallel scan and batch get against raw aiobotocore with asyncio.gather, on one server in one run.

Two claims: a scan of 8 segments takes at most 1.15 times the pages of a segment times the latency, as if the other seven cost nothing;
and a batch get of 10,000 keys, 16 requests at a time, at most 1.15 times what aiobotocore takes for the same work.

    python bench/fanout.py [--rounds N] [--json PATH]

The server (`stub_server.py`) gives each answer 5 ms after its request. The latency alone would make the batch take 7 times 5 ms; but
10,000 keys are checked, sent, parsed and made instances on one processor meanwhile, and that takes longer: the table tells both, and the
processor's time. A bare socket that sends the requests of one segment or lane in a row shows what server and kernel make of the latency.
Server and clients (`fanout_client.py`) are processes of their own. The clients take turns in every round, and a ratio is the median of
the rounds' ratios.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from fanout_client import CHUNK_KEYS, CONCURRENCY, KEYS, LANE_CHUNKS, LATENCY_S, PAGE_ITEMS, PAGES, SEGMENTS
from processes import Sample, cell, heading, report, script, spread, surroundings

CLIENTS = ("adorm", "aiobotocore", "socket")
IDEALS_US = {"scan": PAGES * LATENCY_S * 1e6, "batch": LANE_CHUNKS * LATENCY_S * 1e6}
"""What the latency alone makes of it."""
WORKS = {
    "scan": f"{SEGMENTS} segments of {PAGES} pages of {PAGE_ITEMS} items; by latency alone {IDEALS_US['scan'] / 1000:.0f} ms",
    "batch": f"{KEYS:,} keys, {CHUNK_KEYS} a request, {CONCURRENCY} at a time; by latency alone {IDEALS_US['batch'] / 1000:.0f} ms",
}
AIM = 1.15
AIMS = {"scan": "latency", "batch": "aiobotocore"}
"""What the aim is a multiple of."""


def measure(rounds: int) -> dict[str, Any]:
    samples: dict[str, dict[str, list[Sample]]] = {name: {client: [] for client in CLIENTS} for name in WORKS}
    with ExitStack() as stack:
        with script("fanout_client.py", "bodies") as maker:
            bodies = maker.hear()
        server = stack.enter_context(script("stub_server.py"))
        port = server.ask(json.dumps(bodies))
        clients = {client: stack.enter_context(script("fanout_client.py", client, str(port))) for client in CLIENTS}
        for number in range(-1, rounds):  # the first round warms up
            for name in WORKS:
                for client in CLIENTS if number % 2 else reversed(CLIENTS):
                    taken = Sample(*clients[client].ask(name))
                    if number >= 0:
                        samples[name][client].append(taken)
    works = {name: results_of(samples[name], IDEALS_US[name], AIMS[name]) for name in WORKS}
    return {**surroundings(), "rounds": rounds, "latency_s": LATENCY_S, "aim": AIM, "works": works}


def results_of(samples: dict[str, list[Sample]], ideal_us: float, aim_is_of: str) -> dict[str, Any]:
    """The figures of one work, in microseconds, and adorm's time as multiples, round by round."""
    clients = {
        client: {"wall_us": spread([each.wall for each in own]), "cpu_us": spread([each.cpu for each in own])}
        for client, own in samples.items()
    }
    ours = [each.wall for each in samples["adorm"]]
    ratios = {
        "latency": spread([wall / ideal_us for wall in ours]),
        "socket": spread([wall / theirs.wall for wall, theirs in zip(ours, samples["socket"], strict=True)]),
        "aiobotocore": spread([wall / theirs.wall for wall, theirs in zip(ours, samples["aiobotocore"], strict=True)]),
    }
    return {**clients, "ideal_us": ideal_us, "ratio": ratios, "aim_is_of": aim_is_of, "met": ratios[aim_is_of]["median"] <= AIM}


def table(results: dict[str, Any]) -> str:
    """The figures for people: medians, and in brackets from the first to the third quartile."""
    lines = [heading(results), f"{results['rounds']} rounds; milliseconds: median (first to third quartile)"]
    for name, own in results["works"].items():
        lines += ["", f"{f'{name}: {WORKS[name]}':82}", f"{'':26}{'wall':>26}{'client CPU':>26}"]
        for client in CLIENTS:
            wall, cpu = ({key: value / 1000 for key, value in own[client][kind].items()} for kind in ("wall_us", "cpu_us"))
            lines.append(f"  {client:24}{cell(wall, '.1f'):>26}{cell(cpu, '.1f'):>26}")
        for other, ratio in own["ratio"].items():
            verdict = f"; aim {results['aim']}: {'met' if own['met'] else 'missed'}" if other == own["aim_is_of"] else ""
            what = "the latency alone" if other == "latency" else f"{other}'s"
            lines.append(f"  {f'adorm, times {what}':28}{cell(ratio, '.2f'):>24}, least {ratio['least']:.2f}{verdict}")
    return "\n".join(line.rstrip() for line in lines)


if __name__ == "__main__":
    report("adorm's fan-outs against raw aiobotocore with asyncio.gather, on a stub server.", measure, table, takes="about 20 seconds")
