"""`async with orders.batch() as batch`: writes that are sent as they come."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Generic, Self, TypeVar, overload

from adorm.batch.batch_run import BatchOptions, ChunkErrorHook, Report, checked_concurrency
from adorm.batch.write_buffer import WriteBuffer
from adorm.batch.write_requests import BatchWriteResult, delete_request, put_request
from adorm.errors import AdormError, DeadlineExceeded, UsageError
from adorm.items.binding import Binding
from adorm.items.keys import NOT_GIVEN, Key
from adorm.retry import RetryPolicy
from adorm.schema.scalar_types import KeyValue

ModelT = TypeVar("ModelT")


class Batch(Generic[ModelT]):
    """Puts and deletes, sent in chunks of 25 as they come, and the rest at the end of the block.

    ::

        async with orders.batch() as batch:
            await batch.put(order)
            await batch.delete("c1", "o2")

    `put` and `delete` wait where `concurrency` chunks are in flight, so that memory is bounded.
    Later operations on one item win, in order: of those that wait the last one is sent, and an item
    whose write is in flight is not written a second time before that has arrived. Nothing is
    checked: a put is as `put(item).unchecked()`, as the item was when it was handed over, and an
    instance changes only after DynamoDB said yes (of a frozen model, not at all). Safe to share
    between the tasks of its loop.

    A body that raises sends nothing more: chunks in flight finish, what was sent stays. A body that
    is cancelled cancels them. When a chunk fails for good, those in flight finish, and the next
    call, or the end of the block, raises. A deadline around the block bounds its requests, one
    inside it bounds the waiting of `put`, `delete` and `flush`.

    Raises (in the block and at its end):
        UsageError: an item can't be stored, or the block has ended.
        BatchFailed: a chunk failed; `.result.unprocessed` is what was not written.
        DeadlineExceeded: the same, for a deadline.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
    """

    def __init__(
        self,
        binding: Binding,
        course: BatchOptions | None = None,
        retry: RetryPolicy | None = None,
        *,
        keeps_timestamps: bool = False,
    ) -> None:
        self._binding = binding
        self._keeps_timestamps = keeps_timestamps
        self._course = course or BatchOptions()
        self._retry = retry
        self._flow: WriteBuffer | None = None
        self._open = False

    # ---- clauses

    def concurrency(self, chunks: int, /) -> Batch[ModelT]:
        """Have at most this many requests in flight.

        Raises:
            UsageError: it is no positive whole number.
        """
        return self._with(concurrency=checked_concurrency(chunks))

    def on_progress(self, report: Report, /) -> Batch[ModelT]:
        """Call this after each answer with a `Progress`; its total is not known. What it raises
        ends the batch and leaves bare."""
        return self._with(report=report)

    def on_chunk_error(self, hook: ChunkErrorHook, /) -> Batch[ModelT]:
        """Ask this, sync or async, about each chunk that failed for good: "stop" or "continue" with
        the others."""
        return self._with(hook=hook)

    def collect_errors(self) -> Batch[ModelT]:
        """Try everything and raise nothing: after the block, `result` has the errors and what was
        not written."""
        return self._with(collects_errors=True)

    def retry(self, policy: RetryPolicy, /) -> Batch[ModelT]:
        """Use this policy in the place of the database's."""
        return Batch(self._binding, self._course, policy, keeps_timestamps=self._keeps_timestamps)

    def keep_timestamps(self) -> Batch[ModelT]:
        """Store `created_at` and `updated_at` as the instances have them, as an import does; by
        default they are the times of writes."""
        return Batch(self._binding, self._course, self._retry, keeps_timestamps=True)

    def _with(self, **changes: Any) -> Batch[ModelT]:
        if self._flow is not None:
            raise UsageError("this batch has begun: its clauses come before `async with`")
        course = self._course
        kept = {
            name: getattr(course, name)
            for name in ("concurrency", "report", "hook", "collects_errors")
        }
        return Batch(
            self._binding,
            BatchOptions(**{**kept, **changes}),
            self._retry,
            keeps_timestamps=self._keeps_timestamps,
        )

    # ---- the block

    async def __aenter__(self) -> Self:
        if self._flow is not None:
            raise UsageError("this batch was entered before: call batch() again")
        self._flow = WriteBuffer(self._binding.connection, self._course, self._retry)
        await self._flow.__aenter__()
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        flow = self._flow
        if flow is None:
            return
        self._open = False
        if error is not None:
            await flow.__aexit__(kind, error, trace)
            failed = len(flow.result().errors)
            if failed and not isinstance(error, AdormError):
                error.add_note(f"{failed} chunks of the batch failed as well: its .result tells")
            return
        try:
            await self._finish(flow)
        except DeadlineExceeded as late:
            flow.late = late
        flow.check()

    async def _finish(self, flow: WriteBuffer) -> None:
        try:
            await flow.flush()
        except BaseException as problem:
            await flow.__aexit__(type(problem), problem, problem.__traceback__)
            raise
        await flow.__aexit__(None, None, None)

    @property
    def result(self) -> BatchWriteResult[ModelT]:
        """What was written so far, and what was not.

        Raises:
            UsageError: the block has not begun.
        """
        return self._begun().result()

    async def put(self, item: ModelT, /) -> None:
        """Replace the whole item. It is taken as it is now; changes to the instance that follow are
        not sent."""
        flow = await self._ready()
        await flow.add(
            self._binding, put_request(self._binding, item, keeps_timestamps=self._keeps_timestamps)
        )
        await self._check(flow)

    @overload
    async def delete(self, partition: KeyValue, sort: KeyValue = ..., /) -> None: ...
    @overload
    async def delete(self, key: Key[ModelT] | tuple[KeyValue, KeyValue] | ModelT, /) -> None: ...
    async def delete(self, partition: Any, sort: Any = NOT_GIVEN, /) -> None:
        """Delete an item by its key, or an instance whatever its version. Deleting what is not
        there is no error."""
        flow = await self._ready()
        given = partition if sort is NOT_GIVEN else (partition, sort)
        await flow.add(self._binding, delete_request(self._binding, given))
        await self._check(flow)

    async def flush(self) -> None:
        """Send all that was handed over before, and wait until it is written."""
        flow = await self._ready()
        await flow.flush()
        await self._check(flow)

    def _begun(self) -> WriteBuffer:
        if self._flow is None:
            raise UsageError(
                "a batch is used inside its block: async with orders.batch() as batch: ..."
            )
        return self._flow

    async def _ready(self) -> WriteBuffer:
        flow = self._begun()
        if not self._open:
            raise UsageError(
                "this batch has ended, and nothing can be added to it: begin another with batch()"
            )
        await self._check(flow)
        return flow

    async def _check(self, flow: WriteBuffer) -> None:
        if flow.stopped:
            await flow.settle()
            flow.check()
