"""Internal: replicas of a global table. The engine describes them but does not fill them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from adorm.memory.errors import EngineError, invalid
from adorm.memory.storage.table import Table
from adorm.memory.streams.lifecycle import open_stream

if TYPE_CHECKING:
    from adorm.memory.database import Database

VERSION = "2019.11.21"
"""The current version of global tables."""


def update_replicas(database: Database, table: Table, updates: Sequence[Mapping[str, Any]]) -> None:
    """Add, change or remove replicas in the description of a table.

    Raises:
        EngineError: an update names this region, creates a replica that exists, changes one that
            does not exist, or is not the only one.
    """
    extras = table.definition.extras
    replicas: dict[str, dict[str, Any]] = {
        each["RegionName"]: each for each in extras.get("Replicas", ())
    }
    if len(updates) > 1:
        raise invalid(
            "Update table operation with more than one create or delete replica actions not allowed"
        )
    for update in updates:
        _apply(database, table, update, replicas)
    if replicas:
        extras["Replicas"] = list(replicas.values())
        extras["GlobalTableVersion"] = VERSION
    else:
        extras.pop("Replicas", None)
        extras.pop("GlobalTableVersion", None)


def _apply(
    database: Database,
    table: Table,
    update: Mapping[str, Any],
    replicas: dict[str, dict[str, Any]],
) -> None:
    ((action, members),) = update.items()
    parameters = deepcopy(dict(members))
    region: str = parameters["RegionName"]
    if region == database.region:
        raise invalid(
            "Cannot add, delete, or update the local region through ReplicaUpdates. Use"
            " CreateTable, DeleteTable, or UpdateTable as required."
        )
    if action == "Create":
        if region in replicas:
            regions = ", ".join(replicas)
            raise EngineError(
                "ResourceInUseException",
                f"Global table with name: '{table.name}' already exists with replicas in regions:"
                f" '{regions}'.",
            )
        if table.definition.billing_mode == "PROVISIONED":
            raise invalid("Table write capacity should either be Pay-Per-Request or AutoScaled.")
        if table.definition.stream_view_type is None:
            table.definition.stream_view_type = "NEW_AND_OLD_IMAGES"
            open_stream(database, table)
        replicas[region] = {"ReplicaStatus": "ACTIVE", **parameters}
        return
    if region not in replicas:
        raise invalid(
            "Update global table operation failed because one or more replicas were not part of"
            f" the global table. Please retry the request without these replicas: [{region}]."
        )
    if action == "Update":
        replicas[region] |= parameters
    else:
        del replicas[region]
