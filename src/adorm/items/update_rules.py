"""What an update must not change, and what it has to write with what it changes.

Updates of models with keys that are made of parts, or with immutable fields, load this module.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from adorm.codec.codec import Codec
from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.updates import (
    Clause,
    Remove,
    Set,
    SetIfAbsent,
    SetValue,
    SetValueIfAbsent,
)
from adorm.items.given import given_values
from adorm.items.index_keys import UnknownParts, encode_parts, index_key_changes
from adorm.items.keys import Key
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.types import split_optional


class PartsNotKnown(UsageError):
    """A key of an index has to be written, and parts of it are not known."""

    fields: Sequence[Field] = ()
    """These parts."""


def check_update(
    key: Key[Any], set_paths: Iterable[DocumentPath], clauses: Sequence[Clause[Any]]
) -> None:
    """Refuse changes by which an item would no longer be what its keys say.

    Args:
        set_paths: of the fields that are set to a plain value.
        clauses: all other clauses of the caller.

    Raises:
        UsageError: a clause changes a part of the item's own key, a key attribute that is made of
            parts, an immutable field or the time of a deletion; or it changes a part of an index's
            key in a way that does not tell its value.
    """
    info = key.info
    if info.is_abstract:
        paths = (*set_paths, *[clause.path for clause in clauses])
        _check_subclasses(key, {path.attribute_name for path in paths})
    parts = {part.attribute_name for part in info.parts} - info.key_names
    made = {
        side.attribute_name: side for each in info.index_keys for side in each.sides
        if side.is_computed
    }  # fmt: skip
    for path in (*set_paths, *[clause.path for clause in clauses]):
        name = path.attribute_name
        if name in parts:
            raise UsageError(
                f"{key}: {path} is a part of the key of {info.name}, and an item never changes its "
                "key: use move(old, new), which puts a copy under the new key in its place"
            )
        if name in made and name not in info.key_names:
            raise UsageError(
                f"{key}: {path} is made of {made[name].template.text!r}: "
                "change the fields in it, and the new text is written with them"
            )
        if info.deleted_at is not None and name == info.deleted_at.attribute_name:
            raise UsageError(
                f"{key}: {path} is set by delete() and removed by restore(), not by an update"
            )
    if info.immutable:
        _check_immutable(key, set_paths, clauses)
    for clause in clauses:
        _check_part(key, clause)


def _check_subclasses(key: Key[Any], changed: set[str]) -> None:
    """Refuse an update by an abstract model of what a subclass keeps in keys of its own."""
    info = key.info
    own = info.updated_at
    if own is not None:
        changed.add(own.attribute_name)
    rules = _rules(info)
    for subclass in info.item_models.models:
        names = sorted(subclass.guarded_names & changed)
        if names and _rules(subclass) != rules:
            raise UsageError(
                f"{key}: {names[0]} is in keys of {subclass.name} or immutable there, and "
                f"{info.name} does not have the same: update it by db.table({subclass.name})"
            )


def _rules(info: ModelInfo) -> object:
    """The keys of indexes and the immutable fields of a model, to compare those of two."""
    keys = [
        (
            each.index,
            [(side.attribute_name, side.template.text) for side in each.sides],
            {field.name: values for field, values in each.only.items()},
        )
        for each in info.index_keys
    ]
    return keys, {field.name for field in info.immutable}


def _check_immutable(
    key: Key[Any], set_paths: Iterable[DocumentPath], clauses: Sequence[Clause[Any]]
) -> None:
    names = {field.attribute_name for field in key.info.immutable}
    changed = [each.path for each in clauses if not isinstance(each, SetIfAbsent)]
    for path in (*set_paths, *changed):
        if path.attribute_name in names:
            raise UsageError(
                f"{key}: {path} is immutable: it is set when the item is created, and an update "
                "does not change it"
            )


def _check_part(key: Key[Any], clause: Clause[Any]) -> None:
    """Refuse a clause that changes a part of an index's key, and does not tell the new value."""
    info, path = key.info, clause.path
    uses = [
        (item_key, field)
        for item_key in info.index_keys
        for field in item_key.fields
        if field.attribute_name == path.attribute_name
    ]
    if not uses:
        return
    item_key, field = uses[0]
    made = f"{path} is in the key {info.name}.{item_key.name} of index {item_key.index}"
    if not (path.is_top_level and isinstance(clause, (Set, Remove))):
        raise UsageError(
            f"{key}: {made}, which is written with it, and this clause does not tell its new "
            "value: set it to a plain value"
        )
    is_optional = split_optional(field.type)[1] or field.marker.omit_empty
    if isinstance(clause, Remove) and not is_optional:
        raise UsageError(f"{key}: {made}, and is never None: set it to another value instead")


