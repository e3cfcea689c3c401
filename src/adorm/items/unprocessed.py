"""One chunk of a batch, sent until DynamoDB leaves nothing of it unprocessed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html#Programming.Errors.BatchOperations
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import attrs

from adorm.calls.capacity import ASKED, Capacity
from adorm.codec.pages import PageItems, as_page
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ConnectionFailed, Throttled
from adorm.items.binding import Connection, maps_of
from adorm.items.item_ids import ItemId, ItemIds
from adorm.retry import RetryPolicy
from adorm.transport.answer_shapes import MISSHAPEN
from adorm.transport.base import Answer

PayloadT = TypeVar("PayloadT")


@attrs.frozen(eq=False)
class Chunk:
    """What every round of a chunk needs."""

    connection: Connection
    subject: str
    """What it is, in errors: `orders, chunk 3 of 10`."""
    locators: Mapping[str, ItemIds]
    """Where items are, by table."""
    retry: RetryPolicy | None = None
    capacity: Capacity | None = None
    """Counts what the chunk consumes."""
    parse: Callable[[bytes], Answer | None] | None = None
    """Parses the answers; `take` may get `ParsedPage` then."""


Take: TypeAlias = Callable[[str, list[ItemId], PageItems], None]
"""Gets items of one table that were asked for, and where they are, in DynamoDB's order; it may
empty a list of items."""
Settled: TypeAlias = Callable[[list[ItemId]], Awaitable[None]]
"""Hears after each answer which places are done; what it raises ends the chunk."""


async def read_chunk(
    chunk: Chunk,
    pending: dict[ItemId, AttributeMap],
    options: Mapping[str, Any],
    take: Take,
    settled: Settled,
) -> None:
    """Read these keys. What is read leaves `pending`, so that after a failure the rest is in it.

    Args:
        options: beside the keys, for each table: `{"ConsistentRead": True}`.
        take: gets the items; a place that is settled without it has no item.

    Raises:
        Throttled: code `UnprocessedKeys`: nothing was processed, again and again.
        ServiceError, ConnectionFailed, DeadlineExceeded: as a call.
    """

    def request() -> dict[str, Any]:
        return {
            "RequestItems": {
                table: {"Keys": asked, **options}
                for table, asked in _by_table(chunk, pending).items()
            }
        }

    def left(answer: Answer) -> set[ItemId]:
        responses: Mapping[str, PageItems] = answer.get("Responses") or {}
        found: list[ItemId] = []
        for table, items in responses.items():
            locator = chunk.locators[table]
            places = places_of(locator, table, items)
            if pending.keys() >= set(places):
                found += places
                take(table, places, items)
            else:
                asked_for = [
                    (place, item)
                    for place, item in zip(places, maps_of(items), strict=True)
                    if place in pending
                ]
                found += (place for place, _ in asked_for)
                take(table, [place for place, _ in asked_for], [item for _, item in asked_for])
        unprocessed: Mapping[str, dict[str, list[AttributeMap]]] = (
            answer.get("UnprocessedKeys") or {}
        )
        if not unprocessed:
            return set()
        left_out = {
            place
            for table, asked in unprocessed.items()
            for place in places_of(chunk.locators[table], table, asked["Keys"])
        }
        return left_out.difference(found)

    await _until_processed(chunk, "BatchGetItem", "keys", pending, request, left, settled)


def places_of(locator: ItemIds, table: str, items: PageItems) -> list[ItemId]:
    """Where items of an answer are.

    Raises:
        ConnectionFailed: one of them lacks its key, or holds what is no value of one: it is no
            answer of DynamoDB's.
    """
    try:
        places = as_page(items).item_ids(table, locator)
        hash(tuple(places))
    except MISSHAPEN as error:
        problem = (
            "the answer can't be read: an item in it has no key, or no value of one in its place"
        )
        raise ConnectionFailed(problem, maybe_applied=True, subject=table) from error
    return places


async def write_chunk(
    chunk: Chunk, pending: dict[ItemId, dict[str, Any]], settled: Settled
) -> None:
    """Write these: `{"PutRequest": {"Item": ...}}` or `{"DeleteRequest": {"Key": ...}}`. What is
    written leaves `pending`.

    Raises:
        Throttled: code `UnprocessedItems`: nothing was processed, again and again.
        ServiceError, ConnectionFailed, DeadlineExceeded: as a call.
    """

    def request() -> dict[str, Any]:
        return {"RequestItems": _by_table(chunk, pending)}

    def left(answer: Answer) -> set[ItemId]:
        unprocessed: Mapping[str, list[dict[str, Any]]] = answer.get("UnprocessedItems") or {}
        left_out: set[ItemId] = set()
        for table, changes in unprocessed.items():
            try:
                keys = [
                    each["PutRequest"]["Item"]
                    if "PutRequest" in each
                    else each["DeleteRequest"]["Key"]
                    for each in changes
                ]
            except MISSHAPEN as error:
                problem = "the answer can't be read: UnprocessedItems hold what is no change"
                raise ConnectionFailed(problem, maybe_applied=True, subject=table) from error
            left_out.update(places_of(chunk.locators[table], table, keys))
        return left_out

    await _until_processed(chunk, "BatchWriteItem", "items", pending, request, left, settled)


async def _until_processed(
    chunk: Chunk,
    operation: str,
    what: str,
    pending: dict[ItemId, PayloadT],
    request: Callable[[], dict[str, Any]],
    left: Callable[[Answer], set[ItemId]],
    settled: Settled,
) -> None:
    connection, capacity, fruitless = chunk.connection, chunk.capacity, 0
    most = (chunk.retry or connection.retry).max_attempts
    while pending:
        asked = request()
        if capacity is not None:
            asked["ReturnConsumedCapacity"] = ASKED
        answer = await connection.call(
            operation, asked, subject=chunk.subject, retry=chunk.retry, read=chunk.parse
        )
        if capacity is not None:
            capacity.count(operation, answer, reading=operation == "BatchGetItem")
        unprocessed = left(answer)
        if unprocessed:
            done = [place for place in pending if place not in unprocessed]
            for place in done:
                del pending[place]
        else:
            done = list(pending)
            pending.clear()
        await settled(done)
        if not pending:
            return
        fruitless = 0 if done else fruitless + 1
        if fruitless >= most:
            raise Throttled(
                f"{len(pending)} {what} are left unprocessed, and {fruitless} answers in a row processed none: as many as the retry policy "
                "makes attempts",
                code=f"Unprocessed{what.title()}",
                operation=operation,
                subject=chunk.subject,
                attempts=fruitless,
            )
        await connection.back_off(
            max(fruitless, 1), operation=operation, subject=chunk.subject, retry=chunk.retry
        )


def _by_table(chunk: Chunk, pending: Mapping[ItemId, PayloadT]) -> Mapping[str, list[PayloadT]]:
    if len(chunk.locators) == 1:
        return {table: list(pending.values()) for table in chunk.locators}
    return by_table(pending)


def by_table(payloads: Mapping[ItemId, PayloadT]) -> dict[str, list[PayloadT]]:
    """What is at the places, for each table by itself, in their order."""
    tables: dict[Any, list[PayloadT]] = {}
    for place, payload in payloads.items():
        tables.setdefault(place[0], []).append(payload)
    return tables
