"""Untyped values in one JSON string: what goes in comes back, Decimals too."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import adorm


@adorm.model
class Doc:
    anything: Any = adorm.attribute(default=None, as_json=True)
    plain: dict[str, Any] = adorm.attribute(factory=dict, as_json=True)
    nested: list[dict[str, list[Any]]] = adorm.attribute(factory=list, as_json=True)


NUMBERS = (
    st.decimals(allow_nan=False, allow_infinity=False)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
)
VALUES = st.recursive(
    NUMBERS | st.text() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
@settings(deadline=None)
def test_numbers_in_untyped_json_come_back_as_they_went(value: Any) -> None:
    doc = Doc(anything=value, plain={"x": value}, nested=[{"y": [value]}])
    stored = adorm.to_attribute_map(doc)
    back = adorm.from_attribute_map(Doc, stored)
    assert repr(back) == repr(doc)  # 1, 1.0 and Decimal(1) are equal, and told apart here
    assert adorm.to_attribute_map(back) == stored


def test_other_readers_find_numbers_equal_to_the_decimals() -> None:
    stored = adorm.to_attribute_map(
        Doc(
            anything=[
                Decimal("1.5"),
                Decimal("1.50"),
                Decimal(5),
                Decimal("-0.05"),
                Decimal("1E+3"),
                1.5,
            ]
        )
    )
    assert stored["anything"] == {"S": "[15E-1,150E-2,5E0,-5E-2,1E3,1.5]"}
    assert json.loads(stored["anything"]["S"]) == [1.5, 1.5, 5, -0.05, 1000, 1.5]


def test_what_others_wrote_is_read_as_before_and_can_be_written_again() -> None:
    doc = adorm.from_attribute_map(
        Doc, {"anything": {"S": "[0.12345678901234567890123, 1.10, 1.0E10, 5E+10, 1e5, 1E400]"}}
    )
    assert doc.anything == [
        Decimal("0.12345678901234567890123"),
        1.1,
        1e10,
        5e10,
        1e5,
        Decimal("1E400"),
    ]
    assert [type(each) for each in doc.anything] == [Decimal, float, float, float, float, Decimal]
    assert adorm.from_attribute_map(Doc, adorm.to_attribute_map(doc)) == doc


@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), {1, 2}])
def test_what_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises(adorm.UsageError, match="would not come back as it is from untyped JSON"):
        adorm.to_attribute_map(Doc(anything=[value]))
    with pytest.raises(adorm.BadValue, match="NaN"):
        adorm.to_attribute_map(Doc(anything=Decimal("NaN")))
