"""Items straight from the bytes are the same as by way of dicts, and so is what is said of those
that do not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec
import orjson
import pytest
from hypothesis import assume, given, settings, strategies as st

import adorm
from adorm.codec.codec import Codec
from adorm.codec.compiled.pages import (
    MOST_MISSES,
    RETRY_EVERY,
    WORTHWHILE_BYTES,
    PageParser,
    ParsedPage,
)
from adorm.codec.pages import as_page
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError
from adorm.items.binding import Binding
from adorm.items.maps import to_attribute_map
from tests.codec.samples import (
    Circle,
    Everything,
    Line,
    Order,
)
from tests.codec.strategies import MODELS, NAMES, SLOW, everything, garbage
from tests.codec.wire import attribute_values, over_the_wire

CODEC = Codec()


@pytest.fixture(autouse=True)
def _worthwhile_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", 0)


def binding_of(model: Any, codec: Codec = CODEC) -> Binding:
    connection, info = SimpleNamespace(codec=codec), SimpleNamespace(model=model, key_fields=())
    return Binding(connection, info, "t")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # all that decoding asks for


def page_of(items: Sequence[Any], **more: Any) -> bytes:
    return orjson.dumps({"Items": items, "Count": len(items), **more})


def fresh(model: Any) -> PageParser:
    """A parser that has not met any page; the codec's own may have given up."""
    CODEC._page_parsers.clear()
    parser = CODEC.page_parser(model)
    assert parser is not None
    return parser


def parsed(model: Any, body: bytes) -> ParsedPage:
    answer = fresh(model).parse(body)
    assert answer is not None
    items = answer["Items"]
    assert isinstance(items, ParsedPage)
    return items


def told(decode: Callable[[list[Any]], object]) -> tuple[Any, ...]:
    """What was read, and the error that ended it."""
    made: list[Any] = []
    try:
        decode(made)
    except ItemDecodeError as error:
        return (
            repr(made),
            str(error),
            error.path,
            error.attribute_map,
            repr(error.__cause__),
            error.key,
        )
    return (repr(made),)


