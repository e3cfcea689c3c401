"""What users read when something does not fit: pinned word by word."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure, item_decode_error
from adorm.errors import ItemDecodeError, UsageError
from adorm.items.maps import from_attribute_map, from_plain, to_attribute_map
from tests.codec.samples import (
    Address,
    Circle,
    Drawing,
    Everything,
    Line,
    Movie,
    Node,
    Order,
    Square,
    Status,
)

KEY = {"customer_id": {"S": "c1"}, "order_id": {"S": "o1"}}
LINE = {"M": {"sku": {"S": "a"}}}

DECODING: list[tuple[Any, dict[str, Any], str]] = [
    (
        Order,
        {**KEY, "lines": {"L": [LINE, LINE, {"M": {"sku": {"S": "a"}, "price": {"S": "x"}}}]}},
        'Order c1/o1 $.lines[2].price: expected a number, got {"S": "x"}',
    ),
    (
        Order,
        {"customer_id": {"S": "c1"}},
        "Order c1 $.order_id: missing, and Order.order_id has no default",
    ),
    (
        Order,
        {**KEY, "lines": {"L": [LINE, {"M": {}}]}},
        "Order c1/o1 $.lines[1].sku: missing, and Line.sku has no default",
    ),
    (Order, {**KEY, "status": {"N": "1"}}, 'Order c1/o1 $.status: expected text, got {"N": "1"}'),
    (
        Order,
        {**KEY, "status": {"NULL": True}},
        'Order c1/o1 $.status: expected text, got {"NULL": true}',
    ),
    (
        Order,
        {**KEY, "count": {"N": "1.5"}},
        'Order c1/o1 $.count: expected a whole number, got {"N": "1.5"}',
    ),
    (Order, {**KEY, "address": {"L": []}}, 'Order c1/o1 $.address: expected a map, got {"L": []}'),
    (Order, {**KEY, "lines": {"M": {}}}, 'Order c1/o1 $.lines: expected a list, got {"M": {}}'),
    (
        Order,
        {**KEY, "lines": {"L": [{"S": "x"}]}},
        'Order c1/o1 $.lines[0]: expected a map, got {"S": "x"}',
    ),
    (
        Order,
        {**KEY, "labels": {"M": {"a.b": {"N": "1"}}}},
        'Order c1/o1 $.labels["a.b"]: expected text, got {"N": "1"}',
    ),
    (Order, {**KEY, "tags": {"NS": ["1"]}}, 'Order c1/o1 $.tags: expected text, got {"N": "1"}'),
    (Order, {**KEY, "tags": {"S": "x"}}, 'Order c1/o1 $.tags: expected a set, got {"S": "x"}'),
    (
        Order,
        {**KEY, "at": {"S": "2026-01-01T00:00:00"}},
        (
            "Order c1/o1 $.at: expected a date and time in ISO 8601 with its offset from UTC, got "
            '{"S": "2026-01-01T00:00:00"}'
        ),
    ),
    (
        Order,
        {**KEY, "status": {"B": "x" * 500}},
        'Order c1/o1 $.status: expected text, got {"B": "' + "x" * 73 + "…",
    ),
    (
        Order,
        {**KEY, "status": {"B": b"\x01"}},
        'Order c1/o1 $.status: expected text, got {"B": "AQ=="}',
    ),
    (
        Everything,
        {"flag": {"S": "true"}},
        'Everything $.flag: expected true or false, got {"S": "true"}',
    ),
    (Everything, {"raw": {"B": "%"}}, 'Everything $.raw: expected bytes, got {"B": "%"}'),
    (
        Everything,
        {"day": {"S": "x"}},
        'Everything $.day: expected a date in ISO 8601, got {"S": "x"}',
    ),
    (
        Everything,
        {"clock": {"S": "08:00+01:00"}},
        (
            'Everything $.clock: expected a time of day in ISO 8601, without an offset, got {"S": '
            '"08:00+01:00"}'
        ),
    ),
    (
        Everything,
        {"span": {"N": "0.0000001"}},
        (
            "Everything $.span: expected a number of seconds, no finer than microseconds, got "
            '{"N": '
            '"0.0000001"}'
        ),
    ),
    (Everything, {"uuid": {"S": "x"}}, 'Everything $.uuid: expected a UUID, got {"S": "x"}'),
    (
        Everything,
        {"status": {"S": "x"}},
        'Everything $.status: expected "open", "paid" (Status), got {"S": "x"}',
    ),
    (
        Everything,
        {"choice": {"S": "b"}},
        'Everything $.choice: expected one of "a", 1, true, null, "paid", got {"S": "b"}',
    ),
    (Everything, {"ip4": {"S": "x"}}, 'Everything $.ip4: expected an IPv4Address, got {"S": "x"}'),
    (
        Everything,
        {"fixed": {"L": [{"N": "1"}]}},
        'Everything $.fixed: expected a list of 3, got {"L": [{"N": "1"}]}',
    ),
    (
        Everything,
        {"fixed": {"L": [{"N": "1"}, {"N": "1"}, {"N": "1"}]}},
        'Everything $.fixed[1]: expected text, got {"N": "1"}',
    ),
    (
        Everything,
        {"nested": {"L": [{"L": []}, {"L": [{"N": "1"}]}]}},
        'Everything $.nested[1][0]: expected text, got {"N": "1"}',
    ),
    (Everything, {"number": {"S": "1"}}, 'Everything $.number: expected a number, got {"S": "1"}'),
    (
        Everything,
        {"scalar": {"L": []}},
        'Everything $.scalar: expected str | int | bytes | bool, got {"L": []}',
    ),
    (Everything, {"meta": {"S": "{"}}, 'Everything $.meta: expected JSON text, got {"S": "{"}'),
    (
        Everything,
        {"meta": {"S": "[]"}},
        'Everything $.meta: expected JSON text of an object, got {"S": "[]"}',
    ),
    (
        Everything,
        {"order": {"S": '[{"sku": "a", "price": "x"}]'}},
        'Everything $.order[0].price: expected a number, got "x"',
    ),
    (
        Everything,
        {"expires_at": {"S": "x"}},
        'Everything $.expires_at: expected epoch seconds, got {"S": "x"}',
    ),
    (
        Everything,
        {"anything": {"Z": "x"}},
        'Everything $.anything: expected an attribute value, got {"Z": "x"}',
    ),
    (
        Everything,
        {"movie": {"M": {}}},
        "Everything $.movie.title: missing, and Movie.title has no default",
    ),
    (
        Everything,
        {"box": {"M": {"content": {"S": "x"}}}},
        'Everything $.box.content: expected a whole number, got {"S": "x"}',
    ),
    (
        Everything,
        {"sets": {"M": {"a": {"SS": ["x"]}}}},
        'Everything $.sets.a: expected a whole number, got {"S": "x"}',
    ),
    (
        Drawing,
        {"best": {"M": {}}},
        "Drawing $.best: no 'kind' tells which of Circle | Square it is",
    ),
    (
        Drawing,
        {"best": {"M": {"kind": {"S": "x"}}}},
        'Drawing $.best.kind: expected what tells Circle | Square apart, got {"S": "x"}',
    ),
    (
        Node,
        {"name": {"S": "a"}, "by_name": {"M": {"x y": {"M": {}}}}},
        'Node $.by_name["x y"].name: missing, and Node.name has no default',
    ),
    (Line, {"sku": "plain"}, 'Line $.sku: expected text, got "plain"'),
]


@pytest.mark.parametrize(
    ("model", "attribute_map", "message"), DECODING, ids=[message for _, _, message in DECODING]
)
def test_an_item_that_does_not_fit_is_told_with_model_key_and_path(
    model: Any, attribute_map: dict[str, Any], message: str
) -> None:
    with pytest.raises(ItemDecodeError) as caught:
        from_attribute_map(model, attribute_map)
    assert str(caught.value) == message
    assert caught.value.model is model
    assert caught.value.attribute_map is attribute_map


wrong_everything: Any = Everything  # its fields get what checkers refuse
wrong_line: Any = Line
wrong_drawing: Any = Drawing


def order(**changes: Any) -> Order:
    return Order(customer_id="c1", order_id="o1", **changes)


NO_EMPTY_SET = (
    "an empty set, which DynamoDB can't tell from None: give None, or annotate the "
    "field as a set that is never None"
)


class Thing:
    pass


cycle: list[Any] = []
cycle.append(cycle)

ENCODING: list[tuple[Any, str]] = [
    (
        order(total=Decimal("1." + "1" * 38)),
        "Order.total: 39 digits, and DynamoDB keeps 38: round it first",
    ),
    (order(count=10**38 + 1), "Order.count: 39 digits, and DynamoDB keeps 38: round it first"),
    (order(total=Decimal("NaN")), "Order.total: NaN is no number that DynamoDB can hold"),
    (
        order(total=Decimal("-Infinity")),
        "Order.total: -Infinity is no number that DynamoDB can hold",
    ),
    (
        order(total=Decimal("1E+126")),
        "Order.total: Decimal('1E+126') is above 9.99E+125, which DynamoDB can't hold",
    ),
    (
        order(total=Decimal("1E-131")),
        "Order.total: Decimal('1E-131') is closer to zero than 1E-130, which DynamoDB can't hold",
    ),
    (
        order(total=0.1),
        (
            "Order.total: expected a Decimal, got the float 0.1: say which digits are meant, as in "
            "Decimal('0.1')"
        ),
    ),
    (order(total=True), "Order.total: expected a Decimal, got True"),
    (order(count=10**126), "Order.count: a number above 9.99E+125, which DynamoDB can't hold"),
    (order(count="5"), "Order.count: expected a whole number, got '5'"),
    (order(count=True), "Order.count: expected a whole number, got True"),
    (order(count=1.0), "Order.count: expected a whole number, got 1.0"),
    (order(count=None), "Order.count: expected a whole number, got None"),
    (order(status=5), "Order.status: expected text, got 5"),
    (
        order(status="x" * 500 and b"y" * 500),
        "Order.status: expected text, got b'" + "y" * 78 + "…",
    ),
    (order(status=Thing()), "Order.status: expected text, got a value of type Thing"),
    (
        order(at=datetime(2026, 1, 1)),
        "Order.at: a naive datetime: say which time zone it is in, as in datetime.now(UTC)",
    ),
    (
        order(at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
        "Order.at: a datetime that lies outside the years 1 to 9999 in UTC",
    ),
    (order(tags=["a"]), "Order.tags: expected a set, got a value of type list"),
    (order(tags={"a", 5}), "Order.tags: expected text, got 5"),
    (order(tags=None), "Order.tags: expected a set, got None"),
    (order(tags=0), "Order.tags: expected a set, got 0"),
    (order(lines=(Line("a"),)), "Order.lines: expected a list, got a value of type tuple"),
    (order(lines="abc"), "Order.lines: expected a list, got 'abc'"),
    (
        order(lines=[Line("a"), wrong_line("b", price=0.5)]),
        (
            "Order.lines[1].price: expected a Decimal, got the float 0.5: say which digits are "
            "meant, "
            "as in Decimal('0.5')"
        ),
    ),
    (order(lines=[Line("a"), None]), "Order.lines[1]: expected a Line, got None"),
    (order(labels={"k": 5}), "Order.labels.k: expected text, got 5"),
    (order(labels={"": "x"}), "Order.labels: an empty key, which DynamoDB refuses in a map"),
    (
        order(labels={5: "x"}),
        (
            "Order.labels: a map's keys are text, not 5: make them str, or register a hook for "
            "their "
            "type"
        ),
    ),
    (order(labels=["k"]), "Order.labels: expected a dict, got a value of type list"),
    (order(address=Line("x")), "Order.address: expected an Address, got a value of type Line"),
    (
        wrong_everything(real=float("nan")),
        "Everything.real: nan is no number that DynamoDB can hold",
    ),
    (
        wrong_everything(real=1e126),
        "Everything.real: 1e+126 is above 9.99E+125, which DynamoDB can't hold",
    ),
    (
        wrong_everything(real=-1e-131),
        "Everything.real: -1e-131 is closer to zero than 1E-130, which DynamoDB can't hold",
    ),
    (
        wrong_everything(real=2**53 + 1),
        (
            "Everything.real: a float can't hold the int 9007199254740993 exactly: annotate the "
            "field "
            "as int or Decimal"
        ),
    ),
    (
        wrong_everything(real=Decimal(1)),
        (
            "Everything.real: expected a float, got the Decimal Decimal('1'): convert it with "
            "float(), or annotate the field as Decimal"
        ),
    ),
    (
        wrong_everything(day=datetime(2026, 1, 1)),
        "Everything.day: expected a date, got a datetime: use its .date()",
    ),
    (wrong_everything(status="open"), "Everything.status: expected a Status, got 'open'"),
    (
        wrong_everything(choice="b"),
        'Everything.choice: expected one of "a", 1, true, null, "paid", got \'b\'',
    ),
    (
        wrong_everything(choice=[]),
        'Everything.choice: expected one of "a", 1, true, null, "paid", got a value of type list',
    ),
    (wrong_everything(fixed=(1, "a")), "Everything.fixed: expected a tuple of 3, got one of 2"),
    (wrong_everything(fixed=(1, 2, True)), "Everything.fixed[1]: expected text, got 2"),
    (
        wrong_everything(maybe_texts=set()),
        f"Everything.maybe_texts: {NO_EMPTY_SET}",
    ),
    (
        wrong_everything(anything={"a": [set()]}),
        (
            "Everything.anything.a[0]: an empty set, which DynamoDB can't hold and which would "
            "read "
            "back as None here"
        ),
    ),
    (
        wrong_everything(anything={1, "a"}),
        (
            "Everything.anything: an untyped set holds only text, only numbers or only bytes: "
            "annotate what it holds, or use a list"
        ),
    ),
    (
        wrong_everything(anything=cycle),
        "Everything: nested deeper than the 32 levels that DynamoDB keeps, or holding itself",
    ),
    (
        wrong_everything(meta={"a": [1, b"x"]}),
        (
            "Everything.meta.a[1]: b'x' would not come back as it is from untyped JSON: annotate "
            "it, "
            "or take as_json away"
        ),
    ),
    (
        wrong_everything(as_set=["a", "b", "a"]),
        (
            "Everything.as_set: a value occurs twice in a list that is stored as a set, which "
            "keeps "
            "it once: take as_set away"
        ),
    ),
    (
        wrong_everything(movie={"title": "a", "directors": []}),
        "Everything.movie: the key 'directors', which Movie does not have: it would be lost",
    ),
    (wrong_everything(movie={}), "Everything.movie: the key 'title' is missing"),
    (
        wrong_everything(scalar=[]),
        "Everything.scalar: expected str | int | bytes | bool, got a value of type list",
    ),
    (
        wrong_drawing(shapes=[Circle(1.0), Address("x")]),
        "Drawing.shapes[1]: expected one of Circle | Square, got a value of type Address",
    ),
]


@pytest.mark.parametrize(("value", "message"), ENCODING, ids=[message for _, message in ENCODING])
def test_a_value_that_cannot_be_stored_is_told_with_class_field_and_path(
    value: Any, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        to_attribute_map(value)
    assert str(caught.value) == message


def test_an_unknown_class_in_an_untyped_place_is_told_what_to_do() -> None:
    with pytest.raises(
        UsageError,
        match=r"^Everything\.anything\[0\]: Thing: Thing can't be stored: make it an attrs class "
        r"or a dataclass, or register hooks",
    ):
        to_attribute_map(wrong_everything(anything=[Thing()]))


def test_a_single_value_is_told_by_the_name_it_is_given() -> None:
    codec = Codec()
    with pytest.raises(UsageError, match=r"^Order\.lines\[3\]: expected a Line, got 5$"):
        codec.encode_value(Line, 5, subject="Order.lines[3]")
    with pytest.raises(UsageError, match=r"^value\[1\]: expected a whole number, got 'x'$"):
        codec.encode_value(list[int], [1, "x"])


def test_a_path_grows_outwards_and_a_very_long_one_is_cut() -> None:
    failure = DecodeFailure("expected text").under("price").under("lines", 2)
    assert failure.pieces == ("lines", 2, "price")
    assert str(failure) == "$.lines[2].price: expected text"
    error = item_decode_error(failure, model=Order, key={"customer_id": {"S": "c"}})
    assert str(error) == "Order c $.lines[2].price: expected text"
    long = DecodeFailure("x").under(*range(100))
    assert len(str(long)) < 200


def test_a_failure_keeps_its_cause() -> None:
    with pytest.raises(ItemDecodeError) as caught:
        from_attribute_map(Order, {**KEY, "at": {"S": "x"}})
    assert isinstance(caught.value.__cause__, DecodeFailure)
    assert isinstance(caught.value.__cause__.__cause__, ValueError)


def test_plain_data_is_told_in_plain_words() -> None:
    with pytest.raises(ItemDecodeError) as caught:
        from_plain(Order, {"customer_id": "c", "order_id": "o", "lines": [{"sku": 5}]})
    assert str(caught.value) == 'Order c/o $.lines[0].sku: expected text, got {"N": "5"}'
    with pytest.raises(ItemDecodeError, match="expected plain JSON, got a value of type set"):
        from_plain(Order, {"customer_id": "c", "order_id": "o", "tags": {"a"}})
    with pytest.raises(ItemDecodeError, match="expected plain JSON, got nan"):
        from_plain(Everything, {"real": float("nan")})


def test_samples_are_what_the_table_says() -> None:
    assert Square(1.0).kind == "square"
    assert Movie(title="x") == {"title": "x"}
    assert Status.OPEN.value == "open"
