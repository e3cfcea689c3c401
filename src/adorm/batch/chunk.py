"""One chunk of a batch, sent until DynamoDB leaves nothing of it unprocessed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html#Programming.Errors.BatchOperations
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import attrs

from adorm.calls.capacity import CAPACITY_REPORT, Capacity
from adorm.codec.pages import ItemPage, MapPage, PageItems, as_page
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConnectionFailed, Throttled
from adorm.items.binding import Connection
from adorm.items.item_ids import ItemId, ItemIds
from adorm.retry import RetryPolicy
from adorm.transport.answer_shapes import MISSHAPEN
from adorm.transport.base import Answer

PayloadT = TypeVar("PayloadT")


@attrs.frozen(eq=False)
class Chunk:
    """What the requests for one chunk have in common."""

    connection: Connection
    subject: str
    """The chunk's name in errors: "orders, chunk 3 of 10"."""
    item_ids: Mapping[str, ItemIds]
    """By table name: how the ids of its items are made."""
    retry: RetryPolicy | None = None
    capacity: Capacity | None = None
    """Where the units that the chunk consumes are counted; None: DynamoDB does not report them."""
    parse: Callable[[bytes], Answer | None] | None = None
    """Parses the bytes of an answer; with it the items are not always attribute maps."""


OnItems: TypeAlias = Callable[[str, list[ItemId], ItemPage], None]
"""Gets the table name of items that were read, their ids, and the items. It may empty the page."""
OnProcessed: TypeAlias = Callable[[list[ItemId]], Awaitable[None]]
"""Gets, after each answer, the ids of what was processed. What it raises ends the chunk."""


async def read_chunk(
    chunk: Chunk,
    pending: dict[ItemId, AttributeMap],
    options: Mapping[str, Any],
    on_items: OnItems,
    on_processed: OnProcessed | None = None,
) -> None:
    """Read the items of up to 100 keys by BatchGetItem.

    A key that was processed is removed from `pending`: after a failure the rest is in it. A key
    that was processed, and that `on_items` did not get, has no item.

    Args:
        pending: the keys, as attribute maps.
        options: what each table's part of the request holds beside the keys:
            `{"ConsistentRead": True}`.

    Raises:
        Throttled: code `UnprocessedKeys`: as many answers in a row as the retry policy makes
            attempts processed nothing.
        ServiceError, ConnectionFailed, DeadlineExceeded: as a call.
    """

    def request() -> dict[str, Any]:
        by_table = _by_table(chunk, pending)
        tables = {table: {"Keys": keys, **options} for table, keys in by_table.items()}
        return {"RequestItems": tables}

    def unprocessed(answer: Answer) -> set[ItemId]:
        responses: Mapping[str, PageItems] = answer.get("Responses") or {}
        found: list[ItemId] = []
        for table, items in responses.items():
            page = as_page(items)
            ids = ids_of(chunk.item_ids[table], table, page)
            if not pending.keys() >= set(ids):  # items that were not asked for are left out
                maps = zip(ids, page.attribute_maps(), strict=True)
                expected = [(item_id, item) for item_id, item in maps if item_id in pending]
                ids = [item_id for item_id, _ in expected]
                page = MapPage([item for _, item in expected])
            found += ids
            on_items(table, ids, page)
        left: Mapping[str, dict[str, list[AttributeMap]]] = answer.get("UnprocessedKeys") or {}
        keys = {table: part["Keys"] for table, part in left.items()}
        return _ids_by_table(chunk, keys).difference(found)

    await _until_processed(
        chunk, "BatchGetItem", "keys", pending, request, unprocessed, on_processed
    )


