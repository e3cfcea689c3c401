"""`async with orders.loader() as loader`: single loads of many tasks become few BatchGets.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from contextvars import Context, copy_context
from itertools import islice
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast, overload

import anyio
import attrs
from anyio.lowlevel import checkpoint

from adorm.batch.batch_run import checked_concurrency
from adorm.batch.limits import DEFAULT_CONCURRENCY
from adorm.codec.pages import PageItems
from adorm.concurrency.pool import Job, Pool, foreign_cancellation_as_error
from adorm.concurrency.waits import within_deadline
from adorm.dynamodb.limits import MAX_GET_KEYS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.items.binding import Binding
from adorm.items.item_ids import ItemId, item_ids
from adorm.items.keys import NOT_GIVEN, Key, make_key
from adorm.items.kinds import OtherKind
from adorm.items.unprocessed import Chunk, read_chunk
from adorm.outcomes import Outcome
from adorm.retry import RetryPolicy
from adorm.schema.scalar_types import KeyValue

ModelT = TypeVar("ModelT")


@attrs.define(eq=False, repr=False)
class _Load:
    """One key that is waited for."""

    place: ItemId
    key: AttributeMap
    done: anyio.Event = attrs.Factory(anyio.Event)
    waiters: int = 0
    item: Any = None
    error: Exception | None = None


class Loader(Generic[ModelT]):
    """Loads of many tasks travel together: those of one turn of the event loop, and of the next
    while each brings more.

    A BatchGetItem takes up to 100 keys, each once.

    ::

        async with orders.loader() as loader:
            order = await loader.load("c1", "o1")

    Tasks that load one key together get the same instance. Nothing is remembered: a key that is
    loaded again later is read again, so that a task sees what it wrote before. A task that is
    cancelled harms no other; where a chunk fails, each task that waits for one of its keys gets the
    error. Leaving the block ends the loads under way with a `UsageError`: start the tasks inside
    it. A deadline around the block bounds its requests, one around `load` bounds that load.
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
        self._options: dict[str, Any] = {"ConsistentRead": True} if consistent else {}
        self._retry = retry
        self._pool = Pool(checked_concurrency(concurrency), on_failure="continue")
        self._queue: dict[ItemId, _Load] = {}
        self._under_way: set[_Load] = set()
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

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inside = False
        self._pool.cancel()
        try:
            await self._pool.__aexit__(None, None, None)
        finally:
            for load in (*self._queue.values(), *self._under_way):
                load.error = UsageError(
                    "the loader's block was left while this load waited: start the tasks that load inside the block"
                )
                load.done.set()
            self._queue.clear()
            self._under_way.clear()

    @overload
    async def load(self, partition: KeyValue, sort: KeyValue = ..., /) -> ModelT | None: ...
    @overload
    async def load(self, key: Key[ModelT] | tuple[KeyValue, KeyValue], /) -> ModelT | None: ...
    async def load(self, partition: Any, sort: Any = NOT_GIVEN, /) -> ModelT | None:
        """The item, or None.

        Raises:
            UsageError: outside the block, or the block was left meanwhile; or the key has the wrong
                shape.
            ItemDecodeError: the item does not fit the model.
            ServiceError, ConnectionFailed, DeadlineExceeded: its chunk failed.
        """
        if not self._inside:
            raise UsageError(
                "a loader is used inside its block: async with orders.loader() as loader: await loader.load(...)"
            )
        binding = self._binding
        key = binding.encode_key(make_key(binding.info, partition, sort))
        place = item_ids(binding.info, binding.codec).one(binding.table_name, key)
        load = self._queue.get(place)
        if load is None:
            load = self._queue[place] = _Load(place, key)
            self._wake.set()
        load.waiters += 1
        try:
            table = binding.table_name
            await within_deadline(
                load.done.wait,
                f"loading an item of {table}",
                operation="BatchGetItem",
                subject=table,
            )
        finally:
            load.waiters -= 1
            if not load.waiters and self._queue.get(place) is load:
                del self._queue[place]  # nobody waits for it any more, and it was not sent
        if load.error is not None:
            raise load.error
        return cast("ModelT | None", load.item)

    async def _dispatch(self) -> None:
        while True:
            await self._wake.wait()
            await self._gather_more()
            if not await self._pool.acquire_slot():
                return
            loads = [self._queue.pop(place) for place in list(islice(self._queue, MAX_GET_KEYS))]
            if not self._queue:
                self._wake = anyio.Event()
            if not loads or self._context is None:
                self._pool.release_slot()
                continue
            self._under_way.update(loads)
            self._chunks += 1
            # In the context of the block: the deadline of the task that came first is not that of
            # the others.
            self._context.run(
                self._pool.begin, Outcome[None](f"chunk {self._chunks:,}"), self._reading(loads)
            )

    async def _gather_more(self) -> None:
        """Let the loop turn while each turn brings more keys, until they fill a chunk."""
        waiting = 0
        while waiting < len(self._queue) < MAX_GET_KEYS:
            waiting = len(self._queue)
            await checkpoint()

    def _reading(self, loads: list[_Load]) -> Job[None]:
        binding = self._binding
        table = binding.table_name
        by_place = {load.place: load for load in loads}

        def take(_table: str, places: list[ItemId], items: PageItems) -> None:
            wrong: list[Exception] = []
            found = binding.decode_each(items, wrong)
            errors = iter(wrong)
            for place, item in zip(places, found, strict=True):
                by_place[place].item = item
                error = next(errors) if item is None else None
                by_place[place].error = None if isinstance(error, OtherKind) else error

        async def settled(places: list[ItemId]) -> None:
            for place in places:
                self._end(by_place[place])

        async def read(outcome: Outcome[None]) -> None:
            chunk = Chunk(
                binding.connection,
                f"{table}, {outcome.label} of a loader",
                {table: item_ids(binding.info, binding.codec)},
                self._retry,
            )
            pending = {load.place: load.key for load in loads}
            try:
                with foreign_cancellation_as_error():
                    await read_chunk(chunk, pending, self._options, take, settled)
            except Exception as error:  # noqa: BLE001  # it goes to the tasks that wait
                for place in pending:
                    load = by_place[place]
                    load.error = error
                    self._end(load)

        return read

    def _end(self, load: _Load) -> None:
        self._under_way.discard(load)
        load.done.set()
