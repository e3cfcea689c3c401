"""Shards: partitions that are read side by side and merged by their sort key.

Each shard has a task that reads its pages. A task holds one page that it has read ahead, and reads
on once the page before was used up, so that memory is bounded by two pages for each shard.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any, Generic, Self, TypeVar, cast

import anyio

from adorm.calls.capacity import Capacity
from adorm.codec.pages import ItemPage
from adorm.concurrency.pool import run_all
from adorm.concurrency.stream import Emit, TaskStream
from adorm.dynamodb.values import AttributeMap, canonical
from adorm.errors import DeadlineExceeded, ItemDecodeError, UsageError
from adorm.outcomes import Outcome
from adorm.query.cursors import MAX_CURSOR_BYTES
from adorm.query.decoder import Unreadable, is_of_another_kind
from adorm.query.page_reader import key_at
from adorm.query.partition_reader import PartitionReader
from adorm.query.partition_reads import PartitionReads
from adorm.query.read_request import ReadRequest
from adorm.query.stream import ItemIterator, ItemStream

ItemT = TypeVar("ItemT")

Position = AttributeMap | bool | None
"""Where a shard goes on: after the item with this key; None at its beginning; True at its end."""


class _Entry(Generic[ItemT]):
    """An item, with its place among those of all shards."""

    __slots__ = ("_descending", "_group", "_sort", "item", "key", "slot")

    def __init__(
        self,
        item: ItemT | Unreadable,
        key: AttributeMap,
        slot: int,
        group: int,
        sort: str | Decimal | bytes,
        descending: bool,
    ) -> None:
        self.item = item
        self.key = key
        self.slot = slot
        self._group = group
        self._sort: Any = sort
        self._descending = descending

    def __lt__(self, other: _Entry[ItemT]) -> bool:
        if self._group != other._group:
            return self._group < other._group
        if self._sort != other._sort:
            return bool(self._sort < other._sort) is not self._descending
        return self.slot < other.slot


class _ShardPage(Generic[ItemT]):
    """Items of one shard."""

    def __init__(
        self, slot: int, entries: list[_Entry[ItemT]], scanned_count: int, is_last: bool
    ) -> None:
        self.slot = slot
        self.entries = entries
        self.scanned_count = scanned_count
        self.is_last = is_last


class MergedShards(Generic[ItemT]):
    """The items of all shards of a query in the order of their sort keys, in a block.

    Args:
        read: a query of several shards.
        limit: the most items to give.
        capacity: counts what the requests consume.
        positions: where each shard goes on.
    """

    def __init__(
        self,
        read: ReadRequest[ItemT],
        limit: int | None,
        capacity: Capacity | None = None,
        positions: Sequence[Position] | None = None,
    ) -> None:
        self._read = read
        self._partitions = _partitions(read)
        self._left = limit
        self._capacity = capacity
        count = len(self._partitions.slots)
        self.positions: list[Position] = list(positions or [None] * count)
        """Where each shard goes on after the items that were given."""
        self.scanned_count = 0
        """Items that DynamoDB read, before the filter."""
        self.errors: list[ItemDecodeError] = []
        """Of the items so far that do not fit the model."""
        self._queues: list[deque[_Entry[ItemT]]] = [deque() for _ in range(count)]
        self._heads: list[_Entry[ItemT]] = []
        self._ended = [position is True for position in self.positions]
        self._lacking = {slot for slot in range(count) if not self._ended[slot]}
        """Shards of which no item is at hand, though there may be more."""
        self._wanted: list[anyio.Event] = []
        jobs = [
            (Outcome[None](f"shard {slot + 1} of {count}"), partial(self._read_shard, slot))
            for slot in sorted(self._lacking)
        ]
        self._stream = TaskStream[_ShardPage[ItemT], None](
            jobs,
            # each shard's first item is needed before any can be given
            limit=max(1, len(jobs)),
            operation=read.operation,
            subject=read.binding.table_name,
        )

    async def __aenter__(self) -> Self:
        self._wanted = [anyio.Event() for _ in self._queues]
        for slot in self._lacking:
            self._wanted[slot].set()
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stream.__aexit__(*exc_info)

    # ---- in the task of a shard

    async def _read_shard(self, slot: int, emit: Emit[_ShardPage[ItemT]]) -> None:
        read, partitions, start = self._read, self._partitions, self.positions[slot]
        most_items = None if read.drops_other_kinds else self._left
        reader = PartitionReader(
            partitions.slots[slot],
            partitions.attribute_name,
            most_items=most_items,
            start_key=start if isinstance(start, dict) else None,
            capacity=self._capacity,
        )
        while (page := await reader.next()) is not None:
            entries = await self._entries(page.items, slot, reader.page_number)
            if len(entries) < page.count:
                reader.count_left_out(page.count - len(entries))
            if entries or reader.is_done:
                await self._emit(
                    emit, _ShardPage(slot, entries, page.scanned_count, reader.is_done)
                )
            else:
                self.scanned_count += page.scanned_count

    async def _emit(self, emit: Emit[_ShardPage[ItemT]], page: _ShardPage[ItemT]) -> None:
        await self._wanted[page.slot].wait()
        self._wanted[page.slot] = anyio.Event()
        await emit(page)

    async def _entries(self, page: ItemPage, slot: int, group: int) -> list[_Entry[ItemT]]:
        read, decoder = self._read, self._read.decoder
        keys = [key_at(page, index, read.key_names) for index in range(len(page))]
        if decoder.hydrates or decoder.drops_other_kinds:
            by_item = {self._item_id(key): key for key in keys}
            page = await decoder.whole_items(page, self._capacity)
            keys = [by_item[self._item_id(each)] for each in page.attribute_maps()]
        decoded, _ = decoder.decode_page(page)
        descending = self._partitions.descending
        return [
            _Entry(item, key, slot, group, self._sort_value(key), descending)
            for item, key in zip(decoded, keys, strict=True)
            if not is_of_another_kind(item)
        ]

    def _item_id(self, attributes: AttributeMap) -> tuple[object, ...]:
        names = self._read.binding.info.key_order
        return tuple(canonical(attributes[name]) for name in names)

    def _sort_value(self, key: AttributeMap) -> str | Decimal | bytes:
        name = self._partitions.sort_name
        if name is None:
            return ""
        ((tag, content),) = key[name].items()
        if tag == "N":
            return Decimal(content)
        return bytes(content) if tag == "B" else str(content)

    # ---- in the task that reads the items

    async def next(self) -> list[ItemT | Unreadable] | None:
        """Some more items, at least one; None at the end."""
        return await self.take(None)

    async def take(self, most: int | None) -> list[ItemT | Unreadable] | None:
        """The same, at most so many.

        Raises:
            UsageError: outside of the block.
        """
        if not self._wanted:
            raise UsageError(
                "shards are read by tasks, which live in a block: "
                "async with query.stream() as rows: async for row in rows: ...; "
                "or await the query"
            )
        if self._left is not None:
            most = self._left if most is None else min(most, self._left)
        if most == 0 or not await self.has_more():
            return None
        items: list[ItemT | Unreadable] = []
        while self._heads and not self._lacking and len(items) != most:
            entry = heapq.heappop(self._heads)
            items.append(entry.item)
            if isinstance(entry.item, Unreadable):
                self.errors.append(entry.item.error)
            self.positions[entry.slot] = entry.key
            self._next_head(entry.slot)
        if self._left is not None:
            self._left -= len(items)
        return items

    async def has_more(self) -> bool:
        """Whether there is a further item; it is at hand then."""
        while self._lacking:
            page = await self._stream.next()
            if page is None:
                raise self._failure()
            self.scanned_count += page.scanned_count
            self._ended[page.slot] = page.is_last
            self._queues[page.slot].extend(page.entries)
            self._next_head(page.slot)
        return bool(self._heads)

    @property
    def may_have_more(self) -> bool:
        """Whether there may be a further item; nothing is read to find out."""
        return bool(self._heads or self._lacking)

    def _next_head(self, slot: int) -> None:
        """Put the next item of a shard among those that may be given; ask for more where there is
        none."""
        if self._queues[slot]:
            self._lacking.discard(slot)
            heapq.heappush(self._heads, self._queues[slot].popleft())
        elif self._ended[slot]:
            self._lacking.discard(slot)
            self.positions[slot] = True
        else:
            self._lacking.add(slot)
            self._wanted[slot].set()

    def _failure(self) -> Exception:
        """The error of the first shard that failed; that of a deadline before others."""
        outcomes = self._stream.outcomes
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        late = [error for error in errors if isinstance(error, DeadlineExceeded)]
        return (*late, *errors, UsageError("the block of these shards was left"))[0]

    # ---- as what a query gives

    async def all(self, *, passes_over: bool = False) -> list[ItemT]:
        """All items. See `DecodedPages.all`."""
        items: list[ItemT] = []
        try:
            async with self:
                while (page := await self.next()) is not None:
                    if self.errors:
                        if not passes_over:
                            return items
                        page = [item for item in page if not isinstance(item, Unreadable)]
                    items += cast("list[ItemT]", page)
        except DeadlineExceeded as error:
            error.result = items
            with suppress(UsageError):  # too many shards have no cursor
                error.cursor = shard_cursor(self._read, self.positions)
            raise
        return items

    def stream(self, *, collects_errors: bool) -> ItemStream[ItemT]:
        """The items one by one, in a block."""
        return ShardStream(self, self._capacity or Capacity(), collects_errors=collects_errors)


class ShardStream(ItemStream[ItemT]):
    """The items of several shards, in a block: `async with query.stream() as rows:`."""

    def __init__(
        self, pages: MergedShards[ItemT], capacity: Capacity, *, collects_errors: bool
    ) -> None:
        self._pages = pages
        self._capacity = capacity
        self._errors: list[Exception] = []
        self._items = ItemIterator[ItemT](pages.next, self._errors if collects_errors else None)

    @property
    def capacity(self) -> Capacity:
        return self._capacity

    @property
    def errors(self) -> list[Exception]:
        return list(self._errors)

    async def __aenter__(self) -> Self:
        await self._pages.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._pages.__aexit__(*exc_info)

    def __aiter__(self) -> ItemIterator[ItemT]:
        return self._items


async def count_shards(read: ReadRequest[Any], most_items: int | None) -> int:
    """How many items the shards have together, counted side by side, up to `most_items`.

    Raises:
        DeadlineExceeded, ServiceError, ConnectionFailed: of the first shard that failed.
    """
    partitions = _partitions(read)

    async def count(slot: int, outcome: Outcome[int]) -> None:
        outcome.value = 0
        reader = PartitionReader(
            partitions.slots[slot], partitions.attribute_name, most_items=most_items
        )
        while (page := await reader.next()) is not None:
            outcome.value += page.count

    count_of_shards = len(partitions.slots)
    jobs = [
        (Outcome[int](f"shard {slot + 1} of {count_of_shards}"), partial(count, slot))
        for slot in range(count_of_shards)
    ]
    await run_all(jobs, limit=count_of_shards, on_failure="stop")
    for outcome, _ in jobs:
        if outcome.error is not None:
            raise outcome.error
    total = sum(outcome.value or 0 for outcome, _ in jobs)
    return total if most_items is None else min(total, most_items)


def shard_cursor(read: ReadRequest[Any], positions: Sequence[Position]) -> str | None:
    """The cursor that goes on at these positions; None where every shard is at its end.

    Raises:
        UsageError: there are so many shards that the cursor would be too long.
    """
    if all(each is True for each in positions):
        return None
    cursor = read.cursor(list(positions))
    if len(cursor) > MAX_CURSOR_BYTES:
        raise UsageError(
            f"{len(positions)} shards have no cursor: it would hold a key of each and be "
            f"{len(cursor):,} bytes long, and a cursor has at most {MAX_CURSOR_BYTES:,}; "
            "stream() goes on without one"
        )
    return cursor


def _partitions(read: ReadRequest[ItemT]) -> PartitionReads[ReadRequest[ItemT]]:
    if read.partitions is None:
        raise TypeError("this query reads one partition")
    return read.partitions
