"""Attribute values are checked and stored in one form."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.memory.errors import EngineError
from adorm.memory.values.canonical import canonical_item, canonical_value, check_depth
from adorm.memory.values.sizes import item_bytes, number_bytes, value_bytes


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"N": "01.0"}, {"N": "1"}),
        ({"B": b"ab"}, {"B": "YWI="}),
        ({"B": "YWI="}, {"B": "YWI="}),
        ({"SS": ["b", "a"]}, {"SS": ["a", "b"]}),
        ({"NS": ["10", "9", "-1"]}, {"NS": ["-1", "9", "10"]}),
        ({"BS": [b"\xff", b"a"]}, {"BS": ["YQ==", "/w=="]}),
        ({"M": {"a": {"N": "1.50"}}}, {"M": {"a": {"N": "1.5"}}}),
        ({"L": []}, {"L": []}),
        ({"S": ""}, {"S": ""}),
    ],
)
def test_a_value_has_one_form(value: dict[str, Any], kept: dict[str, Any]) -> None:
    assert canonical_value(value) == kept


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "Supplied AttributeValue is empty"),
        ({"S": "a", "N": "1"}, "Supplied AttributeValue has more than one datatypes set"),
        ({"NULL": False}, "Null attribute value types must have the value of true"),
        ({"SS": []}, "An string set  may not be empty"),
        ({"NS": []}, "An number set  may not be empty"),
        ({"BS": []}, "Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, "Input collection [a, a] contains duplicates."),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        ({"BS": [b"a", b"a"]}, "Input collection [YQ==, YQ==]of type BS contains duplicates."),
        ({"M": {"": {"S": "x"}}}, "Empty attribute name"),
        (nested(32), "Nesting Levels have exceeded supported limits"),
    ],
)
def test_values_that_are_not_valid_are_refused(value: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError) as refusal:
        canonical_value(value)
    assert message in refusal.value.message


@pytest.mark.parametrize(
    "value", [{"S": "", "N": "x"}, {"N": "x", "S": ""}, {"S": "a", "NS": ["1", "x"]}]
)
def test_a_bad_number_is_reported_before_a_second_type(value: dict[str, Any]) -> None:
    message = "^The parameter cannot be converted to a numeric value: x$"
    for nested_value in (value, {"L": [value]}):
        with pytest.raises(EngineError, match=message):
            canonical_value(nested_value)


def test_a_value_may_lie_within_31_lists() -> None:
    assert canonical_value(nested(31)) == nested(31)
    check_depth({"a": nested(31)})
    with pytest.raises(EngineError, match="Nesting Levels"):
        check_depth({"a": nested(32)})


def test_an_empty_attribute_name_is_refused() -> None:
    with pytest.raises(EngineError, match="Empty attribute name"):
        canonical_item({"": {"S": "x"}})


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 1),
        ("1", 2),
        ("100", 2),
        ("12345", 4),
        ("-12345", 5),
        ("0.001", 2),
        ("1.5", 3),
        ("123.456", 5),
        ("10.01", 3),
    ],
)
def test_a_number_counts_its_significant_digits_by_two(text: str, size: int) -> None:
    assert number_bytes(text) == size


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "äb"}, 3),
        ({"B": "YWI="}, 2),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"BS": ["YQ==", "YWJj"]}, 4),
        ({"L": [{"S": "a"}, {"S": "b"}]}, 3 + 2 + 2),
        ({"M": {"key": {"S": "a"}}}, 3 + 1 + 3 + 1),
    ],
)
def test_values_are_counted_as_the_service_counts(value: dict[str, Any], size: int) -> None:
    assert value_bytes(value) == size
    assert item_bytes({"name": value}) == 4 + size
