"""From the keys that an index holds to the whole items, by BatchGetItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adorm.errors import AttributeMap, Throttled
from adorm.query.binding import Binding
from adorm.retry import RetryPolicy

MAX_KEYS = 100
"""Of one BatchGetItem."""
MAX_FRUITLESS = 10
"""Answers in a row without a single item, before giving up."""


async def fetch_whole(binding: Binding, maps: Sequence[AttributeMap], *, retry: RetryPolicy | None = None) -> list[AttributeMap]:
    """The whole items of these keys, in their order; an item deleted meanwhile is left out.

    Raises:
        Throttled: DynamoDB leaves keys unprocessed again and again.
    """
    keys = [binding.key_attributes(attribute_map) for attribute_map in maps]
    found: dict[str, AttributeMap] = {}
    for start in range(0, len(keys), MAX_KEYS):
        pending: list[AttributeMap] = keys[start : start + MAX_KEYS]
        fruitless = 0
        while pending:
            request: dict[str, Any] = {"RequestItems": {binding.table_name: {"Keys": pending}}}
            answer = await binding.connection.call("BatchGetItem", request, subject=binding.table_name, retry=retry)
            items: list[AttributeMap] = answer.get("Responses", {}).get(binding.table_name, [])
            for item in items:
                found[repr(binding.key_attributes(item))] = item
            pending = answer.get("UnprocessedKeys", {}).get(binding.table_name, {}).get("Keys", [])
            fruitless = 0 if items else fruitless + 1
            if pending and fruitless >= MAX_FRUITLESS:
                raise Throttled(
                    f"{len(pending)} keys are left unprocessed after {fruitless} answers without an item",
                    code="UnprocessedKeys",
                    operation="BatchGetItem",
                    subject=binding.table_name,
                    attempts=fruitless,
                )
            if pending:
                await binding.connection.back_off(fruitless + 1, operation="BatchGetItem", subject=binding.table_name)
    return [found[name] for key in keys if (name := repr(key)) in found]
