"""Whole items by the keys that an index holds, with BatchGetItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from collections.abc import Sequence

from adorm.batch.chunk import Chunk, ids_of, read_chunk
from adorm.calls.capacity import Capacity
from adorm.codec.pages import ItemPage, MapPage
from adorm.dynamodb.limits import MAX_GET_KEYS
from adorm.dynamodb.values import AttributeMap
from adorm.items.binding import Binding
from adorm.items.item_ids import ItemId, item_ids
from adorm.retry import RetryPolicy


async def fetch_whole(
    binding: Binding,
    maps: Sequence[AttributeMap],
    *,
    consistent: bool = False,
    retry: RetryPolicy | None = None,
    capacity: Capacity | None = None,
) -> list[AttributeMap]:
    """The whole items with these keys, in their order; an item deleted meanwhile is left out.

    Raises:
        Throttled: DynamoDB leaves keys unprocessed again and again.
    """
    table, ids_of_table = binding.table_name, item_ids(binding.info, binding.codec)
    keys = [binding.key_attributes(attribute_map) for attribute_map in maps]
    ids = ids_of(ids_of_table, table, MapPage(keys))
    found: dict[ItemId, AttributeMap] = {}
    chunk = Chunk(binding.connection, table, {table: ids_of_table}, retry, capacity)
    options = {"ConsistentRead": True} if consistent else {}

    def on_items(_table: str, ids: list[ItemId], page: ItemPage) -> None:
        found.update(zip(ids, page.attribute_maps(), strict=True))

    unique = dict(zip(ids, keys, strict=True))
    while unique:
        pending = {item_id: unique.pop(item_id) for item_id in list(unique)[:MAX_GET_KEYS]}
        await read_chunk(chunk, pending, options, on_items)
    return [found[item_id] for item_id in ids if item_id in found]
