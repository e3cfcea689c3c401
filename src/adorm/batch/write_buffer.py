"""Puts and deletes that arrive one by one, sent by 25 as they come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from functools import partial
from operator import attrgetter
from typing import Any, Self, TypeVar

import anyio

from adorm.batch.batch_options import BatchOptions
from adorm.batch.batch_run import BatchRun
from adorm.batch.write_request import (
    MAX_CHUNK_BYTES,
    BatchWriteResult,
    ChunkWriter,
    WriteRequest,
    split_requests,
)
from adorm.concurrency.pool import OnFailure, Pool, foreign_cancellation_as_error
from adorm.deadlines import within_deadline
from adorm.dynamodb.limits import MAX_WRITE_REQUESTS
from adorm.errors import DeadlineExceeded
from adorm.items.binding import Binding, Connection
from adorm.items.item_ids import ItemId, ItemIds, item_ids
from adorm.outcomes import Outcome
from adorm.retry import RetryPolicy

T = TypeVar("T")


class WriteBuffer:
    """A block that sends writes in chunks, several chunks at a time.

    Memory is bounded: `add` waits while all chunks are in flight. Of several writes of one item
    that wait, the last one is sent; while one is in flight, a later one is held back until it has
    arrived. Several tasks of the loop may share it. Requests are bounded by the deadline around the
    block, waits by the deadline around the caller.
    """

    def __init__(
        self, connection: Connection, options: BatchOptions, retry: RetryPolicy | None
    ) -> None:
        self._item_ids: dict[str, ItemIds] = {}
        self._writer = ChunkWriter(connection, self._item_ids, retry)
        self._run = BatchRun(connection, options, total=None, on_failure="drain")
        self._pool = Pool(options.concurrency, on_failure=self._decide)
        self._context: Context | None = None
        self._waiting: dict[ItemId, WriteRequest] = {}
        """Sent next."""
        self._waiting_bytes = 0
        """At least the bytes of those that wait: those of replaced writes are still counted."""
        self._held_back: dict[ItemId, WriteRequest] = {}
        """Sent when the write of the same item that is in flight has arrived."""
        self._in_flight: dict[ItemId, WriteRequest] = {}
        self._failed: dict[ItemId, WriteRequest] = {}
        """Of chunks that failed, unless a later write of the same item was done."""
        self._count = 0
        self._chunks = 0
        self._changed = anyio.Event()
        self._outcomes: list[Outcome[list[Any]]] = []
        """Of chunks that are in flight, or ended otherwise than by being written."""
        self._refused: list[Any] = []
        self.late: DeadlineExceeded | None = None
        """Raised by a wait, when the deadline around the caller passed."""
        self.when_stopped: Callable[[], object] = do_nothing

    # ---- the block

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        self._context = copy_context()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Send nothing more, and wait for the chunks in flight. A cancellation cancels them."""
        self._pool.stopped = True
        if isinstance(error, Exception):
            await self._pool.__aexit__(None, None, None)
        else:
            await self._pool.__aexit__(kind, error, trace)

    # ---- adding writes

    @property
    def stopped(self) -> bool:
        """A chunk failed, and nothing more is sent."""
        return self._pool.stopped

    async def add(self, binding: Binding, request: WriteRequest) -> None:
        """Add a write, and wait until there is a free slot for its chunk if that is full.

        If this is cancelled while it waits, the write stays in the buffer.
        """
        self._item_ids.setdefault(binding.table_name, item_ids(binding.info, binding.codec))
        self._count += 1
        request.number = self._count
        if request.item_id in self._in_flight:
            self._held_back[request.item_id] = request
        else:
            self._enqueue(request)
        while self._is_full() and await self._send():
            pass

    async def flush(self) -> None:
        """Send all that was added before, and wait until it arrived, or nothing more is sent."""
        last = self._count

        def has_earlier(requests: dict[ItemId, WriteRequest]) -> bool:
            return any(request.number <= last for request in requests.values())

        while not self.stopped:
            if has_earlier(self._waiting):
                await self._send(partly=True)
            elif has_earlier(self._in_flight) or has_earlier(self._held_back):
                await self._wait()
            else:
                return

    async def wait_for_arrivals(self) -> None:
        """If nothing more is sent, wait for what is in flight."""
        while self.stopped and self._in_flight:
            await self._wait()

    async def refuse(self, label: str, target: object, error: Exception) -> None:
        """Record a write that can't be encoded. It counts as a chunk that failed."""
        outcome = Outcome[list[Any]](label, [], error)
        self._outcomes.append(outcome)
        self._refused.append(target)
        await self._decide(outcome)

    # ---- sending chunks

    def _is_full(self) -> bool:
        if len(self._waiting) < MAX_WRITE_REQUESTS and self._waiting_bytes > MAX_CHUNK_BYTES:
            self._count_bytes()
        return len(self._waiting) >= MAX_WRITE_REQUESTS or self._waiting_bytes > MAX_CHUNK_BYTES

    def _enqueue(self, request: WriteRequest) -> None:
        self._waiting[request.item_id] = request
        self._waiting_bytes += request.size

    def _count_bytes(self) -> None:
        self._waiting_bytes = sum(request.size for request in self._waiting.values())

    async def _send(self, *, partly: bool = False) -> bool:
        """Begin a chunk when there is a free slot; False if no other chunk begins.

        `partly=True`: begin it even if it is not full.
        """
        doing = "waiting until a chunk of a batch had room"
        if not await self._within_deadline(self._pool.acquire_slot, doing):
            return False
        if not (self._waiting if partly else self._is_full()) or self._context is None:
            self._pool.release_slot()  # another task has sent it meanwhile
            return True
        chunk = split_requests(list(self._waiting.values()))[0]
        for item_id, request in chunk.items():
            del self._waiting[item_id]
            self._in_flight[item_id] = request
        self._count_bytes()
        self._chunks += 1
        outcome = Outcome[list[Any]](f"chunk {self._chunks:,}")
        self._outcomes.append(outcome)
        # In the context of the block: the deadline of the task that filled the chunk is not that of
        # the other tasks' items.
        self._context.run(self._pool.begin, outcome, partial(self._send_chunk, chunk))
        return True

    async def _send_chunk(
        self, chunk: dict[ItemId, WriteRequest], outcome: Outcome[list[Any]]
    ) -> None:
        pending = dict(chunk)
        try:
            with foreign_cancellation_as_error():
                await self._writer.write(pending, self._run.add_done, outcome)
            self._outcomes.remove(outcome)
        finally:
            for item_id, request in chunk.items():
                del self._in_flight[item_id]
                if item_id in pending:
                    self._failed[item_id] = request
                else:
                    self._failed.pop(item_id, None)
                if (later := self._held_back.pop(item_id, None)) is not None:
                    self._enqueue(later)
            self._wake_waiters()

    async def _decide(self, outcome: Outcome[Any]) -> OnFailure:
        decision = await self._run.decide(outcome)
        if decision != "continue":
            self._pool.stopped = True
            self.when_stopped()
        self._wake_waiters()
        return decision

    def _wake_waiters(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    async def _wait(self) -> None:
        await self._within_deadline(self._changed.wait, "waiting for chunks of a batch")

    async def _within_deadline(self, wait: Callable[[], Awaitable[T]], doing: str) -> T:
        tables = ", ".join(sorted(self._item_ids)) or None
        try:
            async with within_deadline(doing, operation="BatchWriteItem", subject=tables):
                return await wait()
        except DeadlineExceeded as error:
            error.result = self.result()
            error.outcomes = error.result.outcomes
            raise

    # ---- the result

    def result(self) -> BatchWriteResult[Any]:
        """What was done so far."""
        latest = {**self._failed, **self._in_flight, **self._waiting, **self._held_back}
        unprocessed = sorted(latest.values(), key=attrgetter("number"))
        errors: list[Exception] = [each.error for each in self._outcomes if each.error is not None]
        if self.late is not None:
            errors.append(self.late)
        return BatchWriteResult(
            self._writer.written,
            [*self._refused, *(request.target for request in unprocessed)],
            errors,
            list(self._outcomes),
            self._writer.capacity,
        )

    def check(self) -> None:
        """Raise the error that ends the batch, if there is one.

        Raises:
            BatchFailed, DeadlineExceeded: a chunk failed.
        """
        result = self.result()
        self._run.check(
            f"batch write to {self._writer.tables}", result.errors, result.outcomes, result
        )


def do_nothing() -> None:
    """Does nothing: the default of `WriteBuffer.when_stopped`."""
