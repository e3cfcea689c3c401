"""Fields as one JSON string, and items as plain JSON."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# (`factory=list` and `set()` are of Unknown to it)

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import orjson
import pytest

from adorm.errors import ItemDecodeError, UsageError
from adorm.items.maps import from_attribute_map, from_plain, to_attribute_map, to_plain
from tests.codec.samples import Address, Line, Order, marked


@attrs.define(kw_only=True)
class Documents:
    meta: dict[str, Any] = attrs.field(factory=dict, metadata=marked(as_json=True))
    items: list[Any] = attrs.field(factory=list, metadata=marked(as_json=True))
    lines: list[Line] = attrs.field(factory=list, metadata=marked(as_json=True))
    anything: Any = attrs.field(default=None, metadata=marked(as_json=True))
    maybe: dict[str, int] | None = attrs.field(default=None, metadata=marked(as_json=True))
    numbers: tuple[int, float, Decimal] = attrs.field(
        default=(0, 0.0, Decimal(0)), metadata=marked(as_json=True)
    )
    moments: dict[str, datetime] = attrs.field(factory=dict, metadata=marked(as_json=True))
    blobs: list[bytes] = attrs.field(factory=list, metadata=marked(as_json=True))
    tags: set[str] = attrs.field(factory=set, metadata=marked(as_json=True))


def roundtrip(**values: Any) -> dict[str, Any]:
    instance = Documents(**values)
    stored = to_attribute_map(instance)
    assert from_attribute_map(Documents, stored) == instance
    return {name: stored[name]["S"] for name in values if name in stored}


def test_a_json_field_is_one_string_in_order_of_insertion() -> None:
    assert roundtrip(meta={"b": 1, "a": [True, None, 0.1, "ü\n"]}) == {
        "meta": '{"b":1,"a":[true,null,0.1,"ü\\n"]}'
    }
    assert roundtrip(items=[1, {"a": {}}]) == {"items": '[1,{"a":{}}]'}
    assert roundtrip(anything="x") == {"anything": '"x"'}
    assert roundtrip(anything=None) == {}
    assert roundtrip(maybe=None) == {}
    assert roundtrip(maybe={"a": 1}) == {"maybe": '{"a":1}'}
    assert roundtrip(meta={"": 1}) == {"meta": '{"":1}'}


def test_no_digit_is_lost_in_a_json_field() -> None:
    huge = 10**300 + 1
    digits = Decimal("0." + "123456789" * 6)
    stored = roundtrip(numbers=(huge, 1e300, digits), meta={"huge": huge, "tiny": 1e-300})
    assert json.loads(stored["numbers"], parse_float=Decimal) == [huge, Decimal("1e+300"), digits]
    read = from_attribute_map(Documents, {"meta": {"S": f'{{"a": {digits}, "b": 0.5}}'}})
    assert read.meta == {"a": digits, "b": 0.5}
    assert [type(value) for value in read.meta.values()] == [Decimal, float]


def test_typed_values_in_a_json_field_come_back_typed() -> None:
    assert roundtrip(lines=[Line("a", Decimal("1.50"), 2)]) == {
        "lines": '[{"sku":"a","price":1.50,"quantity":2}]'
    }
    assert roundtrip(moments={"a": datetime(2026, 1, 1, tzinfo=UTC)}) == {
        "moments": '{"a":"2026-01-01T00:00:00.000000Z"}'
    }
    assert roundtrip(blobs=[b"\x00"]) == {"blobs": '["AA=="]'}
    assert roundtrip(tags={"b", "a"}) == {"tags": '["a","b"]'}
    assert roundtrip(tags=set()) in ({"tags": "null"}, {"tags": "[]"}, {})


@pytest.mark.parametrize("value", [b"x", {"a"}, float("nan"), float("inf")], ids=str)
def test_what_untyped_json_would_change_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^Documents\.meta\.k"):
        to_attribute_map(Documents(meta={"k": value}))


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": NaN}', "[]", "5", '"x"', "[" * 100_000])
def test_text_that_is_not_the_json_wanted_is_refused(text: str) -> None:
    with pytest.raises(ItemDecodeError):
        from_attribute_map(Documents, {"meta": {"S": text}})


def test_an_item_as_plain_json() -> None:
    order = Order(
        customer_id="c1",
        order_id="o1",
        total=Decimal("10.25"),
        count=2**70,
        tags={"b", "a"},
        address=Address("Berlin"),
        lines=[Line("a", Decimal("0.1234567890123456789"))],
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    plain = to_plain(order)
    assert plain == {
        "customer_id": "c1",
        "order_id": "o1",
        "status": "open",
        "total": 10.25,
        "count": "1180591620717411303424",
        "tags": ["a", "b"],
        "address": {"city": "Berlin", "zip": ""},
        "lines": [{"sku": "a", "price": "0.1234567890123456789", "quantity": 1}],
        "labels": {},
        "at": "2026-01-01T00:00:00.000000Z",
    }
    assert from_plain(Order, orjson.loads(orjson.dumps(plain))) == order
    assert from_plain(Order, json.loads(json.dumps(plain), parse_float=Decimal)) == order


def test_plain_data_of_a_person_is_taken_too() -> None:
    assert from_plain(
        Order,
        {"customer_id": "c", "order_id": "o", "tags": None, "total": 5, "lines": [{"sku": "a"}]},
    ) == Order(customer_id="c", order_id="o", total=Decimal(5), lines=[Line("a")])


@pytest.mark.parametrize("text", ["NaN", "sNaN", "-nan", "Infinity", " +inf"])
def test_what_is_no_number_in_dynamodb_is_none_in_plain_data(text: str) -> None:
    with pytest.raises(ItemDecodeError, match="expected a number"):
        from_plain(Order, {"customer_id": "c", "order_id": "o", "total": text})
    assert (
        from_plain(Order, {"customer_id": text, "order_id": "Nancy", "total": "5"}).customer_id
        == text
    )
