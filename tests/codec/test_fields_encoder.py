"""The generated function for the fields of an update is held to the codec's own way, field by
field."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.codec.codec import Codec
from adorm.models import model_info


@adorm.model
class Address:
    city: str = ""


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()
    status: str = "open"
    note: str | None = None
    total: Decimal = Decimal(0)
    count: int = 0
    weight: float | None = 1.0
    paid: bool = False
    gift: bool = False
    tags: set[str] = adorm.attribute(factory=set)
    colours: set[str] | None = None
    lines: list[str] = adorm.attribute(factory=list, omit_empty=True)
    address: Address = adorm.attribute(factory=Address)
    data: bytes = b""
    extra: Any = None
    settings: dict[str, int] = adorm.attribute(factory=dict, as_json=True)
    placed_at: datetime = datetime(2026, 11, 21, tzinfo=UTC)
    expires_at: datetime | None = adorm.ttl()


CODEC = Codec()
FIELDS = model_info(Order).structure.fields
TEXTS = st.sampled_from(["", "a", "b"])
NUMBERS = st.integers(0, 2)
TIMES = st.sampled_from([datetime(2026, 11, 21, 8, second, tzinfo=UTC) for second in range(2)])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "order_id": TEXTS,
    "status": TEXTS,
    "note": st.none() | TEXTS,
    "total": NUMBERS.map(Decimal),
    "count": NUMBERS,
    "weight": st.none() | NUMBERS.map(float),
    "paid": st.booleans(),
    "gift": st.booleans(),
    "tags": st.sets(TEXTS, max_size=2),
    "colours": st.none() | st.sets(TEXTS, min_size=1, max_size=2),
    "lines": st.lists(TEXTS, max_size=2),
    "address": TEXTS.map(lambda city: Address(city=city)),
    "data": st.binary(max_size=1),
    "extra": st.none() | TEXTS | NUMBERS | st.lists(NUMBERS, max_size=1),
    "settings": st.dictionaries(TEXTS, NUMBERS, max_size=1),
    "placed_at": TIMES,
    "expires_at": st.none() | TIMES,
}
CHOSEN = st.lists(st.sampled_from(FIELDS), min_size=1, max_size=8, unique=True)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_several_fields_are_encoded_as_each_by_itself(data: st.DataObject) -> None:
    fields = data.draw(CHOSEN)
    encode = CODEC.fields_encoder(fields)
    for _ in range(3):
        values = [data.draw(VALUES[field.name]) for field in fields]
        expected = {
            field.attribute_name: CODEC.encode_field(field, value)
            for field, value in zip(fields, values, strict=True)
        }
        encoded, is_distinct = encode(values)
        assert encoded == expected
        assert list(encoded) == list(expected)
        if is_distinct:
            written = [repr(value) for value in expected.values()]
            assert "None" not in written
            assert len(set(written)) == len(written)


@pytest.mark.parametrize(
    ("first", "second", "is_distinct"),
    [
        (("status", "a"), ("note", "b"), True),
        (("status", "a"), ("note", "a"), False),
        (("status", "a"), ("note", None), False),
        (("status", "1"), ("count", 1), True),
        (("paid", True), ("gift", False), True),
        (("paid", True), ("gift", True), False),
        (("tags", {"a"}), ("colours", {"a"}), False),
        (("tags", set[str]()), ("status", "a"), False),
        (("lines", list[str]()), ("status", "a"), False),
        (("extra", "a"), ("status", "a"), False),
        (("extra", "b"), ("status", "a"), True),
    ],
)
def test_equal_and_absent_values_are_told(
    first: tuple[str, Any], second: tuple[str, Any], is_distinct: bool
) -> None:
    by_name = model_info(Order).structure.by_name
    encode = CODEC.fields_encoder([by_name[first[0]], by_name[second[0]]])
    assert encode([first[1], second[1]])[1] is is_distinct


def test_many_fields_of_unknown_types_are_not_compared_one_by_one() -> None:
    @adorm.model
    class Wide:
        wide_id: str = adorm.partition_key()
        a: Any = None
        b: Any = None
        c: Any = None
        d: Any = None
        e: Any = None
        f: Any = None
        g: Any = None
        h: Any = None
        i: Any = None

    fields = model_info(Wide).structure.fields
    encoded, is_distinct = CODEC.fields_encoder(fields)([str(number) for number in range(10)])
    assert encoded["i"] == {"S": "9"}
    assert not is_distinct


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("status", 5, r"Order\.status"),
        ("total", Decimal("NaN"), r"Order\.total"),
        ("weight", math.nan, r"Order\.weight"),
        ("count", True, r"Order\.count"),
        ("colours", set[str](), "an empty set"),
        ("address", {"city": "x"}, r"Order\.address"),
        ("extra", [object()], r"Order\.extra"),
    ],
)
def test_a_wrong_value_is_refused_in_the_same_words_whether_or_not_code_was_generated(
    name: str, value: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adorm.expressions.field_sets.WORTHWHILE_USES", 1)
    orders: Any = adorm.connect("memory").table(Order)
    path: Any = getattr(Order, name)
    good = {"address": Address(), "extra": 1, "total": Decimal(1), "colours": {"a"}}
    said: list[str] = []
    for _ in range(4):
        with pytest.raises(adorm.UsageError, match=message) as caught:
            orders.update("o").set(Order.note, "x").set(path, value).request()
        said.append(str(caught.value))
        usual = good.get(name, {"status": "a", "weight": 1.0, "count": 1}.get(name))
        assert orders.update("o").set(Order.note, "x").set(path, usual).request()
    assert len(set(said)) == 1
