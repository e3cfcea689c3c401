"""Classes of every kind as maps."""

from __future__ import annotations

import dataclasses
import linecache
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar

import attrs
import pytest

from adorm.codec.codec import Codec
from adorm.errors import ItemDecodeError, ModelError, UsageError
from adorm.items.maps import from_attribute_map, to_attribute_map
from adorm.mapped_classes import map_class
from tests.codec.samples import Address, Box, Frozen, Line, Node, Order, Pair, Point, marked

T = TypeVar("T")
CODEC = Codec()


def upper(text: str) -> str:
    return text.upper()


@attrs.define
class Checked:
    quantity: int = attrs.field(validator=attrs.validators.ge(1))
    name: str = attrs.field(default="a", validator=attrs.validators.instance_of(str))
    upper: str = attrs.field(default="A", converter=upper)


@attrs.define
class Later:
    first: str
    computed: int = attrs.field(init=False)
    set_later: int = attrs.field(init=False, default=3)

    def __attrs_post_init__(self) -> None:
        self.computed = len(self.first)


@attrs.frozen
class FrozenLater:
    first: str
    computed: int = attrs.field(init=False, default=1)


@dataclasses.dataclass
class DataLater:
    first: str
    computed: int = dataclasses.field(init=False, default=1)
    moment: datetime = dataclasses.field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def __post_init__(self) -> None:
        if self.first == "bad":
            raise ValueError("bad is bad")


@attrs.define
class Underscored:
    _private: int
    aliased: str = attrs.field(alias="other")


@attrs.define
class FromSelf:
    first: int
    second: int = attrs.field(default=attrs.Factory(lambda self: self.first + 1, takes_self=True))


Strange = TypedDict("Strange", {"a-b": int, "class": str}, total=False)


class Shape(NamedTuple):
    corners: tuple[int, ...]
    name: str | None = None


@attrs.define
class Typed(Generic[T]):
    box: Box[T]
    pairs: dict[str, tuple[T, int]] = attrs.field(factory=dict[str, tuple[T, int]])


@attrs.define
class Linked:
    value: int
    next: Linked | None = None


@attrs.define
class MoreLine(Line):
    pass


@attrs.define
class LargerLine(Line):
    colour: str = "red"


def both_ways(value: Any, stored: dict[str, Any], annotation: Any = None) -> None:
    assert CODEC.encode(value, annotation) == stored
    assert CODEC.decode(annotation or type(value), stored) == value


def test_every_kind_of_class_is_a_map() -> None:
    both_ways(Point(1.0, 0.5), {"x": {"N": "1.0"}, "y": {"N": "0.5"}})
    both_ways(Pair(1, "x"), {"left": {"N": "1"}, "right": {"S": "x"}})
    both_ways(Frozen(("a",)), {"names": {"L": [{"S": "a"}]}})
    both_ways(Shape((1, 2)), {"corners": {"L": [{"N": "1"}, {"N": "2"}]}})
    both_ways({"a-b": 1, "class": "x"}, {"a-b": {"N": "1"}, "class": {"S": "x"}}, Strange)
    both_ways({"class": "x"}, {"class": {"S": "x"}}, Strange)
    both_ways(Underscored(1, "x"), {"_private": {"N": "1"}, "aliased": {"S": "x"}})
    both_ways(
        {"a": [1, {"b": None}]},
        {"a": {"L": [{"N": "1"}, {"M": {"b": {"NULL": True}}}]}},
        dict[str, Any],
    )


def test_an_untyped_dict_is_an_item_too() -> None:
    assert CODEC.encode({"pk": "x", "n": 1}) == {"pk": {"S": "x"}, "n": {"N": "1"}}
    with pytest.raises(UsageError, match="is stored as L, so it can't be an item"):
        CODEC.encode([1])


def test_attribute_names_are_those_of_the_markers() -> None:
    cls: Any = attrs.make_class(
        "Named",
        {
            "a": attrs.field(type=int, metadata=marked(name='it\'s "a"\n')),
            "b": attrs.field(type=int, default=0, metadata=marked(name="ü.b")),
        },
    )
    both_ways(cls(a=1, b=2), {'it\'s "a"\n': {"N": "1"}, "ü.b": {"N": "2"}})
    with pytest.raises(ItemDecodeError) as caught:
        from_attribute_map(cls, {'it\'s "a"\n': {"N": "1"}, "ü.b": {"S": ""}})
    assert caught.value.path == '$["ü.b"]'


def test_a_model_that_stands_for_another_class_gives_its_instances() -> None:
    model: Any = map_class(Point, table="points", partition_key="x", naming="PascalCase")
    both_ways(Point(1.0, 0.5), {"X": {"N": "1.0"}, "Y": {"N": "0.5"}}, model)
    with pytest.raises(
        ItemDecodeError, match=r'^Point 1 \$\.Y: expected a number, got \{"S": "x"\}$'
    ):
        from_attribute_map(model, {"X": {"N": "1"}, "Y": {"S": "x"}})


