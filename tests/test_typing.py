"""What mypy and pyright accept of adorm, and what they reject: typing_tests/ says it line by line,
for each of the two."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pytest

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = ROOT / "typing_tests" / "accepted.py"
ACCEPTED_KEYS = ROOT / "typing_tests" / "accepted_keys.py"
MODELS = (
    ROOT / "typing_tests" / "models.py",
    ROOT / "typing_tests" / "keyed_models.py",
)
REJECTED = (
    ROOT / "typing_tests" / "rejected.py",
    ROOT / "typing_tests" / "rejected_keys.py",
    ROOT / "typing_tests" / "rejected_tables.py",
    ROOT / "typing_tests" / "rejected_migrations.py",
)
ACCEPTED_TABLES = ROOT / "typing_tests" / "accepted_tables.py"
ACCEPTED_MIGRATIONS = ROOT / "typing_tests" / "accepted_migrations.py"
FILES = (ACCEPTED, ACCEPTED_KEYS, ACCEPTED_TABLES, ACCEPTED_MIGRATIONS, *MODELS, *REJECTED)

Checker = Literal["mypy", "pyright"]
Findings = Mapping[tuple[Path, int], list[str]]
"""`{(path, line): ["code: message", ...]}`"""

MARK = re.compile(r"\S  # E(?:\((?P<only>mypy|pyright)\))?: (?P<what>.+)$")
RUN_TIMEOUT_S = 300

pytestmark = pytest.mark.timeout(2 * RUN_TIMEOUT_S)

each_checker = pytest.mark.parametrize("checker", ["mypy", "pyright"])


def run(checker: Checker, *arguments: str) -> str:
    environment = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    command = [sys.executable, "-m", checker, *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 1:  # 0: no mistake found at all; 2 and above: it did not run
        pytest.fail(
            f"{checker} ended with {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        )
    return done.stdout


def mypy_errors() -> Iterator[tuple[Path, int, str, str]]:
    files = [str(path.relative_to(ROOT)) for path in FILES]
    for line in run(
        "mypy",
        "--output",
        "json",
        "--cache-dir",
        str(ROOT / ".cache" / "mypy-typing-tests"),
        *files,
    ).splitlines():
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            if found["severity"] == "error":
                yield ROOT / found["file"], found["line"], str(found["code"]), found["message"]


def pyright_errors() -> Iterator[tuple[Path, int, str, str]]:
    """As configured in pyproject.toml, but for the files: pyright checks none that is excluded
    there, even if asked to."""
    configured: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
        "pyright"
    ]
    configured = {
        name: value
        for name, value in configured.items()
        if name not in ("exclude", "executionEnvironments")
    }
    with TemporaryDirectory() as directory:
        files = [os.path.relpath(path, directory) for path in FILES]
        paths = [str(ROOT / "src"), str(ROOT)]
        (Path(directory) / "pyrightconfig.json").write_text(
            json.dumps({**configured, "include": files, "extraPaths": paths})
        )
        report: dict[str, Any] = json.loads(
            run("pyright", "--outputjson", "--pythonpath", sys.executable, "--project", directory)
        )
    for found in report["generalDiagnostics"]:
        if found["severity"] == "error":
            yield (
                Path(found["file"]),
                found["range"]["start"]["line"] + 1,
                str(found.get("rule")),
                found["message"],
            )


@cache
def findings(checker: Checker) -> Findings:
    by_line: dict[tuple[Path, int], list[str]] = {}
    for path, line, code, message in mypy_errors() if checker == "mypy" else pyright_errors():
        by_line.setdefault((path, line), []).append(f"{code}: {message}")
    return by_line


def marks() -> dict[tuple[Path, int], re.Match[str]]:
    return {
        (path, number): found
        for path in REJECTED
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := MARK.search(line)) is not None
    }


def rejected_by(checker: Checker) -> dict[tuple[Path, int], list[str]]:
    return {place: found for place, found in findings(checker).items() if place[0] in REJECTED}


@each_checker
def test_every_example_is_accepted_and_has_the_type_it_should(checker: Checker) -> None:
    wrong = {
        f"{path.name}:{line}": found
        for (path, line), found in findings(checker).items()
        if path not in REJECTED
    }
    assert wrong == {}


@each_checker
def test_each_marked_mistake_is_rejected_and_nothing_else(checker: Checker) -> None:
    expected = {
        place: mark["what"] for place, mark in marks().items() if mark["only"] in (None, checker)
    }
    rejected = rejected_by(checker)
    assert {place: what for place, what in expected.items() if place not in rejected} == {}, (
        "not rejected"
    )
    assert {place: found for place, found in rejected.items() if place not in expected} == {}, (
        "rejected, but not marked"
    )


def test_a_mistake_is_rejected_for_its_types_and_not_for_its_looks() -> None:
    """Of pyright's strict rules some reject lines whatever their types are: an expression whose
    value is not used, a type not known."""
    looks = ("reportUnused", "reportUnknown", "reportMissing", "reportPrivate")
    assert {
        place: found
        for place, found in rejected_by("pyright").items()
        if all(each.startswith(looks) for each in found)
    } == {}


def test_both_checkers_reject_mistakes_of_every_kind() -> None:
    both = [mark["what"] for mark in marks().values() if mark["only"] is None]
    assert len(both) >= 300
    of_keys = [mark for (path, _), mark in marks().items() if path.name == "rejected_keys.py"]
    assert sum(mark["only"] is None for mark in of_keys) >= 100
    assert len(set(both)) == len(both), "each mistake has a name of its own"


def test_what_checkers_accept_also_runs() -> None:
    from typing_tests import accepted

    accepted.models()
    accepted.paths()
    accepted.conditions()
