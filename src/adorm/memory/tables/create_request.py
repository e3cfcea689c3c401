"""Internal: makes the CreateTable request that would create a given table."""

from __future__ import annotations

from typing import Any

from adorm.memory.storage.definitions import Capacity, IndexDefinition, TableDefinition
from adorm.memory.tables.description import on_demand_throughput, projection


def create_request(definition: TableDefinition) -> dict[str, Any]:
    """Return the CreateTable request that would create this table."""
    types = definition.attribute_types
    keys = [definition.key_schema, *(each.key_schema for each in definition.indexes.values())]
    used = {element["AttributeName"] for key in keys for element in key}
    request: dict[str, Any] = {
        "TableName": definition.name,
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": types[name]} for name in types if name in used
        ],
        "KeySchema": [dict(element) for element in definition.key_schema],
        "BillingMode": definition.billing_mode,
        **_throughput(definition.capacity, definition.billing_mode),
        "DeletionProtectionEnabled": definition.deletion_protection,
        "Tags": [{"Key": key, "Value": value} for key, value in definition.tags.items()],
    }
    for member, is_global in (("LocalSecondaryIndexes", False), ("GlobalSecondaryIndexes", True)):
        indexes = [
            _index(each, definition.billing_mode)
            for each in definition.indexes.values()
            if each.is_global == is_global
        ]
        if indexes:
            request[member] = indexes
    if definition.table_class is not None:
        request["TableClass"] = definition.table_class
    if definition.kms_key_arn is not None:
        request["SSESpecification"] = {
            "Enabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": definition.kms_key_arn,
        }
    if definition.stream_view_type is not None:
        request["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": definition.stream_view_type,
        }
    return request


def _index(definition: IndexDefinition, billing_mode: str) -> dict[str, Any]:
    request: dict[str, Any] = {
        "IndexName": definition.name,
        "KeySchema": [dict(element) for element in definition.key_schema],
        "Projection": projection(definition),
    }
    if definition.is_global:
        request |= _throughput(definition.capacity, billing_mode)
    return request


def _throughput(capacity: Capacity, billing_mode: str) -> dict[str, Any]:
    request: dict[str, Any] = {
        "WarmThroughput": {
            "ReadUnitsPerSecond": capacity.warm_read_units,
            "WriteUnitsPerSecond": capacity.warm_write_units,
        }
    }
    if on_demand_throughput(capacity):
        request["OnDemandThroughput"] = on_demand_throughput(capacity)
    if billing_mode == "PROVISIONED":
        request["ProvisionedThroughput"] = {
            "ReadCapacityUnits": capacity.read_units,
            "WriteCapacityUnits": capacity.write_units,
        }
    return request
