"""The configuration of a table for Terraform, in its JSON syntax.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from adorm.errors import UsageError
from adorm.tables.options import AWS_MANAGED, AWS_OWNED, TABLE_CLASSES
from adorm.tables.spec_options import SpecOptions
from adorm.tables.wanted import create_request, offline_name, ttl_of

_RESOURCE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def configuration(spec: SpecOptions, resource: str | None) -> dict[str, Any]:
    """A configuration with the table: see `TableSpec.terraform`."""
    name = offline_name(spec)
    if resource is None:
        resource = re.sub(r"^(?=[0-9])", "_", re.sub(r"[^A-Za-z0-9_-]", "_", name))
    if not _RESOURCE.fullmatch(resource):
        raise UsageError(
            f"resource={resource!r}: Terraform takes letters, digits, '_' and '-', and no digit "
            "at the beginning"
        )
    return {"resource": {"aws_dynamodb_table": {resource: _arguments(spec, name)}}}


def _arguments(spec: SpecOptions, name: str) -> dict[str, Any]:
    made = create_request(spec, name)
    arguments: dict[str, Any] = {
        "name": name,
        "billing_mode": made["BillingMode"],
        **_capacity(made),
        **_keys(made["KeySchema"]),
        "attribute": [
            {"name": each["AttributeName"], "type": each["AttributeType"]}
            for each in made["AttributeDefinitions"]
        ],
    }
    if indexes := made.get("GlobalSecondaryIndexes"):
        arguments["global_secondary_index"] = [_global_index(index) for index in indexes]
    if indexes := made.get("LocalSecondaryIndexes"):
        arguments["local_secondary_index"] = [_local_index(index) for index in indexes]
    return arguments | _settings(spec, made)


def _settings(spec: SpecOptions, made: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if spec.stream is not None:
        settings["stream_enabled"] = spec.stream != "off"
    if stream := made.get("StreamSpecification"):
        settings["stream_view_type"] = stream["StreamViewType"]
    if (ttl := ttl_of(spec)) is not None:
        settings["ttl"] = {"attribute_name": ttl, "enabled": True}
    if (recovery := spec.recovery) is not None:
        days = recovery.get("RecoveryPeriodInDays")
        settings["point_in_time_recovery"] = {
            "enabled": recovery["PointInTimeRecoveryEnabled"],
            **({} if days is None else {"recovery_period_in_days": days}),
        }
    if spec.encryption is not None:
        is_given = spec.encryption not in (AWS_OWNED, AWS_MANAGED)
        settings["server_side_encryption"] = {
            "enabled": spec.encryption != AWS_OWNED,
            **({"kms_key_arn": spec.encryption} if is_given else {}),
        }
    if spec.table_class is not None:
        settings["table_class"] = TABLE_CLASSES[spec.table_class]
    if spec.deletion_protection is not None:
        settings["deletion_protection_enabled"] = spec.deletion_protection
    if spec.tags is not None:
        settings["tags"] = dict(spec.tags)
    if limits := made.get("OnDemandThroughput"):
        settings["on_demand_throughput"] = _renamed(
            limits,
            MaxReadRequestUnits="max_read_request_units",
            MaxWriteRequestUnits="max_write_request_units",
        )
    if warm := made.get("WarmThroughput"):
        settings["warm_throughput"] = _renamed(
            warm,
            ReadUnitsPerSecond="read_units_per_second",
            WriteUnitsPerSecond="write_units_per_second",
        )
    return settings


def _renamed(values: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names[name]: value for name, value in values.items()}


def _capacity(made: dict[str, Any]) -> dict[str, Any]:
    throughput = made.get("ProvisionedThroughput")
    if throughput is None:
        return {}
    return _renamed(
        throughput, ReadCapacityUnits="read_capacity", WriteCapacityUnits="write_capacity"
    )


def _names(schema: Sequence[dict[str, str]], side: str) -> list[str]:
    return [each["AttributeName"] for each in schema if each["KeyType"] == side]


def _keys(schema: Sequence[dict[str, str]]) -> dict[str, Any]:
    sorts = _names(schema, "RANGE")
    return {
        "hash_key": _names(schema, "HASH")[0],
        **({"range_key": sorts[0]} if sorts else {}),
    }


def _global_index(index: dict[str, Any]) -> dict[str, Any]:
    schema = index["KeySchema"]
    has_one_a_side = all(len(_names(schema, side)) <= 1 for side in ("HASH", "RANGE"))
    keys = (
        _keys(schema)
        if has_one_a_side
        else {
            "key_schema": [
                {"attribute_name": each["AttributeName"], "key_type": each["KeyType"]}
                for each in schema
            ]
        }
    )
    return {"name": index["IndexName"], **keys, **_projection(index), **_capacity(index)}


def _local_index(index: dict[str, Any]) -> dict[str, Any]:
    (sort,) = _names(index["KeySchema"], "RANGE")
    return {"name": index["IndexName"], "range_key": sort, **_projection(index)}


def _projection(index: dict[str, Any]) -> dict[str, Any]:
    projection = index["Projection"]
    names = projection.get("NonKeyAttributes")
    return {
        "projection_type": projection["ProjectionType"],
        **({} if names is None else {"non_key_attributes": list(names)}),
    }
