"""The attributes that a model's items have, each with the DynamoDB type under which it is stored.

Besides the fields these are the key attributes that are made of parts, and the type attribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from adorm.codec.absence import FieldPlan
from adorm.codec.build import Builder, BuildOptions
from adorm.errors import UsageError
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.item_keys import computed_attributes
from adorm.schema.types import type_name


@attrs.frozen
class StoredAttribute:
    """One attribute of a model's items."""

    field: Field
    plan: FieldPlan
    tag: str
    """S, N, B, BOOL, L, M, SS, NS, BS, or NULL where it holds nothing else."""
    may_be_absent: bool
    """Whether an item without it can be read."""
    is_computed: bool
    """Whether it is no field of the model."""

    @property
    def name(self) -> str:
        """Its name in DynamoDB."""
        return self.field.attribute_name


def stored_attributes(info: ModelInfo, format_name: str) -> Iterator[StoredAttribute]:
    """The attributes of a model, fields first, in the order of their declaration.

    Args:
        format_name: what the format is called in a message.

    Raises:
        UsageError: values of a field are stored under several types, or only a hook knows how.
    """
    builder = Builder(None, BuildOptions())
    for field in info.structure.fields:
        plan = builder.plan(field, info.name)
        yield StoredAttribute(
            field, plan, _tag(info, field, plan, format_name), _may_be_absent(plan), False
        )
    computed = computed_attributes(info.model)
    fields: Mapping[str, Field] = {} if computed is None else computed.fields
    for field in fields.values():
        plan = builder.plan(field, info.name)
        is_key = field.attribute_name in info.key_names
        yield StoredAttribute(field, plan, _tag(info, field, plan, format_name), not is_key, True)


def _tag(info: ModelInfo, field: Field, plan: FieldPlan, format_name: str) -> str:
    tags = plan.coder.tags
    if tags is None:
        raise UsageError(
            f"{info.name}.{field.name}: {type_name(field.type)} may be stored as anything, and "
            f"{format_name} names one type: annotate the field more exactly"
        )
    known = sorted(tags - {"NULL"}) or ["NULL"]
    if len(known) > 1:
        raise UsageError(
            f"{info.name}.{field.name} is stored as {' or '.join(known)}, and {format_name} names "
            "one type: use a field for each type"
        )
    return known[0]


def _may_be_absent(plan: FieldPlan) -> bool:
    return not plan.field.required or plan.on_empty_set == "absent"
