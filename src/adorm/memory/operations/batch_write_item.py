"""Internal: BatchWriteItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.memory.database import Database, throttled
from adorm.memory.errors import EngineError, invalid
from adorm.memory.items.consumed_capacity import Consumed, add_report
from adorm.memory.items.item_collections import collections_metrics
from adorm.memory.items.item_write import (
    ItemWrite,
    delete_write,
    put_write,
    stored_put,
)
from adorm.memory.limits import MAX_BATCH_WRITE_BYTES
from adorm.memory.storage.keys import Position
from adorm.memory.storage.ordered_items import StoredItem
from adorm.memory.storage.table import Table
from adorm.memory.values.canonical import Item, canonical_item


def batch_write_item(database: Database, request: Mapping[str, Any]) -> dict[str, Any]:
    """Put and delete up to 25 items of one or several tables.

    Each write is independent of the others. The answer returns the writes that the table throttles
    as unprocessed.
    """
    parts: Mapping[str, list[Mapping[str, Any]]] = request["RequestItems"]
    wanted = {name: [_read_write(each) for each in writes] for name, writes in parts.items()}
    sizes = [put.size for each in wanted.values() for _, put in each if put is not None]
    if sum(sizes) > MAX_BATCH_WRITE_BYTES:
        raise invalid(
            "Item collection too large: aggregate size of items in BatchWriteItem exceeds 16MB"
            " limit"
        )
    prepared = _prepare(database, wanted)
    unprocessed: dict[str, Any] = {}
    consumed: list[Consumed] = []
    metrics: dict[str, Any] = {}
    for name, writes in prepared.items():
        used = Consumed(database.data_table(name))
        consumed.append(used)
        for write in writes:
            try:
                database.check_throughput(write.table, write=True)
                database.check_not_held(write.table, write.position)
            except EngineError:
                unprocessed.setdefault(name, []).append(_unprocessed(write))
                continue
            change = write.apply(database, write.evaluate())
            before = used.total
            used.add_change(change)
            database.charge(write.table, used.total - before, write=True)
        if request.get("ReturnItemCollectionMetrics") == "SIZE":
            of_table = collections_metrics(writes)
            if of_table:
                metrics[name] = of_table
    if sum(map(len, unprocessed.values())) == sum(map(len, parts.values())):
        raise throttled()
    answer: dict[str, Any] = {"UnprocessedItems": unprocessed}
    if metrics:
        answer["ItemCollectionMetrics"] = metrics
    add_report(answer, request, consumed)
    return answer


def _read_write(write_request: Mapping[str, Any]) -> tuple[Item, StoredItem | None]:
    """Read one write request: the item and its stored form for a put, the key for a delete."""
    if len(write_request.keys() & {"PutRequest", "DeleteRequest"}) != 1:
        raise invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of"
            " the supported datatypes"
        )
    if "PutRequest" in write_request:
        item = canonical_item(write_request["PutRequest"]["Item"])
        return item, stored_put(item)
    return canonical_item(write_request["DeleteRequest"]["Key"]), None


def _prepare(
    database: Database, wanted: Mapping[str, list[tuple[Item, StoredItem | None]]]
) -> dict[str, list[ItemWrite]]:
    prepared: dict[str, list[ItemWrite]] = {}
    seen: set[tuple[str, Position]] = set()
    for name, parts in wanted.items():
        table = database.data_table(name)
        writes = prepared[name] = []
        for item, put in parts:
            write = _write(table, item, put)
            if (table.name, write.position) in seen:
                raise invalid("Provided list of item keys contains duplicates")
            seen.add((table.name, write.position))
            writes.append(write)
    return prepared


def _write(table: Table, item: Item, put: StoredItem | None) -> ItemWrite:
    if put is None:
        return delete_write(table, item)
    if not table.schema.holds(item):
        raise invalid("The provided key element does not match the schema")
    return put_write(table, item, put, in_batch=True)


def _unprocessed(write: ItemWrite) -> dict[str, Any]:
    """The write request from which a write was made, for `UnprocessedItems`."""
    item = write.make_new(None)
    if item is None:
        return {"DeleteRequest": {"Key": write.key}}
    return {"PutRequest": {"Item": item}}
