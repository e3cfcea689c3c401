"""One chunk of a batch, sent until DynamoDB leaves nothing of it unprocessed.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html#Programming.Errors.BatchOperations
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Hashable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar, cast

import attrs

from adorm.capacity import ASKED, Capacity
from adorm.codec import Codec
from adorm.codec.coder import Source
from adorm.errors import AttributeMap, Throttled
from adorm.models import ModelInfo
from adorm.query.binding import Connection
from adorm.retry import RetryPolicy
from adorm.transport.base import Answer

MAX_GET_KEYS = 100
"""Of one BatchGetItem."""
MAX_WRITE_ITEMS = 25
"""Of one BatchWriteItem."""
MAX_FRUITLESS = 10
"""Answers in a row that leave everything unprocessed, before giving up."""

Place: TypeAlias = tuple[Hashable, ...]
"""A table's name, and what is equal for two keys of one item in it."""
Locate: TypeAlias = Callable[[str, AttributeMap], Place]
"""From a table's name and an item of it, or its key, to the place."""

PayloadT = TypeVar("PayloadT")


def locator(info: ModelInfo, codec: Codec) -> Locate:
    """Tells where items of a model are. Made once for a model: a batch asks it twice for every item."""
    memo, name = codec.memo, ("locator", info)
    locate: Locate | None = memo.get(name)
    if locate is None:
        locate = memo[name] = _make_locator(info, codec)
    return locate


def _make_locator(info: ModelInfo, codec: Codec) -> Locate:
    """As this one, of text and a number:

    def locate(table, item):
        try:
            return (table, item["pk"]["S"], Decimal(item["sk"]["N"]))
        except Exception:
            return look_closer(table, item)
    """
    names = info.key_order

    def look_closer(table: str, item: AttributeMap) -> Place:
        return place_of(table, item, names)

    source = Source("locate", "table, item")
    parts = ["table"]
    for field in info.key_fields:
        tags, value = codec.field_plan(field).coder.tags or (), f"item[{field.attribute_name!r}]"
        if len(tags) == 1 and "S" in tags:
            parts.append(f'{value}["S"]')
        elif len(tags) == 1 and "N" in tags:
            parts.append(f'{source.name("Decimal", Decimal)}({value}["N"])')
        else:
            parts.append(f"{source.name('part_of', _part_of)}({value})")
    source.line("try:", 1)
    source.line(f"return ({', '.join(parts)})", 2)
    source.line("except Exception:", 1)
    source.line(f"return {source.name('look_closer', look_closer)}(table, item)", 2)
    locate: Any = source.function(f"locate {info.name}")
    return cast("Locate", locate)


def place_of(table: str, attribute_map: AttributeMap, key_names: tuple[str, ...]) -> Place:
    """Where the item of this map is, given its key or more; the same in whatever way the key was written."""
    return table, *(_part_of(attribute_map[name]) for name in key_names)


def _part_of(attribute_value: dict[str, Any]) -> Hashable:
    tag, content = next(iter(attribute_value.items()))
    if tag == "N":
        return Decimal(content)
    if tag == "B" and not isinstance(content, str):
        return b64encode(content).decode()
    part: Hashable = content
    return part


@attrs.frozen(eq=False)
class Chunk:
    """What every round of a chunk needs."""

    connection: Connection
    subject: str
    """What it is, in errors: `orders, chunk 3 of 10`."""
    locators: Mapping[str, Locate]
    """Where items are, by table."""
    retry: RetryPolicy | None = None
    capacity: Capacity | None = None
    """Counts what the chunk consumes."""


Take: TypeAlias = Callable[[str, list[Place], list[AttributeMap]], None]
"""Gets items of one table that were asked for, and where they are, in DynamoDB's order; it may empty the list of items."""
Settled: TypeAlias = Callable[[list[Place]], Awaitable[None]]
"""Hears after each answer which places are done; what it raises ends the chunk."""


async def read_chunk(
    chunk: Chunk,
    pending: dict[Place, AttributeMap],
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
        return {"RequestItems": {table: {"Keys": asked, **options} for table, asked in _by_table(chunk, pending).items()}}

    def left(answer: Answer) -> set[Place]:
        responses: Mapping[str, list[AttributeMap]] = answer.get("Responses") or {}
        found: list[Place] = []
        for table, items in responses.items():
            locate = chunk.locators[table]
            places = [locate(table, item) for item in items]
            if not pending.keys() >= set(places):
                items = [item for place, item in zip(places, items, strict=True) if place in pending]  # noqa: PLW2901  # the rest is nobody's
                places = [place for place in places if place in pending]
            found += places
            take(table, places, items)
        unprocessed: Mapping[str, dict[str, list[AttributeMap]]] = answer.get("UnprocessedKeys") or {}
        if not unprocessed:
            return set()
        return {chunk.locators[table](table, key) for table, asked in unprocessed.items() for key in asked["Keys"]}.difference(found)

    await _until_processed(chunk, "BatchGetItem", "keys", pending, request, left, settled)


async def write_chunk(chunk: Chunk, pending: dict[Place, dict[str, Any]], settled: Settled) -> None:
    """Write these: `{"PutRequest": {"Item": ...}}` or `{"DeleteRequest": {"Key": ...}}`. What is written leaves `pending`.

    Raises:
        Throttled: code `UnprocessedItems`: nothing was processed, again and again.
        ServiceError, ConnectionFailed, DeadlineExceeded: as a call.
    """

    def request() -> dict[str, Any]:
        return {"RequestItems": _by_table(chunk, pending)}

    def left(answer: Answer) -> set[Place]:
        unprocessed: Mapping[str, list[dict[str, Any]]] = answer.get("UnprocessedItems") or {}
        return {
            chunk.locators[table](table, change["PutRequest"]["Item"] if "PutRequest" in change else change["DeleteRequest"]["Key"])
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
        if fruitless >= MAX_FRUITLESS:
            raise Throttled(
                f"{len(pending)} {what} are left unprocessed, and {fruitless} answers in a row processed none",
                code=f"Unprocessed{what.title()}",
                operation=operation,
                subject=chunk.subject,
                attempts=fruitless,
            )
        await connection.back_off(max(fruitless, 1), operation=operation, subject=chunk.subject, retry=chunk.retry)


def _by_table(chunk: Chunk, pending: Mapping[Place, PayloadT]) -> Mapping[str, list[PayloadT]]:
    if len(chunk.locators) == 1:
        return {table: list(pending.values()) for table in chunk.locators}
    return by_table(pending)


def by_table(payloads: Mapping[Place, PayloadT]) -> dict[str, list[PayloadT]]:
    """What is at the places, for each table by itself, in their order."""
    tables: dict[Any, list[PayloadT]] = {}
    for place, payload in payloads.items():
        tables.setdefault(place[0], []).append(payload)
    return tables
