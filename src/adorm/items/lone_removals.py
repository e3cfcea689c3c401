"""Writes that only remove attributes: DynamoDB makes no item of them, a save or an upsert has to.

A single write is sent on the condition that there is an item; where there is none, the item is
created with nothing but its key. A transaction can't be sent twice, and takes no update without an
expression, so something has to be set in it: an attribute that reads back as it would if it were
absent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from adorm.codec import DecodeFailure
from adorm.errors import ConditionalCheckFailed, ItemNotFound
from adorm.expressions.conditions import NULL
from adorm.expressions.placeholders import AttributeValue
from adorm.expressions.updates import Clause, SetValue, SetValueIfAbsent
from adorm.items.binding import Binding
from adorm.items.keys import Key
from adorm.schema.fields import Field, Role
from adorm.transport.base import Answer

MAX_TURNS = 10
"""How often another writer may create or delete the item between the two requests."""

Send = Callable[[dict[str, Any]], Awaitable[Answer]]


async def write_or_create(
    send: Send, request: dict[str, Any], if_missing: dict[str, Any] | None
) -> Answer:
    """Send a write; where there is no item, send `if_missing`, which creates one.

    Raises:
        ConditionalCheckFailed: the caller's own condition does not hold, or others were faster
            again and again.
    """
    if if_missing is None:
        return await send(request)
    turn = 0
    while True:
        turn += 1
        try:
            return await send(request)
        except ConditionalCheckFailed as error:
            if error.attribute_map is not None or turn >= MAX_TURNS:
                raise
        try:
            return await send(if_missing)
        except ConditionalCheckFailed as error:
            if error.attribute_map is None:
                raise


def nothing_to_create(key: Key[Any], table_name: str) -> ItemNotFound:
    """The error where a transaction would have to create an item with nothing but its key."""
    return ItemNotFound(
        f"{key}: no such item in table {table_name}, and a transaction can't create one by "
        "removing attributes: "
        "use create() or put(), or set an attribute"
    )


def stand_in_of_save(binding: Binding, fields: Iterable[Field], stored: Any) -> Clause[Any] | None:
    """Stores an absent value in a form that reads back the same; None where no field has one.

    Text, flags and bytes first: NULL in a number or a set would stand in the way of later
    additions.
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
    return SetValue(binding.info.location(field), attribute_value)


def stand_in_of_update(binding: Binding, changed: Iterable[str]) -> Clause[Any] | None:
    """Stores a default where the field is absent and reads as just that; None where there is
    none."""
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
            found.append(
                (1 + _rank(field, binding.codec.field_plan(field).coder.tags), field, dict(NULL))
            )
    if not found:
        return None
    _, field, attribute_value = min(found, key=lambda each: each[0])
    return SetValueIfAbsent(binding.info.location(field), attribute_value)


def _rank(field: Field, tags: frozenset[str] | None) -> int:
    if field.role is Role.TTL:
        return 3
    return 0 if tags is not None and tags <= {"S", "B", "BOOL"} else 2


def _settable(binding: Binding, fields: Iterable[Field]) -> list[Field]:
    """Those that are no key: NULL can't be one, and a default would put the item into an index."""
    info = binding.info
    keys: Mapping[str, object] = dict.fromkeys(
        field.attribute_name
        for field in (
            *info.key_fields,
            *(key for index in info.indexes.values() for key in index.key_fields),
        )
    )
    return [field for field in fields if field.attribute_name not in keys and field.init]
