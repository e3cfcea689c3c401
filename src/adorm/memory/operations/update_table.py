"""Internal: UpdateTable.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database, unsupported
from adorm.memory.errors import EngineError, invalid, invalid_value
from adorm.memory.storage.table import ACTIVE, Table
from adorm.memory.streams.lifecycle import close_stream, open_stream
from adorm.memory.tables.building import kms_key_arn
from adorm.memory.tables.change_limits import check_change_rate
from adorm.memory.tables.description import describe, sse_description
from adorm.memory.tables.index_update_checks import (
    check_all_indexes_provisioned,
    check_index_updates,
)
from adorm.memory.tables.index_updates import apply_index_updates
from adorm.memory.tables.replicas import update_replicas
from adorm.memory.tables.settings_checks import is_encrypted_with_kms
from adorm.memory.tables.states import (
    BILLING,
    ENCRYPTION,
    INDEXES,
    ON_DEMAND_THROUGHPUT,
    STREAM,
    TABLE_CLASS,
    THROUGHPUT,
    UPDATING,
    begin,
    check_changeable,
    check_no_conflict,
)
from adorm.memory.tables.throughput_checks import (
    check_on_demand,
    check_quota,
    check_warm_grows,
    neither_units,
)
from adorm.memory.tables.throughput_updates import (
    change_on_demand_limits,
    change_table_units,
    change_table_warm_units,
    check_units_change,
    switch_to_on_demand,
    switch_to_provisioned,
)
from adorm.memory.tables.update_table_checks import check_update


def update_table(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Change a table. The answer shows the change in progress: a new index, the old throughput."""
    for member in ("VectorIndexUpdates", "GlobalTableWitnessUpdates", "MultiRegionConsistency"):
        if member in request:
            raise unsupported(member)
    check_update(request)
    table = database.known_table(request["TableName"])
    check_changeable(table)
    billing_mode: str = request.get("BillingMode", table.definition.billing_mode)
    _check_throughput(database, table, request, billing_mode)
    _check_settings(table, request)
    check_index_updates(database, table, request, billing_mode)
    _check_admitted(table, request)
    if billing_mode == "PROVISIONED" and table.definition.billing_mode == "PAY_PER_REQUEST":
        check_all_indexes_provisioned(table, request.get("GlobalSecondaryIndexUpdates", ()))
    shown = _change_throughput(database, table, request)
    apply_index_updates(database, table, request, billing_mode)
    shown |= _change_settings(database, table, request)
    return {"TableDescription": describe(table, database.now()) | shown}


def _check_throughput(
    database: Database, table: Table, request: Mapping[str, Any], billing_mode: str
) -> None:
    definition = table.definition
    throughput: Mapping[str, int] | None = request.get("ProvisionedThroughput")
    if throughput is not None:
        if billing_mode == "PAY_PER_REQUEST":
            raise neither_units()
        if definition.billing_mode == "PROVISIONED":
            check_units_change(definition.capacity, throughput, database.now())
        check_quota(throughput, database.region)
    check_on_demand(request, billing_mode, database.region, is_new=False)
    check_warm_grows(
        request.get("WarmThroughput", {}),
        (definition.capacity.warm_read_units, definition.capacity.warm_write_units),
    )


def _check_settings(table: Table, request: Mapping[str, Any]) -> None:
    definition = table.definition
    if "StreamSpecification" in request:
        if request["StreamSpecification"]["StreamEnabled"]:
            if definition.stream_view_type is not None:
                raise invalid(f"Table already has an enabled stream: TableName: {table.name}")
        elif definition.stream_view_type is None:
            raise invalid(f"Table has no stream to disable: TableName: {table.name}")
    if "SSESpecification" in request:
        encryption: Mapping[str, Any] = request["SSESpecification"]
        if not is_encrypted_with_kms(encryption):
            if definition.kms_key_arn is None:
                raise invalid_value("Table is already encrypted by default")
        elif encryption.get("KMSMasterKeyId", "") == definition.kms_key_arn:
            raise invalid_value(
                "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId"
                " parameter if you want to change Master Key"
            )


