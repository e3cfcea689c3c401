"""Creating, comparing, describing and deleting tables; time to live.

With time to live DynamoDB deletes items some days after the time in one of their attributes.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any

from adorm.clock import use_clock
from adorm.deadlines import deadline
from adorm.dynamodb.table_names import check_table_name
from adorm.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    ResourceNotFound,
    ServiceError,
    UsageError,
)
from adorm.items.binding import Connection
from adorm.tables.descriptions import TableDescription, differences, same_shape
from adorm.tables.details import read_recovery, read_time_to_live
from adorm.tables.poller import TablePoller, description_in
from adorm.tables.setting_diff import Settings
from adorm.tables.wanted import WantedTable

IN_USE = "ResourceInUseException"
"""The code for a table that exists already, or that is being created, altered or deleted."""
CLOCKS_APART = timedelta(minutes=15)
"""How much the clocks of this machine and of AWS may differ: AWS accepts no signature beyond
that."""


async def create_table(table: WantedTable, timeout_s: float, *, wait: bool) -> TableDescription:
    """Create the model's table: see `Tables.create_table`.

    When the answer to CreateTable is lost and the repeated request finds a table, that table counts
    as the one created, if it has exactly this shape and was created since.
    """
    poller = TablePoller(table.connection, table.table_name, "CreateTable", "active")
    async with time_limit(table.connection, timeout_s):
        try:
            found = await _create(poller, table.request)
        except ServiceError as error:
            if error.code != IN_USE:
                raise
            error.detail = (
                "there is a table of that name already, or one is being deleted; "
                f"ensure_table({table.owner}) takes an existing one that fits the model "
                f"(DynamoDB: {error.detail})"
            )
            raise
        if not wait:
            return found
        found = await poller.until_active(found)
        if table.ttl is not None:
            await enable_time_to_live(table, table.ttl)
        await _set_recovery(poller, table, is_new=True)
        return found


async def ensure_table(table: WantedTable, timeout_s: float) -> TableDescription:
    """Create the model's table where there is none, else check it: see `Tables.ensure_table`."""
    poller = TablePoller(table.connection, table.table_name, "CreateTable", "active")
    async with time_limit(table.connection, timeout_s):
        found, is_new = await _find_or_create(poller, table.request)
        found = await poller.until_active(found)
        if found_differences := differences(table.request, found):
            raise UsageError(
                f"table {table.table_name} differs from {table.owner}, and ensure_table "
                f"alters nothing: {'; '.join(found_differences)}"
            )
        await _check_settings(table, found)
        # A new table's time to live is off: there is no need to ask.
        ttl = table.ttl
        if ttl is not None and (is_new or not await has_time_to_live(table, ttl)):
            await enable_time_to_live(table, ttl)
        await _set_recovery(poller, table, is_new=is_new)
        return found


async def delete_table(
    connection: Connection, table_name: str, timeout_s: float, *, missing_ok: bool, wait: bool
) -> None:
    """Delete a table with everything in it: see `Tables.delete_table`."""
    check_table_name(table_name)
    poller = TablePoller(connection, table_name, "DeleteTable", "gone")
    async with time_limit(connection, timeout_s):
        try:
            answer = await connection.call("DeleteTable", {"TableName": table_name})
        except ResourceNotFound as error:
            # After a lost answer it may be missing because this call deleted it.
            if missing_ok or error.maybe_applied:
                return
            raise
        except ServiceError as error:
            if error.code == IN_USE:
                error.add_note(
                    "DynamoDB deletes a table only when it is ACTIVE: "
                    "describe_table tells the status"
                )
            raise
        if wait:
            await poller.until_gone(
                description_in(answer, "TableDescription", "DeleteTable", table_name)
            )


async def describe_table(connection: Connection, table_name: str) -> TableDescription:
    """The table as it is now: see `Tables.describe_table`."""
    answer = await connection.call("DescribeTable", {"TableName": check_table_name(table_name)})
    return description_in(answer, "Table", "DescribeTable", table_name)


async def table_exists(connection: Connection, table_name: str) -> bool:
    """Whether there is a table of that name, in any state: see `Tables.table_exists`."""
    try:
        await connection.call("DescribeTable", {"TableName": check_table_name(table_name)})
    except ResourceNotFound:
        return False
    return True


@asynccontextmanager
async def time_limit(connection: Connection, timeout_s: float) -> AsyncGenerator[None]:
    """Bound what is awaited inside by seconds of the connection's clock."""
    with use_clock(connection.clock):
        async with deadline(timeout_s):
            yield


