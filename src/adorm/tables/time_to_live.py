"""DynamoDB's time to live: items are deleted some days after the time in one of their attributes.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from adorm.errors import ConnectionFailed, DeadlineExceeded, ServiceError, UsageError
from adorm.models import ModelInfo
from adorm.tables.poller import TableConnection

IN_USE = "ResourceInUseException"
"""The code for a table that exists already, or that is being created, altered or deleted."""


async def has_time_to_live(
    connection: TableConnection, info: ModelInfo, table_name: str, attribute_name: str
) -> bool:
    """Whether items expire by that attribute; False where time to live is off.

    Raises:
        UsageError: they expire by another attribute.
    """
    with _noting_the_table(table_name, attribute_name):
        status, current = await _time_to_live(connection, table_name)
    if status not in ("ENABLED", "ENABLING"):
        return False
    if current != attribute_name:
        raise UsageError(
            f"table {table_name} differs from {info.name}, and ensure_table alters nothing: its "
            f"items expire by the attribute {current}, the model's by {attribute_name}"
        )
    return True


async def enable_time_to_live(
    connection: TableConnection, table_name: str, attribute_name: str
) -> None:
    """Let DynamoDB delete items once the time in this attribute is over."""
    request = {
        "TableName": table_name,
        "TimeToLiveSpecification": {"AttributeName": attribute_name, "Enabled": True},
    }
    with _noting_the_table(table_name, attribute_name):
        try:
            # A second request is refused, not applied twice.
            await connection.call("UpdateTimeToLive", request, repeat="safe")
        except ServiceError as error:
            if error.code not in ("ValidationException", IN_USE):
                raise
            # It may be refused because it is on already: after a lost answer, or because another
            # process switched it on.
            status, current = await _time_to_live(connection, table_name)
            if status not in ("ENABLED", "ENABLING") or current != attribute_name:
                raise


@contextmanager
def _noting_the_table(table_name: str, attribute_name: str) -> Generator[None]:
    """Add a note to what fails inside: the table itself is ready."""
    try:
        yield
    except (ServiceError, ConnectionFailed, DeadlineExceeded) as error:
        error.add_note(
            f"table {table_name} is there and active; only its time to live, by the attribute "
            f"{attribute_name}, may not be enabled: ensure_table tries that again, "
            "time_to_live=False leaves it alone"
        )
        raise


async def _time_to_live(connection: TableConnection, table_name: str) -> tuple[str, str | None]:
    """The status (ENABLED, ENABLING, DISABLED or DISABLING) and the attribute's name."""
    answer = await connection.call("DescribeTimeToLive", {"TableName": table_name})
    found: object = answer.get("TimeToLiveDescription") or {}
    description = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return str(description.get("TimeToLiveStatus", "DISABLED")), description.get("AttributeName")
