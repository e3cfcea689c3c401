"""What holds for every value and every item."""

# an error is one of two good ends, and a literal of None is what is tested

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure
from adorm.codec.sizes import item_size
from adorm.errors import ItemDecodeError
from adorm.items.maps import from_attribute_map, from_plain, to_attribute_map, to_plain
from tests.codec.samples import (
    Everything,
    Node,
    Odd,
)
from tests.codec.strategies import (
    MODELS,
    NAMES,
    SLOW,
    UNION,
    everything,
    garbage,
    may_be_none,
    typed_values,
    untyped,
)
from tests.codec.wire import attribute_values, over_the_wire

CODEC = Codec()
TYPES: list[Any] = [*MODELS, dict[str, Any], dict[str, Node]]


@SLOW
@given(st.data())
def test_a_value_of_any_type_comes_back_equal_and_of_its_type(data: st.DataObject) -> None:
    annotation, values = data.draw(typed_values())
    value = data.draw(values)
    stored = CODEC.encode_value(annotation, value)
    assert len(stored) == 1
    for arrived in (stored, over_the_wire(stored)):
        back = CODEC.decode_value(annotation, arrived)
        assert back == value
        assert type(back) is type(value)


@SLOW
@given(st.data())
def test_a_field_of_any_type_comes_back_equal(data: st.DataObject) -> None:
    annotation, values = data.draw(typed_values())
    optional = data.draw(st.booleans()) and may_be_none(annotation)
    default = data.draw(values)
    whole: Any = UNION[annotation, None] if optional else annotation
    field: Any = attrs.field(default=None if optional else default, type=whole)
    cls: Any = attrs.make_class(
        "Made", {"value": field, "again": attrs.field(type=annotation)}, kw_only=True
    )
    instance = cls(
        value=data.draw(st.none() | values if optional else values), again=data.draw(values)
    )
    stored = to_attribute_map(instance)
    assert from_attribute_map(cls, stored) == instance
    assert from_attribute_map(cls, over_the_wire(stored)) == instance


@SLOW
@given(everything())
def test_an_instance_with_every_kind_of_field_comes_back_equal(instance: Everything) -> None:
    stored = to_attribute_map(instance)
    assert from_attribute_map(Everything, stored) == instance
    assert from_attribute_map(Everything, over_the_wire(stored)) == instance
    assert item_size(stored) == item_size(over_the_wire(stored))


@SLOW
@given(everything())
def test_an_instance_comes_back_equal_from_plain_json(instance: Everything) -> None:
    instance.anything = None  # untyped values come back as JSON's own types
    instance.odd = Odd.TEXT  # its bytes would come back as text
    instance.scalar = instance.drawing.mixed = "x"  # as would these, and a number above 64 bits
    assert from_plain(Everything, over_the_wire(to_plain(instance))) == instance


@settings(SLOW, max_examples=400)
@given(st.dictionaries(NAMES, attribute_values(NAMES), max_size=6), st.sampled_from(TYPES))
def test_any_item_decodes_or_is_refused_as_one_that_does_not_fit(
    attribute_map: dict[str, Any], model: Any
) -> None:
    try:
        made = from_attribute_map(model, attribute_map)
    except ItemDecodeError as error:
        assert error.attribute_map is attribute_map
        assert str(error)
        assert error.path.startswith("$")
    else:
        assert made is not None


@settings(SLOW, max_examples=300)
@given(st.data())
def test_any_attribute_value_decodes_into_any_type_or_is_refused(data: st.DataObject) -> None:
    annotation, _ = data.draw(typed_values(2))
    attribute_value = data.draw(attribute_values(st.text(min_size=1, max_size=3)))
    try:
        CODEC.decode_value(annotation, attribute_value)
    except DecodeFailure as failure:
        assert failure.problem


@settings(SLOW, max_examples=300)
@given(st.dictionaries(NAMES, garbage, max_size=5), st.sampled_from(TYPES))
def test_even_what_dynamodb_never_sends_is_refused_and_nothing_else(
    attribute_map: dict[str, Any], model: Any
) -> None:
    try:
        from_attribute_map(model, attribute_map)
    except ItemDecodeError as error:
        assert str(error)


@settings(SLOW, max_examples=200)
@given(garbage.filter(lambda value: isinstance(value, Mapping)), st.sampled_from(TYPES))
def test_any_plain_data_decodes_or_is_refused(data: dict[str, Any], model: Any) -> None:
    try:
        from_plain(model, data)
    except ItemDecodeError as error:
        assert str(error)


@SLOW
@given(st.dictionaries(st.text(min_size=1, max_size=5), untyped, max_size=5))
def test_an_untyped_item_comes_back_equal(item: dict[str, Any]) -> None:
    assert CODEC.decode(dict[str, Any], over_the_wire(CODEC.encode(item))) == item


@pytest.mark.parametrize("model", TYPES, ids=str)
def test_an_empty_item_is_complete_or_names_what_is_missing(model: Any) -> None:
    try:
        from_attribute_map(model, {})
    except ItemDecodeError as error:
        assert error.problem.startswith("missing, and ")  # some models are complete
