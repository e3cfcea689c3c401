"""Internal: the checks of an UpdateTable request that do not depend on the table.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.errors import EngineError, invalid, invalid_value
from adorm.memory.tables.settings_checks import (
    check_changed_stream,
    check_sse,
    check_table_class,
)
from adorm.memory.tables.throughput_checks import check_bounds, neither_units

_CHANGES = (
    "ProvisionedThroughput",
    "BillingMode",
    "StreamSpecification",
    "GlobalSecondaryIndexUpdates",
    "SSESpecification",
    "ReplicaUpdates",
    "DeletionProtectionEnabled",
    "OnDemandThroughput",
    "WarmThroughput",
    "TableClass",
    "GlobalTableSettingsReplicationMode",
)
"""The members of which a request must have at least one. An empty one counts as missing."""

_ALONE = {
    "SSESpecification": "Server-Side Encryption modification",
    "TableClass": "TableClass modification",
    "DeletionProtectionEnabled": "DeletionProtection modification",
    "WarmThroughput": "WarmThroughput",
    "ReplicaUpdates": "Replica modification",
}
"""The members that must be alone in a request, in the order in which the service checks them."""


def check_update(request: Mapping[str, Any]) -> None:
    """Refuse an UpdateTable request that changes nothing, or contradicts itself.

    Raises:
        EngineError: the request changes nothing, or contradicts itself.
    """
    changes = {member for member in _CHANGES if request.get(member) not in (None, [], {})}
    changes |= {"SSESpecification"} & request.keys()
    if not changes:
        raise _nothing_to_do()
    if request.get("GlobalSecondaryIndexUpdates") == []:
        raise invalid_value("List of GlobalSecondaryIndexUpdates is empty")
    _check_billing(request)
    actions = _index_actions(request)
    _check_replica_actions(request)
    _check_combination(request, changes, actions)
    if "StreamSpecification" in request:
        check_changed_stream(request["StreamSpecification"])
    check_sse(request.get("SSESpecification"))
    check_table_class(request.get("TableClass"))


def _nothing_to_do() -> EngineError:
    return invalid(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled,"
        " GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady,"
        " ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled,"
        " OnDemandThroughput, WarmThroughput or TableClass is required",
        old="At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled,"
        " GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
    )


def _check_billing(request: Mapping[str, Any]) -> None:
    billing_mode: str | None = request.get("BillingMode")
    throughput: Mapping[str, int] | None = request.get("ProvisionedThroughput")
    if throughput is None:
        if billing_mode == "PROVISIONED":
            raise invalid_value(
                "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
            )
        return
    if billing_mode == "PAY_PER_REQUEST":
        raise neither_units()
    check_bounds(throughput)


def _index_actions(request: Mapping[str, Any]) -> set[str]:
    """The actions on indexes in a request: "Create", "Update", "Delete"."""
    actions: set[str] = set()
    names: set[str] = set()
    updates: list[Mapping[str, Any]] = request.get("GlobalSecondaryIndexUpdates", [])
    for update in updates:
        if not update:
            raise invalid_value(
                "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create,"
                " GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if len(update) > 1:
            raise invalid_value(
                "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate"
                " object"
            )
    for update in updates:
        ((action, parameters),) = update.items()
        name: str = parameters["IndexName"]
        if name in names:
            raise invalid_value(
                "Only one global secondary index update per index is allowed simultaneously."
                f" Index: {name}"
            )
        names.add(name)
        actions.add(action)
    return actions


def _check_replica_actions(request: Mapping[str, Any]) -> None:
    updates: list[Mapping[str, Any]] = request.get("ReplicaUpdates", [])
    for update in updates:
        if not update:
            raise invalid_value(
                "One of ReplicationGroupUpdate.Create, ReplicationGroupUpdate.Update,"
                " ReplicationGroupUpdate.Delete must not be null"
            )
        if len(update) > 1:
            raise invalid_value(
                "Only one replica action is allowed per ReplicationGroupUpdate object"
            )


def _check_combination(request: Mapping[str, Any], changes: set[str], actions: set[str]) -> None:
    """Refuse a request with two changes. Members of the billing mode may come with it."""
    if "Create" in actions and "WarmThroughput" in changes:
        raise invalid_value(
            "Create global secondary index cannot be specified when updating WarmThroughput"
        )
    for member, what in _ALONE.items():
        if member in changes and len(changes) > 1:
            raise invalid_value(f"{what} must be the only operation in the request")
    if "OnDemandThroughput" in changes and changes - {"OnDemandThroughput", "BillingMode"}:
        raise invalid_value(
            "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"
        )
    adds_or_removes_index = not actions.isdisjoint({"Create", "Delete"})
    changes_units = "ProvisionedThroughput" in request
    if "StreamSpecification" in changes:
        if changes_units:
            raise invalid_value("You cannot modify stream status while updating table IOPS")
        if adds_or_removes_index:
            raise invalid_value("You cannot create or delete index while changing stream status")
    if adds_or_removes_index and changes_units:
        raise invalid_value("You cannot create or delete index while updating table IOPS")
