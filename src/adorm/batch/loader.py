"""`async with orders.loader() as loader`: single loads of many tasks become few BatchGetItems.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from contextvars import Context, copy_context
from itertools import islice
from typing import Any, Generic, Self, TypeVar, cast, overload

import anyio
import attrs
from anyio.lowlevel import checkpoint

from adorm.batch.chunk import Chunk, read_chunk
from adorm.batch.concurrency import DEFAULT_CONCURRENCY, checked_concurrency
from adorm.codec.pages import ItemPage
from adorm.concurrency.pool import Job, Pool, foreign_cancellation_as_error
from adorm.deadlines import within_deadline
from adorm.dynamodb.limits import MAX_GET_KEYS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.items.binding import Binding
from adorm.items.item_ids import ItemId, item_ids
from adorm.items.keys import Key, make_key
from adorm.items.kinds import OtherKind
from adorm.outcomes import Outcome
from adorm.retry import RetryPolicy
from adorm.schema.scalar_types import KeyValue

ModelT = TypeVar("ModelT")


@attrs.define(eq=False, repr=False)
class _Load:
    """One key that tasks wait for."""

    item_id: ItemId
    key: AttributeMap
    done: anyio.Event = attrs.Factory(anyio.Event)
    waiters: int = 0
    item: Any = None
    error: Exception | None = None


class Loader(Generic[ModelT]):
    """Reads single items for many tasks, up to 100 of them in one BatchGetItem.

    ::

        async with orders.loader() as loader:
            order = await loader.load("c1", "o1")

    Loads of one turn of the event loop travel together, and those of the following turns as long
    as each turn brings more. Tasks that load one key together get the same instance. Nothing is
    cached: a key that is loaded again later is read again, so that a task sees what it wrote
    before.

    A task that is cancelled does not disturb the others. If a chunk fails, each task that waits for
    one of its keys gets the error. Leaving the block ends the loads that are not done with a
    `UsageError`: start the tasks inside the block. A deadline around the block bounds its requests;
    one around `load` bounds that load.
    """

    def __init__(
        self,
        binding: Binding,
        *,
        consistent: bool = False,
        concurrency: int = DEFAULT_CONCURRENCY,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._binding = binding
        self._item_ids = item_ids(binding.info, binding.codec)
        self._table_options: dict[str, Any] = {"ConsistentRead": True} if consistent else {}
        self._retry = retry
        self._pool = Pool(checked_concurrency(concurrency), on_failure="continue")
        self._queue: dict[ItemId, _Load] = {}
        self._in_flight: set[_Load] = set()
        self._wake = anyio.Event()
        self._context: Context | None = None
        self._inside = False
        self._chunks = 0

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        self._context = copy_context()
        self._inside = True
        self._pool.start(self._dispatch)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._inside = False
        self._pool.cancel()
        try:
            await self._pool.__aexit__(None, None, None)
        finally:
            for load in (*self._queue.values(), *self._in_flight):
                load.error = UsageError(
                    "the loader's block was left while this load waited: "
                    "start the tasks that load inside the block"
                )
                load.done.set()
            self._queue.clear()
            self._in_flight.clear()

    @overload
    async def load(self, partition: KeyValue, sort: KeyValue = ..., /) -> ModelT | None: ...
    @overload
    async def load(self, key: Key[ModelT] | tuple[KeyValue, KeyValue], /) -> ModelT | None: ...
    async def load(self, *key: Any) -> ModelT | None:
        """The item; None if there is none.

        Raises:
            UsageError: the key has the wrong shape, or this is outside the block, or the block was
                left meanwhile.
            ItemDecodeError: the item does not fit the model.
            ServiceError, ConnectionFailed, DeadlineExceeded: its chunk failed.
        """
        if not self._inside:
            raise UsageError(
                "a loader is used inside its block: "
                "async with orders.loader() as loader: await loader.load(...)"
            )
        binding, table = self._binding, self._binding.table_name
        encoded = binding.encode_key(make_key(binding.info, key))
        item_id = self._item_ids.one(table, encoded)
        load = self._queue.get(item_id)
        if load is None:
            load = self._queue[item_id] = _Load(item_id, encoded)
            self._wake.set()
        load.waiters += 1
        try:
            doing = f"loading an item of {table}"
            async with within_deadline(doing, operation="BatchGetItem", subject=table):
                await load.done.wait()
        finally:
            load.waiters -= 1
            if not load.waiters and self._queue.get(item_id) is load:
                del self._queue[item_id]  # it was not sent yet, and no task waits for it any more
        if load.error is not None:
            raise load.error
        return cast("ModelT | None", load.item)

    async def _dispatch(self) -> None:
        while True:
            await self._wake.wait()
            await self._wait_for_more()
            if not await self._pool.acquire_slot():
                return
            loads = [self._queue.pop(each) for each in list(islice(self._queue, MAX_GET_KEYS))]
            if not self._queue:
                self._wake = anyio.Event()
            if not loads or self._context is None:
                self._pool.release_slot()
                continue
            self._in_flight.update(loads)
            self._chunks += 1
            outcome = Outcome[None](f"chunk {self._chunks:,}")
            # In the context of the block: the deadline of one task is not that of the others.
            self._context.run(self._pool.begin, outcome, self._reading(loads))

    async def _wait_for_more(self) -> None:
        """Let the loop turn while each turn brings more keys, until they fill a chunk."""
        known = 0
        while known < len(self._queue) < MAX_GET_KEYS:
            known = len(self._queue)
            await checkpoint()

    def _reading(self, loads: list[_Load]) -> Job[None]:
        binding, table = self._binding, self._binding.table_name
        by_id = {load.item_id: load for load in loads}

        def on_items(_table: str, ids: list[ItemId], page: ItemPage) -> None:
            errors: list[Exception] = []
            instances = binding.decode_each(page, errors)
            next_error = iter(errors)
            for item_id, instance in zip(ids, instances, strict=True):
                load = by_id[item_id]
                load.item = instance
                error = next(next_error) if instance is None else None
                load.error = None if isinstance(error, OtherKind) else error

        async def on_processed(ids: list[ItemId]) -> None:
            for item_id in ids:
                self._finish(by_id[item_id])

        async def read(outcome: Outcome[None]) -> None:
            chunk = Chunk(
                binding.connection,
                f"{table}, {outcome.label} of a loader",
                {table: self._item_ids},
                self._retry,
            )
            pending = {load.item_id: load.key for load in loads}
            try:
                with foreign_cancellation_as_error():
                    await read_chunk(chunk, pending, self._table_options, on_items, on_processed)
            except Exception as error:  # noqa: BLE001  # it is raised in the tasks that wait
                for item_id in pending:
                    by_id[item_id].error = error
                    self._finish(by_id[item_id])

        return read

    def _finish(self, load: _Load) -> None:
        self._in_flight.discard(load)
        load.done.set()