async def _create(poller: TablePoller, request: dict[str, Any]) -> TableDescription:
    """Send CreateTable.

    Raises:
        ServiceError: code `ResourceInUseException` only where the table is not this call's own.
    """
    started_at = poller.connection.clock.now()
    try:
        answer = await poller.connection.call("CreateTable", request)
    except ServiceError as error:
        if error.code != IN_USE or not error.maybe_applied:
            raise
        found = await poller.until_seen()
        if not _is_own(request, found, started_at):
            raise
        return found
    return description_in(answer, "TableDescription", "CreateTable", poller.table_name)


def _is_own(request: dict[str, Any], found: TableDescription, started_at: datetime) -> bool:
    """Whether a table that was found after a lost answer is the one that was asked for: it has
    exactly that shape, and was created since."""
    if found.status == "DELETING" or not same_shape(request, found):
        return False
    return found.created_at is None or found.created_at >= started_at - CLOCKS_APART


async def _find_or_create(
    poller: TablePoller, request: dict[str, Any]
) -> tuple[TableDescription, bool]:
    """The table that is there and stays, or a new one; True for a new one."""
    while True:
        found = await poller.look()
        if found is not None and found.status != "DELETING":
            return found, False
        if found is None:
            try:
                return await _create(poller, request), True
            except ServiceError as error:
                if error.code != IN_USE:
                    raise
                # Somebody else created it, or an old one is being deleted: look again.
        await poller.pause()


async def has_time_to_live(table: WantedTable, attribute_name: str) -> bool:
    """Whether items expire by that attribute; False where time to live is off.

    Raises:
        UsageError: they expire by another attribute.
    """
    with _noting_the_table(table, attribute_name):
        found = await read_time_to_live(table.connection, table.table_name)
    if not found.is_on:
        return False
    if found.attribute_name != attribute_name:
        raise UsageError(
            f"table {table.table_name} differs from {table.owner}, and ensure_table alters "
            f"nothing: its items expire by the attribute {found.attribute_name}, the model's by "
            f"{attribute_name}"
        )
    return True


async def enable_time_to_live(table: WantedTable, attribute_name: str) -> None:
    """Let DynamoDB delete items once the time in this attribute is over."""
    request = {
        "TableName": table.table_name,
        "TimeToLiveSpecification": {"AttributeName": attribute_name, "Enabled": True},
    }
    with _noting_the_table(table, attribute_name):
        try:
            await table.connection.call("UpdateTimeToLive", request)
        except ServiceError as error:
            if error.code not in ("ValidationException", IN_USE):
                raise
            # It may be refused because it is on already: after a lost answer, or because another
            # process switched it on.
            found = await read_time_to_live(table.connection, table.table_name)
            if not found.is_on or found.attribute_name != attribute_name:
                raise


@contextmanager
def _noting_the_table(table: WantedTable, attribute_name: str) -> Generator[None]:
    """Add a note to what fails inside: the table itself is ready."""
    try:
        yield
    except (ServiceError, ConnectionFailed, DeadlineExceeded) as error:
        error.add_note(
            f"table {table.table_name} is there and active; only its time to live, by the "
            f"attribute {attribute_name}, may not be enabled: ensure_table tries that again, "
            "time_to_live=False leaves it alone"
        )
        raise


async def _check_settings(table: WantedTable, found: TableDescription) -> None:
    """Refuse a table with other settings than its spec says.

    What CreateTable does not take is no difference: `ensure_table` switches it on.

    Raises:
        UsageError: a setting differs.
    """
    settings = Settings(table, found, None, None, None)
    if texts := [step.text for step in settings.steps()]:
        raise UsageError(
            f"table {table.table_name} differs from the TableSpec of {table.owner}, and "
            f"ensure_table alters nothing: {'; '.join(texts)}; db.diff(spec) plans the changes"
        )


async def _set_recovery(poller: TablePoller, table: WantedTable, *, is_new: bool) -> None:
    """Set point-in-time recovery as the spec says; a new table has none."""
    recovery = table.spec.recovery
    if recovery is None or (is_new and not recovery["PointInTimeRecoveryEnabled"]):
        return
    if not is_new:
        found = await read_recovery(table.connection, table.table_name)
        if found.is_on == recovery["PointInTimeRecoveryEnabled"]:
            return
        if found.is_on:
            raise UsageError(
                f"table {table.table_name} differs from the TableSpec of {table.owner}, and "
                "ensure_table alters nothing: point-in-time recovery off; db.diff(spec) plans the "
                "change"
            )
    request = {"TableName": table.table_name, "PointInTimeRecoverySpecification": recovery}
    while True:
        try:
            await table.connection.call("UpdateContinuousBackups", request)
        except ServiceError as error:
            # DynamoDB prepares the backups of a new table for some seconds.
            if error.code != "ContinuousBackupsUnavailableException":
                raise
            await poller.pause()
        else:
            return
