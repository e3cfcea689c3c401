"""One chunk of a batch, sent until DynamoDB leaves nothing of it unprocessed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html#Programming.Errors.BatchOperations
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Hashable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

import attrs

from adorm.capacity import ASKED, Capacity
from adorm.errors import AttributeMap, Throttled
from adorm.query.binding import Connection
from adorm.retry import RetryPolicy
from adorm.transport.base import Answer

MAX_GET_KEYS = 100
"""Of one BatchGetItem."""
MAX_WRITE_ITEMS = 25
"""Of one BatchWriteItem."""
MAX_FRUITLESS = 10
"""Answers in a row that leave everything unprocessed, before giving up."""

Place: TypeAlias = tuple[str, Hashable]
"""A table's name, and what is equal for two keys of one item in it."""

PayloadT = TypeVar("PayloadT")


def place_of(table: str, attribute_map: AttributeMap, key_names: tuple[str, ...]) -> Place:
    """Where the item of this map is, given its key or more; the same in whatever way the key was written."""
    parts: list[Hashable] = []
    for name in key_names:
        tag, content = next(iter(attribute_map[name].items()))
        if tag == "N":
            content = Decimal(content)
        elif tag == "B" and not isinstance(content, str):
            content = b64encode(content).decode()
        parts.append(content)
    return table, tuple(parts)


@attrs.frozen(eq=False)
class Chunk:
    """What every round of a chunk needs."""

    connection: Connection
    subject: str
    """What it is, in errors: `orders, chunk 3 of 10`."""
    key_names: Mapping[str, tuple[str, ...]]
    """The key attributes, by table."""
    retry: RetryPolicy | None = None
    capacity: Capacity | None = None
    """Counts what the chunk consumes."""


Settled: TypeAlias = Callable[[list[Place]], Awaitable[None]]
"""Hears after each answer which places are done; what it raises ends the chunk."""


async def read_chunk(
    chunk: Chunk,
    pending: dict[Place, AttributeMap],
    options: Mapping[str, Any],
    take: Callable[[Place, AttributeMap], None],
    settled: Settled,
) -> None:
    """Read these keys. What is read leaves `pending`, so that after a failure the rest is in it.

    Args:
        options: beside the keys, for each table: `{"ConsistentRead": True}`.
        take: gets each item, in DynamoDB's order; a place that is settled without it has no item.

    Raises:
        Throttled: code `UnprocessedKeys`: nothing was processed, again and again.
        ServiceError, ConnectionFailed, DeadlineExceeded: as a call.
    """

    def request() -> dict[str, Any]:
        keys: dict[str, list[AttributeMap]] = {}
        for (table, _), key in pending.items():
            keys.setdefault(table, []).append(key)
        return {"RequestItems": {table: {"Keys": asked, **options} for table, asked in keys.items()}}

    def left(answer: Answer) -> set[Place]:
        found: set[Place] = set()
        responses: Mapping[str, list[AttributeMap]] = answer.get("Responses") or {}
        unprocessed: Mapping[str, dict[str, list[AttributeMap]]] = answer.get("UnprocessedKeys") or {}
        for table, items in responses.items():
            names = chunk.key_names[table]
            for item in items:
                place = place_of(table, item, names)
                if place in pending:
                    found.add(place)
                    take(place, item)
        return {
            place
            for table, asked in unprocessed.items()
            for key in asked["Keys"]
            if (place := place_of(table, key, chunk.key_names[table])) not in found
        }

    await _until_processed(chunk, "BatchGetItem", "keys", pending, request, left, settled)


async def write_chunk(chunk: Chunk, pending: dict[Place, dict[str, Any]], settled: Settled) -> None:
    """Write these: `{"PutRequest": {"Item": ...}}` or `{"DeleteRequest": {"Key": ...}}`. What is written leaves `pending`.

    Raises:
        Throttled: code `UnprocessedItems`: nothing was processed, again and again.
        ServiceError, ConnectionFailed, DeadlineExceeded: as a call.
    """

    def request() -> dict[str, Any]:
        tables: dict[str, list[dict[str, Any]]] = {}
        for (table, _), change in pending.items():
            tables.setdefault(table, []).append(change)
        return {"RequestItems": tables}

    def left(answer: Answer) -> set[Place]:
        unprocessed: Mapping[str, list[dict[str, Any]]] = answer.get("UnprocessedItems") or {}
        return {
            place_of(
                table, change["PutRequest"]["Item"] if "PutRequest" in change else change["DeleteRequest"]["Key"], chunk.key_names[table]
            )
            for table, changes in unprocessed.items()
            for change in changes
        }

    await _until_processed(chunk, "BatchWriteItem", "items", pending, request, left, settled)


async def _until_processed(
    chunk: Chunk,
    operation: str,
    what: str,
    pending: dict[Place, PayloadT],
    request: Callable[[], dict[str, Any]],
    left: Callable[[Answer], set[Place]],
    settled: Settled,
) -> None:
    connection, capacity, fruitless = chunk.connection, chunk.capacity, 0
    while pending:
        asked = request()
        if capacity is not None:
            asked["ReturnConsumedCapacity"] = ASKED
        answer = await connection.call(operation, asked, subject=chunk.subject, retry=chunk.retry)
        if capacity is not None:
            capacity.count(operation, answer, reading=operation == "BatchGetItem")
        unprocessed = left(answer)
        done = [place for place in pending if place not in unprocessed]
        for place in done:
            del pending[place]
        await settled(done)
        if not pending:
            return
        fruitless = 0 if done else fruitless + 1
        if fruitless >= MAX_FRUITLESS:
            raise Throttled(
                f"{len(pending)} {what} are left unprocessed, and {fruitless} answers in a row processed none",
                code=f"Unprocessed{what.title()}",
                operation=operation,
                subject=chunk.subject,
                attempts=fruitless,
            )
        await connection.back_off(max(fruitless, 1), operation=operation, subject=chunk.subject, retry=chunk.retry)
