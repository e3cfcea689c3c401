"""The tests that may fail, each with its reason: `known/<suite>.toml`.

    [[may_fail]]
    reason = "What the service does instead, and where that is written."
    tests = ["tests/tier1/getItem.test.ts > GetItem > returns nothing"]

A name that no run ever reports, or that passes, is told too: the list must not outlive its reasons.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import attrs

from tests.conformance.results import Results

FOLDER = Path(__file__).parent / "known"


@attrs.frozen
class Comparison:
    """A run beside the list of what may fail."""

    unexpected: Mapping[str, str]
    """Failed, and not in the list: by name, what the test said."""
    excused: Mapping[str, str]
    """Failed, and in the list: by name, the reason."""
    needless: frozenset[str]
    """In the list, and passed."""
    absent: frozenset[str]
    """In the list, and not run: renamed, removed or skipped."""


def read_known(suite: str, folder: Path = FOLDER) -> dict[str, str]:
    """The reason of each test that may fail. A suite without a file has none."""
    path = folder / f"{suite}.toml"
    if not path.exists():
        return {}
    reasons: dict[str, str] = {}
    for group in tomllib.loads(path.read_text(encoding="utf-8"))["may_fail"]:
        for name in group["tests"]:
            if name in reasons:
                raise ValueError(f"{path.name} names {name!r} twice")
            reasons[name] = group["reason"]
    return reasons


def compare(results: Results, known: Mapping[str, str]) -> Comparison:
    """Split what failed by the list, and the list by what happened."""
    failed = results.failed
    return Comparison(
        unexpected={name: said for name, said in failed.items() if name not in known},
        excused={name: reason for name, reason in known.items() if name in failed},
        needless=frozenset(known.keys() & results.passed),
        absent=frozenset(known.keys() - results.passed - failed.keys()),
    )
