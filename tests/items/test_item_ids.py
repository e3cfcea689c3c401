"""Item ids: one for each item, however its key is written.

The generated functions give the same ids as the careful one.
"""

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
from tests.items.any_keys import KEYS, MODELS, VALUES, Bytes, Numbers, Texts


def encoded(
    info: Any, keys: list[Any], codec: Codec
) -> tuple[list[ItemId], dict[ItemId, AttributeMap]]:
    ids: list[ItemId] = []
    maps: dict[ItemId, AttributeMap] = {}

    def encode_any(given: Any) -> AttributeMap:
        return encode_any_key(given if isinstance(given, Key) else Key(info, given), codec)  # pyright: ignore[reportUnknownArgumentType]  # of any model

    encode_keys(info, codec)("table", keys, ids, maps, encode_any)
    return ids, maps


@given(each=KEYS, whole=st.booleans())
def test_keys_are_encoded_or_refused_as_by_the_careful_encoder(
    each: tuple[Any, tuple[Any, ...]], whole: bool
) -> None:
    codec, key = Codec(), Key[Any](*each)
    given_key = key if whole else key.values
    try:
        expected = encode_any_key(key, codec)
    except Exception as error:  # noqa: BLE001  # whatever it is, both have to raise it
        with pytest.raises(type(error)) as caught:
            encoded(key.info, [given_key], codec)
        assert str(caught.value) == str(error)
        return
    item_id = item_id_of("table", expected, key.info.key_order)
    assert encoded(key.info, [given_key], codec) == ([item_id], {item_id: expected})


@given(
    model=st.sampled_from(MODELS),
    values=st.lists(st.lists(VALUES, min_size=2, max_size=2).map(tuple), max_size=8),
)
def test_the_generated_functions_give_the_ids_of_the_careful_one(
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
    functions = item_ids(info, codec)
    assert [functions.one("table", item) for item in maps] == expected
    assert functions.all("table", maps) == expected


def test_equal_numbers_have_one_id_however_they_are_written() -> None:
    codec = Codec()
    written = [
        (1, Decimal("1.00")),
        (1, Decimal(1)),
        (1, Decimal("1E0")),
        Key[Any](model_info(Numbers), (1, Decimal("1.0"))),
    ]
    ids, maps = encoded(model_info(Numbers), written, codec)
    assert len(set(ids)) == 1
    assert list(maps.values()) == [{"pk": {"N": "1"}, "sk": {"N": "1.0"}}]
    answered = [{"pk": {"N": "1.0"}, "sk": {"N": one}} for one in ("1", "1.000", "10E-1")]
    assert set(item_ids(model_info(Numbers), codec).all("table", answered)) == set(ids)


def test_bytes_and_their_base64_text_have_one_id() -> None:
    codec, info = Codec(), model_info(Bytes)
    ids, _ = encoded(info, [(b"\xff", 1.5)], codec)
    functions = item_ids(info, codec)
    for content in (b"\xff", b64encode(b"\xff").decode()):
        assert functions.one("table", {"pk": {"B": content}, "sk": {"N": "1.50"}}) == ids[0]


def test_ids_follow_what_a_hook_stores() -> None:
    codec, info = Codec(), model_info(Texts)
    before = encoded(info, [("a", "b")], codec)[0]
    codec.converter.register_unstructure_hook(str, lambda text: {"N": str(len(text))})
    codec.converter.register_structure_hook(str, lambda value, _: "x" * int(value["N"]))
    (after,), maps = encoded(info, [("a", "b")], codec)
    assert after != before[0]
    assert after == ("table", Decimal(1), Decimal(1))
    assert item_ids(info, codec).all("table", maps.values()) == [after]
