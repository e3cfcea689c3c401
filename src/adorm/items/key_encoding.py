"""Keys as attribute maps, and what DynamoDB asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.codec.codec import Codec
from adorm.codec.compiled.key_encoders import (
    MAX_BYTES_OF_A_CHARACTER,
    KeyEncoder,
    make_key_encoder,
    most_key_bytes,
)
from adorm.codec.failures import DecodeFailure, shown
from adorm.dynamodb.limits import MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES
from adorm.dynamodb.values import KEY_TAGS, AttributeMap
from adorm.errors import BadValue, ModelError, UsageError
from adorm.items.keys import Key
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.item_keys import ItemKey


def encode_key(key: Key[Any], codec: Codec) -> AttributeMap:
    """The attribute map of a key: `{"pk": {"S": "c1"}, "sk": {"S": "o1"}}`.

    Raises:
        UsageError: a value is None, empty, of the wrong type or too long.
    """
    return key_encoder(key.info, codec)(key.values) or encode_any_key(key, codec)


def encode_any_key(key: Key[Any], codec: Codec) -> AttributeMap:
    """The same for any key, also one that is refused; six times as slow."""
    info = key.info
    if info.key is not None:
        return _encode_parts(info, info.key, key.values, codec)
    return {
        field.attribute_name: encode_key_value(info, field, value, codec)
        for field, value in zip(info.key_fields, key.values, strict=True)
    }


def _encode_parts(
    info: ModelInfo, item_key: ItemKey, values: tuple[Any, ...], codec: Codec
) -> AttributeMap:
    """The attribute map of a key that is made of parts."""
    parts: AttributeMap = {}
    for part, value in zip(info.parts, values, strict=True):
        encoded = None if value is None else codec.encode_field(part, value)
        if encoded is None:
            raise UsageError(f"{info.name}.{part.name} is part of a key, so it can't be {value!r}")
        parts[part.attribute_name] = encoded
    from adorm.codec.compiled.computed import key_texts  # a plain key does not need it

    made = key_texts(info.name, item_key).render(parts) or {}
    check_item_keys(info, made)
    return made


def decode_key(
    info: ModelInfo, codec: Codec, attributes: AttributeMap, item: AttributeMap | None = None
) -> Key[Any]:
    """The key that an attribute map says.

    Args:
        attributes: the key's attributes; others are passed over.
        item: the item, which may know parts that the text of a key does not tell, such as those
            with the format `lower`. Without it such a part gets a value that has the same text.

    Raises:
        DecodeFailure: it is no key of the model, or does not tell one of its parts.
    """
    for name in info.key_order:
        if name not in attributes:
            raise DecodeFailure("no such attribute in the key").under(name)
    if info.key is None:
        return Key(info, tuple(_decode_stored(codec, part, attributes) for part in info.parts))
    return Key(info, _decode_parts(info, info.key, codec, attributes, item or {}))


def parse_key(info: ModelInfo, codec: Codec, values: tuple[Any, Any]) -> Key[Any]:
    """The key that stored key attributes stand for.

    Args:
        values: the partition key and the sort key as they are stored; the latter is None in a table
            without one.

    Raises:
        UsageError: it is no key of the model.
    """
    given = [value for value in values if value is not None]
    if len(given) != len(info.key_fields):
        names = " and ".join(info.key_order)
        count = f"{len(given)} value was" if len(given) == 1 else f"{len(given)} values were"
        raise UsageError(f"a key of {info.name} has {names}; {count} given")
    attributes: AttributeMap = {}
    for field, value in zip(info.key_fields, given, strict=True):
        is_attribute_value = isinstance(value, Mapping)
        attributes[field.attribute_name] = (
            value if is_attribute_value else codec.encode_value(type(value), value)
        )
    try:
        return decode_key(info, codec, attributes)
    except DecodeFailure as failure:
        raise UsageError(f"{info.name}: {failure}") from failure


def _decode_parts(
    info: ModelInfo, item_key: ItemKey, codec: Codec, attributes: AttributeMap, item: AttributeMap
) -> tuple[Any, ...]:
    from adorm.codec.compiled.computed import key_texts
    from adorm.codec.key_parsing import agrees, canonical_parts

    parts: AttributeMap = {}
    for side in item_key.sides:
        name = side.attribute_name
        told = canonical_parts(side.template, attributes[name])
        if told is None:
            raise DecodeFailure(
                f"{shown(attributes[name])} is no text of {side.template.text!r}"
            ).under(name)
        # a month that the sort key tells is also a moment of the year in the partition key
        is_finer = not agrees(side.template, attributes[name], parts)
        parts = {**parts, **told} if is_finer else {**told, **parts}
    texts = key_texts(info.name, item_key)
    parts.update(texts.parse(attributes))
    for part in info.parts:
        stored = item.get(part.attribute_name)
        if stored is not None:
            parts[part.attribute_name] = stored
        elif part.attribute_name not in parts:
            raise DecodeFailure(f"the key does not tell {info.name}.{part.name}")
    values = tuple(_decode_stored(codec, part, parts) for part in info.parts)
    if encode_key(Key(info, values), codec) != {name: attributes[name] for name in info.key_order}:
        raise DecodeFailure("the key is not the text of its parts")
    return values


def _decode_stored(codec: Codec, field: Field, attributes: AttributeMap) -> Any:
    try:
        return codec.decode_stored_field(field, attributes[field.attribute_name])
    except DecodeFailure as failure:
        raise failure.under(field.attribute_name) from failure.__cause__


def key_encoder(info: ModelInfo, codec: Codec) -> KeyEncoder:
    """The generated function of a model: from a key's values to its attribute map; None for a key
    that `encode_any_key` has to encode. Made once for a model and a codec's hooks."""
    memo = codec.memo
    encoder: KeyEncoder | None = memo.get(info)
    if encoder is None:
        plans = [codec.field_plan(part) for part in info.parts]
        encoder = memo[info] = make_key_encoder(info.name, plans, info.key)
    return encoder


