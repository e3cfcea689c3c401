"""Keys of indexes that are made of parts: what a write of some fields has to write with them.

A write that changes a part of such a key changes the key too, or is refused: an item whose key is
not the text of its fields is found where it should not be. A part is known where the write sets it,
where it is a part of the item's own key, or where a condition of the write checks it.

Only writes of models that declare such keys load this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set as AbstractSet
from typing import Any

import attrs

from adorm.codec.absence import is_null
from adorm.codec.codec import Codec
from adorm.codec.compiled.computed import comparable, key_texts, keys_by_index
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.item_keys import ItemKey


@attrs.frozen(eq=False)
class UnknownParts:
    """A key that can't be written, because parts of it are not known."""

    key: ItemKey
    attribute_names: Sequence[str]
    """The key attributes that would have to be written."""
    fields: Sequence[Field]
    """The parts that are not known."""


@attrs.frozen(eq=False)
class _Side:
    """One key attribute that a write may have to write."""

    field: Field
    names: frozenset[str]
    """The attribute names of its parts."""
    render: Callable[[Mapping[str, AttributeValue]], AttributeValue | None]


class _Key:
    """One key of an index, as far as an update of the item can write it."""

    def __init__(self, info: ModelInfo, codec: Codec, key: ItemKey) -> None:
        self.key = key
        renderers = key_texts(info.name, key).renderers
        self.sides = [
            _Side(
                side.field,
                frozenset(part.field.attribute_name for part in side.template.parts),
                renderers[side.attribute_name],
            )
            for side in key.sides
            if side.is_computed and side.attribute_name not in info.key_names
        ]
        self.only = {
            field.attribute_name: {comparable(codec.encode_field(field, each)) for each in values}
            for field, values in key.only.items()
        }
        self.by_name = {field.attribute_name: field for field in (*key.parts, *key.only)}
        self.part_names = frozenset(field.attribute_name for field in key.parts)
        self.is_sparse = key.is_sparse or any(part.marker.omit_empty for part in key.parts)
        """Whether an item may have no such key."""
        self.told_by_key = frozenset(_told_by_table_key(info, key))
        """The parts whose text the table's key tells."""

    def is_left_out(self, values: Mapping[str, AttributeValue | None]) -> bool:
        """Whether the item surely has no such key: a part is absent, or `only` does not hold."""
        return any(
            (name in self.part_names and _is_absent(value))
            or (name in self.only and comparable(value) not in self.only[name])
            for name, value in values.items()
        )

    def unknown(self, names: Iterable[str], values: Mapping[str, Any]) -> list[Field]:
        return [self.by_name[name] for name in self.by_name if name in names and name not in values]


class IndexKeys:
    """The keys of one index: of several, an item has the first that applies.

    Args:
        keys: in the order of their declaration.
    """

    def __init__(self, info: ModelInfo, codec: Codec, keys: Sequence[ItemKey]) -> None:
        self._keys = [_Key(info, codec, key) for key in keys]
        self._fields = [side.field for side in self._keys[0].sides]
        self.names = frozenset(name for key in self._keys for name in key.by_name)
        """The attribute names of all parts, and of the fields in `only`."""
        self.is_plain = len(keys) == 1 and not self._keys[0].is_sparse
        """Whether every item has the key, so that each attribute of it can be written alone."""

    def changes(
        self,
        touched: AbstractSet[str] | None,
        key_parts: AttributeMap,
        known: Mapping[str, AttributeValue | None],
        lacks: list[UnknownParts],
    ) -> dict[Field, AttributeValue | None]:
        """The key attributes to write, None for one to remove.

        Args:
            touched: the names of the attributes that the write changes; None: it may create the
                item, so that all keys are written.
            key_parts: the parts of the item's own key.
            known: other attributes as they will be after the write, None for absence.
            lacks: gets the keys that can't be written.
        """
        if touched is not None and not touched & self.names:
            return {}
        if self.is_plain:
            key = self._keys[0]
            values = self._values(key, key_parts, known)
            if not key.is_left_out(values):
                return _changed_sides(key, touched, values, lacks)
        for key in self._keys:
            values = self._values(key, key_parts, known)
            if key.is_left_out(values):
                continue
            unknown = key.unknown(key.by_name, values)
            if unknown:
                lacks.append(
                    UnknownParts(key.key, [field.attribute_name for field in self._fields], unknown)
                )
                return {}
            return {side.field: side.render(values) for side in key.sides}
        return dict.fromkeys(self._fields)

    def _values(
        self, key: _Key, key_parts: AttributeMap, known: Mapping[str, AttributeValue | None]
    ) -> dict[str, Any]:
        """What is known of the key's fields."""
        told = {name: key_parts[name] for name in key.told_by_key}
        return told | {name: value for name, value in known.items() if name in key.by_name}


