"""Internal: applies checked `GlobalSecondaryIndexUpdates` of UpdateTable.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adorm.memory.storage.table import Index, Table
from adorm.memory.tables.building import define_index
from adorm.memory.tables.key_schema_checks import read_definitions
from adorm.memory.tables.states import (
    CREATING,
    DELETING,
    INDEX_CREATION,
    INDEX_DELETION,
    UPDATING,
    begin,
    begin_index,
)
from adorm.memory.tables.throughput_updates import (
    change_index_units,
    change_on_demand_limits,
    change_warm_units,
)

if TYPE_CHECKING:
    from adorm.memory.database import Database

ALLOCATION_SHARE = 0.5
"""The part of the creation time of an index that passes before items are added to it."""


def apply_index_updates(
    database: Database, table: Table, request: Mapping[str, Any], billing_mode: str
) -> None:
    """Apply checked updates."""
    for update in request.get("GlobalSecondaryIndexUpdates", ()):
        if "Create" in update:
            types = read_definitions(request["AttributeDefinitions"])
            _create(database, table, update["Create"], types, billing_mode)
        elif "Delete" in update:
            _delete(database, table, update["Delete"]["IndexName"])
        else:
            _change(database, table, update["Update"])


def _create(
    database: Database,
    table: Table,
    request: Mapping[str, Any],
    types: Mapping[str, str],
    billing_mode: str,
) -> None:
    definition = define_index(request, billing_mode, is_global=True)
    names = [element["AttributeName"] for element in definition.key_schema]
    known = {name: types[name] for name in names} | table.definition.attribute_types
    index = Index(definition, table.schema, known)
    table.fill_index(index)
    table.definition.attribute_types = known
    table.definition.indexes[definition.name] = definition
    index.backfilling = False

    def start_backfilling(_: float) -> None:
        index.backfilling = True

    begin(database, table, INDEX_CREATION, done=start_backfilling, share=ALLOCATION_SHARE)
    begin_index(database, table, index, CREATING)


def _delete(database: Database, table: Table, name: str) -> None:
    del table.definition.indexes[name]
    table.indexes[name].status = DELETING
    table.indexes[name].backfilling = None

    def end(_: float) -> None:
        del table.indexes[name]
        forget_unused_attributes(table)

    begin(database, table, INDEX_DELETION, done=end)


def forget_unused_attributes(table: Table) -> None:
    """Remove the definitions of attributes that are in no key any more."""
    definition = table.definition
    used = {
        element["AttributeName"]
        for key in (
            definition.key_schema,
            *(each.key_schema for each in definition.indexes.values()),
        )
        for element in key
    }
    for name in definition.attribute_types.keys() - used:
        del definition.attribute_types[name]


def _change(database: Database, table: Table, change: Mapping[str, Any]) -> None:
    name: str = change["IndexName"]
    index = table.indexes[name]
    capacity = index.definition.capacity
    if "WarmThroughput" in change:
        change_warm_units(capacity, change["WarmThroughput"])
    if "OnDemandThroughput" in change:
        change_on_demand_limits(capacity, change["OnDemandThroughput"])
        begin_index(database, table, index, UPDATING)
    if "ProvisionedThroughput" in change:
        change_index_units(database, table, name, change["ProvisionedThroughput"])
