"""What a suite reported: each test's name and how it ended, from the three formats that are met."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any
from xml.etree import ElementTree as ET

import attrs


@attrs.define
class Results:
    """How every test of one run ended. Names are unique: a second test of one name is `name #2`."""

    passed: set[str] = attrs.field(factory=set[str])
    failed: dict[str, str] = attrs.field(factory=dict[str, str])
    """By name, what the test said."""
    skipped: set[str] = attrs.field(factory=set[str])
    _seen: Counter[str] = attrs.field(factory=Counter[str])

    def add(self, name: str, outcome: str, message: str = "") -> None:
        """Note one test. Any outcome but "passed" and "failed" counts as skipped."""
        self._seen[name] += 1
        if self._seen[name] > 1:
            name = f"{name} #{self._seen[name]}"
        if outcome == "passed":
            self.passed.add(name)
        elif outcome == "failed":
            self.failed[name] = message
        else:
            self.skipped.add(name)

    @property
    def total(self) -> int:
        return len(self.passed) + len(self.failed) + len(self.skipped)


def read_vitest(path: Path, root: Path) -> Results:
    """Vitest's `--reporter=json`. Names: `tests/tier1/getItem.test.ts > describe > test`."""
    results = Results()
    for module in _json(path)["testResults"]:
        where = _relative(module["name"], root)
        if not module["assertionResults"] and module["status"] == "failed":
            results.add(f"{where} > (the whole file)", "failed", str(module.get("message", "")))
        for test in module["assertionResults"]:
            title = " > ".join([where, *test["ancestorTitles"], test["title"]])
            results.add(title, test["status"], "\n".join(test.get("failureMessages") or []))
    return results


def read_mocha(path: Path, root: Path) -> Results:
    """Mocha's `--reporter json`. Names: `test/getItem.js > describe test`; a failed hook is one."""
    told = _json(path)
    results = Results()
    for outcome, group in (("passed", "passes"), ("skipped", "pending"), ("failed", "failures")):
        for test in told[group]:
            where = _relative(test.get("file") or "hooks", root)
            message = str(test.get("err", {}).get("message", ""))
            results.add(f"{where} > {test['fullTitle']}", outcome, message)
    return results


def read_junit(path: Path, _root: Path) -> Results:
    """Pytest's `--junitxml`. Names: `tests.test_dynamodb.test_dynamodb_query::test_name[param]`."""
    results = Results()
    for case in ET.parse(path).iter("testcase"):
        outcome, message = _junit_outcome(case)
        results.add(f"{case.get('classname')}::{case.get('name')}", outcome, message)
    return results


def _junit_outcome(case: Iterable[ET.Element]) -> tuple[str, str]:
    for child in case:
        if child.tag in ("failure", "error"):
            return "failed", f"{child.get('message', '')}\n{child.text or ''}"
        if child.tag == "skipped":
            return "skipped", ""
    return "passed", ""


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _relative(name: str, root: Path) -> str:
    path = PurePath(name)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