def index_key_clauses(
    key: Key[Any],
    codec: Codec,
    changed: Collection[str],
    written: dict[str, Any],
    conditions: Iterable[Condition],
    *,
    creates: bool,
    in_transaction: bool,
) -> list[Clause[Any]]:
    """The clauses that keep the keys of indexes right. An update that may create the item also
    sets the parts of its key.

    Args:
        changed: the names of all attributes that the update changes.
        written: those of them whose value is known, None for absence.
        conditions: of the update; `given(...)` is among them.
        creates: whether the update may create the item.

    Raises:
        UsageError: a key of an index has to be written, and parts of it are not known.
    """
    info = key.info
    clauses: list[Clause[Any]] = []
    if info.index_keys:
        changes, lacks = changes_of(key, codec, changed, written, conditions, creates=creates)
        if lacks:
            problem = _not_known(key, lacks[0], changed, creates, in_transaction)
            fields = [field for lack in lacks for field in lack.fields]
            problem.fields = tuple(dict.fromkeys(fields))
            raise problem
        for field, value in changes.items():
            path = info.path_of(field)
            clauses.append(Remove(path) if value is None else SetValue(path, value))
    if creates:
        parts = encode_parts(info, codec, key.values)
        for part in info.parts:
            if part.attribute_name not in info.key_names:
                value = parts[part.attribute_name]
                clauses.append(SetValueIfAbsent(info.path_of(part), value))
    return clauses


def changes_of(
    key: Key[Any],
    codec: Codec,
    changed: Collection[str],
    written: dict[str, Any],
    conditions: Iterable[Condition],
    *,
    creates: bool,
) -> tuple[dict[Field, Any], list[UnknownParts]]:
    """What an update has to write of the keys of indexes, and which of them it can't."""
    touched = None if creates else frozenset(changed)
    known = {**given_values(conditions, codec), **written}
    return index_key_changes(key.info, codec, key.values, touched, known)


def _not_known(
    key: Key[Any], lack: UnknownParts, changed: Collection[str], creates: bool, in_transaction: bool
) -> PartsNotKnown:
    info, item_key = key.info, lack.key
    missing = [f"{info.name}.{field.name}" for field in lack.fields]
    givens = ", ".join(f"{each} == ..." for each in missing)
    causes = [field for field in info.structure.fields if field.attribute_name in changed]
    fields = " and ".join(
        f"{info.name}.{field.name}" for field in causes if field in item_key.fields
    )
    cause = f"upsert() may create the item with the key {info.name}.{item_key.name}"
    if not creates:
        cause = f"{fields} is in the key {info.name}.{item_key.name}"
    advice = f"give what is stored by .given({givens}), which is checked by a condition"
    if creates:
        advice = f"set {' and '.join(missing)} too, or use update_or_create()"
    elif not in_transaction:
        advice += ", or read it by .reading()"
    return PartsNotKnown(
        f"{key}: {cause} of index {item_key.index}, whose {' and '.join(lack.attribute_names)} "
        f"{'is' if len(lack.attribute_names) == 1 else 'are'} made of "
        f"{' and '.join(missing)} too: {advice}"
    )
