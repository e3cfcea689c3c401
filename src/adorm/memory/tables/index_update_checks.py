"""Internal: the checks of `GlobalSecondaryIndexUpdates` against the table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adorm.memory.errors import EngineError, invalid, invalid_value
from adorm.memory.limits import MAX_GLOBAL_INDEXES
from adorm.memory.storage.table import Index, Table
from adorm.memory.tables.create_table_checks import check_projected_attributes
from adorm.memory.tables.description import projection
from adorm.memory.tables.key_schema_checks import (
    Elements,
    check_global_key,
    check_index_key_defined,
    check_projection,
    read_definitions,
)
from adorm.memory.tables.states import CREATING, DELETING, UPDATING, in_use
from adorm.memory.tables.throughput_checks import (
    MAX_UNITS,
    check_new_warm,
    check_on_demand,
    check_quota,
    check_warm_grows,
)
from adorm.memory.tables.throughput_updates import check_units_change

if TYPE_CHECKING:
    from adorm.memory.database import Database

Update = Mapping[str, Any]
"""One element of the list: `{"Create": {...}}`, `{"Update": {...}}` or `{"Delete": {...}}`."""


def check_index_updates(
    database: Database, table: Table, request: Mapping[str, Any], billing_mode: str
) -> None:
    """Refuse updates that the table or its indexes do not allow, or do not allow now.

    Args:
        database: the database of the table.
        table: the table of the indexes.
        request: an UpdateTable request.
        billing_mode: the billing mode of the table after the request.

    Raises:
        EngineError: the table or an index cannot take an update now.
    """
    updates: Sequence[Update] = request.get("GlobalSecondaryIndexUpdates", ())
    for update in updates:
        _check_sensible(update)
    online = [each for each in updates if "Update" not in each]
    if len(online) > 1:
        raise _one_at_a_time()
    for update in updates:
        if "Update" in update:
            _check_change(database, table, update["Update"], billing_mode)
        elif "Delete" in update:
            _check_deletion(table, update["Delete"]["IndexName"])
        else:
            _check_creation(database, table, update["Create"], request, billing_mode)


def _check_sensible(update: Update) -> None:
    throughput = update.get("Update", {}).get("ProvisionedThroughput", {})
    if any(units > MAX_UNITS for units in throughput.values()):
        raise invalid(
            "This operation cannot be performed with named input values. Please contact DynamoDB"
            " service team for more info: Action Blocked: IndexUpdate"
        )


def _one_at_a_time() -> EngineError:
    return EngineError(
        "LimitExceededException",
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously"
        " per table",
    )


def _find_global(table: Table, name: str, action: str) -> Index:
    index = table.indexes.get(name)
    if index is None:
        raise EngineError(
            "ResourceNotFoundException",
            f"Requested resource not found: Index {name} for table {table.name}",
        )
    if not index.definition.is_global:
        raise invalid(f"Cannot {action} an index that is not a GlobalSecondaryIndex: {name}")
    return index


def _check_change(
    database: Database, table: Table, change: Mapping[str, Any], billing_mode: str
) -> None:
    name: str = change["IndexName"]
    index = _find_global(table, name, "update")
    capacity = index.definition.capacity
    where = f"  Table: {table.name} Index: {name}"
    if index.status == DELETING:
        raise in_use(f"Index is being deleted.{where}")
    if index.status == CREATING and not index.backfilling:
        raise in_use(f"Index is being created but is not backfilling yet.{where}")
    throughput: Mapping[str, int] | None = change.get("ProvisionedThroughput")
    if throughput is not None:
        if billing_mode == "PAY_PER_REQUEST":
            raise invalid_value(
                f"The only Updates for index: {name} when TableThroughputMode is PAY_PER_REQUEST"
                " can be to OnDemandThroughput, WarmThroughput"
            )
        check_units_change(capacity, throughput, database.now(), name)
        check_quota(throughput, database.region, name)
    check_on_demand(change, billing_mode, database.region, index_name=name, is_new=False)
    check_warm_grows(
        change.get("WarmThroughput", {}),
        (capacity.warm_read_units, capacity.warm_write_units),
        index_name=name,
    )
    if index.status == UPDATING:
        raise in_use(f"Index is being updated.{where}")


def _check_deletion(table: Table, name: str) -> None:
    index = _find_global(table, name, "delete")
    _check_none_online(table, name)
    if index.status == CREATING and not index.backfilling:
        raise in_use(
            "Index creation is in resource allocation phase. Retry deletion during backfilling"
            f" phase or when the index is active. Table: {table.name} Index: {name}"
        )
    if index.status == DELETING:
        raise in_use(f"Index is being deleted.  Table: {table.name} Index: {name}")


def _check_none_online(table: Table, but: str) -> None:
    if any(
        index.status in (CREATING, DELETING) for name, index in table.indexes.items() if name != but
    ):
        raise _one_at_a_time()


def _check_creation(
    database: Database,
    table: Table,
    index: Mapping[str, Any],
    request: Mapping[str, Any],
    billing_mode: str,
) -> None:
    name: str = index["IndexName"]
    if name in table.indexes:
        raise invalid("Attempting to create an index which already exists")
    definitions: Sequence[Mapping[str, str]] | None = request.get("AttributeDefinitions")
    if not definitions:
        raise invalid_value(f"AttributeDefinitions is not specified for index: {name}")
    types = read_definitions(definitions)
    check_index_key_defined(index["KeySchema"], types)
    check_global_key(index["KeySchema"])
    check_projection(index["Projection"])
    _check_types_agree(table, index["KeySchema"], types)
    throughput: Mapping[str, int] | None = index.get("ProvisionedThroughput")
    if billing_mode == "PAY_PER_REQUEST" and throughput is not None:
        raise invalid_value(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index:"
            f" {name} when BillingMode is PAY_PER_REQUEST"
        )
    if billing_mode == "PROVISIONED" and throughput is None:
        raise invalid_value(
            f"Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {name}"
        )
    check_on_demand(index, billing_mode, database.region, index_name=name, is_new=True)
    check_new_warm(index, billing_mode, index_name=name)
    check_quota(throughput, database.region, name)
    check_projected_attributes(
        [
            index["Projection"],
            *(projection(each.definition) for each in table.indexes.values()),
        ]
    )
    _check_none_online(table, name)
    if sum(each.definition.is_global for each in table.indexes.values()) >= MAX_GLOBAL_INDEXES:
        raise EngineError(
            "LimitExceededException",
            "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit"
            f" of {MAX_GLOBAL_INDEXES}",
        )


def _check_types_agree(table: Table, elements: Elements, types: Mapping[str, str]) -> None:
    """Refuse a new index that gives an existing key attribute another type."""
    known = table.definition.attribute_types
    if all(
        known.get(each["AttributeName"]) in (None, types[each["AttributeName"]])
        for each in elements
    ):
        return
    keys = [table.definition.key_schema]
    keys += [each.key_schema for each in table.definition.indexes.values()]
    wrong = {
        each["AttributeName"]
        for each in elements
        if known.get(each["AttributeName"], types[each["AttributeName"]])
        != types[each["AttributeName"]]
    }
    existing = next(key for key in keys if any(each["AttributeName"] in wrong for each in key))
    raise invalid_value(
        "Attributes cannot be redefined. Please check that your attribute has the same type as"
        f" previously defined. Existing schema: {_schema_text(existing, known)} New schema:"
        f" {_schema_text(elements, types)}"
    )


def _schema_text(elements: Elements, types: Mapping[str, str]) -> str:
    parts = [
        f"SchemaElement: key{{{each['AttributeName']}:{types[each['AttributeName']]}"
        f":{each['KeyType']}}}"
        for each in elements
    ]
    return f"Schema:[{', '.join(parts)}]"


def check_all_indexes_provisioned(table: Table, updates: Sequence[Update]) -> None:
    """Refuse a change to PROVISIONED that leaves an index without units.

    Raises:
        EngineError: an index would have no units.
    """
    named = {
        update["Update"]["IndexName"]
        for update in updates
        if "ProvisionedThroughput" in update.get("Update", {})
    }
    missing = [
        name
        for name, each in table.definition.indexes.items()
        if each.is_global and name not in named
    ]
    if missing:
        raise invalid_value(
            f"ProvisionedThroughput must be specified for index: {','.join(missing)}"
        )
