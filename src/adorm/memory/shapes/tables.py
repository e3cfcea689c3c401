"""Internal: the members of operations that create, change, describe and list tables.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Mapping

from adorm.memory.shapes.indexes import (
    ATTRIBUTE_DEFINITIONS,
    BILLING_MODE,
    GLOBAL_INDEX_UPDATES,
    GLOBAL_INDEXES,
    KEY_SCHEMA,
    LOCAL_INDEXES,
    ON_DEMAND_THROUGHPUT,
    PROVISIONED_THROUGHPUT,
    REPLICATION_MODE,
    SSE_SPECIFICATION,
    STREAM_SPECIFICATION,
    TABLE_CLASS,
    TAGS,
    VECTOR_INDEX_UPDATES,
    VECTOR_INDEXES,
    WARM_THROUGHPUT,
)
from adorm.memory.shapes.model import (
    INDEX_NAME,
    Flag,
    ListOf,
    Operation,
    Shape,
    Structure,
    TableName,
    Text,
    Whole,
)
from adorm.memory.shapes.replicas import REPLICA_UPDATES, WITNESS_UPDATES
from adorm.memory.shapes.wording import (
    explain_create_table,
    explain_members,
    explain_resource_request,
    explain_table_request,
)

_SETTINGS: Mapping[str, Shape] = {
    "BillingMode": BILLING_MODE,
    "ProvisionedThroughput": PROVISIONED_THROUGHPUT,
    "StreamSpecification": STREAM_SPECIFICATION,
    "SSESpecification": SSE_SPECIFICATION,
    "TableClass": TABLE_CLASS,
    "DeletionProtectionEnabled": Flag(),
    "WarmThroughput": WARM_THROUGHPUT,
    "OnDemandThroughput": ON_DEMAND_THROUGHPUT,
    "GlobalTableSettingsReplicationMode": REPLICATION_MODE,
}


def _one_table(shape: Structure) -> Operation:
    return Operation(shape, explain=explain_table_request, explain_old=explain_table_request)


def _named(name: str) -> Operation:
    """Make an operation whose only member is the name of a table."""
    return _one_table(Structure(name, {"TableName": TableName()}, required=("TableName",)))


def _resource(name: str, member: str, shape: Shape) -> Operation:
    """Make an operation that changes the tags of a resource."""
    members = {"ResourceArn": Text(), member: shape}
    return Operation(
        Structure(name, members, required=("ResourceArn", member)),
        explain=explain_resource_request,
        explain_old=explain_resource_request,
    )


OPERATIONS: Mapping[str, Operation] = {
    "CreateTable": Operation(
        Structure(
            "CreateTableInput",
            {
                "AttributeDefinitions": ATTRIBUTE_DEFINITIONS,
                "TableName": TableName(),
                "KeySchema": KEY_SCHEMA,
                "LocalSecondaryIndexes": LOCAL_INDEXES,
                "GlobalSecondaryIndexes": GLOBAL_INDEXES,
                **_SETTINGS,
                "Tags": TAGS,
                "ResourcePolicy": Text(),
                "GlobalTableSourceArn": Text(shortest=1, longest=1024),
                "VectorIndexes": VECTOR_INDEXES,
            },
            required=("TableName",),
            required_unless={
                "AttributeDefinitions": ("GlobalTableSourceArn",),
                "KeySchema": ("GlobalTableSourceArn",),
            },
        ),
        explain=explain_create_table,
        explain_old=explain_create_table,
    ),
    "UpdateTable": _one_table(
        Structure(
            "UpdateTableInput",
            {
                "AttributeDefinitions": ATTRIBUTE_DEFINITIONS,
                "TableName": TableName(),
                **_SETTINGS,
                "GlobalSecondaryIndexUpdates": GLOBAL_INDEX_UPDATES,
                "ReplicaUpdates": REPLICA_UPDATES,
                "MultiRegionConsistency": Text(("EVENTUAL", "STRONG")),
                "GlobalTableWitnessUpdates": WITNESS_UPDATES,
                "DisassociationProtectionEnabled": Flag(),
                "VectorIndexUpdates": VECTOR_INDEX_UPDATES,
            },
            required=("TableName",),
        )
    ),
    "DescribeTable": _named("DescribeTableInput"),
    "DeleteTable": _named("DeleteTableInput"),
    "ListTables": Operation(
        Structure(
            "ListTablesInput",
            {"ExclusiveStartTableName": INDEX_NAME, "Limit": Whole(least=1, greatest=100)},
        ),
        explain=explain_members,
        explain_old=explain_members,
    ),
    "DescribeTimeToLive": _named("DescribeTimeToLiveInput"),
    "UpdateTimeToLive": _one_table(
        Structure(
            "UpdateTimeToLiveInput",
            {
                "TableName": TableName(),
                "TimeToLiveSpecification": Structure(
                    "TimeToLiveSpecification",
                    {"Enabled": Flag(), "AttributeName": Text(shortest=1, longest=255)},
                    required=("Enabled", "AttributeName"),
                ),
            },
            required=("TableName", "TimeToLiveSpecification"),
        )
    ),
    "TagResource": _resource("TagResourceInput", "Tags", TAGS),
    "UntagResource": _resource("UntagResourceInput", "TagKeys", ListOf(Text())),
    "ListTagsOfResource": Operation(
        Structure(
            "ListTagsOfResourceInput",
            {"ResourceArn": Text(), "NextToken": Text()},
            required=("ResourceArn",),
        ),
        explain=explain_resource_request,
        explain_old=explain_resource_request,
    ),
}