def both(model: Any, body: bytes) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The page read by way of dicts, and straight from the bytes where that is possible."""
    binding = binding_of(model)
    maps: list[AttributeMap] = orjson.loads(body)["Items"]
    answer = fresh(model).parse(body)
    items = maps if answer is None else answer["Items"]
    return told(lambda made: as_page(maps).decode_into(made, binding, 0, len(maps))), told(
        lambda made: as_page(items).decode_into(made, binding, 0, len(items))
    )


@SLOW
@given(st.lists(everything(), min_size=1, max_size=3))
def test_every_kind_of_field_is_read_straight_from_the_bytes(instances: list[Everything]) -> None:
    body = page_of([over_the_wire(to_attribute_map(each)) for each in instances])
    items = parsed(Everything, body)
    assert items.decode_all(binding_of(Everything)) == instances


@settings(SLOW, max_examples=120)
@given(
    st.lists(st.dictionaries(NAMES, attribute_values(NAMES), max_size=6), max_size=3),
    st.sampled_from(MODELS),
)
def test_any_items_read_the_same_or_are_refused_in_the_same_words(
    items: list[Any], model: Any
) -> None:
    by_dicts, by_bytes = both(model, page_of(items))
    assert by_bytes == by_dicts


@settings(SLOW, max_examples=100)
@given(st.data())
def test_items_with_some_attributes_damaged_read_the_same(data: st.DataObject) -> None:
    items = [over_the_wire(to_attribute_map(data.draw(everything()))) for _ in range(2)]
    for _ in range(data.draw(st.integers(1, 3))):
        item = data.draw(st.sampled_from(items))
        name = data.draw(st.sampled_from(sorted(item) or [""]))
        item[name] = data.draw(attribute_values(NAMES) | garbage.filter(is_json))
        if data.draw(st.booleans()):
            del item[name]
    by_dicts, by_bytes = both(Everything, page_of(items))
    assert by_bytes == by_dicts


def is_json(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@settings(SLOW, max_examples=120)
@given(st.data())
def test_damaged_bytes_read_the_same_or_are_left_to_the_one_who_explains_them(
    data: st.DataObject,
) -> None:
    body = bytearray(
        page_of([over_the_wire(to_attribute_map(data.draw(everything())))], ScannedCount=3)
    )
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(["change", "cut", "repeat"])):
            case "change":
                body[place] = data.draw(st.integers(0, 255))
            case "cut":
                del body[place : place + data.draw(st.integers(1, 9))]
            case _:
                body[place:place] = body[place : place + data.draw(st.integers(1, 40))]
        assume(body)
    answer = fresh(Everything).parse(bytes(body))
    if answer is None:
        return
    plain = orjson.loads(body)  # no bytes are taken that are not JSON
    assert {name: answer.get(name) for name in ("Count", "ScannedCount")} == {
        name: plain.get(name) for name in ("Count", "ScannedCount")
    }
    assert ("Items" in answer) == ("Items" in plain)
    if "Items" in plain:
        by_dicts, by_bytes = both(Everything, bytes(body))
        assert by_bytes == by_dicts


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"Items": null}',
        b'{"Items": {}}',
        b'{"Items": [null]}',
        b'{"Items": [{"radius": {"N": 5}}]}',
        b'{"Items": [{"radius": {"S": "5"}}]}',
        b'{"Items": [{}]}',
        b'{"Items": [{"radius": null}]}',
        b'{"Items": [], "unknown": "\xff"}',
        b'{"Items": [{"radius": {"N": "1"}, "unknown": {"S": "\xed\xa0\x80"}}]}',
        b'{"Items": [{"radius": {"N": "1"}, "unknown": {"S": "\\ud800"}}]}',
        b'{"Items": [], "Count": 1} 2',
    ],
)
def test_what_is_not_as_expected_is_left_to_plain_json(body: bytes) -> None:
    assert fresh(Circle).parse(body) is None


@attrs.define
class Optionals:
    """What may be None, read by an expression or by a function of its own."""

    lines: list[Line] | None = None
    boxes: dict[str, Line] | None = None
    texts: set[str] | None = None
    address: Line | None = None
    maybe: list[int] | None = None
    odd: tuple[int, str] | None = None


def test_of_two_attributes_of_one_name_the_last_one_counts() -> None:
    by_dicts, by_bytes = both(
        Circle, b'{"Items": [{"radius": {"N": "1"}, "radius": {"N": "2", "N": "3"}}]}'
    )
    assert by_bytes == by_dicts == ("[Circle(radius=3.0, kind='circle')]",)


@pytest.mark.parametrize(
    "value",
    [
        {"NULL": True},
        {"NULL": True, "N": "1"},
        {"N": "1", "NULL": True},
        {"N": "1", "S": "x"},
        {"SS": ["a"], "NULL": True},
        {"M": {}, "NULL": True},
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "maybe",
        "five",
        "whole",
        "maybe_texts",
        "address",
        "texts",
        "boxes",
        "anything",
        "odd",
        "lines",
    ],
)
def test_a_value_of_two_types_reads_the_same(name: str, value: dict[str, Any]) -> None:
    by_dicts, by_bytes = both(Everything, page_of([{name: value}]))
    assert by_bytes == by_dicts
    by_dicts, by_bytes = both(Optionals, page_of([{name: value}]))
    assert by_bytes == by_dicts


def test_what_stands_beside_the_items_stays_as_it_is() -> None:
    key, consumed = {"pk": {"S": "x"}, "n": {"N": "1"}}, {"TableName": "t", "CapacityUnits": 1.5}
    answer = fresh(Line).parse(
        page_of([], ScannedCount=7, LastEvaluatedKey=key, ConsumedCapacity=consumed, Other=1)
    )
    assert answer is not None
    assert len(answer.pop("Items")) == 0
    assert answer == {
        "Count": 0,
        "ScannedCount": 7,
        "LastEvaluatedKey": key,
        "ConsumedCapacity": consumed,
    }


def test_a_batch_has_its_items_by_table_and_all_else_as_it_is() -> None:
    lines = [{"sku": {"S": "a"}}, {"sku": {"S": "b"}, "quantity": {"N": "x"}, "more": {"S": "y"}}]
    beside = {
        "UnprocessedKeys": {"t": {"Keys": [{"sku": {"S": "c"}}]}},
        "ConsumedCapacity": [{"TableName": "t", "CapacityUnits": 1.5}],
    }
    answer = fresh(Line).parse_batch(orjson.dumps({"Responses": {"t": lines, "u": []}, **beside}))
    assert answer is not None
    responses = answer.pop("Responses")
    assert answer == beside
    assert {
        table: [items.attribute_map(place) for place in range(len(items))]
        for table, items in responses.items()
    } == {
        "t": lines,
        "u": [],
    }
    wrong: list[Exception] = []
    assert binding_of(Line).decode_each(responses["t"], wrong)[1] is None
    assert [each.attribute_map for each in wrong if isinstance(each, ItemDecodeError)] == [lines[1]]
    assert fresh(Line).parse_batch(b"{}") == {}
    assert fresh(Line).parse_batch(orjson.dumps({"Responses": {"t": [{"sku": 5}]}})) is None


def test_an_answer_without_items_has_none() -> None:
    assert fresh(Line).parse(b'{"Count":3,"ScannedCount":5}') == {"Count": 3, "ScannedCount": 5}


def test_a_key_is_taken_from_the_struct_and_a_whole_item_from_the_bytes() -> None:
    item = {"sku": {"S": "a"}, "price": {"N": "1.50"}, "not declared": {"L": [{"N": "1"}]}}
    items = parsed(Line, page_of([item, {**item, "sku": {"S": "b"}}]))
    assert items.key(-1, ["sku", "price"]) == {"sku": {"S": "b"}, "price": {"N": "1.50"}}
    assert items.attribute_map(0) == item
    with pytest.raises(KeyError, match="quantity"):
        items.key(0, ["quantity"])
    del items[1:]
    assert len(items) == 1
    assert items.key(-1, ["sku"]) == {"sku": {"S": "a"}}


@attrs.define
class Loose:
    """Key attributes that msgspec leaves as they are."""

    anything: Any = None
    maybe: str | None = None


def test_a_key_of_any_type_can_be_taken() -> None:
    item = {"anything": {"B": "AAE="}, "maybe": {"S": "x"}}
    assert parsed(Loose, page_of([item])).key(0, ["anything", "maybe"]) == item


def test_an_item_that_only_the_careful_way_can_read_is_read_among_others() -> None:
    items = parsed(
        Line,
        page_of(
            [
                {"sku": {"S": str(at)}, "quantity": {"N": "5.0" if at % 2 else "5"}}
                for at in range(6)
            ]
        ),
    )
    with pytest.raises(ValueError, match="5"):
        items.parser.make(items.structs[1])
    assert items.decode_all(binding_of(Line)) == [Line(str(at), quantity=5) for at in range(6)]


def test_those_before_an_item_that_does_not_fit_are_made_and_it_is_shown_whole() -> None:
    page = [
        {"sku": {"S": str(at)}, "quantity": {"N": "5.5" if at == 2 else "5"}, "unknown": {"S": "u"}}
        for at in range(4)
    ]
    items, made = parsed(Line, page_of(page)), list[Any]()
    with pytest.raises(ItemDecodeError, match=r"\$\.quantity") as caught:
        items.decode_into(made, binding_of(Line), 1, 4)
    assert made == [Line("1", quantity=5)]
    assert caught.value.attribute_map == page[2]


def test_hooks_registered_after_the_page_was_parsed_hold() -> None:
    codec = Codec()
    parser = codec.page_parser(Line)
    assert parser is not None
    answer = parser.parse(page_of([{"sku": {"S": "a"}}]))
    assert answer is not None
    codec.converter.register_unstructure_hook(str, lambda text: {"S": text.lower()})
    codec.converter.register_structure_hook(str, lambda value, _: value["S"].upper())
    assert as_page(answer["Items"]).decode_all(binding_of(Line, codec)) == [Line("A")]
    parser = codec.page_parser(Line)
    assert parser is not None
    answer = parser.parse(page_of([{"sku": {"S": "a"}}]))
    assert answer is not None
    assert [parser.make(struct) for struct in answer["Items"].structs] == [Line("A")]


def test_a_class_with_a_hook_for_itself_has_no_page_parser() -> None:
    codec = Codec()
    codec.converter.register_unstructure_hook(Line, lambda line: {"M": {"sku": {"S": line.sku}}})
    codec.converter.register_structure_hook(Line, lambda value, _: Line(value["M"]["sku"]["S"]))
    assert codec.page_parser(Line) is None


@adorm.model(table="t")
class Quoted:
    key: str = adorm.partition_key(name='a "key"')


def test_a_name_that_msgspec_does_not_take_leaves_all_to_plain_json() -> None:
    assert fresh(Quoted).parse(page_of([{'a "key"': {"S": "x"}}])) is None
    assert fresh(Quoted).parse(page_of([])) is None


def test_little_is_read_as_plain_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adorm.codec.compiled.pages.WORTHWHILE_BYTES", WORTHWHILE_BYTES)
    parser, body = fresh(Line), page_of([{"sku": {"S": "x" * 10_000}}])
    first = next(number for number in range(100) if parser.parse(body) is not None)
    assert (first + 1) * len(body) >= WORTHWHILE_BYTES > first * len(body)


def test_where_pages_do_not_fit_few_are_tried() -> None:
    parser, wrong, right = fresh(Line), page_of([{}]), page_of([])
    for _ in range(MOST_MISSES):
        assert parser.parse(wrong) is None
    tried = [parser.parse(right) is not None for _ in range(RETRY_EVERY)]
    assert True in tried
    assert tried.index(True) > RETRY_EVERY - MOST_MISSES - 2
    assert all(tried[tried.index(True) :])


def test_structs_are_nothing_to_the_garbage_collector() -> None:
    items = parsed(
        Order,
        page_of(
            [
                over_the_wire(
                    to_attribute_map(Order(customer_id="c", order_id="o", lines=[Line("a")]))
                )
            ]
        ),
    )
    assert isinstance(items.structs[0], msgspec.Struct)
    assert type(items.structs[0]).__struct_config__.gc is False
