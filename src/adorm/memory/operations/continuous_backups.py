"""Internal: DescribeContinuousBackups, UpdateContinuousBackups, RestoreTableToPointInTime.

The engine can restore a table to any moment up to now; the service is five minutes late.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from adorm.memory.backups.point_in_time_recovery import KEPT_AS, turn_on
from adorm.memory.backups.restore import restore_table
from adorm.memory.database import Database
from adorm.memory.errors import EngineError, invalid
from adorm.memory.limits import MAX_RECOVERY_DAYS
from adorm.memory.storage.table import Table
from adorm.memory.tables.description import rounded
from adorm.memory.tables.states import CREATING


def table_with_backups(database: Database, name_or_arn: str) -> Table:
    """Find a table that can have backups.

    Raises:
        EngineError: the table does not exist, or is being created.
    """
    table = database.find_table(name_or_arn)
    if table is None or table.status == CREATING:
        name = database.name_of(name_or_arn)
        raise EngineError("TableNotFoundException", f"Table not found: {name}")
    return table


def describe_continuous_backups(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Describe point-in-time recovery: its status and the range of moments that it can restore."""
    return _describe(table_with_backups(database, request["TableName"]), database.now())


def update_continuous_backups(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Turn point-in-time recovery on or off, or change the number of days that it keeps."""
    specification: Mapping[str, Any] = request["PointInTimeRecoverySpecification"]
    enabled: bool = specification["PointInTimeRecoveryEnabled"]
    if not enabled and "RecoveryPeriodInDays" in specification:
        raise invalid(
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time"
            " recovery."
        )
    table = table_with_backups(database, request["TableName"])
    if not enabled:
        table.definition.extras.pop(KEPT_AS, None)
        table.log = None
    elif table.log is None:
        turn_on(table, database.now(), specification.get("RecoveryPeriodInDays", MAX_RECOVERY_DAYS))
    elif "RecoveryPeriodInDays" in specification:
        table.log.days = specification["RecoveryPeriodInDays"]
        table.definition.extras[KEPT_AS]["RecoveryPeriodInDays"] = table.log.days
    return _describe(table, database.now())


def _describe(table: Table, now: float) -> dict[str, Any]:
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if table.log is not None:
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": table.log.days,
            "EarliestRestorableDateTime": rounded(table.log.earliest(now)),
            "LatestRestorableDateTime": rounded(now),
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": recovery,
        }
    }


def restore_table_to_point_in_time(
    database: Database, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Create a table with the items of another table at a moment. The answer says CREATING."""
    uses_latest: bool = request.get("UseLatestRestorableTime", False)
    if uses_latest and "RestoreDateTime" in request:
        raise invalid(
            "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for"
            " point-in-time restore request. Please specify either RestoreDateTime time or"
            " UseLatestRestorableTime"
        )
    if not uses_latest and "RestoreDateTime" not in request:
        raise invalid(
            "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be"
            " specified, but not both"
        )
    if ("SourceTableArn" in request) == ("SourceTableName" in request):
        raise invalid("Must provide exactly one of: sourceTableArn, sourceTableName")
    source: str = request.get("SourceTableArn") or request["SourceTableName"]
    table = table_with_backups(database, source)
    now = database.now()
    if table.log is None:
        raise EngineError(
            "PointInTimeRecoveryUnavailableException",
            f"Point in time recovery is not enabled for table '{table.name}'",
        )
    moment: float = now if uses_latest else request["RestoreDateTime"]
    earliest = table.log.earliest(now)
    if not earliest <= moment <= now and not uses_latest:
        raise EngineError(
            "InvalidRestoreTimeException",
            f"RestoreDateTime '{_iso(moment)}' must be within EarliestRestorableDateTime"
            f" '{_iso(earliest)}' and LatestRestorableDateTime '{_iso(now)}'",
        )
    described = restore_table(
        database,
        table.definition,
        table.log.items_at(table.items, moment),
        request,
        {"SourceTableArn": table.arn, "RestoreDateTime": moment},
    )
    return {"TableDescription": described}


def _iso(moment: float) -> str:
    """A moment as messages write it; as plain seconds if it is beyond the calendar."""
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return str(moment)
