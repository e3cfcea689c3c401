"""`async with orders.batch() as batch`: a block whose writes are sent as they come."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar, overload

import attrs

from adorm.batch.batch_options import BatchClauses, BatchOptions
from adorm.batch.write_buffer import WriteBuffer
from adorm.batch.write_request import BatchWriteResult, delete_request, put_request
from adorm.errors import AdormError, DeadlineExceeded, UsageError
from adorm.items.binding import Binding, bound_to
from adorm.items.keys import Key
from adorm.models import is_instance
from adorm.retry import RetryPolicy
from adorm.schema.model_options import HOOKS
from adorm.schema.scalar_types import KeyValue

ModelT = TypeVar("ModelT")


@attrs.define(eq=False, repr=False)
class Batch(BatchClauses, Generic[ModelT]):
    """Puts and deletes, sent in chunks of 25 as they come, and the rest at the end of the block.

    ::

        async with orders.batch() as batch:
            await batch.put(order)
            await batch.delete("c1", "o2")

    `put` and `delete` wait while `concurrency` chunks are in flight, so that memory is bounded.
    Of several writes of one item the last one wins: of those that wait only the last one is sent,
    and an item whose write is in flight is not written again before that has arrived. Nothing is
    checked: a put is as `put(item).unchecked()`. It stores the item as it was when it was handed
    over. An instance changes only after DynamoDB said yes; a frozen one never. Several tasks of the
    loop may share the block.

    A body that raises sends nothing more: chunks in flight finish, what was sent stays. A body that
    is cancelled cancels them. When a chunk fails for good, those in flight finish, and the next
    call, or the end of the block, raises. A deadline around the block bounds its requests; one
    inside it bounds the waiting of `put`, `delete` and `flush`.

    Raises (in the block and at its end):
        UsageError: an item can't be stored, or the block has ended.
        BatchFailed: a chunk failed. `.result.unprocessed` is what was not written.
        DeadlineExceeded: a deadline passed; it has the same attributes.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
    """

    _binding: Binding
    _options: BatchOptions = attrs.Factory(BatchOptions)
    _retry: RetryPolicy | None = None
    _keeps_timestamps: bool = False
    _buffer: WriteBuffer | None = attrs.field(default=None, init=False)
    _open: bool = attrs.field(default=False, init=False)

    # ---- clauses, before the block

    def retry(self, policy: RetryPolicy, /) -> Self:
        """Use this retry policy instead of the database's."""
        return self._with(retry=policy)

    def keep_timestamps(self) -> Self:
        """Store `created_at` and `updated_at` as the instances have them, as an import does.

        By default they are the times of writes.
        """
        return self._with(keeps_timestamps=True)

    def _with_options(self, **options: Any) -> Self:
        return self._with(options=attrs.evolve(self._options, **options))

    def _with(self, **changed: Any) -> Self:
        if self._buffer is not None:
            raise UsageError("this batch has begun: its clauses come before `async with`")
        return attrs.evolve(self, **changed)

    # ---- the block

    async def __aenter__(self) -> Self:
        if self._buffer is not None:
            raise UsageError("this batch was entered before: call batch() again")
        self._buffer = WriteBuffer(self._binding.connection, self._options, self._retry)
        await self._buffer.__aenter__()
        self._open = True
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        buffer = self._buffer
        if buffer is None:
            return
        self._open = False
        if error is not None:
            await buffer.__aexit__(kind, error, trace)
            failed = len(buffer.result().errors)
            if failed and not isinstance(error, AdormError):
                error.add_note(f"{failed} chunks of the batch failed as well: see its .result")
            return
        try:
            await self._flush_and_leave(buffer)
        except DeadlineExceeded as late:
            buffer.late = late
        buffer.check()

    async def _flush_and_leave(self, buffer: WriteBuffer) -> None:
        try:
            await buffer.flush()
        except BaseException as problem:
            await buffer.__aexit__(type(problem), problem, problem.__traceback__)
            raise
        await buffer.__aexit__(None, None, None)

    @property
    def result(self) -> BatchWriteResult[ModelT]:
        """What was written so far, and what was not.

        Raises:
            UsageError: the block has not begun.
        """
        return self._begun().result()

    async def put(self, item: ModelT, /) -> None:
        """Replace the whole item by what the instance holds now; later changes are not sent."""
        buffer = await self._ready()
        binding, keeps = bound_to(self._binding, item), self._keeps_timestamps
        if HOOKS in type(item).__dict__:
            from adorm.items.hooks import run_before

            item = await run_before(binding.info, "save", item)
        await buffer.add(binding, put_request(binding, item, keeps_timestamps=keeps))
        await self._check(buffer)

    @overload
    async def delete(self, partition: KeyValue, sort: KeyValue = ..., /) -> None: ...
    @overload
    async def delete(self, key: Key[ModelT] | tuple[KeyValue, KeyValue] | ModelT, /) -> None: ...
    async def delete(self, *target: Any) -> None:
        """Delete by a key, or an instance of any version; a missing item is no error."""
        buffer = await self._ready()
        given, binding = target[0] if len(target) == 1 else target, self._binding
        if binding.info.is_abstract and is_instance(binding.info, given):
            binding = bound_to(binding, given)
        if HOOKS in type(given).__dict__:
            from adorm.items.hooks import run_before

            await run_before(binding.info, "delete", given)
        await buffer.add(binding, delete_request(binding, given))
        await self._check(buffer)

    async def flush(self) -> None:
        """Send all that was handed over before, and wait until it is written."""
        buffer = await self._ready()
        await buffer.flush()
        await self._check(buffer)

    def _begun(self) -> WriteBuffer:
        if self._buffer is None:
            raise UsageError(
                "a batch is used inside its block: async with orders.batch() as batch: ..."
            )
        return self._buffer

    async def _ready(self) -> WriteBuffer:
        buffer = self._begun()
        if not self._open:
            raise UsageError(
                "this batch has ended, and nothing can be added to it: begin another with batch()"
            )
        await self._check(buffer)
        return buffer

    async def _check(self, buffer: WriteBuffer) -> None:
        if buffer.stopped:
            await buffer.wait_for_arrivals()
            buffer.check()
