"""Creating, comparing, describing and deleting tables."""

from __future__ import annotations

import random as _random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from adorm.clock import use_clock
from adorm.deadlines import deadline
from adorm.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    ResourceNotFound,
    ServiceError,
    UsageError,
)
from adorm.models import ModelInfo
from adorm.tables.descriptions import TableDescription, differences, same_shape
from adorm.tables.names import DEFAULT_TIMEOUT_S, check_table_name
from adorm.tables.poller import Connection, TablePoller, described
from adorm.tables.requests import Billing, KeyTypes, create_table_request

IN_USE = "ResourceInUseException"
CLOCKS_APART = timedelta(minutes=15)
"""By how much the clocks of this machine and of AWS may differ; with more AWS accepts no
signature."""


async def create_table(
    connection: Connection,
    info: ModelInfo,
    table_name: str,
    *,
    billing: Billing = "on_demand",
    key_types: KeyTypes | None = None,
    time_to_live: bool = True,
    wait: bool = True,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    random: Callable[[], float] = _random.random,
) -> TableDescription:
    """Create the model's table with its indexes and wait until all of it can be used.

    A model with a ttl field has DynamoDB delete its expired items: that is switched on once the
    table is active. If it fails, its error is raised, with a note that the table itself is ready;
    `ensure_table` tries it again.

    A repetition of CreateTable after a lost answer that meets a table of just this shape, made
    since then, takes it for its own.

    Args:
        billing: "on_demand", or `Provisioned(read_units=, write_units=)` for the table and each
            global index.
        key_types: S, N or B by field name, for keys of a class that only a hook of yours can store.
        time_to_live: False leaves the ttl as it is; that takes the permissions for UpdateTimeToLive
            out of use.
        wait: False returns as soon as DynamoDB accepted the table; the ttl is left to a later
            `ensure_table`.
        timeout_s: for all of it; `adorm.deadline` may shorten it.

    Raises:
        UsageError: the name, or an argument, is wrong; nothing was sent.
        ServiceError: code `ResourceInUseException`: there is a table of that name. Else: DynamoDB
            refused it.
        DeadlineExceeded: the table was not active in time; the message names its last status. It
            may become active yet.
    """
    request = create_table_request(info, table_name, billing=billing, key_types=key_types)
    watch = TablePoller(connection, table_name, "CreateTable", "active", random)
    with use_clock(connection.clock):
        async with deadline(timeout_s):
            try:
                found = await _create(watch, request)
            except ServiceError as error:
                if error.code != IN_USE:
                    raise
                raise _exists(info, error) from error
            if not wait:
                return found
            found = await watch.until_active(found)
            if time_to_live and info.ttl is not None:
                await _enable_ttl(connection, table_name, info.ttl.attribute_name)
            return found


async def ensure_table(
    connection: Connection,
    info: ModelInfo,
    table_name: str,
    *,
    billing: Billing = "on_demand",
    key_types: KeyTypes | None = None,
    time_to_live: bool = True,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    random: Callable[[], float] = _random.random,
) -> TableDescription:
    """Create the model's table where there is none; else check that it has the keys and indexes
    that the model needs.

    Waits until the table can be used, and for the end of one that is being deleted. Nothing of an
    existing table is altered or deleted, but for one thing: where the model has a ttl field and the
    table's time to live is off, it is switched on, as `create_table` would have done. An index or a
    projected attribute beyond the model's is fine; how a table is billed is not compared. Several
    processes may ensure one table at the same time.

    Args:
        billing: for a table that is created.
        key_types, timeout_s: as `create_table` has them.
        time_to_live: False neither looks at the ttl nor switches it on.

    Raises:
        UsageError: the existing table differs from the model; the message names each difference.
        ServiceError: DynamoDB refused.
        DeadlineExceeded: the table was not active in time; the message names its last status.
    """
    request = create_table_request(info, table_name, billing=billing, key_types=key_types)
    watch = TablePoller(connection, table_name, "CreateTable", "active", random)
    with use_clock(connection.clock):
        async with deadline(timeout_s):
            found, is_new = await _find_or_create(watch, request)
            found = await watch.until_active(found)
            wrong = differences(request, found)
            if wrong:
                raise UsageError(
                    f"table {table_name} is not as {info.name} says, and ensure_table alters nothing: {'; '.join(wrong)}"
                )
            if time_to_live and info.ttl is not None:
                attribute = info.ttl.attribute_name
                # a new table's is off, so there is nothing to ask
                if is_new or not await _has_ttl(connection, info, table_name, attribute):
                    await _enable_ttl(connection, table_name, attribute)
            return found


