"""The runner itself: what it reads of a suite's report, and what it makes of what is known."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conformance.fuzz import Known, Score, matches, read_known
from tests.conformance.judges import NUMBERS, only_removes, spell, spelled, updates
from tests.conformance.known_tests import FOLDER, compare, read_known as read_known_tests
from tests.conformance.results import Results, read_junit, read_mocha, read_vitest
from tests.conformance.suites import SUITES


def test_a_vitest_report_gives_each_test_by_its_file_and_titles(tmp_path: Path) -> None:
    report = tmp_path / "report"
    files: list[dict[str, Any]] = [
        {
            "name": str(tmp_path / "tests/a.test.ts"),
            "status": "failed",
            "assertionResults": [
                {"ancestorTitles": ["GetItem"], "title": "returns", "status": "passed"},
                {
                    "ancestorTitles": ["GetItem"],
                    "title": "refuses",
                    "status": "failed",
                    "failureMessages": ["expected 1 to be 2"],
                },
                {"ancestorTitles": [], "title": "later", "status": "skipped"},
            ],
        },
        {
            "name": str(tmp_path / "tests/b.test.ts"),
            "status": "failed",
            "assertionResults": [],
            "message": "it does not compile",
        },
    ]
    report.write_text(json.dumps({"testResults": files}), encoding="utf-8")
    results = read_vitest(report, tmp_path)
    assert results.passed == {"tests/a.test.ts > GetItem > returns"}
    assert results.failed == {
        "tests/a.test.ts > GetItem > refuses": "expected 1 to be 2",
        "tests/b.test.ts > (the whole file)": "it does not compile",
    }
    assert results.skipped == {"tests/a.test.ts > later"}
    assert results.total == 4


def test_a_mocha_report_numbers_the_tests_of_one_name(tmp_path: Path) -> None:
    report = tmp_path / "report"
    test = {"fullTitle": "getItem returns", "file": str(tmp_path / "test/getItem.js")}
    failed = {**test, "err": {"message": "expected 1 to be 2"}}
    told = {"passes": [test], "pending": [], "failures": [failed]}
    report.write_text(json.dumps(told), encoding="utf-8")
    results = read_mocha(report, tmp_path)
    assert results.passed == {"test/getItem.js > getItem returns"}
    assert results.failed == {"test/getItem.js > getItem returns #2": "expected 1 to be 2"}


def test_a_junit_report_counts_errors_as_failed(tmp_path: Path) -> None:
    report = tmp_path / "report"
    report.write_text(
        '<testsuites><testsuite><testcase classname="tests.a" name="test_b"/>'
        '<testcase classname="tests.a" name="test_c"><error message="no fixture">here</error>'
        '</testcase><testcase classname="tests.a" name="test_d"><skipped/></testcase>'
        "</testsuite></testsuites>",
        encoding="utf-8",
    )
    results = read_junit(report, tmp_path)
    assert results.passed == {"tests.a::test_b"}
    assert results.failed == {"tests.a::test_c": "no fixture\nhere"}
    assert results.skipped == {"tests.a::test_d"}


def test_a_run_is_split_by_the_list_of_what_may_fail() -> None:
    results = Results()
    results.add("excused", "failed", "as ever")
    results.add("new", "failed", "oh")
    results.add("mended", "passed")
    comparison = compare(results, {"excused": "why", "mended": "why", "gone": "why"})
    assert comparison.unexpected == {"new": "oh"}
    assert comparison.excused == {"excused": "why"}
    assert comparison.needless == {"mended"}
    assert comparison.absent == {"gone"}


def test_a_list_that_names_a_test_twice_is_refused(tmp_path: Path) -> None:
    group = '[[may_fail]]\nreason = "r"\ntests = ["a", "a"]\n'
    (tmp_path / "some.toml").write_text(group, encoding="utf-8")
    with pytest.raises(ValueError, match="twice"):
        read_known_tests("some", tmp_path)
    assert read_known_tests("another", tmp_path) == {}


def test_each_list_of_known_tests_can_be_read_and_is_a_suites() -> None:
    names = {suite.name for suite in SUITES}
    for path in FOLDER.glob("*.toml"):
        assert path.stem in names
        assert all(read_known_tests(path.stem).values())


@pytest.mark.parametrize("judges", [1, 2])
def test_each_known_difference_has_a_source(judges: int) -> None:
    name = "difffuzz-dynoxide.json" if judges > 1 else "difffuzz-ministack.json"
    rows = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert len(read_known(judges)) == len(rows)
    assert all(len(row) in {4, 5} and row[3].strip() for row in rows)


def mismatch(category: str, detail: str = "", judges: str = "") -> Any:
    return SimpleNamespace(
        op="PutItem",
        category=category,
        detail=detail,
        judges=judges,
        step={"params": {"TableName": "orders"}},
        signature=("PutItem", category, detail),
    )


def test_with_two_judges_only_what_both_say_counts() -> None:
    score = Score([Known("*", "data", "Count", "")], both_judges=True)
    for one in (
        mismatch("data", "Count: value", "agree"),
        mismatch("data", "Items: value", "agree"),
        mismatch("data", "Items: value", "split"),
        mismatch("message", "words", "agree"),
        mismatch("judge-crash", "", "agree"),
        mismatch("contents", "table: more in A"),
    ):
        score.note(one, [])
    assert score.known_count == 1
    assert score.total(words=False) == 1
    assert score.total(words=True) == 2
    assert score.of("contents") == 1


def test_what_a_lax_judge_accepts_says_nothing() -> None:
    score = Score([], both_judges=False)
    for category in ("refuses-valid", "code", "message", "accepts-invalid", "crash"):
        score.note(mismatch(category), [])
    assert set(score.kinds) == {("PutItem", "accepts-invalid", ""), ("PutItem", "crash", "")}


def test_a_known_difference_may_be_bound_to_what_the_request_holds() -> None:
    found = mismatch("data", "Count: value")
    assert matches(Known("PutItem", "data", "Count", '"orders"'), found)
    assert not matches(Known("PutItem", "data", "Count", '"others"'), found)
    assert not matches(Known("GetItem", "data", "Count", ""), found)


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({"UpdateExpression": "REMOVE a, b"}, True),
        ({"UpdateExpression": "remove #set\nDelete c :v"}, True),
        ({"UpdateExpression": "REMOVE a SET b = :v"}, False),
        ({"UpdateExpression": "ADD a :v"}, False),
        ({"AttributeUpdates": {"a": {"Action": "DELETE"}}}, True),
        ({"AttributeUpdates": {"a": {"Action": "DELETE"}, "b": {"Value": {"N": "1"}}}}, False),
        ({"AttributeUpdates": {}}, False),
        ({}, False),
    ],
)
def test_an_update_that_only_removes_is_told(update: dict[str, Any], expected: bool) -> None:
    assert only_removes(update) is expected


def test_the_updates_of_a_request_are_found_as_far_as_it_is_well_formed() -> None:
    update = {"TableName": "orders", "Key": {"pk": {"S": "a"}}}
    parts: list[Any] = [{"Update": update}, {"Put": update}, {"Update": {}}, "x"]
    assert updates("UpdateItem", json.dumps(update)) == [update]
    assert updates("TransactWriteItems", json.dumps({"TransactItems": parts})) == [update]
    assert updates("TransactWriteItems", json.dumps({"TransactItems": "x"})) == []
    assert updates("TransactWriteItems", json.dumps({"TransactItems": 5})) == []
    assert updates("PutItem", json.dumps(update)) == []
    assert updates("UpdateItem", "[]") == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("01", "1"),
        ("1.50", "1.5"),
        ("1e2", "100"),
        ("1E+3", "1000"),
        ("-0", "0"),
        ("0e126", "0e126"),
        ("1e126", "1e126"),
        ("1" * 39, "1" * 39),
        (" 1", " 1"),
        ("NaN", "NaN"),
        ("1_0", "1_0"),
    ],
)
def test_a_number_is_spelled_as_the_service_spells_it(number: str, expected: str) -> None:
    assert spelled(number) == expected


def test_numbers_are_spelled_alone_and_in_lists() -> None:
    assert spell('"1.0"') == '"1"'
    assert spell('["1.0", "x"]') == '["1", "x"]'


def test_numbers_are_found_in_a_request_and_nothing_else_is() -> None:
    values = {"a": {"N": "1.0"}, "b": {"NS": ["2.0", "]"]}, "c": {"S": '{"N": "3.0"}'}}
    odd = {"d": {"N": 'q"q'}, "e": {"NS": [1.0]}, "f": {"N": 4.0}}
    body = json.dumps({**values, **odd})
    assert NUMBERS.findall(body) == ['"1.0"', '["2.0", "]"]', '"q\\"q"']
