"""Whose a guard is: whether the item that it names still has the value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from adorm.codec.failures import DecodeFailure
from adorm.dynamodb.values import AttributeMap, AttributeValue
from adorm.errors import UsageError
from adorm.items.binding import Binding
from adorm.items.consistent_reads import read_stored
from adorm.items.guards import UniqueValues, unique_values
from adorm.items.key_encoding import decode_key
from adorm.items.keys import Key
from adorm.models import ModelInfo, model_info
from adorm.retry import RetryPolicy


@attrs.frozen(eq=False)
class GuardOwner:
    """The item that a guard names, as it is now."""

    key: AttributeMap
    """Its key, as the guard has it."""
    has_value: bool
    """Whether it has the value, so that nobody else can have it."""
    named: Key[Any] | None
    """Its key for messages; None where there is no item, or no model of the table can read it."""
    item: AttributeMap | None
    uniques: UniqueValues
    """Of its model; where there is no item, of the model that asks."""


async def read_owner(
    binding: Binding, text: str, owner: AttributeMap, retry: RetryPolicy | None
) -> GuardOwner:
    """Read the item that a guard names, consistently.

    Args:
        text: the text of the guard.
        owner: the item's key, as the guard has it.
    """
    subject = f"the owner of a unique value of {binding.info.name}"
    item = await read_stored(binding, owner, subject=subject, retry=retry)
    own = unique_values(binding.info, binding.codec)
    if item is None:
        return GuardOwner(owner, False, None, None, own)
    for info in _readers(binding.info, item):
        uniques = unique_values(info, binding.codec)
        try:
            key = decode_key(info, binding.codec, owner, item)
        except (DecodeFailure, UsageError):
            continue  # another model of a table whose items have no type
        return GuardOwner(owner, text in uniques.texts_of_item(item), key, item, uniques)
    return GuardOwner(owner, True, None, item, own)


def _readers(info: ModelInfo, item: Mapping[str, AttributeValue]) -> Iterator[ModelInfo]:
    """The models that the item may be of, this one first."""
    others = () if info.single_table is None else info.single_table.models
    for each in (info, *[model_info(model) for model in others if model is not info.model]):
        field = each.discriminator
        stored = None if field is None else item.get(field.attribute_name)
        if field is None or stored is None or stored.get("S") in (*each.entities, field.default):
            yield each


def check_owner(binding: Binding, owner: GuardOwner, texts: Iterable[str]) -> dict[str, Any] | None:
    """The action of a transaction that fails where an owner has one of its former values.

    Where a text does not tell the values that it is made of (`lower`, a function), the owner must
    be as it was read. None where its model makes none of the texts.

    Args:
        texts: of the guards.
    """
    check = _Check(binding.info.key_order[0])
    may_exist = True
    for text in texts:
        for constraint in owner.uniques.info.unique:
            wanted = owner.uniques.wanted_values(constraint, text)
            if wanted:
                check.has_not(wanted)
            elif wanted is None and owner.item is None:
                may_exist = False
            elif wanted is None and owner.item is not None:
                names = [field.attribute_name for field in constraint.fields]
                check.is_as({name: owner.item.get(name) for name in names})
    if owner.item is not None and not check.tests:
        return None
    request: dict[str, Any] = {
        "TableName": binding.table_name,
        "Key": owner.key,
        **(check if may_exist else _Check(binding.info.key_order[0])).expressions(),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return {"ConditionCheck": request}


class _Check:
    """A condition: there is no item, or all tests hold."""

    def __init__(self, partition: str) -> None:
        self.tests: list[str] = []
        self._names: dict[str, str] = {partition: "#k"}
        self._values: dict[str, AttributeValue] = {}

    def has_not(self, values: Mapping[str, AttributeValue]) -> None:
        """The item does not have all of these values."""
        parts = [f"{self._name(name)} <> {self._value(value)}" for name, value in values.items()]
        self.tests.append(f"({' OR '.join(parts)})" if len(parts) > 1 else parts[0])

    def is_as(self, values: Mapping[str, AttributeValue | None]) -> None:
        """The item has these values, None for an absent attribute."""
        for name, value in values.items():
            self.tests.append(
                f"attribute_not_exists({self._name(name)})"
                if value is None
                else f"{self._name(name)} = {self._value(value)}"
            )

    def _name(self, attribute_name: str) -> str:
        return self._names.setdefault(attribute_name, f"#n{len(self._names)}")

    def _value(self, value: AttributeValue) -> str:
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def expressions(self) -> dict[str, Any]:
        """The condition, and its names and values."""
        condition = "attribute_not_exists(#k)"
        if len(self.tests) == 1:
            condition += f" OR {self.tests[0]}"
        elif self.tests:
            condition += f" OR ({' AND '.join(self.tests)})"
        found: dict[str, Any] = {
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {each: name for name, each in self._names.items()},
        }
        if self._values:
            found["ExpressionAttributeValues"] = self._values
        return found
