"""A living table as code is made of it: its description, its time to live, some of its items."""

from __future__ import annotations

from typing import Any, cast

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.items.binding import Connection
from adorm.tables.descriptions import TableDescription
from adorm.tables.lifecycle import describe_table

SEGMENTS = 8
"""Where items are taken from: the first ones of each of so many parts of the table."""


@attrs.frozen
class TableSample:
    """What is known of a table."""

    description: TableDescription
    ttl: str | None
    """The attribute by which items expire; None where time to live is off."""
    items: list[AttributeMap]
    is_whole: bool
    """Whether these are all items of the table."""


async def sample_table(db: Connection, table_name: str, count: int) -> TableSample:
    """Describe a table, and read up to `count` of its items, one page after another.

    Raises:
        UsageError: DynamoDB takes no such table name.
        ResourceNotFound: there is no such table.
    """
    description = await describe_table(db, table_name)
    answer = await db.call("DescribeTimeToLive", {"TableName": table_name})
    found = cast("dict[str, Any]", answer.get("TimeToLiveDescription") or {})
    is_on = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    items, is_whole = await _sample_items(db, table_name, count)
    return TableSample(description, found.get("AttributeName") if is_on else None, items, is_whole)


async def _sample_items(
    db: Connection, table_name: str, count: int
) -> tuple[list[AttributeMap], bool]:
    items: list[AttributeMap] = []
    segments = min(SEGMENTS, max(1, count))
    starts: dict[int, Any] = dict.fromkeys(range(segments))
    while starts and len(items) < count:
        for segment in list(starts):
            left = count - len(items)
            if left <= 0:
                break
            request: dict[str, Any] = {
                "TableName": table_name,
                "Segment": segment,
                "TotalSegments": segments,
                "Limit": -(-left // len(starts)),
            }
            if starts[segment] is not None:
                request["ExclusiveStartKey"] = starts[segment]
            answer = await db.call("Scan", request)
            items += cast("list[AttributeMap]", answer.get("Items") or [])
            last = answer.get("LastEvaluatedKey")
            if last is None:
                del starts[segment]
            else:
                starts[segment] = last
    return items, not starts
