"""What a model says of its table, as the formats of other tools need it: keys and indexes with one
attribute on a side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import attrs

from adorm.errors import UsageError
from adorm.models import ModelInfo, model_info
from adorm.tables.descriptions import KeyAttribute, read_description
from adorm.tables.requests import create_table_request


@attrs.frozen
class KeyParts:
    """A key: its partition key, and its sort key if it has one."""

    partition: KeyAttribute
    sort: KeyAttribute | None


@attrs.frozen
class IndexParts:
    """A secondary index."""

    name: str
    is_global: bool
    key: KeyParts
    projection: Literal["ALL", "KEYS_ONLY"] | tuple[str, ...]


@attrs.frozen
class TableParts:
    """A table, as one model declares it."""

    info: ModelInfo
    name: str
    key: KeyParts
    indexes: Sequence[IndexParts]


def table_parts(model: type[Any], format_name: str) -> TableParts:
    """The table of a model.

    Args:
        format_name: what the format is called in a message: `a DMS document`.

    Raises:
        UsageError: the class is no model with a key, it names no table, or an index has several
            attributes on a side, which the format can't say.
    """
    info = model_info(model)
    if info.table is None:
        raise UsageError(
            f"{info.name} names no table, and {format_name} does: write @adorm.model(table=...)"
        )
    described = read_description(create_table_request(info, info.table))
    indexes = [
        IndexParts(
            index.name,
            index.is_global,
            _key_parts(index.key, f"{info.name}: index {index.name!r}", format_name),
            index.projection,
        )
        for index in described.indexes.values()
    ]
    return TableParts(info, info.table, _key_parts(described.key, info.name, format_name), indexes)


def _key_parts(key: Sequence[KeyAttribute], where: str, format_name: str) -> KeyParts:
    partition = [attribute for attribute in key if attribute.key_type == "HASH"]
    sort = [attribute for attribute in key if attribute.key_type == "RANGE"]
    if len(partition) > 1 or len(sort) > 1:
        raise UsageError(
            f"{where} has {len(partition)} partition and {len(sort)} sort attributes, and "
            f"{format_name} has one of each: leave the model out, or make the index of one text, "
            "adorm.key(..., index=...)"
        )
    return KeyParts(partition[0], sort[0] if sort else None)
