"""Writes that arrive one by one, sent by 25 as they come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from operator import attrgetter
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio

from adorm.batch.batch_run import BatchOptions, BatchRun
from adorm.batch.write_requests import (
    MAX_CHUNK_BYTES,
    BatchWriteResult,
    ChunkWriter,
    WriteRequest,
    split_requests,
)
from adorm.concurrency.pool import OnFailure, Pool, foreign_cancellation_as_error
from adorm.concurrency.waits import within_deadline
from adorm.dynamodb.limits import MAX_WRITE_REQUESTS
from adorm.errors import DeadlineExceeded
from adorm.items.binding import Binding, Connection
from adorm.items.item_ids import ItemId, ItemIds, item_ids
from adorm.outcomes import Outcome
from adorm.retry import RetryPolicy

T = TypeVar("T")


class WriteBuffer:
    """A block that sends changes in chunks, `course.concurrency` of them at a time. Memory is
    bounded: `add` waits where all are busy.

    Later changes of one item win in order: of those that wait the last one is sent, and none while
    another is in flight. Safe to share between the tasks of its loop. Requests belong to the block
    and its deadline, waits to the caller and its own.
    """

    def __init__(
        self, connection: Connection, course: BatchOptions, retry: RetryPolicy | None
    ) -> None:
        self._locators: dict[str, ItemIds] = {}
        self._writing = ChunkWriter(connection, self._locators, retry)
        self._watch = BatchRun(connection, course, total=None, on_failure="drain")
        self._pool = Pool(course.concurrency, on_failure=self._decide)
        self._context: Context | None = None
        self._waiting: dict[ItemId, WriteRequest] = {}
        """To be sent next."""
        self._waiting_bytes = 0
        """What they have at most: of a change that was replaced it is left in."""
        self._held: dict[ItemId, WriteRequest] = {}
        """To be sent once the change before, of the same item, has arrived."""
        self._in_flight: dict[ItemId, WriteRequest] = {}
        self._left: dict[ItemId, WriteRequest] = {}
        """Of chunks that failed, where no later change of the same item was done."""
        self._count = 0
        self._chunks = 0
        self._news = anyio.Event()
        self._outcomes: list[Outcome[list[Any]]] = []
        self._under_way: list[Outcome[list[Any]]] = []
        self._refused: list[Any] = []
        self.late: DeadlineExceeded | None = None
        """A wait that the deadline ended."""
        self.when_stopped: Callable[[], object] = _nothing

    # ---- the block

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        self._context = copy_context()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave: chunks in flight finish, no other is sent. Being cancelled, here or inside,
        cancels them."""
        self._pool.stopped = True
        await self._pool.__aexit__(
            *((None, None, None) if isinstance(error, Exception) else (kind, error, trace))
        )

    # ---- changes

    @property
    def stopped(self) -> bool:
        """A chunk failed, and nothing more is sent."""
        return self._pool.stopped

    async def add(self, binding: Binding, change: WriteRequest) -> None:
        """Take a change; wait until there is room for its chunk where that is full.

        Cancelled while waiting, the change stays in the batch.
        """
        self._locators.setdefault(binding.table_name, item_ids(binding.info, binding.codec))
        self._count += 1
        change.number = self._count
        if change.place in self._in_flight:
            self._held[change.place] = change
        else:
            self._wait_for_room(change)
        while self._is_full() and await self._send():
            pass

    async def flush(self) -> None:
        """Send all that was added before, and wait until it has arrived, or nothing more is
        begun."""
        last = self._count
        while not self.stopped:
            if any(change.number <= last for change in self._waiting.values()):
                await self._send(partly=True)
            elif any(
                change.number <= last
                for change in (*self._in_flight.values(), *self._held.values())
            ):
                await self._wait()
            else:
                return

    async def settle(self) -> None:
        """Where nothing more is begun, wait for what is in flight."""
        while self.stopped and self._in_flight:
            await self._wait()

    async def refuse(self, label: str, given: object, error: Exception) -> None:
        """Note what is wrong with a change, before the wire; it means the same as a chunk that
        failed."""
        outcome = Outcome[list[Any]](label, [], error)
        self._outcomes.append(outcome)
        self._refused.append(given)
        await self._decide(outcome)

    # ---- chunks

    def _is_full(self) -> bool:
        if len(self._waiting) >= MAX_WRITE_REQUESTS:
            return True
        if self._waiting_bytes > MAX_CHUNK_BYTES:
            self._count_bytes()
        return self._waiting_bytes > MAX_CHUNK_BYTES

    def _wait_for_room(self, change: WriteRequest) -> None:
        self._waiting[change.place] = change
        self._waiting_bytes += change.size

    def _count_bytes(self) -> None:
        self._waiting_bytes = sum(change.size for change in self._waiting.values())

    async def _send(self, *, partly: bool = False) -> bool:
        """Begin a chunk once there is room for it; False where no further one begins."""
        if not await self._bounded(
            self._pool.acquire_slot, "waiting until a chunk of a batch had room"
        ):
            return False
        if not (self._waiting if partly else self._is_full()) or self._context is None:
            self._pool.release_slot()  # another task has sent it meanwhile
            return True
        chunk = split_requests(list(self._waiting.values()))[0]
        for place, change in chunk.items():
            del self._waiting[place]
            self._in_flight[place] = change
        self._count_bytes()
        self._chunks += 1
        outcome = Outcome[list[Any]](f"chunk {self._chunks:,}")
        # In the context of the block: the deadline of the task that happened to fill it is not that
        # of the others' items.
        self._under_way.append(outcome)
        self._context.run(self._pool.begin, outcome, self._sending(chunk))
        return True

    def _sending(self, chunk: dict[ItemId, WriteRequest]) -> Callable[[Outcome[list[Any]]], Any]:
        async def send(outcome: Outcome[list[Any]]) -> None:
            pending = dict(chunk)
            try:
                with foreign_cancellation_as_error():
                    await self._writing.write(outcome, pending, self._watch.note)
                self._under_way.remove(outcome)
            except Exception:
                self._under_way.remove(outcome)
                self._outcomes.append(outcome)
                raise
            finally:
                self._arrived(chunk, pending)

        return send

    def _arrived(
        self, chunk: dict[ItemId, WriteRequest], pending: dict[ItemId, WriteRequest]
    ) -> None:
        for place, change in chunk.items():
            del self._in_flight[place]
            if place in pending:
                self._left[place] = change
            else:
                self._left.pop(place, None)
            held = self._held.pop(place, None)
            if held is not None:
                self._wait_for_room(held)
        self._tell()

    async def _decide(self, outcome: Outcome[Any]) -> OnFailure:
        decision = await self._watch.decide(outcome)
        if decision != "continue":
            self._pool.stopped = True
            self.when_stopped()
        self._tell()
        return decision

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()

    async def _wait(self) -> None:
        await self._bounded(self._news.wait, "waiting for chunks of a batch")

    async def _bounded(self, wait: Callable[[], Awaitable[T]], doing: str) -> T:
        try:
            return await within_deadline(
                wait,
                doing,
                operation="BatchWriteItem",
                subject=", ".join(sorted(self._locators)) or None,
            )
        except DeadlineExceeded as error:
            error.result = self.result()
            error.outcomes = error.result.outcomes
            raise

    # ---- what became of them

    def result(self) -> BatchWriteResult[Any]:
        """What was done so far."""
        latest = {**self._left, **self._in_flight, **self._waiting, **self._held}
        unprocessed = sorted(latest.values(), key=attrgetter("number"))
        errors: list[Exception] = [
            outcome.error for outcome in self._outcomes if outcome.error is not None
        ]
        if self.late is not None:
            errors.append(self.late)
        left = [*self._refused, *(change.given for change in unprocessed)]
        return BatchWriteResult(
            self._writing.written, left, errors, list(self._outcomes), self._writing.capacity
        )

    def check(self) -> None:
        """Raise what is to be raised.

        Raises:
            BatchFailed, DeadlineExceeded: a chunk failed.
        """
        result = self.result()
        self._watch.check(
            f"batch write to {' and '.join(sorted(self._locators))}",
            result.errors,
            result.outcomes,
            result,
        )


def _nothing() -> None:
    """Nobody waits to hear of it."""
