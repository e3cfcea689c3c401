"""Internal: makes a new table from the definition and the items of another table.

These are not restored: the stream, time to live, point-in-time recovery, tags, deletion protection,
the resource policy and the table class.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableFromBackup.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adorm.memory.errors import EngineError, invalid
from adorm.memory.storage.definitions import TableDefinition
from adorm.memory.storage.keys import Position
from adorm.memory.storage.ordered_items import StoredItem
from adorm.memory.storage.table import Table
from adorm.memory.tables.building import add_table, define_table, start_creating
from adorm.memory.tables.create_request import create_request
from adorm.memory.tables.create_table_checks import check_create
from adorm.memory.tables.description import describe, rounded
from adorm.memory.tables.states import CREATING, RESTORE, begin

if TYPE_CHECKING:
    from adorm.memory.database import Database

_NOT_RESTORED = (
    "DeletionProtectionEnabled",
    "StreamSpecification",
    "TableClass",
    "Tags",
    "WarmThroughput",
)


def restore_table(
    database: Database,
    source: TableDefinition,
    items: Mapping[Position, StoredItem],
    request: Mapping[str, Any],
    summary: dict[str, Any],
) -> dict[str, Any]:
    """Create the target table of a restore.

    Args:
        database: the database that gets the new table.
        source: the definition that is restored.
        items: the new table's items.
        request: the restore request, with `TargetTableName` and the overrides.
        summary: the members of the `RestoreSummary`, without `RestoreInProgress`.

    Returns:
        The description of the new table, which is CREATING.

    Raises:
        EngineError: the target table exists, or an override is not allowed.
    """
    target = _target_request(source, request)
    _check_free(database, request["TargetTableName"])
    check_create(target, database.region)
    definition = define_table(database, target)
    table = Table(definition, database.arn(definition.name))
    for position, stored in items.items():
        table.load(position, stored.item())
    add_table(database, table)
    start_creating(database, table)
    summary = {**summary, "RestoreInProgress": True}
    summary["RestoreDateTime"] = rounded(summary["RestoreDateTime"])
    begin(database, table, RESTORE, {"RestoreSummary": summary})
    return describe(table, database.now())


def _check_free(database: Database, name: str) -> None:
    table = database.find_table(name)
    if table is None:
        return
    if table.status == CREATING and RESTORE in table.in_progress:
        raise EngineError("TableInUseException", f"Table is already being restored: {name}")
    raise EngineError("TableAlreadyExistsException", f"Table already exists: {name}")


def _refused(detail: str) -> EngineError:
    return invalid(f"Invalid Request: {detail}")


def _target_request(source: TableDefinition, request: Mapping[str, Any]) -> dict[str, Any]:
    """Make the CreateTable request for the new table."""
    target = create_request(source)
    for member in _NOT_RESTORED:
        target.pop(member, None)
    target["TableName"] = request["TargetTableName"]
    _override_indexes(target, request)
    _override_throughput(target, source, request)
    if "SSESpecificationOverride" in request:
        target["SSESpecification"] = request["SSESpecificationOverride"]
    used = {element["AttributeName"] for element in target["KeySchema"]}
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for index in target.get(member, ()):
            used |= {element["AttributeName"] for element in index["KeySchema"]}
            index.pop("WarmThroughput", None)
    target["AttributeDefinitions"] = [
        each for each in target["AttributeDefinitions"] if each["AttributeName"] in used
    ]
    return target


def _override_indexes(target: dict[str, Any], request: Mapping[str, Any]) -> None:
    for member, override in (
        ("GlobalSecondaryIndexes", "GlobalSecondaryIndexOverride"),
        ("LocalSecondaryIndexes", "LocalSecondaryIndexOverride"),
    ):
        if override not in request:
            continue
        existing = [_shape(index) for index in target.pop(member, ())]
        for index in request[override]:
            if _shape(index) not in existing:
                raise _refused(
                    f"Index {index['IndexName']} does not match a secondary index that existed in"
                    " the source table and cannot be created during the restore operation"
                )
        if request[override]:
            target[member] = [dict(index) for index in request[override]]


def _shape(index: Mapping[str, Any]) -> tuple[Any, ...]:
    projection = index["Projection"]
    return (
        index["KeySchema"],
        projection.get("ProjectionType"),
        sorted(projection.get("NonKeyAttributes", ())),
    )


def _override_throughput(
    target: dict[str, Any], source: TableDefinition, request: Mapping[str, Any]
) -> None:
    override: str | None = request.get("BillingModeOverride")
    billing_mode = target["BillingMode"] = override or source.billing_mode
    if billing_mode == "PAY_PER_REQUEST":
        _restore_on_demand(target, request, override)
    else:
        _restore_provisioned(target, source, request)


def _restore_on_demand(
    target: dict[str, Any], request: Mapping[str, Any], override: str | None
) -> None:
    condition = (
        "unless BillingMode is PROVISIONED"
        if override is None
        else "if BillingMode is overridden to PAY_PER_REQUEST"
    )
    if "ProvisionedThroughputOverride" in request:
        raise _refused(f"Cannot override ProvisionedThroughput {condition}")
    for index in request.get("GlobalSecondaryIndexOverride", ()):
        if "ProvisionedThroughput" in index:
            raise _refused(
                f"Cannot override ProvisionedThroughput {condition} for index {index['IndexName']}"
            )
    target.pop("ProvisionedThroughput", None)
    for index in target.get("GlobalSecondaryIndexes", ()):
        index.pop("ProvisionedThroughput", None)
    if "OnDemandThroughputOverride" in request:
        target["OnDemandThroughput"] = request["OnDemandThroughputOverride"]


def _restore_provisioned(
    target: dict[str, Any], source: TableDefinition, request: Mapping[str, Any]
) -> None:
    for member in request.get("OnDemandThroughputOverride", ()):
        raise _refused(
            f"Cannot override {member} for OnDemandThroughput unless BillingModeOverride is"
            " PAY_PER_REQUEST"
        )
    if "ProvisionedThroughputOverride" in request:
        target["ProvisionedThroughput"] = request["ProvisionedThroughputOverride"]
    elif source.billing_mode == "PAY_PER_REQUEST":
        raise _refused(
            "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED"
        )
    target.pop("OnDemandThroughput", None)
    for index in target.get("GlobalSecondaryIndexes", ()):
        index.pop("OnDemandThroughput", None)
        if "ProvisionedThroughput" not in index:
            raise _refused(f"Must specify provisioned throughput for index {index['IndexName']}")
