"""`rename`, `drop` and `add` done by DynamoDB: no value travels, only keys and what there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConditionalCheckFailed, UsageError
from adorm.items.binding import MAX_TURNS
from adorm.migrations.items import Expressions
from adorm.migrations.reports import Result
from adorm.migrations.sides import Side
from adorm.migrations.transforms import Add, Drop, Rename, Step
from adorm.migrations.writer import Writer


class ServerSide:
    """Migrates one item after the other, given the attributes that the steps touch."""

    def __init__(self, side: Side[Any], steps: Sequence[Step], writer: Writer) -> None:
        touched = {name for step in steps for name in step.names}
        if in_key := touched & side.key_names:
            raise UsageError(
                f"{side.table_name}: {', '.join(sorted(in_key))} is in the key, which an update "
                "can't change: give a function that makes the whole item"
            )
        self._side = side
        self._steps = steps
        self._writer = writer
        self.names = (*side.binding.info.key_order, *sorted(touched))
        """The attributes to read."""

    async def migrate(self, stored: AttributeMap) -> Result:
        """Do the steps that the item still needs.

        Raises:
            UsageError: others changed the item again and again.
        """
        side, written = self._side, False
        for attempt in range(1, MAX_TURNS + 1):
            request = self.request(stored)
            if request is None:
                return "changed" if written else "unchanged"
            try:
                await self._writer.call("UpdateItem", request, subject=side.table_name)
            except ConditionalCheckFailed as error:
                if not error.attribute_map:
                    return "gone"
                # after a lost answer this is the item as an earlier attempt has written it
                stored, written = error.attribute_map, error.maybe_applied
            else:
                return "changed"
            await self._writer.look_again(attempt, operation="UpdateItem", subject=side.table_name)
        raise UsageError(
            f"{side.table_name} {side.key_text(side.key_of(stored))}: others changed the item "
            f"{MAX_TURNS} times while it was migrated: run the migration again"
        )

    def request(self, stored: AttributeMap) -> dict[str, Any] | None:
        """The update for an item; None where it needs none."""
        side, expressions = self._side, Expressions()
        name = expressions.name
        sets: list[str] = []
        removes: list[str] = []
        conditions = [f"attribute_exists({name(side.binding.info.key_order[0])})"]
        for step in self._steps:
            match step:
                case Rename() if step.old in stored:
                    old, new = name(step.old), name(step.new)
                    sets.append(f"{new} = if_not_exists({new}, {old})")
                    removes.append(old)
                    conditions.append(f"attribute_exists({old})")
                case Drop() if step.name in stored:
                    removes.append(name(step.name))
                case Add() if step.name not in stored:
                    value = side.binding.codec.encode_value(Any, step.value, subject=step.name)
                    sets.append(f"{name(step.name)} = {expressions.value(value)}")
                    conditions.append(f"attribute_not_exists({name(step.name)})")
                case _:
                    pass
        if not sets and not removes:
            return None
        update = [f"SET {', '.join(sets)}"] if sets else []
        update += [f"REMOVE {', '.join(removes)}"] if removes else []
        return expressions.into(
            {
                "TableName": side.table_name,
                "Key": side.key_of(stored),
                "UpdateExpression": " ".join(update),
                "ConditionExpression": " AND ".join(conditions),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        )
