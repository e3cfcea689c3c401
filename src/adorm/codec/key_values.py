"""`key_value`: the value of a key attribute that an instance makes of its fields."""

from __future__ import annotations

from typing import Any

from adorm.codec.chosen_codec import default_codec
from adorm.codec.compiled.computed import key_texts
from adorm.dynamodb.values import AttributeMap
from adorm.schema.item_keys import ItemKey, KeySide


def key_value(model: type[Any], key: ItemKey, side: KeySide, instance: object) -> Any:
    """The value of one side of a key, as a database without hooks stores it.

    It is None where a part is None.

    Raises:
        UsageError: a part can't be in a key.
    """
    codec, parts = default_codec(model), AttributeMap()
    for part in key.parts:
        encoded = codec.encode_field(part, getattr(instance, part.name))
        if encoded is not None:
            parts[part.attribute_name] = encoded
    made = key_texts(model.__name__, key).render(parts) or {}
    stored = made.get(side.attribute_name)
    return None if stored is None else codec.decode_field(side.field, stored)
