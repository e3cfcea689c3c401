"""`finish()`: the stamps of a migration are taken off the items of its target."""

from __future__ import annotations

from typing import Any

from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConditionalCheckFailed
from adorm.migrations.items import Expressions
from adorm.migrations.new_table import open_new_table
from adorm.migrations.parts import MigrationParts
from adorm.migrations.scans import migration_scan
from adorm.migrations.sides import STAMP


async def finish(migration: MigrationParts[Any, Any]) -> int:
    """Take each stamp off, if it is still the one that was read; gives the number of items.

    Raises:
        ScanFailed: a segment or an update failed; the same call goes on.
    """
    new_table = await open_new_table(migration)
    target, taken = new_table.target, 0

    async def take_off(item: AttributeMap) -> None:
        nonlocal taken
        stamp = item.get(STAMP)
        if stamp is None or stamp.get("M", {}).get("id") != {"S": new_table.id}:
            return
        expressions = Expressions()
        name = expressions.name(STAMP)
        request = {
            "TableName": target.table_name,
            "Key": target.key_of(item),
            "UpdateExpression": f"REMOVE {name}",
            "ConditionExpression": f"{name} = {expressions.value(stamp)}",
        }
        try:
            await new_table.writer.call(
                "UpdateItem", expressions.into(request), subject=target.table_name
            )
        except ConditionalCheckFailed as error:
            taken += error.maybe_applied  # an earlier attempt took it off, and its answer was lost
            return
        taken += 1

    scan = migration_scan(target.binding, (*target.binding.info.key_order, STAMP))
    if migration.options.segments is not None:
        scan = scan.segments(migration.options.segments)
    await scan.for_each(take_off)
    return taken
