"""Soft deletion: `delete` marks an item by the time in its `adorm.deleted_at` field.

A marked item keeps its fields. It loses its keys of indexes that are made of parts, so that it is
in no such index. Reads leave it out, and writes find no item, until `restore` takes the mark away
or `purge` removes the item. NULL in the field counts as absent.

Only operations of models with such a field load this module.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure
from adorm.codec.pages import ItemPage, ItemReader
from adorm.dynamodb.values import AttributeMap
from adorm.errors import (
    ConditionalCheckFailed,
    ItemExists,
    ItemNotFound,
    UsageError,
    VersionConflict,
)
from adorm.expressions.comparisons import Comparison
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operands import Value
from adorm.expressions.updates import Clause, CountUp, Remove
from adorm.items.kinds import OtherKind
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.item_keys import computed_attributes
from adorm.schema.types import split_optional, unwrap


class DeletedItem(OtherKind):
    """The item was deleted. Reads treat it as absent, so that users never get this error."""


# ---- reading


def is_live(info: ModelInfo, deleted_at: Field) -> Comparison:
    """The item was not deleted, or there is none."""
    path = info.path_of(deleted_at)
    return Comparison(path, "=", Value(None, path))


def describe_deletion(info: ModelInfo, codec: Codec, attribute_map: AttributeMap) -> str:
    """How messages say that an item was deleted, and when."""
    field = info.deleted_at
    if field is None:
        return "the item was deleted"
    stored = attribute_map[field.attribute_name]
    try:
        when: Any = codec.decode_field(field, stored)
    except DecodeFailure:
        when = stored
    shown = when.isoformat() if isinstance(when, datetime) else repr(when)
    return f"the item was deleted at {shown} ({field.name})"


def decode_each_live(
    info: ModelInfo, reader: ItemReader, page: ItemPage, errors: list[Exception]
) -> list[Any]:
    """The instances of a page, with None in the place of each item that was deleted or does not fit
    the model; its error is appended to `errors`."""
    field, failures = info.deleted_at, list[Exception]()
    decoded = page.decode_each(reader, failures)
    following = iter(failures)
    for index, instance in enumerate(decoded):
        if instance is None:
            errors.append(next(following))
        elif field is not None and getattr(instance, field.name) is not None:
            decoded[index] = None
            errors.append(DeletedItem("it was deleted", model=info.model, key={}, path="$"))
    return decoded


# ---- deleting


def removed_fields(info: ModelInfo) -> list[Field]:
    """The attributes that a deletion removes: keys of indexes that are made of parts. Of an
    abstract model they are those of all its subclasses."""
    models = info.item_models.models if info.is_abstract else (info,)
    found: dict[str, Field] = {}
    for each in models:
        computed = computed_attributes(each.structure.cls)
        if computed is not None:
            found.update(
                (name, field)
                for name, field in computed.fields.items()
                if name not in info.key_names and field is not each.type_field
            )
    return list(found.values())


def deletion_changes(
    info: ModelInfo, deleted_at: Field, now: datetime
) -> tuple[tuple[DocumentPath, ...], tuple[Any, ...], list[Clause[Any]]]:
    """What a deletion writes: fields that are set, their values, and other clauses."""
    fields: dict[DocumentPath, Any] = {info.path_of(deleted_at): now}
    clauses: list[Clause[Any]] = []
    if info.updated_at is not None:
        fields[info.path_of(info.updated_at)] = now
    keep = deleted_at.marker.keep
    if info.ttl is not None and keep is not None:
        expires_at = now + keep
        is_number = unwrap(split_optional(info.ttl.type)[0]) is int
        fields[info.path_of(info.ttl)] = int(expires_at.timestamp()) if is_number else expires_at
    if info.version is not None:
        clauses.append(CountUp(info.path_of(info.version)))
    clauses += [Remove(info.path_of(field)) for field in removed_fields(info)]
    return tuple(fields), tuple(fields.values()), clauses


# ---- writing


def without_index_keys(info: ModelInfo, item: AttributeMap) -> AttributeMap:
    """The item of an instance that was deleted: it is in no index whose key is made of parts."""
    removed = {field.attribute_name for field in removed_fields(info)}
    return {name: value for name, value in item.items() if name not in removed}


def check_saved(info: ModelInfo, deleted_at: Field, instance: Any) -> None:
    """Refuse the save of a deleted instance."""
    when = getattr(instance, deleted_at.name)
    if when is not None:
        raise UsageError(
            f"this {info.name} was deleted at {when}, and save() changes no deleted item: "
            "restore() it first, and save what that gives"
        )


def deletion_failure(
    error: ConditionalCheckFailed, info: ModelInfo, codec: Codec, key: object, found: AttributeMap
) -> ConditionalCheckFailed | ItemNotFound:
    """The error to raise for a write that met a deleted item.

    Args:
        error: the failed condition, or `ItemExists` or `VersionConflict` in its place.
    """
    deleted = describe_deletion(info, codec, found)
    if isinstance(error, (ItemExists, VersionConflict)) or error.maybe_applied:
        error.deletion = deleted
        return error
    return ItemNotFound(f"{key}: {deleted}; restore() brings it back")
