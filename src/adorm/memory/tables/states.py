"""Internal: the states of tables and indexes while a change is in progress.

A change takes effect at once. For a time only its description still shows the previous values, and
other changes are refused. `EngineOptions.table_delay_s` says for how long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from adorm.memory.errors import EngineError
from adorm.memory.storage.table import ACTIVE, Index, Table

if TYPE_CHECKING:
    from adorm.memory.database import Database

CREATING = "CREATING"
UPDATING = "UPDATING"
DELETING = "DELETING"

# The kinds of change that can be in progress: the keys of `Table.in_progress`.
THROUGHPUT = "THROUGHPUT"
BILLING = "BILLING"
STREAM = "STREAM"
TABLE_CLASS = "TABLE_CLASS"
INDEX_CREATION = "INDEX_CREATION"
INDEX_DELETION = "INDEX_DELETION"
ENCRYPTION = "ENCRYPTION"
WARM_THROUGHPUT = "WARM_THROUGHPUT"
TIME_TO_LIVE = "TIME_TO_LIVE"
RESTORE = "RESTORE"

_UPDATING_KINDS = {THROUGHPUT, BILLING, STREAM, TABLE_CLASS, INDEX_CREATION, INDEX_DELETION}
"""The changes during which the status of a table is UPDATING."""

# Kinds of change that only a request has. Index changes in progress are INDEX_CREATION and
# INDEX_DELETION, and on-demand throughput changes at once.
INDEXES = "INDEXES"
ON_DEMAND_THROUGHPUT = "ON_DEMAND_THROUGHPUT"

_STREAM_DETAIL = "Table: {table} Stream: {stream} Operation: {operation}"
_CLASS_DETAIL = "Table: {table} TableClassUpdateInProgress: {table_class}"
_IOPS_BUSY = "Table IOPS are currently being updated. Table: {table}"
_STREAM_AND_IOPS = (
    "Can't enable or disable stream while table IOPS are being updated. Table: {table}"
)
_INDEXES_AND_IOPS = (
    "Can't create or delete indexes while table IOPS are being updated. Table: {table}"
)
_ON_DEMAND = "OnDemandThroughput cannot be updated while "

_REFUSALS: dict[tuple[str, str], str] = {
    (THROUGHPUT, THROUGHPUT): _IOPS_BUSY,
    (THROUGHPUT, BILLING): _IOPS_BUSY,
    (THROUGHPUT, STREAM): (
        "Can't change table IOPS when stream status is being updated. " + _STREAM_DETAIL
    ),
    (THROUGHPUT, INDEX_CREATION): (
        "Can't change table IOPS when an index is being created. Table: {table}"
        " Indexes: [{indexes}]"
    ),
    (THROUGHPUT, INDEX_DELETION): (
        "Can't change table IOPS when an index is being deleted. Table: {table}"
        " Indexes: [{indexes}]"
    ),
    (STREAM, THROUGHPUT): _STREAM_AND_IOPS,
    (STREAM, BILLING): _STREAM_AND_IOPS,
    (STREAM, STREAM): "A stream status change is currently in progress. " + _STREAM_DETAIL,
    (STREAM, INDEX_CREATION): (
        "Can't change stream status when an index is being created. Table: {table}"
        " Indexes: [{indexes}]"
    ),
    (STREAM, INDEX_DELETION): (
        "Can't change stream status when an index is being deleted. Table: {table}"
        " Indexes: [{indexes}]"
    ),
    (STREAM, TABLE_CLASS): (
        "Can't change stream status when a table class update is in progress. " + _CLASS_DETAIL
    ),
    (INDEXES, THROUGHPUT): _INDEXES_AND_IOPS,
    (INDEXES, BILLING): _INDEXES_AND_IOPS,
    (INDEXES, STREAM): (
        "Can't create or delete an index when stream status is being updated. " + _STREAM_DETAIL
    ),
    (INDEXES, TABLE_CLASS): (
        "Can't create or delete an index when a table class update is in progress. " + _CLASS_DETAIL
    ),
    (TABLE_CLASS, TABLE_CLASS): (
        "Can't update table class when a table class update is in progress. " + _CLASS_DETAIL
    ),
    (TABLE_CLASS, STREAM): (
        "Can't update table class when stream status is being updated. " + _STREAM_DETAIL
    ),
    (ENCRYPTION, ENCRYPTION): "Server-Side Encryption is still being updated",
    (ON_DEMAND_THROUGHPUT, BILLING): _ON_DEMAND + "BillingMode update is in progress",
    (ON_DEMAND_THROUGHPUT, STREAM): _ON_DEMAND + "stream status update is in progress",
    (ON_DEMAND_THROUGHPUT, TABLE_CLASS): _ON_DEMAND + "TableClass update is in progress",
    (ON_DEMAND_THROUGHPUT, INDEX_CREATION): (
        _ON_DEMAND + "index creation is in progress for indexes: [{indexes}]"
    ),
    (ON_DEMAND_THROUGHPUT, INDEX_DELETION): (
        _ON_DEMAND + "index deletion is in progress for indexes: [{indexes}]"
    ),
}
"""The refusal of a new change while another one is in progress, by the kinds of both. A pair that
is missing here may run at the same time."""


def in_use(detail: str) -> EngineError:
    """The refusal of a change while another one is in progress."""
    return EngineError(
        "ResourceInUseException",
        f"Attempt to change a resource which is still in use: {detail}",
    )


def check_changeable(table: Table) -> None:
    """Refuse to change a table that is being created or deleted.

    Raises:
        EngineError: the table is being created or deleted.
    """
    if table.status == CREATING:
        raise in_use(f"Table is being created: {table.name}")
    if table.status == DELETING:
        raise in_use(f"Table is being deleted: {table.name}")


def check_no_conflict(table: Table, kind: str) -> None:
    """Refuse a change that would disturb another one in progress.

    Raises:
        EngineError: such a change is in progress.
    """
    for running in table.in_progress:
        text = _REFUSALS.get((kind, running))
        if text is not None:
            definition = table.definition
            raise in_use(
                text.format(
                    table=table.name,
                    stream=definition.extras.get("LatestStreamLabel"),
                    operation="ENABLE" if definition.stream_view_type else "DISABLE",
                    table_class=definition.table_class,
                    indexes=", ".join(
                        each.name for each in table.indexes.values() if each.status != ACTIVE
                    ),
                )
            )


def check_deletable(table: Table) -> None:
    """Refuse to delete a table while a change is in progress.

    Raises:
        EngineError: a change is in progress.
    """
    if STREAM in table.in_progress:
        raise in_use("Cannot delete table while stream is being enabled/disabled.")
    if any(each.status != ACTIVE for each in table.indexes.values()):
        raise in_use("Cannot delete table while indexes are being created, updated, or deleted.")
    if any(kind != TIME_TO_LIVE for kind in table.in_progress):
        raise in_use(f"Table: {table.name} is in the process of being updated.")


def begin(
    database: Database,
    table: Table,
    kind: str,
    described_as: dict[str, Any] | None = None,
    *,
    done: Callable[[float], None] | None = None,
    share: float = 1.0,
) -> None:
    """Begin a change of a table.

    Args:
        database: the database of the table.
        table: the table that is changed.
        kind: one of the kinds above.
        described_as: members of the table's description that keep these values until the change is
            done.
        done: called when the change is done, with that moment.
        share: the part of `EngineOptions.table_delay_s` that the change takes.
    """
    at = database.now() + share * database.options.delay_s
    members = table.in_progress[kind] = described_as or {}
    if kind in _UPDATING_KINDS:
        table.status = UPDATING

    def end() -> None:
        if table.in_progress.get(kind) is members:
            del table.in_progress[kind]
        if table.status == UPDATING and _UPDATING_KINDS.isdisjoint(table.in_progress):
            table.status = ACTIVE
        if done is not None:
            done(at)

    table.schedule(at, end)


def begin_index(
    database: Database,
    table: Table,
    index: Index,
    status: str,
    described_as: dict[str, Any] | None = None,
    *,
    done: Callable[[float], None] | None = None,
) -> None:
    """Keep the status of an index CREATING or UPDATING for a time, then set it to ACTIVE.

    Args:
        database: the database of the table.
        table: the table of the index.
        index: the index that is changed.
        status: CREATING or UPDATING.
        described_as: members of the index's description that keep these values until the change is
            done.
        done: called when the change is done, with that moment.
    """
    at = database.now() + database.options.delay_s
    index.status = status
    index.described_as = described_as or {}

    def end() -> None:
        if index.status == status:
            index.status = ACTIVE
            index.backfilling = None
            index.described_as = {}
        if done is not None:
            done(at)

    table.schedule(at, end)