async def delete_table(
    connection: Connection,
    table_name: str,
    *,
    missing_ok: bool = False,
    wait: bool = True,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    random: Callable[[], float] = _random.random,
) -> None:
    """Delete a table with everything in it, and wait until it is gone.

    Args:
        missing_ok: a table that is not there is no error.
        wait: False returns as soon as DynamoDB accepted it.
        timeout_s: for all of it; `adorm.deadline` may shorten it.

    Raises:
        UsageError: it can't be a table's name.
        ResourceNotFound: there is no such table.
        ServiceError: code `ResourceInUseException`: it is being created or altered. Else: DynamoDB
            refused it, such as for deletion protection.
        DeadlineExceeded: it was not gone in time.
    """
    check_table_name(table_name)
    watch = TablePoller(connection, table_name, "DeleteTable", "gone", random)
    with use_clock(connection.clock):
        async with deadline(timeout_s):
            try:
                answer = await connection.call("DeleteTable", {"TableName": table_name})
            except ResourceNotFound as error:
                # after a lost answer it is missing because it was deleted here
                if missing_ok or error.maybe_applied:
                    return
                raise
            except ServiceError as error:
                if error.code == IN_USE:
                    error.add_note(
                        "a table can be deleted when it is ACTIVE: describe_table tells its status"
                    )
                raise
            if wait:
                await watch.until_gone(
                    described(answer, "TableDescription", "DeleteTable", table_name)
                )


async def describe_table(connection: Connection, table_name: str) -> TableDescription:
    """The table as it is now: one DescribeTable.

    Raises:
        UsageError: it can't be a table's name.
        ResourceNotFound: there is no such table.
    """
    answer = await connection.call("DescribeTable", {"TableName": check_table_name(table_name)})
    return described(answer, "Table", "DescribeTable", table_name)


async def _create(watch: TablePoller, request: dict[str, Any]) -> TableDescription:
    """Send CreateTable.

    Raises:
        ServiceError: code `ResourceInUseException` only where the table is not this call's own.
    """
    started_at = watch.connection.clock.now()
    try:
        answer = await watch.connection.call("CreateTable", request)
    except ServiceError as error:
        if error.code != IN_USE or not error.maybe_applied:
            raise
        found = await watch.until_seen()
        if not _is_own(request, found, started_at):
            raise
        return found
    return described(answer, "TableDescription", "CreateTable", watch.table_name)


def _is_own(request: dict[str, Any], found: TableDescription, started_at: datetime) -> bool:
    """Whether a table that was met after a lost answer is the one asked for: of just its shape, and
    made since then."""
    if found.status == "DELETING" or not same_shape(request, found):
        return False
    return found.created_at is None or found.created_at >= started_at - CLOCKS_APART


async def _find_or_create(
    watch: TablePoller, request: dict[str, Any]
) -> tuple[TableDescription, bool]:
    """The table that is there and stays, or a new one; True for a new one."""
    while True:
        found = await watch.look()
        if found is not None and found.status != "DELETING":
            return found, False
        if found is None:
            try:
                return await _create(watch, request), True
            except ServiceError as error:
                if error.code != IN_USE:
                    raise
                # someone else was faster, or an old table is on its way out: the next look tells
        await watch.pause()


def _exists(info: ModelInfo, error: ServiceError) -> ServiceError:
    return ServiceError(
        f"there is a table of that name already, or one is being deleted; ensure_table({info.name}) takes an existing one "
        f"that fits the model (DynamoDB: {error.detail})",
        code=error.code,
        operation=error.operation,
        request_id=error.request_id,
        status=error.status,
        retryable=error.retryable,
        maybe_applied=error.maybe_applied,
        subject=error.subject,
        attempts=error.attempts,
    )


async def _has_ttl(
    connection: Connection, info: ModelInfo, table_name: str, attribute: str
) -> bool:
    """Whether items expire by that attribute.

    Raises:
        UsageError: they expire by another one.
    """
    try:
        status, current = await _ttl(connection, table_name)
    except (ServiceError, ConnectionFailed, DeadlineExceeded) as error:
        error.add_note(_ttl_note(table_name, attribute))
        raise
    if status not in ("ENABLED", "ENABLING"):
        return False
    if current != attribute:
        raise UsageError(
            f"table {table_name} is not as {info.name} says, and ensure_table alters nothing: "
            f"its items expire by the attribute {current}, the model's by {attribute}"
        )
    return True


async def _enable_ttl(connection: Connection, table_name: str, attribute: str) -> None:
    """Have DynamoDB delete items whose time is over.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
    """
    request = {
        "TableName": table_name,
        "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": True},
    }
    try:
        try:
            # done twice it is refused, not applied twice
            await connection.call("UpdateTimeToLive", request, repeat="safe")
        except ServiceError as error:
            if error.code not in ("ValidationException", IN_USE):
                raise
            # a lost answer's repetition and a second process are refused, and then it is on all the
            # same
            status, current = await _ttl(connection, table_name)
            if status not in ("ENABLED", "ENABLING") or current != attribute:
                raise
    except (ServiceError, ConnectionFailed, DeadlineExceeded) as error:
        error.add_note(_ttl_note(table_name, attribute))
        raise


def _ttl_note(table_name: str, attribute: str) -> str:
    return (
        f"table {table_name} is there and active; only its time to live, by the attribute {attribute}, may not be enabled: "
        "ensure_table tries that again, time_to_live=False leaves it alone"
    )


async def _ttl(connection: Connection, table_name: str) -> tuple[str, str | None]:
    """`("ENABLED", "expires_at")`; ENABLING, DISABLING, DISABLED."""
    answer = await connection.call("DescribeTimeToLive", {"TableName": table_name})
    told: object = answer.get("TimeToLiveDescription") or {}
    description = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    return str(description.get("TimeToLiveStatus", "DISABLED")), description.get("AttributeName")
