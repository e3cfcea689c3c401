"""Internal: GetItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.expressions.request import read_expressions
from adorm.memory.items.consumed_capacity import Consumed, add_report, read_units
from adorm.memory.values.canonical import canonical_item


def get_item(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Read the item with a key."""
    key = canonical_item(request["Key"])
    projection = read_expressions("GetItem", request).projection
    table = database.data_table(request["TableName"])
    table.schema.check_key(key)
    database.check_throughput(table, write=False)
    stored = table.find(table.schema.position(key))
    answer: dict[str, Any] = {}
    if stored is not None:
        item = stored.item()
        answer["Item"] = item if projection is None else projection.apply(item)
    if database.options.throttle_above is not None or "ReturnConsumedCapacity" in request:
        consumed = Consumed(table)
        size = 0 if stored is None else stored.size
        consumed.units = read_units(size, consistent=bool(request.get("ConsistentRead")))
        database.charge(table, consumed.total, write=False)
        add_report(answer, request, consumed)
    return answer
