"""The keys by which models are in a table or index.

Keys of several models are compared part by part: a template's shape is its literal texts and
formats without the names of fields.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import cast

from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.item_keys import ItemKey, KeySide
from adorm.schema.key_texts import Part, Template, parse_template
from adorm.support.records import Record


class UsedKey(Record):
    """A key by which items of a model are in the table or index that is read."""

    info: ModelInfo
    key: ItemKey

    def __str__(self) -> str:
        return f"{self.info.name}.{self.key.name}"


def keys_on(info: ModelInfo, index_name: str | None) -> tuple[ItemKey, ...]:
    """The keys of a model in its table, or in an index; none where its items are not in that."""
    if index_name is None:
        if info.key is not None:
            return (info.key,)
        return (
            _plain_key(info, None, (info.partition,), () if info.sort is None else (info.sort,)),
        )
    index = info.indexes.get(index_name)
    if index is None:
        return ()
    readable = info.readable_keys.get(index_name)
    if readable is not None:
        return readable
    if len(index.partition) > 1 or len(index.sort) > 1:
        return ()
    return (_plain_key(info, index_name, index.partition, index.sort),)


def _plain_key(
    info: ModelInfo, index: str | None, partition: Sequence[Field], sort: Sequence[Field]
) -> ItemKey:
    sides = [
        KeySide(
            field, parse_template(f"{{{field.name}}}", info.structure, info.name, table_key=False)
        )
        for field in (*partition, *sort)
    ]
    return ItemKey(index or "key", index, sides[0], sides[1] if sort else None)


def begins_alike(one: Template, other: Template, segments: int) -> bool:
    """Whether two templates have the same shape in their first segments."""
    return _start(one, segments) == _start(other, segments)


def _start(template: Template, segments: int) -> Hashable:
    shape = cast("tuple[Hashable, ...]", template.shape)
    return shape[:segments]


def segments_through(template: Template, fields: Sequence[Field]) -> int:
    """How many segments it takes until the parts of these fields are all there."""
    return 1 + max(
        number
        for number, segment in enumerate(template.segments)
        if isinstance(segment, Part) and segment.field in fields
    )
