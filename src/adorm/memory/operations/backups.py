"""Internal: CreateBackup, DescribeBackup, DeleteBackup, ListBackups and RestoreTableFromBackup.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/BackupRestore.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.backups.backup import Backup, find_backup, forget_backups, make_backup
from adorm.memory.backups.restore import restore_table
from adorm.memory.database import Database
from adorm.memory.errors import EngineError, invalid, invalid_value
from adorm.memory.operations.continuous_backups import table_with_backups

PAGE = 100
"""The most backups in one answer of ListBackups."""


def create_backup(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Make a backup of a table. The answer says CREATING. Several backups can have one name."""
    table = table_with_backups(database, request["TableName"])
    backup = make_backup(database, table, request["BackupName"])
    details = backup.details(database.now())
    details["BackupStatus"] = "CREATING"
    return {"BackupDetails": details}


def describe_backup(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a backup, also that of a deleted table."""
    backup = find_backup(database, request["BackupArn"])
    return {"BackupDescription": backup.description(database.now())}


def delete_backup(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Delete a backup. The answer says DELETED."""
    backup = find_backup(database, request["BackupArn"])
    if backup.backup_type == "SYSTEM":
        raise invalid(
            "Invalid Request: User is not allowed to delete the system backup with arn"
            f" {backup.arn}. It will automatically expire on {backup.expires_at}"
        )
    if backup.in_use_until > database.now():
        raise EngineError(
            "BackupInUseException", f"Backup is being used to restore table: {backup.arn}"
        )
    del database.backups[backup.arn]
    description = backup.description(database.now())
    description["BackupDetails"]["BackupStatus"] = "DELETED"
    return {"BackupDescription": description}


def list_backups(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """List backups in the order of their creation; system backups only on request."""
    lower: float | None = request.get("TimeRangeLowerBound")
    upper: float | None = request.get("TimeRangeUpperBound")
    if lower is not None and upper is not None and lower > upper:
        raise invalid_value("Time range lower bound must be less than or equal to upper bound")
    now = database.now()
    forget_backups(database)
    found: list[Backup] = sorted(
        (each for each in database.backups.values() if _is_asked_for(each, request)),
        key=_order,
    )
    limit: int = request.get("Limit", PAGE)
    answer: dict[str, Any] = {"BackupSummaries": [each.summary(now) for each in found[:limit]]}
    if len(found) > limit:
        answer["LastEvaluatedBackupArn"] = found[limit - 1].arn
    return answer


def _order(backup: Backup) -> tuple[str, str]:
    return _order_of_arn(backup.arn)


def _order_of_arn(arn: str) -> tuple[str, str]:
    """The sort key of a backup: the creation time at the end of its ARN, then its table."""
    return arn.rpartition("/")[2], arn


def _is_asked_for(backup: Backup, request: Mapping[str, Any]) -> bool:
    backup_type: str = request.get("BackupType", "USER")
    if backup_type not in ("ALL", backup.backup_type):
        return False
    if "TableName" in request:
        name: str = request["TableName"]
        if name not in (backup.definition.name, backup.table_arn):
            return False
    start: str | None = request.get("ExclusiveStartBackupArn")
    if start is not None and _order(backup) <= _order_of_arn(start):
        return False
    lower = request.get("TimeRangeLowerBound", backup.created_at)
    upper = request.get("TimeRangeUpperBound", backup.created_at + 1)
    return bool(lower <= backup.created_at < upper)


def restore_table_from_backup(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Create a table with the items of a backup. The answer says CREATING."""
    backup = find_backup(database, request["BackupArn"])
    now = database.now()
    if now < backup.available_at or now < backup.in_use_until:
        raise EngineError(
            "BackupInUseException",
            f"Backup is being used to restore another table: {backup.arn}",
        )
    described = restore_table(
        database,
        backup.definition,
        backup.items,
        request,
        {
            "SourceBackupArn": backup.arn,
            "SourceTableArn": backup.table_arn,
            "RestoreDateTime": now,
        },
    )
    backup.in_use_until = now + database.options.delay_s
    return {"TableDescription": described}
