"""How large a table or index is, by its description: for estimates only.

DynamoDB updates these figures about every six hours.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
"""

from __future__ import annotations

import math
from typing import Any

from adorm.errors import ServiceError
from adorm.items.binding import Binding
from adorm.transport.answer_shapes import MISSHAPEN

AUTO_SEGMENT_BYTES = 8 * 1024 * 1024
"""About eight pages: with smaller segments the requests cost more time than reading side by side
saves."""
MAX_AUTO_SEGMENTS = 32
UNKNOWN_SIZE_SEGMENTS = 4


async def auto_segments(binding: Binding, index_name: str | None) -> int:
    """How many segments `segments("auto")` takes: one for each 8 MB, from 1 to 32; 4 where the size
    is not known."""
    description = await _description(binding, index_name)
    if description is None:
        return UNKNOWN_SIZE_SEGMENTS
    name = "TableSizeBytes" if index_name is None else "IndexSizeBytes"
    size_bytes = _whole_number(description.get(name)) or 0
    return min(max(math.ceil(size_bytes / AUTO_SEGMENT_BYTES), 1), MAX_AUTO_SEGMENTS)


async def item_count(binding: Binding, index_name: str | None) -> int | None:
    """About how many items there are; None where that is not known."""
    description = await _description(binding, index_name)
    return None if description is None else _whole_number(description.get("ItemCount"))


async def _description(binding: Binding, index_name: str | None) -> dict[str, Any] | None:
    """The description of the table or of one index; None if DynamoDB refuses it or has none."""
    name = binding.table_name
    try:
        answer = await binding.connection.call("DescribeTable", {"TableName": name}, subject=name)
    except ServiceError:
        return None  # most likely it is not allowed; the first page reports a missing table
    try:
        table: dict[str, Any] = dict(answer.get("Table", {}))
        if index_name is None:
            return table
        indexes = (
            *table.get("GlobalSecondaryIndexes", ()),
            *table.get("LocalSecondaryIndexes", ()),
        )
        return next((dict(each) for each in indexes if each["IndexName"] == index_name), None)
    except MISSHAPEN:
        return None


def _whole_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
