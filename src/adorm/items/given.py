"""Conditions that also tell a write what an item holds: `.given(Order.placed_at == placed_at)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from adorm.codec.absence import is_null
from adorm.codec.codec import Codec
from adorm.dynamodb.values import AttributeValue, canonical
from adorm.errors import UsageError
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition, conditions
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.operands import Value
from adorm.expressions.placeholders import Encoder
from adorm.models import ModelInfo
from adorm.schema.fields import Field


@attrs.define(eq=False)
class Given(Comparison):
    """`path = value`: a condition of a write. Where it holds, the keys of indexes can be made of
    the value."""


@attrs.define(eq=False, repr=False)
class StoredValue(Value):
    """A value as an item stores it: an attribute value, or None for absence."""

    def encode(self, encoder: Encoder) -> AttributeValue | None:
        stored: AttributeValue | None = self.value
        return stored


def given_conditions(candidates: Iterable[object]) -> tuple[Given, ...]:
    """The conditions of `.given(...)`.

    Raises:
        UsageError: one of them is no comparison of an attribute with a value by `==`.
    """
    return tuple([_given(each) for each in conditions(candidates)])


def _given(condition: Condition) -> Given:
    if (
        isinstance(condition, Comparison)
        and condition.comparator == "="
        and isinstance(condition.measured, DocumentPath)
        and isinstance(condition.operand, Value)
    ):
        return Given(condition.measured, "=", condition.operand)
    raise UsageError(
        "given() takes what the item holds, such as Order.placed_at == placed_at, and several of "
        "these by commas or &: put other conditions into when()"
    )


def stored_as(info: ModelInfo, field: Field, value: AttributeValue | None) -> Given:
    """The condition that an item still holds a value in a field. None means absent or NULL."""
    path = info.path_of(field)
    present = None if value is None or is_null(value) else value
    return Given(path, "=", StoredValue(present, path))


def given_values(given: Iterable[Condition], codec: Codec) -> dict[str, AttributeValue | None]:
    """What conditions tell of whole attributes, by attribute name: None for absence."""
    found: dict[str, Any] = {}
    for condition in given:
        if isinstance(condition, Given):
            path, operand = condition.measured, condition.operand
            if isinstance(path, DocumentPath) and path.is_top_level and isinstance(operand, Value):
                found[path.attribute_name] = operand.encode(codec)
    return found


def not_as_given(
    conditions: Iterable[Condition], codec: Codec, item: Mapping[str, AttributeValue]
) -> list[DocumentPath]:
    """The attributes of which the caller's conditions tell another value than an item has. What
    adorm has read itself (`stored_as`) is none of them."""
    found: list[DocumentPath] = []
    for condition in conditions:
        if isinstance(getattr(condition, "operand", None), StoredValue):
            continue
        for name, value in given_values((condition,), codec).items():
            stored, told = (
                None if each is None or is_null(each) else canonical(each)
                for each in (item.get(name), value)
            )
            path = getattr(condition, "measured", None)
            if stored != told and isinstance(path, DocumentPath):
                found.append(path)
    return found
