"""The report of a run: tables in Markdown, plots beside it.

    python bench/report.py [RESULTS.json] [REPORT.md]

makes it again from results that were written before.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aims
import fanout
import plots
from figures import ratio, spread
from libraries import DESCRIPTIONS, LIBRARIES
from processes import HERE

CALLS_TOLD = (
    "Wall and CPU time of one call in microseconds: median, and in brackets the least and the most "
    "of the rounds. "
    "adorm's share of a peer's time is made round by round. A work that a library does not have is "
    "left out."
)
REPORT = HERE / "report.md"
LIMITS = frozenset(each.label for each in LIBRARIES if each.limit)
SUMMARY_BEGINS, SUMMARY_ENDS = "<!-- bench: written by make bench -->", "<!-- bench ends -->"
SUMMARY = {
    "get x1": "get",
    "get x16": "get, 16 tasks",
    "get x16 TLS": "get, 16 tasks, TLS",
    "put x1": "put",
    "update x1": "update",
    "page": "query page of 1,000 items",
    "batch": "batch get of 1,000 keys",
    "scan": "parallel scan of 10,000 items",
}
PLOTTED = ("get x1", "get x16", "put x1", "update x1", "page", "batch", "scan", "get x16 TLS")


def write(results: Mapping[str, Any], target: Path) -> None:
    directory = target.parent / "plots"
    directory.mkdir(parents=True, exist_ok=True)
    sections = [
        "# What adorm costs, beside its peers",
        opening(results),
        "## The aims",
        (
            "By CPU time unless it says otherwise; a share below 1 means that adorm takes less. "
            "Medians; wall time beside them."
        ),
        aims_table(results),
        *plotted(results, directory, target.parent),
        "## Calls",
        CALLS_TOLD,
    ]
    for version, own in results["pythons"].items():
        for loop, samples in own["calls"].items():
            sections.append(f"### Python {version}, {loop}")
            sections += [
                f"**{label}**: {described(label)}\n\n{work_table(found)}"
                for label, found in samples.items()
                if found
            ]
    sections.append("## Cold starts")
    for version, own in results["pythons"].items():
        sections += [f"### Python {version}", starts_table(own["cold_start"])]
    for version, own in results["pythons"].items():
        if "fanout" in own:
            sections += [
                f"## Fan-outs with 5 ms of latency, Python {version}",
                f"```\n{fanout.table(own['fanout'])}\n```",
            ]
    sections.append("## Memory of a stream")
    sections += [
        f"### Python {version}\n\n{memory_table(own['memory'])}"
        for version, own in results["pythons"].items()
    ]
    target.write_text("\n\n".join(sections) + "\n")


def publish(results: Mapping[str, Any], target: Path) -> None:
    """Write the report, and the README's table with the report that is kept."""
    write(results, target)
    if target == REPORT:
        write_summary(results, HERE.parent / "README.md")


def write_summary(results: Mapping[str, Any], readme: Path) -> None:
    """Put the short table where the project's README has a place for it."""
    before, begin, rest = readme.read_text().partition(SUMMARY_BEGINS)
    _, end, after = rest.partition(SUMMARY_ENDS)
    if not begin or not end:
        raise SystemExit(
            f"{readme} has no place for the table: {SUMMARY_BEGINS} and {SUMMARY_ENDS}"
        )
    readme.write_text(f"{before}{begin}\n{summary(results)}\n{end}{after}")


def summary(results: Mapping[str, Any]) -> str:
    """Medians of the newest Python on asyncio."""
    version, own = list(results["pythons"].items())[-1]
    samples, starts = own["calls"]["asyncio"], own["cold_start"]
    labels = [
        each.label for each in LIBRARIES if not each.limit and each.label != "adorm on aiobotocore"
    ]
    rows = [
        [
            what,
            *(
                shown(samples[work][label]["cpu_us"]) if label in samples[work] else ""
                for label in labels
            ),
        ]
        for work, what in SUMMARY.items()
    ]
    rows.append(
        [
            "process start to first item, ms",
            *(shown(starts[label]["cpu_s"], 1e3) if label in starts else "" for label in labels),
        ]
    )
    rows.append(
        [
            "its peak memory, MiB",
            *(shown(starts[label]["peak_mib"]) if label in starts else "" for label in labels),
        ]
    )
    where = f"Python {version}, asyncio, {results['machine']}, {results['date']}"
    told = f"CPU time of one call in microseconds, of a cold start in milliseconds; {where}."
    return f"{told}\n\n{markdown(['', *labels], rows)}"


def shown(values: Sequence[float], times: float = 1) -> str:
    median = spread(values, times).median
    return f"{median:,.0f}" if median >= 20 else f"{median:.1f}"


def opening(results: Mapping[str, Any]) -> str:
    kind = "A quick run: the figures are rough. " if results["quick"] else ""
    machine = f"{results['machine']} (load before: {results['load_before']:.1f})"
    made = (
        f"{kind}Made by `make bench` on {results['date']}, at {results['revision']}, on {machine}."
    )
    paragraphs = [f"{made} How it is measured, and what each work is: [README.md](README.md)."]
    for version, own in results["pythons"].items():
        found = [f"{label} ({listed(versions)})" for label, versions in own["versions"].items()]
        at = own["ceiling"]
        ceiling = (
            f"The server answered {at['gets_per_s']:,.0f} gets a second on 64 connections of a "
            "bare socket, with "
            f"{at['server_cpu_us']:.1f} us of its CPU time each: with a core to itself, "
            f"{at['gets_per_server_cpu_s']:,.0f} a second."
        )
        paragraphs.append(f"**Python {version}**: {'; '.join(found)}. {ceiling}")
    return "\n\n".join(paragraphs)


def listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def aims_table(results: Mapping[str, Any]) -> str:
    """A row for each aim, a column for each Python and loop."""
    columns = [
        (version, loop) for version, own in results["pythons"].items() for loop in own["calls"]
    ]
    rows: list[list[str]] = []

    def row(what: str, label: str, found: Iterable[aims.Found | None]) -> None:
        cells = [
            "–" if each is None else f"{each.text} {'**met**' if each.met else 'missed'}"
            for each in found
        ]
        rows.append([what, label, *cells])

    pythons = results["pythons"]
    for aim in aims.AIMS:
        row(
            aim.work,
            aim.label,
            [
                aims.found_in_calls(aim, pythons[version]["calls"][loop])
                for version, loop in columns
            ],
        )
    per_core = [aims.gets_a_core(pythons[version]["calls"][loop]) for version, loop in columns]
    row("get x16", f"at least {aims.GETS_A_CORE:,} a second a core", per_core)
    for start in aims.START_AIMS:  # they know no loop but asyncio
        found = [
            aims.found_in_starts(start, pythons[version]["cold_start"])
            if loop == "asyncio"
            else None
            for version, loop in columns
        ]
        row(start.name, start.label, found)
    if any("fanout" in own for own in pythons.values()):
        fanouts = [
            aims.found_in_fanout(pythons[v]["fanout"])
            if loop == "asyncio" and "fanout" in pythons[v]
            else None
            for v, loop in columns
        ]
        row("scan, 5 ms of latency", f"at most {fanout.AIM} of the latency alone, wall", fanouts)
    memories = {version: aims.found_in_memory(own["memory"]) for version, own in pythons.items()}
    for at, (label, _) in enumerate(next(iter(memories.values()))):
        row(
            f"stream, {label}",
            "flat, at most 60 MiB",
            [memories[v][at][1] if loop == "asyncio" else None for v, loop in columns],
        )
    return markdown(["work", "aim", *(f"{version} {loop}" for version, loop in columns)], rows)


def described(label: str) -> str:
    name, _, tasks = label.partition(" x")
    how = (
        f", by {tasks.split()[0]} tasks at once"
        if tasks and not tasks.startswith("1 ") and tasks != "1"
        else ""
    )
    return DESCRIPTIONS[name] + how + (", over TLS" if label.endswith("TLS") else "")


def work_table(found: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    ours = found.get("adorm")
    rows: list[list[str]] = []
    for label, own in found.items():
        share = (
            "" if ours is None or label == "adorm" else ratio(ours["cpu_us"], own["cpu_us"]).cell(3)
        )
        wall_share = (
            ""
            if ours is None or label == "adorm"
            else f"{ratio(ours['wall_us'], own['wall_us']).median:.3f}"
        )
        name = f"*{label}*" if label in LIMITS else label
        rows.append(
            [name, spread(own["wall_us"]).cell(1), spread(own["cpu_us"]).cell(1), share, wall_share]
        )
    return markdown(["", "wall, us", "CPU, us", "adorm's share of its CPU", "of its wall"], rows)


def starts_table(starts: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    ours = starts.get("adorm")
    rows: list[list[str]] = []
    for label, own in starts.items():
        share = (
            "" if ours is None or label == "adorm" else ratio(ours["cpu_s"], own["cpu_s"]).cell(2)
        )
        item, cpu = spread(own["item_s"], 1e3).cell(0), spread(own["cpu_s"], 1e3).cell(0)
        rows.append(
            [
                label,
                item,
                cpu,
                f"{spread(own['peak_mib']).median:.1f}",
                f"{spread(own['process_s'], 1e3).median:.0f}",
                share,
            ]
        )
    return markdown(
        [
            "",
            "to the first item, ms",
            "CPU till then, ms",
            "peak, MiB",
            "whole process, ms",
            "adorm's share of its CPU time",
        ],
        rows,
    )


def memory_table(memory: Mapping[str, Any]) -> str:
    rows = [
        [
            f"{int(size):,}",
            f"{own['items']:,}",
            f"{own['before_mib']:.1f}",
            ", ".join(f"{each:.1f}" for each in own["peaks_mib"]),
            f"{own['cpu_s']:.1f}",
        ]
        for size, own in memory.items()
    ]
    return markdown(
        ["items a page", "items", "peak before, MiB", "peak after each tenth, MiB", "CPU, s"], rows
    )


def plotted(results: Mapping[str, Any], directory: Path, root: Path) -> list[str]:
    """The newest Python's plots, on asyncio."""
    version, own = list(results["pythons"].items())[-1]
    samples = own["calls"]["asyncio"]
    links: list[str] = []
    for label in PLOTTED:
        if not samples.get(label):
            continue
        bars = [
            plots.Bar(name, spread(each["cpu_us"]), name in LIMITS)
            for name, each in samples[label].items()
        ]
        path = directory / f"{label.replace(' ', '-').lower()}.svg"
        path.write_text(
            plots.chart(f"{described(label)} (Python {version}): CPU time, microseconds", bars)
        )
        links.append(f"![{described(label)}]({path.relative_to(root)})")
    starts = [
        plots.Bar(name, spread(each["cpu_s"], 1e3), "import" in name or "alone" in name)
        for name, each in own["cold_start"].items()
    ]
    path = directory / "cold-start.svg"
    path.write_text(
        plots.chart(
            f"from the start of a process to the first item (Python {version}): CPU time, "
            "milliseconds",
            starts,
        )
    )
    links.append(f"![cold start]({path.relative_to(root)})")
    return links


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "results" / "latest.json"
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else REPORT
    publish(json.loads(source.read_text()), target)
    print(f"== {target}")


if __name__ == "__main__":
    main()