async def write_chunk(
    chunk: Chunk, pending: dict[ItemId, dict[str, Any]], on_processed: OnProcessed
) -> None:
    """Carry out up to 25 writes by BatchWriteItem.

    A write that was processed is removed from `pending`: after a failure the rest is in it.

    Args:
        pending: `{"PutRequest": {"Item": ...}}` or `{"DeleteRequest": {"Key": ...}}`, each.

    Raises:
        Throttled: code `UnprocessedItems`: as many answers in a row as the retry policy makes
            attempts processed nothing.
        ServiceError, ConnectionFailed, DeadlineExceeded: as a call.
    """

    def request() -> dict[str, Any]:
        return {"RequestItems": _by_table(chunk, pending)}

    def unprocessed(answer: Answer) -> set[ItemId]:
        left: Mapping[str, list[dict[str, Any]]] = answer.get("UnprocessedItems") or {}
        try:
            keys = {table: list(map(_item_or_key, writes)) for table, writes in left.items()}
        except MISSHAPEN as error:
            raise ConnectionFailed(
                "the answer can't be read: UnprocessedItems holds something other than a "
                "PutRequest or a DeleteRequest",
                maybe_applied=True,
                subject=chunk.subject,
            ) from error
        return _ids_by_table(chunk, keys)

    await _until_processed(
        chunk, "BatchWriteItem", "items", pending, request, unprocessed, on_processed
    )


def _item_or_key(write: Mapping[str, Any]) -> AttributeMap:
    put: Any = write.get("PutRequest")
    attribute_map: AttributeMap = put["Item"] if put else write["DeleteRequest"]["Key"]
    return attribute_map


def ids_of(item_ids: ItemIds, table: str, page: ItemPage) -> list[ItemId]:
    """The ids of the items or keys in an answer.

    Raises:
        ConnectionFailed: an item has no key, or its key holds no value that a key can have: this is
            no answer of DynamoDB.
    """
    try:
        ids = item_ids.of_page(table, page)
        hash(tuple(ids))
    except MISSHAPEN as error:
        raise ConnectionFailed(
            "the answer can't be read: an item in it has no key, or no value that a key can have",
            maybe_applied=True,
            subject=table,
        ) from error
    return ids


async def _until_processed(
    chunk: Chunk,
    operation: str,
    what: str,
    pending: dict[ItemId, PayloadT],
    request: Callable[[], dict[str, Any]],
    unprocessed: Callable[[Answer], set[ItemId]],
    on_processed: OnProcessed | None,
) -> None:
    connection, capacity, subject = chunk.connection, chunk.capacity, chunk.subject
    max_fruitless = (chunk.retry or connection.retry).max_attempts
    fruitless = 0
    while pending:
        sent = request()
        if capacity is not None:
            sent["ReturnConsumedCapacity"] = CAPACITY_REPORT
        answer = await connection.call(
            operation, sent, subject=subject, retry=chunk.retry, read=chunk.parse
        )
        if capacity is not None:
            capacity.count(operation, answer, reading=operation == "BatchGetItem")
        left = unprocessed(answer)
        if left:
            processed = [item_id for item_id in pending if item_id not in left]
            for item_id in processed:
                del pending[item_id]
        else:
            processed = list(pending)
            pending.clear()
        if on_processed is not None:
            await on_processed(processed)
        if not pending:
            return
        fruitless = 0 if processed else fruitless + 1
        if fruitless >= max_fruitless:
            raise Throttled(
                f"{len(pending)} {what} are left unprocessed: {fruitless} answers in a row "
                "processed none, as many as the retry policy makes attempts",
                code=f"Unprocessed{what.title()}",
                operation=operation,
                subject=subject,
                attempts=fruitless,
            )
        await connection.back_off(
            max(fruitless, 1), operation=operation, subject=subject, retry=chunk.retry
        )


def _ids_by_table(chunk: Chunk, maps: Mapping[str, list[AttributeMap]]) -> set[ItemId]:
    return {
        item_id
        for table, items in maps.items()
        for item_id in ids_of(chunk.item_ids[table], table, MapPage(items))
    }


def _by_table(chunk: Chunk, pending: Mapping[ItemId, PayloadT]) -> dict[str, list[PayloadT]]:
    if len(chunk.item_ids) == 1:
        return {table: list(pending.values()) for table in chunk.item_ids}
    return by_table(pending)


def by_table(payloads: Mapping[ItemId, PayloadT]) -> dict[str, list[PayloadT]]:
    """The payloads for each table by itself, in their order."""
    tables: dict[Any, list[PayloadT]] = {}
    for item_id, payload in payloads.items():
        tables.setdefault(item_id[0], []).append(payload)
    return tables
