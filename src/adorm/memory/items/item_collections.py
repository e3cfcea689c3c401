"""Internal: metrics of item collections: the items that share a partition key.

Only tables with local secondary indexes report them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adorm.memory.items.item_write import ItemWrite
from adorm.memory.storage.keys import Position

GIGABYTE = 1 << 30


def collection_metrics(write: ItemWrite) -> dict[str, Any] | None:
    """The `ItemCollectionMetrics` of the collection that a write touched.

    None for a table without local secondary indexes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections
    """
    table = write.table
    if all(index.definition.is_global for index in table.indexes.values()):
        return None
    partition = table.schema.partition[0]
    gigabytes = table.collection_bytes(write.position) // GIGABYTE
    return {
        "ItemCollectionKey": {partition: write.key[partition]},
        "SizeEstimateRangeGB": [float(gigabytes), float(gigabytes + 1)],
    }


def collections_metrics(writes: Iterable[ItemWrite]) -> list[dict[str, Any]]:
    """The `ItemCollectionMetrics` of every collection that writes of one table touched."""
    first_of_each: dict[Position, ItemWrite] = {}
    for write in writes:
        first_of_each.setdefault(write.position[:2], write)
    metrics = [collection_metrics(write) for write in first_of_each.values()]
    return [each for each in metrics if each is not None]
