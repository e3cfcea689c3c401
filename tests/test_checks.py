"""Checks of arguments: what is in range, and what a refusal says."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import pytest

import adorm.checks as checks
from adorm.errors import BadValue, UsageError


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (checks.count, 1),
        (partial(checks.count, least=0, most=5), 5),
        (checks.number, 0.5),
        (partial(checks.number, zero=True, most=2), 0),
        (checks.seconds, 3),
        (checks.share, 0.5),
        (partial(checks.share, ends=True), 1),
        (checks.text, "x"),
        (partial(checks.text, empty=True), ""),
    ],
)
def test_what_is_in_range_comes_back(check: Callable[[str, object], object], value: object) -> None:
    assert check("n", value) == value


@pytest.mark.parametrize(
    ("check", "expected", "values"),
    [
        (checks.count, "a whole number, 1 or more", [0, True, 1.0, "1", None, math.nan]),
        (checks.number, "a finite number above 0", [0, True, math.inf, math.nan, "1", None]),
        (checks.seconds, "seconds, a finite number above 0", [-1, 0, math.inf, math.nan]),
        (checks.share, "a number between 0 and 1", [0, 1, True, math.nan, "0.5"]),
        (checks.text, "text that is not empty", ["", b"x", None]),
    ],
)
def test_what_is_not_is_refused_with_its_name(
    check: Callable[[str, object], object], expected: str, values: list[Any]
) -> None:
    for value in values:
        with pytest.raises(UsageError) as caught:
            check("Thing(n=...)", value)
        assert str(caught.value) == f"Thing(n={value!r}): expected {expected}"


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (lambda: checks.count("n", 6, most=5), "n: expected a whole number from 1 to 5, not 6"),
        (
            lambda: checks.number("n", -1, zero=True),
            "n: expected a finite number, 0 or more, not -1",
        ),
        (
            lambda: checks.seconds("n", 9, most=5),
            "n: expected seconds, a finite number above 0 and at most 5, not 9",
        ),
        (lambda: checks.share("n", 2, ends=True), "n: expected a number from 0 to 1, not 2"),
    ],
)
def test_a_refusal_tells_the_range(check: Callable[[], object], expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        check()
    assert str(caught.value) == expected


def test_a_value_from_a_client_is_a_bad_value() -> None:
    with pytest.raises(BadValue):
        checks.count("limit", 0, error=BadValue)


@attrs.frozen
class Options:
    size: int = attrs.field(validator=checks.field(checks.count, most=3))


def test_a_check_is_a_validator_of_an_attrs_field() -> None:
    assert Options(3).size == 3
    with pytest.raises(UsageError, match=r"^Options\(size=4\): expected a whole number from"):
        Options(4)