def encode_key_value(
    info: ModelInfo, field: Field, value: object, codec: Codec, *, sort: bool | None = None
) -> dict[str, Any]:
    """The attribute value of one key attribute, `{"S": "c1"}`.

    Args:
        sort: whether it is a sort key, whose limit of size is lower. Needed for a key of an index;
            by default it is what the field is in the table.
    """
    where = f"{info.name}.{field.name}"
    if value is None:
        raise UsageError(f"{where} is part of a key, so it can't be None")
    encoded = codec.encode_field(field, value)
    check_key_value(where, encoded, sort=field is info.sort if sort is None else sort)
    return encoded or {}


def check_index_keys(info: ModelInfo, written: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Check the key attributes of the model's indexes among those that are written.

    Args:
        written: attribute values by name, None for one that is removed: the item leaves the index.
    """
    for index in info.indexes.values():
        for field in index.key_fields:
            value = written.get(field.attribute_name)
            if value is None:
                continue
            text = value.get("S")
            if not text or text.__class__ is not str or len(text) > _SURELY_SHORT_CHARACTERS:
                where = f"{info.name}.{field.name} (key of index {index.name})"
                check_key_value(where, value, sort=field in index.sort)


def check_item_keys(info: ModelInfo, item: Mapping[str, Mapping[str, Any]]) -> None:
    """Check the key attributes of an item."""
    for field in info.key_fields:
        encoded = item.get(field.attribute_name)
        text = None if encoded is None else encoded.get("S")
        if not text or text.__class__ is not str or len(text) > _SURELY_SHORT_CHARACTERS:
            check_key_value(f"{info.name}.{field.name}", encoded, sort=field is info.sort)


_SURELY_SHORT_CHARACTERS = (
    min(MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES) // MAX_BYTES_OF_A_CHARACTER
)


def check_key_value(where: str, encoded: Mapping[str, Any] | None, *, sort: bool) -> None:
    """Check one key attribute: S, N or B, not empty, at most 2048 bytes in a partition key and 1024
    in a sort key.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html

    Args:
        where: what it is, for messages: `Order.customer_id`.

    Raises:
        BadValue: it is empty or too long.
        ModelError: its class is stored as a map.
        UsageError: it is of another type.
    """
    tag, content = next(iter(encoded.items())) if encoded else ("", "")
    if content in ("", b""):
        raise BadValue(f"{where} is part of a key, and DynamoDB takes no empty key")
    if tag == "M":
        raise ModelError(
            f"{where} is part of a key, and its class is stored as a map: a key is text, a number "
            "or bytes; register hooks that store it as text, "
            "db.converter.register_unstructure_hook(...) and register_structure_hook, "
            "or change its type"
        )
    if tag not in KEY_TAGS:
        raise UsageError(f"{where} is part of a key, so it is text, a number or bytes, not {tag}")
    most = most_key_bytes(sort=sort)
    if tag != "N" and len(content) * MAX_BYTES_OF_A_CHARACTER > most:
        size = len(content.encode() if isinstance(content, str) else content)
        if size > most:
            kind = "sort" if sort else "partition"
            raise BadValue(
                f"{where} has {size} bytes; DynamoDB takes at most {most} in a {kind} key"
            )
