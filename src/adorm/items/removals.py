"""Saves and upserts that only remove attributes, where there is perhaps no item; and what an update
must not remove.

Of an UpdateItem that only removes, DynamoDB makes no item, and a save or an upsert must leave one.
Sent alone, such a write asks for an existing item; where there is none, a second request creates an
item of nothing but its key (`items/send.py`). A transaction can't be sent twice, and takes no
update without an expression, so the update has to set something in it: an attribute whose value
reads back as its absence would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adorm.codec.failures import DecodeFailure
from adorm.dynamodb.values import NULL, AttributeValue
from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.request import RequestExpressions
from adorm.expressions.updates import Clause, Remove, SetValue, SetValueIfAbsent
from adorm.items.binding import Binding
from adorm.items.keys import Key
from adorm.items.write import PreparedWrite, add_condition, item_exists
from adorm.schema.fields import Field, Role


def prepare_creation(
    prepared: PreparedWrite, conditions: Sequence[Condition], *, in_transaction: bool
) -> None:
    """Note what happens where there is no item: a second request creates it, or in a transaction
    the write fails.

    Args:
        conditions: the caller's.
    """
    if in_transaction:
        prepared.cannot_create = True
        return
    binding, request = prepared.binding, prepared.request
    creation: dict[str, Any] = {
        name: request[name] for name in ("TableName", "Key", "ReturnValues") if name in request
    }
    conditions = (item_exists(binding, wanted=False), *conditions)
    add_condition(creation, conditions, RequestExpressions(binding.codec, binding.info.model))
    prepared.creation = creation


def stand_in_of_save(binding: Binding, fields: Iterable[Field], stored: Any) -> Clause[Any] | None:
    """A clause that stores an absent value in a form that reads back as the same value.

    None where no field has such a form. Text, flags and bytes come first, because NULL in the place
    of a number or a set would make a later `add()` fail.
    """
    found: list[tuple[int, Field, AttributeValue]] = []
    for field in _settable(binding, fields):
        value = getattr(stored, field.name, None)
        plan = binding.codec.field_plan(field)
        if plan.omit_empty and not plan.of_set and value is not None:
            found.append((1, field, plan.coder.encode(value)))
        elif value is None and plan.on_none == "absent":
            found.append((_rank(field, plan.coder.tags), field, dict(NULL)))
        elif plan.of_set and plan.on_empty_set == "absent":
            found.append((2, field, dict(NULL)))
    if not found:
        return None
    _, field, attribute_value = min(found, key=lambda each: each[0])
    return SetValue(binding.info.path_of(field), attribute_value)


def stand_in_of_update(binding: Binding, changed: Iterable[str]) -> Clause[Any] | None:
    """A clause that stores a field's default where the field is absent, which reads as that
    default anyway.

    None where no field has a default that can be stored.

    Args:
        changed: names of the attributes that the update changes already.
    """
    found: list[tuple[int, Field, AttributeValue]] = []
    untouched = set(changed)
    for field in _settable(binding, binding.info.structure.fields):
        if field.attribute_name in untouched or (
            field.factory is not None and field.factory not in (list, dict)
        ):
            continue
        try:
            encoded = binding.codec.encode_field(field, binding.codec.absent(field))
        except DecodeFailure:
            continue
        if encoded is not None:
            found.append((0, field, encoded))
        elif binding.codec.field_plan(field).on_none == "absent":
            tags = binding.codec.field_plan(field).coder.tags
            found.append((1 + _rank(field, tags), field, dict(NULL)))
    if not found:
        return None
    _, field, attribute_value = min(found, key=lambda each: each[0])
    return SetValueIfAbsent(binding.info.path_of(field), attribute_value)


def _rank(field: Field, tags: frozenset[str] | None) -> int:
    """How well NULL can be stored in a field: 0 is best."""
    if field.role is Role.TTL:
        return 3
    return 0 if tags is not None and tags <= {"S", "B", "BOOL"} else 2


def _settable(binding: Binding, fields: Iterable[Field]) -> list[Field]:
    """The fields that are no key of the table or of an index: a key can't be NULL, and a default
    in it would put the item into the index. Nor is `deleted_at`, which only delete() sets."""
    info = binding.info
    keys = {key.attribute_name for index in info.indexes.values() for key in index.key_fields}
    keys |= info.key_names
    keys |= {field.attribute_name for key in info.index_keys for field in key.fields}
    if info.deleted_at is not None:
        keys.add(info.deleted_at.attribute_name)
    return [field for field in fields if field.attribute_name not in keys and field.init]


def check_readable(
    binding: Binding,
    key: Key[Any],
    set_paths: Iterable[DocumentPath],
    clauses: Sequence[Clause[Any]],
    *,
    creates: bool,
) -> None:
    """Refuse an update that would leave an item that can't be read: one without a field that has no
    default.

    Args:
        set_paths: of the fields that are set to a plain value.
        clauses: all other clauses of the caller.
        creates: whether the update may create the item.
    """
    info = binding.info
    whole = [clause for clause in clauses if clause.path.is_top_level]
    removed = {clause.path.attribute_name for clause in whole if isinstance(clause, Remove)}
    set_ = {path.attribute_name for path in (*set_paths, *[each.path for each in whole])}
    for field in info.structure.fields:
        name = field.attribute_name
        is_time = field.role in (Role.CREATED_AT, Role.UPDATED_AT)
        may_lack = not (field.required or is_time) or field in info.parts
        if may_lack or not binding.must_be_there(field):
            continue
        if name in removed:
            raise UsageError(
                f"{key}: {info.name}.{field.name} has no default, so an item without it "
                "can't be read: set it instead"
            )
        if creates and name not in set_ and not is_time:
            raise UsageError(
                f"{key}: upsert() may create an item without {info.name}.{field.name}, "
                "which has no default, so it can't be read: set it, for instance by "
                f".apply(attr({info.name}.{field.name}).set_if_absent(...)), "
                "or give the field a default"
            )
