"""What DescribeTable does not tell of a table: time to live, point-in-time recovery, tags."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import attrs

from adorm.items.binding import Connection
from adorm.tables.descriptions import TableDescription


@attrs.frozen
class TimeToLive:
    """Whether items of a table expire, and by which attribute."""

    status: str
    """ENABLED, ENABLING, DISABLED or DISABLING."""
    attribute_name: str | None
    """The attribute with the time; None where time to live is off."""

    @property
    def is_on(self) -> bool:
        """Whether it is on, or DynamoDB is switching it on."""
        return self.status in ("ENABLED", "ENABLING")


@attrs.frozen
class Recovery:
    """Point-in-time recovery of a table."""

    is_on: bool
    days: int | None
    """How many days it reaches back; None where it is off, or DynamoDB does not say."""
    earliest: datetime | None
    """The earliest time to which the table can be restored."""
    latest: datetime | None
    """The latest time to which the table can be restored, typically five minutes ago."""


@attrs.frozen(kw_only=True)
class TableDetails(TableDescription):
    """A table with the settings that DescribeTable does not tell."""

    time_to_live: TimeToLive
    point_in_time_recovery: Recovery
    tags: Mapping[str, str]
    """Values by key."""


async def read_details(connection: Connection, found: TableDescription) -> TableDetails:
    """Ask for the other settings of a table that was just described: three requests."""
    return TableDetails(
        **{field.name: getattr(found, field.name) for field in attrs.fields(TableDescription)},
        time_to_live=await read_time_to_live(connection, found.name),
        point_in_time_recovery=await read_recovery(connection, found.name),
        tags=await read_tags(connection, found),
    )


async def read_time_to_live(connection: Connection, table_name: str) -> TimeToLive:
    """Time to live of a table.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTimeToLive.html
    """
    answer = await connection.call("DescribeTimeToLive", {"TableName": table_name})
    description = _part(answer, "TimeToLiveDescription")
    return TimeToLive(
        str(description.get("TimeToLiveStatus", "DISABLED")), description.get("AttributeName")
    )


async def read_recovery(connection: Connection, table_name: str) -> Recovery:
    """Point-in-time recovery of a table.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContinuousBackups.html
    """
    answer = await connection.call("DescribeContinuousBackups", {"TableName": table_name})
    backups = _part(answer, "ContinuousBackupsDescription")
    description = _part(backups, "PointInTimeRecoveryDescription")
    days = description.get("RecoveryPeriodInDays")
    return Recovery(
        is_on=description.get("PointInTimeRecoveryStatus") == "ENABLED",
        days=None if days is None else int(days),
        earliest=_time(description.get("EarliestRestorableDateTime")),
        latest=_time(description.get("LatestRestorableDateTime")),
    )


async def read_tags(connection: Connection, found: TableDescription) -> dict[str, str]:
    """The tags of a table: values by key.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTagsOfResource.html
    """
    request: dict[str, Any] = {"ResourceArn": found.arn}
    tags: dict[str, str] = {}
    while True:
        answer = await connection.call("ListTagsOfResource", request, subject=found.name)
        tags |= {tag["Key"]: tag["Value"] for tag in answer.get("Tags") or ()}
        if not (next_token := answer.get("NextToken")):
            return tags
        request = {**request, "NextToken": next_token}


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part: object = answer.get(name)
    return cast("Mapping[str, Any]", part) if isinstance(part, Mapping) else {}


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)
