"""What saves and puts write beside the fields, and which conditions that takes.

Saves of models with computed attributes, and writes of models with immutable fields, load this
module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adorm.codec.absence import is_null
from adorm.codec.codec import Codec
from adorm.dynamodb.values import AttributeMap
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition, or_
from adorm.expressions.functions import Exists
from adorm.expressions.updates import Clause, Remove, SetValue
from adorm.items.given import StoredValue, stored_as
from adorm.items.index_keys import index_key_changes
from adorm.items.keys import Key
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.item_keys import computed_attributes


def add_kept(
    key: Key[Any],
    codec: Codec,
    item: AttributeMap,
    fields: Sequence[Field],
    clauses: list[Clause[Any]],
    own: list[Condition],
    *,
    is_partial: bool,
) -> None:
    """Add to a save the computed attributes and the conditions that it needs.

    Args:
        item: the whole item, as a put would write it.
        fields: those that the save writes.
        clauses: gets a clause for each computed attribute.
        own: gets the conditions.
        is_partial: it writes some fields only. Then the keys that these are in are written, and a
            condition asks for each other part that the item holds what the instance does.
    """
    info = key.info
    immutable = [field for field in info.immutable if field in fields]
    own += immutable_conditions(info, immutable, item)
    if not is_partial:
        computed = computed_attributes(info.structure.cls)
        clauses += [
            _clause(info, field, item.get(field.attribute_name))
            for field in (() if computed is None else computed.fields.values())
            if field.attribute_name not in info.key_names
        ]
        return
    touched = {field.attribute_name for field in fields}
    known = {name: item.get(name) for name in touched}
    while True:
        changes, lacks = index_key_changes(info, codec, key.values, touched, known)
        if not lacks:
            break
        for field in dict.fromkeys(field for lack in lacks for field in lack.fields):
            stored = known[field.attribute_name] = item.get(field.attribute_name)
            own.append(stored_as(info, field, stored))
    clauses += [_clause(info, field, value) for field, value in changes.items()]


def immutable_conditions(
    info: ModelInfo, fields: Iterable[Field], item: AttributeMap
) -> list[Condition]:
    """The conditions that the fields are stored as in `item`, or not at all."""
    found: list[Condition] = []
    for field in fields:
        path, value = info.path_of(field), item.get(field.attribute_name)
        if value is None or is_null(value):
            found.append(stored_as(info, field, None))
        else:
            equal = Comparison(path, "=", StoredValue(value, path))
            found.append(or_(Exists(path, wanted=False), equal))
    return found


def _clause(info: ModelInfo, field: Field, value: Any) -> Clause[Any]:
    path = info.path_of(field)
    return Remove(path) if value is None else SetValue(path, value)
