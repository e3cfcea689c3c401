"""Internal: describes a table as DescribeTable does.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

from __future__ import annotations

import copy
from typing import Any

from adorm.memory.storage.change_log import SECONDS_A_DAY
from adorm.memory.storage.definitions import Capacity, IndexDefinition, TableDefinition
from adorm.memory.storage.table import ACTIVE, Index, Table
from adorm.memory.tables.states import CREATING, DELETING

_KEPT_AS_DESCRIBED = (
    "LatestStreamLabel",
    "LatestStreamArn",
    "Replicas",
    "GlobalTableVersion",
    "RestoreSummary",
)
"""The members of `TableDefinition.extras` that are stored in the form of the description."""

Description = dict[str, Any]


def rounded(moment: float) -> float:
    """A moment as the service shows it, rounded to the millisecond."""
    return round(moment, 3)


def describe(table: Table, now: float) -> Description:
    """Return the `TableDescription` of a table.

    Args:
        table: a table in any state.
        now: seconds since 1970; the number of decreases is that of this day.
    """
    definition = table.definition
    described: Description = {
        "TableName": table.name,
        "TableArn": table.arn,
        "TableId": definition.table_id,
        "TableStatus": table.status,
        "ItemCount": len(table.items),
        "TableSizeBytes": table.items.size,
    }
    described["ProvisionedThroughput"] = provisioned_throughput(definition.capacity, now)
    described |= billing_summaries(definition)
    described["DeletionProtectionEnabled"] = definition.deletion_protection
    if table.status != DELETING:
        described |= _schema(table, now)
        described |= _settings(table)
    if table.status == CREATING and "BillingModeSummary" in described:
        for member in ("BillingModeSummary", "TableThroughputModeSummary"):
            described[member].pop("LastUpdateToPayPerRequestDateTime", None)
    for members in table.in_progress.values():
        described |= copy.deepcopy(members)
    return described


def _schema(table: Table, now: float) -> Description:
    """The members that a table in the state DELETING does not show."""
    definition = table.definition
    described: Description = {
        "CreationDateTime": rounded(definition.created_at),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": type_tag}
            for name, type_tag in sorted(definition.attribute_types.items())
        ],
        "KeySchema": [dict(element) for element in definition.key_schema],
    }
    for member, is_global in (("LocalSecondaryIndexes", False), ("GlobalSecondaryIndexes", True)):
        indexes = [
            describe_index(table, index, now)
            for index in table.indexes.values()
            if index.definition.is_global == is_global
        ]
        if indexes:
            described[member] = indexes
    return described


def describe_index(table: Table, index: Index, now: float) -> Description:
    """Return a `GlobalSecondaryIndexDescription` or a `LocalSecondaryIndexDescription`."""
    definition = index.definition
    described: Description = {
        "IndexName": index.name,
        "KeySchema": [dict(element) for element in definition.key_schema],
        "Projection": projection(definition),
        "IndexSizeBytes": index.items.size,
        "ItemCount": len(index.items),
        "IndexArn": f"{table.arn}/index/{index.name}",
    }
    if not definition.is_global:
        return described
    capacity = definition.capacity
    described["IndexStatus"] = index.status
    if index.backfilling is not None:
        described["Backfilling"] = index.backfilling
    described["ProvisionedThroughput"] = provisioned_throughput(capacity, now)
    described["WarmThroughput"] = warm_throughput(capacity, index.status)
    if on_demand_throughput(capacity):
        described["OnDemandThroughput"] = on_demand_throughput(capacity)
    return described | copy.deepcopy(index.described_as)


def projection(definition: IndexDefinition) -> Description:
    """Return a `Projection`; the service sorts the attributes."""
    described: Description = {"ProjectionType": definition.projection_type}
    if definition.projection_type == "INCLUDE":
        described["NonKeyAttributes"] = sorted(definition.non_key_attributes)
    return described


def provisioned_throughput(capacity: Capacity, now: float) -> Description:
    """Return a `ProvisionedThroughputDescription`."""
    described: Description = {
        "ReadCapacityUnits": capacity.read_units,
        "WriteCapacityUnits": capacity.write_units,
        "NumberOfDecreasesToday": decreases_today(capacity, now),
    }
    if capacity.increased_at is not None:
        described["LastIncreaseDateTime"] = rounded(capacity.increased_at)
    if capacity.decreased_at is not None:
        described["LastDecreaseDateTime"] = rounded(capacity.decreased_at)
    return described


def decreases_today(capacity: Capacity, now: float) -> int:
    """The number of decreases of the units since midnight UTC."""
    if capacity.decreased_at is None:
        return 0
    same_day = capacity.decreased_at // SECONDS_A_DAY == now // SECONDS_A_DAY
    return capacity.decreases if same_day else 0


def on_demand_throughput(capacity: Capacity) -> Description:
    """Return an `OnDemandThroughput`; empty without a limit."""
    limits = {
        "MaxReadRequestUnits": capacity.max_read_units,
        "MaxWriteRequestUnits": capacity.max_write_units,
    }
    return {member: units for member, units in limits.items() if units is not None}


def warm_throughput(capacity: Capacity, status: str) -> Description:
    """Return the description of a warm throughput."""
    return {
        "ReadUnitsPerSecond": capacity.warm_read_units,
        "WriteUnitsPerSecond": capacity.warm_write_units,
        "Status": status,
    }


def billing_summaries(definition: TableDefinition) -> Description:
    """Return the summaries of the billing mode; empty for a table that was always provisioned.

    The documentation does not mention `TableThroughputModeSummary`; the service sends it.
    """
    if definition.billing_mode == "PROVISIONED" and definition.on_demand_since is None:
        return {}
    since: Description = {}
    if definition.on_demand_since is not None:
        since["LastUpdateToPayPerRequestDateTime"] = rounded(definition.on_demand_since)
    return {
        "BillingModeSummary": {"BillingMode": definition.billing_mode, **since},
        "TableThroughputModeSummary": {"TableThroughputMode": definition.billing_mode, **since},
    }


def _settings(table: Table) -> Description:
    definition = table.definition
    described: Description = {}
    if definition.stream_view_type is not None:
        described["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": definition.stream_view_type,
        }
    if definition.kms_key_arn is not None:
        described["SSEDescription"] = sse_description(definition.kms_key_arn, "ENABLED")
    if definition.table_class is not None:
        summary: Description = {"TableClass": definition.table_class}
        if definition.table_class_changed_at is not None:
            summary["LastUpdateDateTime"] = rounded(definition.table_class_changed_at)
        described["TableClassSummary"] = summary
    if on_demand_throughput(definition.capacity):
        described["OnDemandThroughput"] = on_demand_throughput(definition.capacity)
    if table.status != CREATING:
        described["WarmThroughput"] = warm_throughput(definition.capacity, ACTIVE)
    for member in _KEPT_AS_DESCRIBED:
        if member in definition.extras:
            described[member] = copy.deepcopy(definition.extras[member])
    return described


def sse_description(kms_key_arn: str, status: str) -> Description:
    """Return the `SSEDescription` of a table that is encrypted with KMS."""
    return {"Status": status, "SSEType": "KMS", "KMSMasterKeyArn": kms_key_arn}
