"""`key_field_value`: what a key attribute is on a model, and on an instance of it."""

from __future__ import annotations

from typing import Any

from adorm.codec.chosen_codec import default_codec
from adorm.codec.compiled.computed import key_texts
from adorm.dynamodb.values import AttributeMap
from adorm.schema.item_keys import ItemKey, KeySide


def key_field_value(model: Any, key: ItemKey | None, name: str, instance: object) -> Any:
    """The value of a key attribute that is declared with a template; its path where there is no
    instance.

    Args:
        name: the name that the attribute has in the class.

    Raises:
        UsageError: a part can't be in a key.
    """
    if key is None:
        raise AttributeError(f"{model.__name__} has no key that is made of parts")
    side = next(side for side in key.sides if side.field.name == name)
    return (
        model.__adorm_path__(side.field) if instance is None else _value(model, key, side, instance)
    )


def _value(model: type[Any], key: ItemKey, side: KeySide, instance: object) -> Any:
    """The value of one side of a key, as a database without hooks stores it.

    It is None where a part is None.
    """
    codec, parts = default_codec(model), AttributeMap()
    for part in key.parts:
        encoded = codec.encode_field(part, getattr(instance, part.name))
        if encoded is not None:
            parts[part.attribute_name] = encoded
    made = key_texts(model.__name__, key).render(parts) or {}
    stored = made.get(side.attribute_name)
    return None if stored is None else codec.decode_field(side.field, stored)