def _changed_sides(
    key: _Key,
    touched: AbstractSet[str] | None,
    values: Mapping[str, Any],
    lacks: list[UnknownParts],
) -> dict[Field, AttributeValue | None]:
    """The attributes of a key that every item has, as far as one of their parts is changed."""
    written: dict[Field, AttributeValue | None] = {}
    for side in key.sides:
        if touched is not None and not touched & side.names:
            continue
        unknown = key.unknown(side.names, values)
        if unknown:
            lacks.append(UnknownParts(key.key, [side.field.attribute_name], unknown))
        else:
            written[side.field] = side.render(values)
    return written


def index_keys_of(info: ModelInfo, codec: Codec) -> list[IndexKeys]:
    """The keys of each index; made once for a model and a codec's hooks."""
    memo, name = codec.memo, (IndexKeys, info)
    known: list[IndexKeys] | None = memo.get(name)
    if known is None:
        by_index = keys_by_index(info.index_keys).values()
        known = memo[name] = [IndexKeys(info, codec, keys) for keys in by_index]
    return known


def index_key_changes(
    info: ModelInfo,
    codec: Codec,
    key_values: Sequence[Any],
    touched: AbstractSet[str] | None,
    known: Mapping[str, AttributeValue | None],
) -> tuple[dict[Field, AttributeValue | None], list[UnknownParts]]:
    """The attributes of all index keys that a write has to write, and the keys that it can't.

    Args:
        key_values: the values of the item's own key.
        touched: the names of the attributes that the write changes; None for a write that may
            create the item.
        known: the attributes that are known as they will be after the write, None for absence.

    Raises:
        BadValue: a part is empty, does not fit its format, or contains the text that ends it.
    """
    changes: dict[Field, AttributeValue | None] = {}
    lacks: list[UnknownParts] = []
    key_parts: AttributeMap | None = None
    for keys in index_keys_of(info, codec):
        if touched is not None and not touched & keys.names:
            continue
        if key_parts is None:
            key_parts = encode_parts(info, codec, key_values)
        changes.update(keys.changes(touched, key_parts, known, lacks))
    return changes, lacks


def encode_parts(info: ModelInfo, codec: Codec, key_values: Sequence[Any]) -> AttributeMap:
    """The parts of an item's own key as attributes: `{"user_name": {"S": "ada"}}`."""
    return {
        part.attribute_name: codec.encode_field(part, value)
        for part, value in zip(info.parts, key_values, strict=True)
    }


def _told_by_table_key(info: ModelInfo, key: ItemKey) -> Iterable[str]:
    """The parts of an index's key that the table's key tells.

    A format such as `lower` loses the case of what is stored, so that the value in a caller's key
    need not be what the item holds. Then only a text of the same format is known.
    """
    sides = () if info.key is None else info.key.sides
    exact = {part.field for side in sides for part in side.template.parts if not part.loses}
    formats = {(part.field, part.format) for side in sides for part in side.template.parts}
    for part in info.parts:
        used = [
            (each.field, each.format)
            for side in key.sides
            for each in side.template.parts
            if each.field is part
        ]
        is_told = info.key is None or part in exact
        if part in key.fields and (is_told or (part not in key.only and formats.issuperset(used))):
            yield part.attribute_name


def _is_absent(value: AttributeValue | None) -> bool:
    return value is None or is_null(value)
