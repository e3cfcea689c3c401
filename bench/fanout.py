"""What a fan-out costs beside latency: scans and batch gets, with 5 ms for each answer.

    python bench/fanout.py --environment .venv-bench-3.13 [--rounds N] [--json PATH]

Two claims: a scan by 8 segments takes at most 1.15 times the pages of a segment times the latency,
as if the other seven cost nothing; and a batch get at most 1.15 times what raw aiobotocore with
`asyncio.gather` takes. Latency hides CPU time as long as there is some to hide it in: what a
fan-out costs by itself is in the tables of `run.py`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import calls
from figures import Spread, ratio, spread
from libraries import Environment, Work

LATENCY_S = 0.005
ROUNDS = 9
AIM = 1.15
SEGMENTS, PAGES, PAGE_ITEMS = 8, 40, 10
IDEAL_SCAN_US = PAGES * LATENCY_S * 1e6
COMPARED = ("adorm", "aiobotocore", "bare socket")


def measure(environment: Environment, rounds: int = ROUNDS) -> dict[str, Any]:
    """Samples by work and library, as `calls.measure` gives them."""
    works = (Work("scan"), Work("batch"))
    scan = f"{SEGMENTS}x{PAGES}x{PAGE_ITEMS}"
    return calls.measure(
        environment,
        "asyncio",
        rounds=rounds,
        sample_s=0.3,
        only=COMPARED,
        works=works,
        latency_s=LATENCY_S,
        scan=scan,
    )


def shares(
    samples: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]],
) -> list[tuple[str, Spread]]:
    """The figures of the claims: adorm's time as a multiple of the least possible."""
    scan, batch = samples["scan"], samples["batch"]
    return [
        ("scan, of the latency alone", spread(scan["adorm"]["wall_us"], 1 / IDEAL_SCAN_US)),
        (
            "scan, of the bare socket",
            ratio(scan["adorm"]["wall_us"], scan["bare socket"]["wall_us"]),
        ),
        ("scan, of aiobotocore", ratio(scan["adorm"]["wall_us"], scan["aiobotocore"]["wall_us"])),
        (
            "batch, of aiobotocore",
            ratio(batch["adorm"]["wall_us"], batch["aiobotocore"]["wall_us"]),
        ),
    ]


def table(samples: dict[str, Any]) -> str:
    scan = f"a scan by {SEGMENTS} segments of {PAGES} pages of {PAGE_ITEMS} items"
    lines = [
        (
            f"{scan} would take {IDEAL_SCAN_US / 1e3:.0f} ms by latency alone; "
            "milliseconds of wall time"
        )
    ]
    for work, own in samples.items():
        lines += [
            f"  {work:8}{label:14}{spread(each['wall_us'], 1e-3).cell(1):>30}"
            for label, each in own.items()
        ]
    lines += [f"adorm's {what}: {share.cell(2)}" for what, share in shares(samples)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fan-outs on a server with latency.")
    parser.add_argument(
        "--environment",
        type=Path,
        required=True,
        help="as `bench/run.py` makes it: .venv-bench-3.13",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, metavar="PATH", help="write every sample there")
    arguments = parser.parse_args()
    samples = measure(Environment(arguments.environment), arguments.rounds)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(samples) + "\n")
    print(table(samples))


if __name__ == "__main__":
    main()
