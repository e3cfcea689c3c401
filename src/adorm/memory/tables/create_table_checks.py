"""Internal: the checks of a CreateTable request, in the service's order.

`shapes` has already checked types, enumerations, lengths and missing members.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adorm.memory.errors import invalid_value
from adorm.memory.limits import MAX_GLOBAL_INDEXES, MAX_LOCAL_INDEXES, MAX_PROJECTED_ATTRIBUTES
from adorm.memory.tables.key_schema_checks import (
    Elements,
    check_all_used,
    check_global_key,
    check_index_key_defined,
    check_local_key,
    check_projection,
    check_table_key,
    read_definitions,
)
from adorm.memory.tables.settings_checks import (
    check_new_stream,
    check_sse,
    check_table_class,
    check_tag_count,
    read_tags,
)
from adorm.memory.tables.throughput_checks import (
    check_new_index_throughput,
    check_new_warm,
    check_on_demand,
    check_quota,
    check_table_throughput,
)

Indexes = Sequence[Mapping[str, Any]]
"""Indexes in the form of the API."""


def check_create(request: Mapping[str, Any], region: str) -> None:
    """Refuse a CreateTable request that contradicts itself or exceeds a limit.

    Raises:
        EngineError: the request contradicts itself or exceeds a limit.
    """
    billing_mode: str = request.get("BillingMode", "PROVISIONED")
    check_table_throughput(billing_mode, request.get("ProvisionedThroughput"))
    types = read_definitions(request["AttributeDefinitions"])
    table_key: Elements = request["KeySchema"]
    check_table_key(table_key, types)
    _check_index_lists(request, types)
    local: Indexes = request.get("LocalSecondaryIndexes", ())
    global_: Indexes = request.get("GlobalSecondaryIndexes", ())
    _check_local_indexes(local, table_key)
    _check_global_indexes(global_, [each["IndexName"] for each in local], billing_mode)
    check_all_used(types, table_key, [each["KeySchema"] for each in (*local, *global_)])
    check_projected_attributes(each["Projection"] for each in (*local, *global_))
    check_new_stream(request.get("StreamSpecification"))
    check_sse(request.get("SSESpecification"))
    check_table_class(request.get("TableClass"))
    check_tag_count(read_tags(request.get("Tags", ())))
    _check_limits(request, global_, billing_mode, region)


def _check_index_lists(request: Mapping[str, Any], types: Mapping[str, str]) -> None:
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        if member in request and not request[member]:
            raise invalid_value(f"List of {member} is empty")
    if "LocalSecondaryIndexes" in request and len(request["KeySchema"]) < 2:
        raise invalid_value(
            "Table KeySchema does not have a range key, which is required when specifying a"
            " LocalSecondaryIndex"
        )
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for index in request.get(member, ()):
            check_index_key_defined(index["KeySchema"], types)


def _check_local_indexes(indexes: Indexes, table_key: Elements) -> None:
    for index in indexes:
        check_local_key(index["IndexName"], index["KeySchema"], table_key)
        check_projection(index["Projection"])
    check_distinct(each["IndexName"] for each in indexes)
    if len(indexes) > MAX_LOCAL_INDEXES:
        raise invalid_value(
            f"Number of LocalSecondaryIndexes exceeds per-table limit of {MAX_LOCAL_INDEXES}"
        )


def _check_global_indexes(indexes: Indexes, local_names: list[str], billing_mode: str) -> None:
    for index in indexes:
        check_global_key(index["KeySchema"])
        check_projection(index["Projection"])
    check_distinct([*local_names, *(each["IndexName"] for each in indexes)])
    if len(indexes) > MAX_GLOBAL_INDEXES:
        raise invalid_value(
            f"GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL_INDEXES}"
        )
    for index in indexes:
        check_new_index_throughput(
            index["IndexName"], billing_mode, index.get("ProvisionedThroughput")
        )


def check_distinct(names: Iterable[str]) -> None:
    """Refuse a repeated index name.

    Raises:
        EngineError: two indexes have the same name.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise invalid_value(f"Duplicate index name: {name}")
        seen.add(name)


def check_projected_attributes(projections: Iterable[Mapping[str, Any]]) -> None:
    """Refuse indexes that project more than 100 attributes by name.

    Raises:
        EngineError: the indexes project more than 100 attributes by name.
    """
    if sum(len(each.get("NonKeyAttributes", ())) for each in projections) > (
        MAX_PROJECTED_ATTRIBUTES
    ):
        raise invalid_value(
            "Number of projected attributes in all indexes exceeds limit of"
            f" {MAX_PROJECTED_ATTRIBUTES}"
        )


def _check_limits(
    request: Mapping[str, Any], indexes: Indexes, billing_mode: str, region: str
) -> None:
    check_on_demand(request, billing_mode, region, is_new=True)
    check_new_warm(request, billing_mode)
    check_quota(request.get("ProvisionedThroughput"), region)
    for index in indexes:
        name: str = index["IndexName"]
        check_on_demand(index, billing_mode, region, index_name=name, is_new=True)
        check_new_warm(index, billing_mode, index_name=name)
        check_quota(index.get("ProvisionedThroughput"), region, name)
