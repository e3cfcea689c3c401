"""Internal: TransactGetItems.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database
from adorm.memory.errors import EngineError
from adorm.memory.expressions.projections import Projection
from adorm.memory.expressions.request import read_expressions
from adorm.memory.items.consumed_capacity import (
    TRANSACTION_FACTOR,
    Consumed,
    add_report,
    read_units,
)
from adorm.memory.items.transactions import (
    cancelled,
    check_distinct_items,
    check_total_bytes,
    reason_of,
)
from adorm.memory.storage.keys import Position
from adorm.memory.storage.ordered_items import StoredItem
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import canonical_item


def transact_get_items(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Read up to 100 items as they are at one moment."""
    gets = [each["Get"] for each in request["TransactItems"]]
    keys = [canonical_item(get["Key"]) for get in gets]
    projections = [read_expressions("Get", get).projection for get in gets]
    tables = [database.data_table(get["TableName"]) for get in gets]
    reasons: list[dict[str, Any] | None] = []
    targets: list[tuple[Table, Position]] = []
    for table, key in zip(tables, keys, strict=True):
        try:
            table.schema.check_key(key)
            targets.append((table, table.schema.position(key)))
            database.check_not_held(*targets[-1])
            database.check_throughput(table, write=False)
        except EngineError as error:
            reasons.append(reason_of(error, database.options.wording))
        else:
            reasons.append(None)
    if any(reasons):
        raise cancelled(reasons)
    check_distinct_items(targets)
    found = [table.find(position) for table, position in targets]
    check_total_bytes(stored.size for stored in found if stored is not None)
    responses = [_response(*each) for each in zip(found, projections, strict=True)]
    answer: dict[str, Any] = {"Responses": responses}
    consumed = _consumed(tables, found)
    for each in consumed:
        database.charge(each.table, each.total, write=False)
    add_report(answer, request, consumed, "ReadCapacityUnits")
    return answer


def _response(stored: StoredItem | None, projection: Projection | None) -> dict[str, Any]:
    """The answer to one get. It has no `Item` if the item has nothing that the projection names."""
    if stored is None:
        return {}
    item = stored.item()
    if projection is not None:
        item = projection.apply(item)
    return {"Item": item} if item else {}


def _consumed(tables: list[Table], found: list[StoredItem | None]) -> list[Consumed]:
    by_table: dict[str, Consumed] = {}
    for table, stored in zip(tables, found, strict=True):
        size = 0 if stored is None else stored.size
        used = by_table.setdefault(table.name, Consumed(table))
        used.units += TRANSACTION_FACTOR * read_units(size, consistent=True)
    return list(by_table.values())
