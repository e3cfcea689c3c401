"""Lists and sets of plain values are read inside their class's own decoder: what does not fit is
told as precisely as anywhere."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure


@attrs.define
class Plain:
    numbers: list[int]
    moments: deque[datetime]
    names: frozenset[str]
    groups: list[set[int]]
    rows: list[list[bool]]


STORED: dict[str, Any] = {
    "numbers": {"L": [{"N": "1"}, {"N": "2.0"}]},
    "moments": {"L": [{"S": "2026-11-21T08:30:00.000000Z"}]},
    "names": {"SS": ["a", "b"]},
    "groups": {"L": [{"NS": ["1", "2"]}, {"NULL": True}]},
    "rows": {"L": [{"L": [{"BOOL": True}]}, {"L": []}]},
}

MISFITS: list[tuple[str, dict[str, Any], str]] = [
    (
        "numbers",
        {"L": [{"N": "1"}, {"N": "x"}]},
        'numbers[1]: expected a whole number, got {"N": "x"}',
    ),
    (
        "numbers",
        {"L": [{"N": "1"}, {"N": "2"}, {"S": "3"}]},
        'numbers[2]: expected a whole number, got {"S": "3"}',
    ),
    ("numbers", {"SS": ["1"]}, 'numbers: expected a list, got {"SS": ["1"]}'),
    ("moments", {"L": [{"S": "soon"}]}, "moments[0]: expected a date and time in ISO 8601"),
    ("names", {"SS": ["a", 1]}, 'names: expected text, got {"S": 1}'),
    (
        "groups",
        {"L": [{"NS": ["1"]}, {"NS": ["x"]}]},
        'groups[1]: expected a whole number, got {"N": "x"}',
    ),
    (
        "rows",
        {"L": [{"L": []}, {"L": [{"BOOL": True}, {"S": "x"}]}]},
        'rows[1][1]: expected true or false, got {"S": "x"}',
    ),
]


def test_all_of_them_come_back() -> None:
    made = Codec().decode(Plain, STORED)
    moment = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    assert made == Plain(
        [1, 2], deque([moment]), frozenset({"a", "b"}), [{1, 2}, set()], [[True], []]
    )


@pytest.mark.parametrize(("name", "value", "told"), MISFITS)
def test_a_value_that_does_not_fit_is_told_by_its_path(
    name: str, value: dict[str, Any], told: str
) -> None:
    with pytest.raises(DecodeFailure) as caught:
        Codec().decode(Plain, {**STORED, name: value})
    assert str(caught.value).startswith(f"$.{told}")
