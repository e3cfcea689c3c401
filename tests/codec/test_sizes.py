"""How large DynamoDB takes an item to be."""

from __future__ import annotations

from typing import Any

import pytest

from adorm.codec.sizes import check_item_size, item_size
from adorm.dynamodb.limits import MAX_ITEM_BYTES
from adorm.errors import UsageError


@pytest.mark.parametrize(
    ("attribute_map", "size"),
    [
        ({}, 0),
        ({"pk": {"S": "abc"}}, 5),
        ({"ü": {"S": "ü"}}, 4),
        ({"n": {"N": "0"}}, 2),
        ({"n": {"N": "5"}}, 3),
        ({"n": {"N": "-12"}}, 4),
        ({"n": {"N": "1200"}}, 3),
        ({"n": {"N": "0.00123"}}, 4),
        ({"n": {"N": "1.5E+100"}}, 3),
        ({"b": {"B": b"abc"}}, 4),
        ({"b": {"B": "YWJj"}}, 4),
        ({"b": {"B": "YQ=="}}, 2),
        ({"x": {"BOOL": False}, "y": {"NULL": True}}, 4),
        ({"s": {"SS": ["ab", "c"]}}, 4),
        ({"s": {"NS": ["1", "2"]}}, 5),
        ({"s": {"BS": [b"a", "YQ=="]}}, 3),
        ({"l": {"L": []}}, 4),
        ({"l": {"L": [{"S": "a"}, {"S": "b"}]}}, 8),
        ({"m": {"M": {"k": {"S": "v"}}}}, 7),
    ],
    ids=str,
)
def test_names_and_values_are_counted(attribute_map: dict[str, Any], size: int) -> None:
    assert item_size(attribute_map) == size


def test_an_item_above_the_limit_is_refused_by_name() -> None:
    check_item_size("Order c1/o1", {"a": {"S": "x" * (MAX_ITEM_BYTES - 1)}})
    with pytest.raises(
        UsageError,
        match=r"^Order c1/o1 has 409601 bytes, and DynamoDB takes items of at most 409600",
    ):
        check_item_size("Order c1/o1", {"a": {"S": "x" * MAX_ITEM_BYTES}})