def _check_admitted(table: Table, request: Mapping[str, Any]) -> None:
    if "ProvisionedThroughput" in request or "BillingMode" in request:
        check_no_conflict(table, THROUGHPUT)
    for member, kind in (
        ("StreamSpecification", STREAM),
        ("SSESpecification", ENCRYPTION),
        ("TableClass", TABLE_CLASS),
        ("OnDemandThroughput", ON_DEMAND_THROUGHPUT),
    ):
        if member in request:
            check_no_conflict(table, kind)
    updates: list[Mapping[str, Any]] = request.get("GlobalSecondaryIndexUpdates", [])
    if any("Update" not in each for each in updates):
        check_no_conflict(table, INDEXES)
    if "ReplicaUpdates" in request and table.status != ACTIVE:
        raise EngineError(
            "ResourceInUseException",
            "The resource which you are attempting to change is in use.",
        )


def _change_throughput(
    database: Database, table: Table, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Change the throughput and the billing mode.

    Returns:
        The members of the answer that differ from the later description.
    """
    shown: dict[str, Any] = {}
    definition = table.definition
    before, after = definition.billing_mode, request.get("BillingMode")
    throughput: Mapping[str, int] | None = request.get("ProvisionedThroughput")
    if after == "PAY_PER_REQUEST":
        if before == "PROVISIONED":
            check_change_rate(database, table, BILLING)
            switch_to_on_demand(database, table)
        else:
            # Nothing changes, but the service's answer says UPDATING.
            shown["TableStatus"] = UPDATING
    elif throughput is not None:
        if before == "PAY_PER_REQUEST":
            switch_to_provisioned(database, table, throughput)
        else:
            change_table_units(database, table, throughput)
    if request.get("OnDemandThroughput"):
        shown["OnDemandThroughput"] = change_on_demand_limits(
            definition.capacity, request["OnDemandThroughput"]
        )
    if "WarmThroughput" in request:
        change_table_warm_units(database, table, request["WarmThroughput"])
    return shown


def _change_settings(
    database: Database, table: Table, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Change the settings.

    Returns:
        The members of the answer that differ from the later description.
    """
    definition = table.definition
    shown: dict[str, Any] = {}
    if "DeletionProtectionEnabled" in request:
        definition.deletion_protection = request["DeletionProtectionEnabled"]
    if "GlobalTableSettingsReplicationMode" in request:
        definition.extras["GlobalTableSettingsReplicationMode"] = request[
            "GlobalTableSettingsReplicationMode"
        ]
    if "StreamSpecification" in request:
        _change_stream(database, table, request["StreamSpecification"])
        if not request["StreamSpecification"]["StreamEnabled"]:
            shown["StreamSpecification"] = {"StreamEnabled": False}
    if "SSESpecification" in request:
        _change_encryption(database, table, request["SSESpecification"])
    if "TableClass" in request:
        shown |= _change_class(database, table, request["TableClass"])
    if "ReplicaUpdates" in request:
        update_replicas(database, table, request["ReplicaUpdates"])
    return shown


def _change_stream(database: Database, table: Table, specification: Mapping[str, Any]) -> None:
    if specification["StreamEnabled"]:
        table.definition.stream_view_type = specification["StreamViewType"]
        open_stream(database, table)
    else:
        close_stream(database, table)
    begin(database, table, STREAM)


def _change_encryption(database: Database, table: Table, specification: Mapping[str, Any]) -> None:
    """Change the key. The description shows the previous key until the change is done."""
    definition = table.definition
    before = definition.kms_key_arn
    definition.kms_key_arn = None
    if is_encrypted_with_kms(specification):
        definition.kms_key_arn = kms_key_arn(database, specification.get("KMSMasterKeyId"))
    described: dict[str, Any] = {"Status": UPDATING}
    if before is not None:
        described = sse_description(before, UPDATING)
    begin(database, table, ENCRYPTION, {"SSEDescription": described})


def _change_class(database: Database, table: Table, table_class: str) -> dict[str, Any]:
    definition = table.definition
    if table_class == (definition.table_class or "STANDARD"):
        return {"TableStatus": UPDATING}
    check_change_rate(database, table, TABLE_CLASS)
    described: dict[str, Any] = {}
    if definition.table_class is not None:
        described["TableClassSummary"] = describe(table, database.now())["TableClassSummary"]
    definition.table_class = table_class
    definition.table_class_changed_at = database.now()

    def end(at: float) -> None:
        definition.table_class_changed_at = at

    begin(database, table, TABLE_CLASS, described, done=end)
    return {}
