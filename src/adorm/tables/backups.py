"""Backups of tables, and tables made of a backup or of a time in the past.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Backup-and-Restore.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from adorm.dynamodb.table_names import check_table_name, is_arn, plain_name
from adorm.errors import ConnectionFailed, DeadlineExceeded, ServiceError, UsageError
from adorm.items.binding import Connection
from adorm.tables.lifecycle import time_limit
from adorm.tables.poller import TablePoller

BUSY = frozenset(
    {"ContinuousBackupsUnavailableException", "TableInUseException", "BackupInUseException"}
)
"""The codes with which DynamoDB refuses a backup or a restore for now."""
EXISTS = "TableAlreadyExistsException"
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")


async def back_up(connection: Connection, table_name: str, name: str, timeout_s: float) -> str:
    """Make a backup, and wait until it can be restored: see `Tables.back_up`."""
    check_table_name(table_name)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't be a backup's name: it has 3 to 255 letters (a-z, A-Z), digits, '_', "
            "'-' and '.'"
        )
    poller = TablePoller(connection, table_name, "CreateBackup", "backed up")
    request = {"TableName": table_name, "BackupName": name}
    async with time_limit(connection, timeout_s):
        try:
            answer = await _create(poller, request)
        except (ServiceError, ConnectionFailed, DeadlineExceeded) as error:
            if error.maybe_applied:
                error.add_note(f"there may be a backup {name!r} of {table_name}: ListBackups tells")
            raise
        arn = str(_part(answer, "BackupDetails").get("BackupArn"))
        while True:
            answer = await connection.call("DescribeBackup", {"BackupArn": arn}, subject=table_name)
            details = _part(_part(answer, "BackupDescription"), "BackupDetails")
            if details.get("BackupStatus") != "CREATING":
                return arn
            await poller.pause()


async def _create(poller: TablePoller, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Send CreateBackup; again where DynamoDB is busy with the table."""
    while True:
        try:
            return await poller.connection.call("CreateBackup", request)
        except ServiceError as error:
            if error.code not in BUSY:
                raise
            await poller.pause()


async def restore(connection: Connection, backup: str, table_name: str, timeout_s: float) -> None:
    """Make a table of a backup, and wait until it can be used: see `Tables.restore`."""
    if not is_arn(backup):
        raise UsageError(
            f"restore({backup!r}): expected the ARN of a backup, as back_up() gives it"
        )
    request = {"BackupArn": backup, "TargetTableName": _new_name(table_name)}

    def is_own(told: Mapping[str, Any]) -> bool:
        return told.get("SourceBackupArn") == backup

    await _restore(connection, "RestoreTableFromBackup", request, is_own, timeout_s)


async def restore_to_time(
    connection: Connection, source: str, table_name: str, at: datetime | None, timeout_s: float
) -> None:
    """Make a table of another one as it was at a time: see `Tables.restore_to_time`."""
    request: dict[str, Any] = {
        "SourceTableArn" if is_arn(source) else "SourceTableName": check_table_name(source),
        "TargetTableName": _new_name(table_name),
    }
    if at is None:
        request["UseLatestRestorableTime"] = True
    elif at.tzinfo is None:
        raise UsageError(f"restore_to_time(at={at!r}): a time without a time zone; add tzinfo=UTC")
    else:
        request["RestoreDateTime"] = at.timestamp()

    def is_own(told: Mapping[str, Any]) -> bool:
        arn = str(told.get("SourceTableArn", ""))
        return "SourceBackupArn" not in told and plain_name(arn) == plain_name(source)

    try:
        await _restore(connection, "RestoreTableToPointInTime", request, is_own, timeout_s)
    except ServiceError as error:
        if error.code == "PointInTimeRecoveryUnavailableException":
            error.add_note(
                "point-in-time recovery of the table is off: apply "
                "db.diff(TableSpec(..., point_in_time_recovery=True)); it reaches back only to "
                "the time at which it was switched on"
            )
        raise


async def _restore(
    connection: Connection,
    operation: str,
    request: Mapping[str, Any],
    is_own: Callable[[Mapping[str, Any]], bool],
    timeout_s: float,
) -> None:
    """Restore to a new table.

    Args:
        is_own: tells by the `RestoreSummary` of a table whether it was restored from the same
            source. So this call's own table is known when the answer was lost.
    """
    name = request["TargetTableName"]
    poller = TablePoller(connection, name, operation, "restored")
    async with time_limit(connection, timeout_s):
        maybe_applied = False
        while True:
            try:
                await connection.call(operation, request, subject=name)
            except ServiceError as error:
                maybe_applied = maybe_applied or error.maybe_applied
                if error.code not in (EXISTS, *BUSY):
                    raise
                # DynamoDB is busy with the table or the backup for this very call, if an answer
                # was lost.
                if maybe_applied and (found := await poller.look()) is not None:
                    told: Mapping[str, Any] = found.raw.get("RestoreSummary") or {}
                    if told and is_own(told):
                        break
                if error.code == EXISTS:
                    raise
                await poller.pause()
            else:
                break
        await poller.until_active(await poller.until_seen())


def _new_name(table_name: str) -> str:
    if is_arn(check_table_name(table_name)):
        raise UsageError(f"{table_name!r}: a new table has a name, not an ARN")
    return table_name


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part: object = answer.get(name)
    return cast("Mapping[str, Any]", part) if isinstance(part, Mapping) else {}
