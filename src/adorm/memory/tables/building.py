"""Internal: makes a table from a checked CreateTable request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from adorm.memory.errors import invalid
from adorm.memory.shapes.faults import fault, joined, matching, name_faults
from adorm.memory.shapes.json_types import is_arn
from adorm.memory.shapes.model import NAME_PATTERN
from adorm.memory.storage.definitions import Capacity, IndexDefinition, TableDefinition
from adorm.memory.storage.table import ACTIVE, Table
from adorm.memory.streams.lifecycle import open_stream
from adorm.memory.tables.settings_checks import is_encrypted_with_kms
from adorm.memory.tables.states import CREATING
from adorm.memory.tables.throughput_checks import (
    INITIAL_WARM_READ_UNITS,
    INITIAL_WARM_WRITE_UNITS,
)

if TYPE_CHECKING:
    from adorm.memory.database import Database


def define_table(database: Database, request: Mapping[str, Any]) -> TableDefinition:
    """Make the definition of a table from a CreateTable request, whose contents are copied.

    Raises:
        EngineError: the name is an ARN of another account or region, or not the ARN of a table.
    """
    billing_mode: str = request.get("BillingMode", "PROVISIONED")
    now = database.now()
    definition = TableDefinition(
        name=_new_name(database, request["TableName"]),
        table_id=str(uuid4()),
        attribute_types={
            each["AttributeName"]: each["AttributeType"] for each in request["AttributeDefinitions"]
        },
        key_schema=[dict(element) for element in request["KeySchema"]],
        created_at=now,
        billing_mode=billing_mode,
        on_demand_since=now if billing_mode == "PAY_PER_REQUEST" else None,
        capacity=define_capacity(request, billing_mode),
        deletion_protection=bool(request.get("DeletionProtectionEnabled")),
        tags={each["Key"]: each["Value"] for each in request.get("Tags", ())},
    )
    for member, is_global in (("LocalSecondaryIndexes", False), ("GlobalSecondaryIndexes", True)):
        for each in request.get(member, ()):
            definition.indexes[each["IndexName"]] = define_index(
                each, billing_mode, is_global=is_global
            )
    if request.get("TableClass") != "STANDARD":
        definition.table_class = request.get("TableClass")
    if is_encrypted_with_kms(request.get("SSESpecification", {})):
        key_id: str | None = request["SSESpecification"].get("KMSMasterKeyId")
        definition.kms_key_arn = kms_key_arn(database, key_id)
    if request.get("StreamSpecification", {}).get("StreamEnabled"):
        definition.stream_view_type = request["StreamSpecification"]["StreamViewType"]
    return definition


def _new_name(database: Database, name_or_arn: str) -> str:
    name = database.name_of(name_or_arn)
    inner_arn = [fault(name, "tableName", matching(NAME_PATTERN))] if is_arn(name) else []
    message = joined(inner_arn or name_faults(name, "tableName"))
    if message is not None:
        raise invalid(message)
    return name


def define_index(
    index: Mapping[str, Any], billing_mode: str, *, is_global: bool
) -> IndexDefinition:
    """Make the definition of one index from a request."""
    projection = index["Projection"]
    return IndexDefinition(
        name=index["IndexName"],
        is_global=is_global,
        key_schema=[dict(element) for element in index["KeySchema"]],
        projection_type=projection["ProjectionType"],
        non_key_attributes=list(projection.get("NonKeyAttributes", ())),
        capacity=define_capacity(index, billing_mode) if is_global else Capacity(),
    )


def define_capacity(request: Mapping[str, Any], billing_mode: str) -> Capacity:
    """Make the throughput of a table or a global index from a request."""
    provisioned = request.get("ProvisionedThroughput", {})
    on_demand = request.get("OnDemandThroughput", {})
    warm = request.get("WarmThroughput", {})
    capacity = Capacity(
        read_units=provisioned.get("ReadCapacityUnits", 0),
        write_units=provisioned.get("WriteCapacityUnits", 0),
        max_read_units=on_demand.get("MaxReadRequestUnits"),
        max_write_units=on_demand.get("MaxWriteRequestUnits"),
    )
    warm_up(capacity, billing_mode)
    capacity.warm_read_units = warm.get("ReadUnitsPerSecond", capacity.warm_read_units)
    capacity.warm_write_units = warm.get("WriteUnitsPerSecond", capacity.warm_write_units)
    return capacity


def warm_up(capacity: Capacity, billing_mode: str) -> None:
    """Raise the warm throughput to the least that the table or index always has."""
    read, write = capacity.read_units, capacity.write_units
    if billing_mode == "PAY_PER_REQUEST":
        read, write = INITIAL_WARM_READ_UNITS, INITIAL_WARM_WRITE_UNITS
    capacity.warm_read_units = max(capacity.warm_read_units, read)
    capacity.warm_write_units = max(capacity.warm_write_units, write)


def kms_key_arn(database: Database, key_id: str | None) -> str:
    """The ARN of a KMS key, given as ARN, id or alias; None for AWS's own key for DynamoDB.

    The engine has no KMS. An alias always stands for the same key in one account and region.
    """
    place = f"arn:aws:kms:{database.region}:{database.account}"
    if key_id is None:
        key_id = "alias/aws/dynamodb"
    if key_id.startswith("arn:") and ":alias/" not in key_id:
        return key_id
    if "alias/" in key_id:
        alias = key_id if key_id.startswith("arn:") else f"{place}:{key_id}"
        return f"{place}:key/{uuid5(NAMESPACE_URL, alias)}"
    return f"{place}:key/{key_id}"


def add_table(database: Database, table: Table) -> None:
    """Add a new table to a database, and open its stream if it has one."""
    database.tables[table.name] = table
    if table.definition.stream_view_type is not None:
        open_stream(database, table)


def start_creating(database: Database, table: Table) -> None:
    """Keep a new table and its global indexes CREATING for a time."""
    creating = [index for index in table.indexes.values() if index.definition.is_global]
    table.status = CREATING
    for index in creating:
        index.status = CREATING

    def end() -> None:
        table.status = ACTIVE
        for index in creating:
            index.status = ACTIVE

    table.schedule(database.now() + database.options.delay_s, end)
