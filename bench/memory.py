"""How much memory a scan of 1,000,000 small items takes, tenth by tenth.

    python bench/memory.py --environment .venv-bench-3.13 [--json PATH]

The claim: flat, and at most 60 MiB in all, the interpreter included. Pages of 1,000 items, and
pages as large as DynamoDB makes them (1 MB of item data, here about 25,000 items). Linux only: it
reads /proc.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from calls import server
from libraries import Environment
from processes import own_environment, script

ITEMS = 1_000_000
PAGE_SIZES = (1_000, 25_000)
AIM_MIB = 60


def measure(environment: Environment, items: int = ITEMS) -> dict[str, Any]:
    """By page size: the peak in MiB after each tenth of the items, and what it was before the
    first."""
    results: dict[str, Any] = {}
    with server(environment) as at:
        for size in PAGE_SIZES:
            arguments = ("memory_client.py", at.url("z"), str(size), str(items))
            with script(environment.python, *arguments, environment=own_environment()) as client:
                results[str(size)] = client.hear()
    return results


def table(results: dict[str, Any]) -> str:
    lines: list[str] = []
    for size, own in results.items():
        lines.append(
            f"pages of {int(size):,} items: {own['items']:,} items in {own['wall_s']:.1f} s, CPU "
            f"{own['cpu_s']:.1f} s"
        )
        lines.append(
            f"  peak before {own['before_mib']:.1f} MiB, then "
            + ", ".join(f"{peak:.1f}" for peak in own["peaks_mib"])
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="The memory of a long stream.")
    parser.add_argument(
        "--environment",
        type=Path,
        required=True,
        help="as `bench/run.py` makes it: .venv-bench-3.13",
    )
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there")
    arguments = parser.parse_args()
    results = measure(Environment(arguments.environment), arguments.items)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
