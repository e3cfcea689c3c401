"""Whole items by the keys that an index holds, with BatchGetItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from collections.abc import Sequence

from adorm.calls.capacity import Capacity
from adorm.codec.pages import PageItems
from adorm.dynamodb.limits import MAX_GET_KEYS
from adorm.dynamodb.values import AttributeMap
from adorm.items.binding import Binding, maps_of
from adorm.items.item_ids import ItemId, item_ids
from adorm.items.unprocessed import Chunk, places_of, read_chunk
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
    table, locate = binding.table_name, item_ids(binding.info, binding.codec)
    keys = [binding.key_attributes(attribute_map) for attribute_map in maps]
    places = places_of(locate, table, keys)
    found: dict[ItemId, AttributeMap] = {}
    chunk = Chunk(binding.connection, table, {table: locate}, retry, capacity)
    options = {"ConsistentRead": True} if consistent else {}

    def take(_table: str, places: list[ItemId], items: PageItems) -> None:
        found.update(zip(places, maps_of(items), strict=True))

    unique = dict(zip(places, keys, strict=True))
    while unique:
        pending = {place: unique.pop(place) for place in list(unique)[:MAX_GET_KEYS]}
        await read_chunk(chunk, pending, options, take, _nothing_more)
    return [found[place] for place in places if place in found]


async def _nothing_more(_done: list[ItemId]) -> None:
    """Nobody waits to hear of it."""
