"""Suites that others wrote, held against adorm's engine.

    python -m tests.conformance /path/to/suites                     every suite found there
    python -m tests.conformance /path/to/suites --suite dynalite    one of them
    python -m tests.conformance /path/to/suites --endpoint URL      on another endpoint

Prints a table, the tests that failed, and why some may; ends with 1 where one failed that
`known/<suite>.toml` doesn't name, and with 2 where a suite could not be run.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.conformance import endpoints
from tests.conformance.known_tests import Comparison, compare, read_known
from tests.conformance.results import Results
from tests.conformance.suites import SUITES, Run, Suite, clean_environment


class SuiteError(Exception):
    """A suite could not be run to its end. The text says why."""


@attrs.frozen
class Report:
    """One suite's run."""

    suite: Suite
    results: Results
    comparison: Comparison
    took_s: float


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    chosen = [suite for suite in SUITES if not options.suite or suite.name in options.suite]
    found = [suite for suite in chosen if (options.suites / suite.name).is_dir()]
    for suite in chosen:
        if suite not in found:
            print(f"-- {suite.name}: not there, left out ({options.suites / suite.name})")
    if not found:
        print(f"no suite was found in {options.suites}")
        return 2
    reports: list[Report] = []
    broken = 0
    for suite in found:
        try:
            reports.append(run_suite(suite, options))
        except (SuiteError, endpoints.EndpointError) as error:
            broken += 1
            print(f"!! {suite.name}: {error}")
            continue
        print_details(reports[-1], verbose=options.verbose)
    print_table(reports)
    if options.json:
        write_json(reports, options.json)
    if broken:
        return 2
    return 1 if any(report.comparison.unexpected for report in reports) else 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suites", type=Path, help="the folder that holds the suites")
    names = [suite.name for suite in SUITES]
    parser.add_argument("--suite", action="append", choices=names, help="run only this one")
    parser.add_argument("--endpoint", help="an endpoint that runs already, in place of the engine")
    parser.add_argument("--python", default=sys.executable, help="runs suites written in Python")
    parser.add_argument("--json", type=Path, help="write each test's outcome to this file")
    parser.add_argument("--verbose", action="store_true", help="print what failed tests said")
    options = parser.parse_args(arguments)
    options.suites = options.suites.resolve()
    return options


def run_suite(suite: Suite, options: argparse.Namespace) -> Report:
    folder: Path = options.suites / suite.name
    if not (folder / suite.needs).exists():
        raise SuiteError(f"it is not installed: there is no {folder / suite.needs}")
    started = time.monotonic()
    with endpoint_for(suite, options.endpoint) as url, tempfile.TemporaryDirectory() as scratch:
        run = Run(folder, url, options.python, Path(scratch) / "report")
        output = execute(suite, run)
        if not run.report.exists():
            raise SuiteError(f"it left no results:\n{output[-3000:]}")
        results = suite.read(run.report, folder)
    if results.total < suite.at_least:
        told = f"it ran {results.total} tests of at least {suite.at_least}"
        raise SuiteError(f"{told}; failed: {', '.join(results.failed)[:500]}")
    comparison = compare(results, read_known(suite.name))
    return Report(suite, results, comparison, time.monotonic() - started)


@contextmanager
def endpoint_for(suite: Suite, given: str | None) -> Generator[str, None, None]:
    if given is not None:
        yield given
        return
    with endpoints.engine("--wording", suite.wording, *suite.options) as url:
        yield url


def execute(suite: Suite, run: Run) -> str:
    """Run it to its end and give what it printed. Failed tests are in its report, not here."""
    command = suite.command(run)
    try:
        process = subprocess.Popen(
            command,
            cwd=run.folder,
            env={**clean_environment(), **suite.environment(run)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise SuiteError(f"{command[0]} does not start: {error}") from error
    try:
        output, _ = process.communicate(timeout=suite.timeout_s)
    except subprocess.TimeoutExpired as error:
        raise SuiteError(f"it did not end within {suite.timeout_s:.0f} s") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return output


def print_details(report: Report, *, verbose: bool) -> None:
    comparison = report.comparison
    print(f"== {report.suite.name}")
    for name, said in sorted(comparison.unexpected.items()):
        print(f"   FAILED {name}")
        if verbose:
            print("".join(f"          {line}\n" for line in said.splitlines()[:12]), end="")
    for reason, count in Counter(comparison.excused.values()).most_common():
        print(f"   {count:4} may fail: {reason}")
    for name in sorted(comparison.needless):
        print(f"   passes, and so need not be in the list: {name}")
    for name in sorted(comparison.absent):
        print(f"   in the list, and not run: {name}")


def print_table(reports: list[Report]) -> None:
    columns = ("tests", "passed", "failed", "may fail", "skipped", "seconds")
    print(f"\n{'suite':24}" + "".join(f"{column:>10}" for column in columns))
    for report in reports:
        results, comparison = report.results, report.comparison
        figures = (
            *(results.total, len(results.passed), len(comparison.unexpected)),
            *(len(comparison.excused), len(results.skipped), round(report.took_s)),
        )
        print(f"{report.suite.name:24}" + "".join(f"{figure:10}" for figure in figures))


def write_json(reports: list[Report], path: Path) -> None:
    told = {
        report.suite.name: {
            "passed": sorted(report.results.passed),
            "failed": report.results.failed,
            "skipped": sorted(report.results.skipped),
        }
        for report in reports
    }
    path.write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
