"""Places: one for each item, whatever way its key is written, and the same in the generated loops
as one by one."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

import adorm
from adorm.codec.codec import Codec
from adorm.codec.compiled.item_ids import item_id_of
from adorm.dynamodb.values import AttributeMap
from adorm.items.item_ids import ItemId, encode_keys, item_ids
from adorm.items.key_encoding import encode_any_key
from adorm.items.keys import Key
from adorm.models import model_info
from tests.items.test_keys import KEYS, MODELS, VALUES, Bytes, Numbers, Texts


def taken_in(
    info: Any, keys: list[Any], codec: Codec
) -> tuple[list[ItemId], dict[ItemId, AttributeMap]]:
    places: list[ItemId] = []
    maps: dict[ItemId, AttributeMap] = {}

    def look_closer(given: Any) -> AttributeMap:
        return encode_any_key(given if isinstance(given, Key) else Key(info, given), codec)  # pyright: ignore[reportUnknownArgumentType]  # of any model

    encode_keys(info, codec)("table", keys, places, maps, look_closer)
    return places, maps


@given(each=KEYS, whole=st.booleans())
def test_a_key_is_taken_in_as_the_careful_encoder_has_it_or_refused_as_it_refuses(
    each: tuple[Any, tuple[Any, ...]], whole: bool
) -> None:
    codec, key = Codec(), Key[Any](*each)
    given_key = key if whole else key.values
    try:
        expected = encode_any_key(key, codec)
    except Exception as error:  # noqa: BLE001  # whatever it is, both have to raise it
        with pytest.raises(type(error)) as caught:
            taken_in(key.info, [given_key], codec)
        assert str(caught.value) == str(error)
        return
    place = item_id_of("table", expected, key.info.key_order)
    assert taken_in(key.info, [given_key], codec) == ([place], {place: expected})


@given(
    model=st.sampled_from(MODELS),
    values=st.lists(st.lists(VALUES, min_size=2, max_size=2).map(tuple), max_size=8),
)
def test_items_are_where_their_keys_are_alone_and_all_together(
    model: Any, values: list[tuple[Any, ...]]
) -> None:
    codec, info = Codec(), model_info(model)
    maps: list[AttributeMap] = []
    for each in values:
        try:
            maps.append(
                {
                    **encode_any_key(Key(info, each[: len(info.key_fields)]), codec),
                    "more": {"S": "x"},
                }
            )
        except adorm.UsageError:
            continue
    expected = [item_id_of("table", item, info.key_order) for item in maps]
    locate = item_ids(info, codec)
    assert [locate.one("table", item) for item in maps] == expected
    assert locate.all("table", maps) == expected


def test_numbers_that_are_equal_are_one_place_however_they_are_written() -> None:
    codec = Codec()
    written = [
        (1, Decimal("1.00")),
        (1, Decimal(1)),
        (1, Decimal("1E0")),
        Key[Any](model_info(Numbers), (1, Decimal("1.0"))),
    ]
    places, maps = taken_in(model_info(Numbers), written, codec)
    assert len(set(places)) == 1
    assert list(maps.values()) == [{"pk": {"N": "1"}, "sk": {"N": "1.0"}}]
    answered = [{"pk": {"N": "1.0"}, "sk": {"N": one}} for one in ("1", "1.000", "10E-1")]
    assert set(item_ids(model_info(Numbers), codec).all("table", answered)) == set(places)


def test_bytes_are_one_place_as_bytes_and_as_base64() -> None:
    codec, info = Codec(), model_info(Bytes)
    places, _ = taken_in(info, [(b"\xff", 1.5)], codec)
    locate = item_ids(info, codec)
    for content in (b"\xff", b64encode(b"\xff").decode()):
        assert locate.one("table", {"pk": {"B": content}, "sk": {"N": "1.50"}}) == places[0]


def test_what_a_hook_stores_otherwise_is_found_where_it_is() -> None:
    codec, info = Codec(), model_info(Texts)
    before = taken_in(info, [("a", "b")], codec)[0]
    codec.converter.register_unstructure_hook(str, lambda text: {"N": str(len(text))})
    codec.converter.register_structure_hook(str, lambda value, _: "x" * int(value["N"]))
    (after,), maps = taken_in(info, [("a", "b")], codec)
    assert after != before[0]
    assert after == ("table", Decimal(1), Decimal(1))
    assert item_ids(info, codec).all("table", maps.values()) == [after]
