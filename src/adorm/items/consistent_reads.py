"""Consistent reads of one item as it is stored, for operations that write what depends on it.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
"""

from __future__ import annotations

from typing import Any

from adorm.dynamodb.values import AttributeMap
from adorm.items.binding import Binding
from adorm.retry import RetryPolicy


def consistent_request(binding: Binding, key: AttributeMap) -> dict[str, Any]:
    """The GetItem of an item, which sees every write that was answered before."""
    return {"TableName": binding.table_name, "Key": key, "ConsistentRead": True}


async def read_stored(
    binding: Binding, key: AttributeMap, *, subject: object, retry: RetryPolicy | None = None
) -> AttributeMap | None:
    """The item as DynamoDB has it now; None where there is none."""
    answer = await binding.connection.call(
        "GetItem", consistent_request(binding, key), subject=subject, retry=retry
    )
    item: AttributeMap | None = answer.get("Item")
    return item
