"""Keys are checked as the service checks them, and their order is DynamoDB's."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from adorm.memory.errors import EngineError
from adorm.memory.storage.keys import (
    TOKENS,
    KeySchema,
    after_prefix,
    ordered_bytes,
    partition_token,
    segment_range,
)
from adorm.memory.storage.ordered_items import OrderedItems, StoredItem

SCHEMA = KeySchema(["pk"], ["sk"], {"pk": "S", "sk": "N"})
MISMATCH = "The provided key element does not match the schema"

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"pk": {"S": "a"}}, MISMATCH),
        ({"pk": {"S": "a"}, "sk": {"S": "1"}}, MISMATCH),
        ({"pk": {"S": "a"}, "sk": {"N": "1"}, "x": {"S": "b"}}, MISMATCH),
        ({"pk": {"S": "a"}, "other": {"N": "1"}}, MISMATCH),
        ({"pk": {"S": ""}, "sk": {"N": "1"}}, "cannot contain an empty string value. Key: pk"),
        ({"pk": {"S": "a" * 2049}, "sk": {"N": "1"}}, "maximum size limit of2048 bytes"),
    ],
)
def test_a_key_that_is_not_the_tables_is_refused(key: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError) as refusal:
        SCHEMA.check_key(key)
    assert message in refusal.value.message


def test_a_sort_key_has_at_most_1024_bytes() -> None:
    schema = KeySchema(["pk"], ["sk"], {"pk": "S", "sk": "S"})
    schema.check_key({"pk": {"S": "a" * 2048}, "sk": {"S": "a" * 1024}})
    with pytest.raises(EngineError, match="Aggregated size of all range keys"):
        schema.check_key({"pk": {"S": "a"}, "sk": {"S": "a" * 1025}})


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"sk": {"N": "1"}}, "Missing the key pk in the item"),
        ({"pk": {"S": "a"}}, "Missing the key sk in the item"),
        (
            {"pk": {"N": "1"}, "sk": {"N": "1"}},
            "Type mismatch for key pk expected: S actual: N",
        ),
    ],
)
def test_an_item_without_its_key_is_refused(item: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError) as refusal:
        SCHEMA.check_item(item)
    assert message in refusal.value.message


@settings(deadline=None)
@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=3), unique=True))
def test_a_partition_is_ordered_by_number(numbers: list[Decimal]) -> None:
    items = OrderedItems()
    for number in numbers:
        item = {"pk": {"S": "a"}, "sk": {"N": str(number)}}
        items.put(SCHEMA.position(item), StoredItem.of(item))
    assert [position[-1] for position, _ in items.between()] == sorted(numbers)


@settings(deadline=None)
@given(st.lists(texts, unique=True), st.booleans())
def test_text_is_ordered_by_its_utf8_bytes(values: list[str], descending: bool) -> None:
    schema = KeySchema(["pk"], ["sk"], {"pk": "S", "sk": "S"})
    items = OrderedItems()
    for value in values:
        item = {"pk": {"S": "a"}, "sk": {"S": value}}
        items.put(schema.position(item), StoredItem.of(item))
    found = [position[-1] for position, _ in items.between(descending=descending)]
    assert found == sorted(values, key=str.encode, reverse=descending)


@settings(deadline=None)
@given(texts, texts)
def test_values_with_a_prefix_come_before_the_value_after_the_prefix(
    prefix: str, rest: str
) -> None:
    for text in (prefix + rest, rest):
        for value, start in ((text, prefix), (text.encode(), prefix.encode())):
            # In tuples, as in positions, any two values can be compared.
            inside = (start,) <= (value,) < (after_prefix(start),)
            begins = text.startswith(prefix)
            assert inside == begins


@settings(deadline=None)
@given(st.integers(1, 1000), st.lists(st.integers(0, TOKENS - 1), min_size=1, max_size=20))
def test_every_token_belongs_to_exactly_one_segment(total: int, tokens: list[int]) -> None:
    for token in tokens:
        segments = [
            segment
            for segment in range(total)
            if segment_range(segment, total)[0] <= (token, "x") < segment_range(segment, total)[1]
        ]
        assert len(segments) == 1


@pytest.mark.parametrize(
    ("key", "segment"),
    [("3635", 0), ("228", 0), ("1668", 1), ("3435", 4), (Decimal(251), 1), (Decimal(2388), 4095)],
)
def test_a_partition_lies_in_the_segment_in_which_the_service_has_it(
    key: str | Decimal, segment: int
) -> None:
    assert partition_token([key]) * 4096 // TOKENS == segment


@settings(deadline=None)
@given(st.integers(-(10**38) + 1, 10**38 - 1), st.integers(-(10**38) + 1, 10**38 - 1))
def test_the_bytes_of_numbers_sort_as_the_numbers_do(left: int, right: int) -> None:
    assert (ordered_bytes(Decimal(left)) < ordered_bytes(Decimal(right))) == (left < right)


def test_partitions_spread_evenly_over_segments() -> None:
    counts = [0] * 8
    for number in range(8000):
        counts[partition_token([f"customer-{number}"]) * 8 // TOKENS] += 1
    assert min(counts) > 700
    assert max(counts) < 1300


def test_equal_numbers_are_in_one_partition() -> None:
    assert partition_token([Decimal("1E+2")]) == partition_token([Decimal(100)])


def test_a_key_of_bytes_is_ordered_by_unsigned_bytes() -> None:
    schema = KeySchema(["pk"], ["sk"], {"pk": "S", "sk": "B"})
    contents = [b"\xff", b"\x00", b"\x7f", b"\x80"]
    positions = [
        schema.position({"pk": {"S": "a"}, "sk": {"B": b64encode(each).decode()}})
        for each in contents
    ]
    assert [position[-1] for position in sorted(positions)] == sorted(contents)