def test_unknown_attributes_are_ignored() -> None:
    assert CODEC.decode(Address, {"city": {"S": "a"}, "planet": {"S": "b"}}) == Address("a")


def test_generic_classes_have_their_arguments() -> None:
    value = Typed(Box(1, [2]), {"a": (3, 4)})
    stored = CODEC.encode(value, Typed[int])
    assert stored == {
        "box": {"M": {"content": {"N": "1"}, "more": {"L": [{"N": "2"}]}}},
        "pairs": {"M": {"a": {"L": [{"N": "3"}, {"N": "4"}]}}},
    }
    assert CODEC.decode(Typed[int], stored) == value
    with pytest.raises(UsageError, match=r"box\.content: expected text, got 1"):
        CODEC.encode(value, Typed[str])


def test_recursive_classes_nest() -> None:
    value = Node("a", [Node("b", [Node("c")])], Node("d"), {"e": Node("f")})
    assert CODEC.decode(Node, CODEC.encode(value)) == value
    linked = Linked(1, Linked(2))
    assert CODEC.decode(Linked, CODEC.encode(linked)) == linked


def test_validators_and_converters_run_on_reading() -> None:
    assert CODEC.decode(Checked, {"quantity": {"N": "1"}, "upper": {"S": "abc"}}).upper == "ABC"
    with pytest.raises(ItemDecodeError) as caught:
        from_attribute_map(Checked, {"quantity": {"N": "0"}})
    assert str(caught.value) == "Checked $.quantity: refused by Checked: 'quantity' must be >= 1: 0"
    assert isinstance(caught.value.__cause__, Exception)
    assert isinstance(caught.value.__cause__.__cause__, ValueError)
    with pytest.raises(ItemDecodeError, match=r"^DataLater \$: refused by DataLater: bad is bad$"):
        from_attribute_map(DataLater, {"first": {"S": "bad"}})


def test_fields_that_the_constructor_does_not_take_are_set_afterwards() -> None:
    both_ways(
        Later("abc"), {"first": {"S": "abc"}, "computed": {"N": "3"}, "set_later": {"N": "3"}}
    )
    assert CODEC.decode(Later, {"first": {"S": "abc"}, "computed": {"N": "9"}}).computed == 9
    assert CODEC.decode(Later, {"first": {"S": "abc"}}).computed == 3
    frozen = CODEC.decode(FrozenLater, {"first": {"S": "a"}, "computed": {"N": "9"}})
    assert frozen.computed == 9
    both_ways(
        DataLater("a"),
        {
            "first": {"S": "a"},
            "computed": {"N": "1"},
            "moment": {"S": "2026-01-01T00:00:00.000000Z"},
        },
    )
    with pytest.raises(ItemDecodeError, match=r"^Later \$\.computed: expected a whole number"):
        from_attribute_map(Later, {"first": {"S": "a"}, "computed": {"S": "x"}})


def test_a_default_made_of_the_instance_stays_with_attrs() -> None:
    assert CODEC.decode(FromSelf, {"first": {"N": "5"}}) == FromSelf(5, 6)
    both_ways(FromSelf(5, 9), {"first": {"N": "5"}, "second": {"N": "9"}})


def test_a_subclass_is_stored_as_its_base_only_where_nothing_is_lost() -> None:
    plain = CODEC.encode_value(list[Line], [MoreLine("a")])
    assert plain == CODEC.encode_value(list[Line], [Line("a")])
    with pytest.raises(
        UsageError,
        match="a LargerLine has fields that Line has not, colour, and they would be lost",
    ):
        CODEC.encode_value(list[Line], [LargerLine("a")])


def test_a_broken_attribute_is_told() -> None:
    line = Line("a")
    del line.sku
    with pytest.raises(UsageError, match=r"^Line\.sku: it can't be read: AttributeError"):
        to_attribute_map(line)


def test_names_that_are_missing_are_told_at_first_use_and_not_remembered() -> None:
    codec = Codec()

    class Waiting:
        later: NotYet  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]

    made = attrs.define(Waiting)
    for _ in range(2):
        with pytest.raises(
            ModelError, match="Waiting: the annotation that names 'NotYet' can't be resolved"
        ):
            codec.prepare(made)


def test_the_generated_source_shows_in_tracebacks() -> None:
    codec = Codec()
    codec.decode(Address, {"city": {"S": "a"}})
    name = codec.decoder(Address)
    assert name({"city": {"S": "b"}}) == Address("b")
    sources = [
        "".join(entry[2])
        for file, entry in linecache.cache.items()
        if file.startswith("<adorm decode Address") and len(entry) == 4
    ]
    assert any("content['city'][\"S\"]" in source for source in sources)


def there_and_back(codec: Codec, values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(codec.decode(type(value), codec.encode(value)) for value in values)


def test_building_in_many_threads_at_once_is_harmless() -> None:
    for _ in range(5):
        codec = Codec()
        order = Order(customer_id="c", order_id="o", lines=[Line("a")])
        node = Node("a", [Node("b")])
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(partial(there_and_back, codec), [(order, node)] * 16))
        assert results == [(order, node)] * 16
