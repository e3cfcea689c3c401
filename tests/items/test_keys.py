"""Keys as they are sent: the quick encoder of common keys against the careful one, which explains
what is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

import adorm
from adorm.codec.codec import Codec
from adorm.items.key_encoding import encode_any_key, encode_key, key_encoder
from adorm.items.keys import Key, key_of, make_key
from adorm.models import model_info
from tests.items.any_keys import KEYS, Alone, Bytes, Colour, Ids, Moments, Numbers, Spans, Texts

GOOD: dict[Any, tuple[Any, ...]] = {
    Texts: ("c1", "ö" * 256),
    Numbers: (7, Decimal("1.50")),
    Bytes: (b"\0", 2.5),
    Moments: (datetime(2026, 11, 21, 8, 30, tzinfo=UTC), date(2026, 11, 21)),
    Ids: (UUID(int=1), Colour.RED),
    Alone: ("c1",),
}


def told(encode: Any, key: Key[Any], codec: Codec) -> Any:
    try:
        return encode(key, codec)
    except Exception as error:  # noqa: BLE001  # whatever it is, both have to raise it
        return type(error), str(error)


@given(each=KEYS)
def test_the_quick_encoder_gives_the_maps_and_the_errors_of_the_careful_one(
    each: tuple[Any, tuple[Any, ...]],
) -> None:
    codec, key = Codec(), Key[Any](*each)
    assert told(encode_key, key, codec) == told(encode_any_key, key, codec)


@pytest.mark.parametrize("model", GOOD, ids=lambda model: model.__name__)
def test_common_keys_go_the_quick_way(model: Any) -> None:
    codec, key = Codec(), make_key(model_info(model), GOOD[model])
    assert key_encoder(key.info, codec)(key.values) == encode_any_key(key, codec)


def test_keys_of_a_type_that_is_seldom_go_the_careful_way() -> None:
    codec, key = Codec(), make_key(model_info(Spans), ("a", timedelta(seconds=5)))
    assert key_encoder(key.info, codec)(key.values) is None
    assert encode_key(key, codec) == {"pk": {"S": "a"}, "sk": {"N": "5"}}


@given(
    values=st.lists(
        st.one_of(st.text(max_size=600), st.integers(-(10**18) + 1, 10**18 - 1)),
        min_size=2,
        max_size=2,
    ).map(tuple)
)
def test_what_goes_the_quick_way_is_never_wrong(values: tuple[Any, ...]) -> None:
    codec = Codec()
    for model in (Texts, Numbers):
        key = Key[Any](model_info(model), values)
        quick = key_encoder(key.info, codec)(values)
        assert quick is None or quick == encode_any_key(key, codec)


def test_hooks_registered_after_the_first_key_hold_from_the_next_one_on() -> None:
    codec, key = Codec(), make_key(model_info(Alone), ("a",))
    assert encode_key(key, codec) == {"pk": {"S": "a"}}
    codec.converter.register_unstructure_hook(str, lambda text: {"S": f"<{text}>"})
    codec.converter.register_structure_hook(str, lambda value, _: value["S"][1:-1])
    assert encode_key(key, codec) == {"pk": {"S": "<a>"}}
    codec.converter.register_unstructure_hook(str, lambda _: {"BOOL": True})
    with pytest.raises(adorm.UsageError, match="text, a number or bytes, not BOOL"):
        encode_key(key, codec)


def test_a_key_enum_is_stored_by_its_value_and_another_enum_is_refused() -> None:
    class Other(Enum):
        RED = "red"

    codec, info = Codec(), model_info(Ids)
    assert encode_key(make_key(info, (UUID(int=1), Colour.RED)), codec)["sk"] == {"S": "red"}
    with pytest.raises(adorm.UsageError, match=r"Ids\.sk: expected a Colour"):
        encode_key(make_key(info, (UUID(int=1), Other.RED)), codec)


def test_the_key_of_an_instance_is_that_of_its_values() -> None:
    alone = Alone(pk="a")
    assert encode_key(key_of(model_info(Alone), alone), Codec()) == {"pk": {"S": "a"}}
