"""The forms of attribute values: what is equal, what is base64, what comes from outside."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.dynamodb.values import as_json, base64_text, canonical, json_default, key_value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"N": "1"}, {"N": "1.0"}),
        ({"B": b"\x00\xff"}, {"B": "AP8="}),
        ({"NS": ["1", "2"]}, {"NS": ["2.0", "1"]}),
        ({"BS": [b"\x00\xff"]}, {"BS": ["AP8="]}),
        ({"L": [{"N": "1"}]}, {"L": [{"N": "1e0"}]}),
        ({"M": {"a": {"N": "1"}, "b": {"S": "x"}}}, {"M": {"b": {"S": "x"}, "a": {"N": "1.0"}}}),
    ],
)
def test_equal_values_have_one_canonical_form(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert canonical(one) == canonical(other)
    assert hash(canonical(one)) == hash(canonical(other))


def test_what_is_no_number_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="is no number"):
        canonical({"N": "x"})


def test_base64_text_stays_as_it_is() -> None:
    assert base64_text(b"\x00\xff") == base64_text(bytearray(b"\x00\xff")) == "AP8="
    assert base64_text("AP8=") == "AP8="


def test_what_is_neither_json_nor_binary_is_refused_by_its_type() -> None:
    assert json_default(b"\x00\xff") == "AP8="
    with pytest.raises(TypeError, match="object is nothing that DynamoDB stores"):
        json_default(object())


def test_a_copy_as_json_shares_nothing() -> None:
    original = {"B": b"\x00\xff", "L": [{"B": bytearray(b"\x00")}], "SS": {"x"}}
    copy = as_json(original)
    assert copy == {"B": "AP8=", "L": [{"B": "AA=="}], "SS": ["x"]}
    assert copy["L"] is not original["L"]


@pytest.mark.parametrize(
    "content",
    [None, "x", {}, {"S": ""}, {"S": 1}, {"BOOL": True}, {"S": "x", "N": "1"}, {"B": "not base64"}],
)
def test_what_can_be_no_value_of_a_key_is_refused(content: object) -> None:
    with pytest.raises(ValueError, match=r"key|Invalid base64|padding|data"):
        key_value(content)


def test_a_value_of_a_key_from_json_is_as_it_is_sent() -> None:
    assert key_value({"S": "x"}) == {"S": "x"}
    assert key_value({"B": "AP8="}) == {"B": b"\x00\xff"}
