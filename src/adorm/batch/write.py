"""`orders.batch_write(puts=..., deletes=...)`: any number of puts and deletes.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html: 25 items and
16 MB a request.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import anyio
import attrs

from adorm.batch.batch_options import BatchOfPuts
from adorm.batch.batch_run import BatchRun, chunk_outcomes
from adorm.batch.chunk import by_table
from adorm.batch.inputs import as_list, numbered, run_in_turns
from adorm.batch.write_buffer import WriteBuffer, do_nothing
from adorm.batch.write_request import (
    BatchWriteResult,
    ChunkWriter,
    WriteRequest,
    delete_request,
    put_request,
    split_requests,
)
from adorm.concurrency.pool import run_all
from adorm.errors import DeadlineExceeded, UsageError
from adorm.items.binding import Binding, Connection
from adorm.items.item_ids import ItemId, item_ids
from adorm.items.plan import Plan, write_cost
from adorm.outcomes import Outcome
from adorm.schema.model_options import HOOKS

if TYPE_CHECKING:
    from adorm.models import ModelInfo

ModelT = TypeVar("ModelT")

CLOSE_TIMEOUT_S = 5.0
"""For the end of an async generator that gave the puts."""

Bind: TypeAlias = Callable[[Any], Binding]
"""Gives the table of an instance or a key."""


@attrs.define(eq=False, repr=False)
class BatchWrite(BatchOfPuts[BatchWriteResult[ModelT]], Generic[ModelT]):
    """Puts and deletes, in chunks of 25, several chunks at a time.

    Nothing is checked: a put is as `put(item).unchecked()`, the last writer wins. It costs the same
    units as single writes. Of two puts of one item the last one is sent; one key in both puts and
    deletes is refused. Instances change only after DynamoDB said yes. Items that DynamoDB leaves
    unprocessed are sent again, with full jitter and under the deadline. When a chunk fails for
    good, those in flight finish, and no other begins.

    Raises (when awaited):
        UsageError: an item can't be stored; the message has its number. Nothing was sent, unless
            the puts are an async iterable.
        BatchFailed: a chunk failed. `.result` has what was written, `.result.unprocessed` what was
            not.
        DeadlineExceeded: a deadline passed; it has the same attributes.
    """

    _connection: Connection
    _bind: Bind
    _puts: tuple[ModelT, ...] | AsyncIterable[ModelT]
    _deletes: tuple[Any, ...]

    def _put_request(self, binding: Binding, item: object) -> WriteRequest:
        return put_request(binding, item, keeps_timestamps=self._keeps_timestamps)

    # ---- what is sent

    def _requests(self) -> list[WriteRequest]:
        """All puts and deletes; of several puts of one item the last one.

        Raises:
            UsageError: one can't be encoded; the message has its number.
        """
        requests: dict[ItemId, WriteRequest] = {}
        puts = () if isinstance(self._puts, AsyncIterable) else self._puts
        for _ in self._steps(requests, puts):
            pass
        return list(requests.values())

    def _steps(
        self, requests: dict[ItemId, WriteRequest], puts: tuple[ModelT, ...]
    ) -> Iterator[None]:
        """Encode one put or delete after the other into `requests`."""
        for request in _encoded("put", puts, self._bind, self._put_request):
            requests[request.item_id] = request
            yield
        put_ids = set(requests)
        for request in _encoded("delete", self._deletes, self._bind, delete_request):
            if request.item_id in put_ids:
                raise _in_both(request)
            requests.setdefault(request.item_id, request)
            yield

    def request(self) -> dict[str, Any]:
        """The first exact DynamoDB request, without sending it and without async puts."""
        chunks = split_requests(self._requests())
        first = chunks[0] if chunks else {}
        return {"RequestItems": by_table({key: each.request for key, each in first.items()})}

    def explain(self) -> Plan:
        chunks = split_requests(self._requests())
        tables = {str(item_id[0]) for chunk in chunks for item_id in chunk}
        count = sum(map(len, chunks))
        is_async = isinstance(self._puts, AsyncIterable)
        more = ", and what the async iterable gives" if is_async else ""
        at_a_time = min(self._batch_options.concurrency, max(len(chunks), 1))
        return Plan(
            operation="BatchWriteItem",
            table=", ".join(sorted(tables)),
            reason=f"{count:,} items to write in {len(chunks):,} chunks, "
            f"{at_a_time} at a time{more}",
            cost=write_cost(),
        )

    # ---- writing

    async def _run(self) -> BatchWriteResult[ModelT]:
        if isinstance(self._puts, AsyncIterable):
            return await self._run_async(self._puts)
        puts = self._puts
        if self._has_hooks(puts):
            puts = await self._before_hooks(puts)
        by_id: dict[ItemId, WriteRequest] = {}
        await run_in_turns(self._steps(by_id, puts))
        requests = list(by_id.values())
        bindings = [self._bind(request.target) for request in requests]
        writer = ChunkWriter(
            self._connection,
            {each.table_name: item_ids(each.info, each.codec) for each in bindings},
            self._retry,
        )
        options = self._batch_options
        run = BatchRun(self._connection, options, total=len(requests), on_failure="drain")
        chunks = split_requests(requests)
        outcomes: list[Outcome[list[Any]]] = chunk_outcomes(len(chunks), list[Any])

        jobs = [
            (outcome, partial(writer.write, chunk, run.add_done))
            for outcome, chunk in zip(outcomes, chunks, strict=True)
        ]
        if chunks:
            await run_all(jobs, limit=options.concurrency, on_failure=run.decide)
        left = [request.target for chunk in chunks for request in chunk.values()]
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        result = BatchWriteResult[ModelT](writer.written, left, errors, outcomes, writer.capacity)
        run.check(f"batch write to {writer.tables}", errors, outcomes, result)
        return result

    def _has_hooks(self, puts: tuple[ModelT, ...]) -> bool:
        """Whether the model of one of the instances has hooks."""
        classes = {*map(type, puts), *map(type, self._deletes)}
        return any(HOOKS in cls.__dict__ for cls in classes)

    async def _before_hooks(self, puts: tuple[ModelT, ...]) -> tuple[ModelT, ...]:
        """Call the hooks before all writes; gives the puts of what they have left."""
        from adorm.items.hooks import before_each

        def info_of(instance: Any) -> ModelInfo:
            return self._bind(instance).info

        made = await before_each("save", puts, info_of, "put")
        await before_each("delete", self._deletes, info_of, "delete")
        return made

    async def _run_async(self, puts: AsyncIterable[ModelT]) -> BatchWriteResult[ModelT]:
        if self._has_hooks(()):
            await self._before_hooks(())
        deletes = self._requests()
        buffer = WriteBuffer(self._connection, self._batch_options, self._retry)
        try:
            async with buffer:
                for request in deletes:
                    await buffer.add(self._bind(request.target), request)
                await self._add_puts(puts, buffer, {each.item_id: each for each in deletes})
                await buffer.flush()
        except DeadlineExceeded as error:
            buffer.late = error
        except Exception as error:
            error.add_note(f"the batch had written {buffer.result().written:,} items before this")
            raise
        buffer.check()
        return buffer.result()

    async def _add_puts(
        self, puts: AsyncIterable[ModelT], buffer: WriteBuffer, deletes: dict[ItemId, WriteRequest]
    ) -> None:
        iterator = aiter(puts)
        # A chunk that fails ends the wait for the next item.
        with anyio.CancelScope() as waiting:
            buffer.when_stopped = waiting.cancel
            try:
                number = 0
                while not buffer.stopped:
                    try:
                        item = await anext(iterator)
                    except StopAsyncIteration:
                        return
                    number += 1
                    try:
                        binding = self._bind(item)
                        if HOOKS in type(item).__dict__:
                            item = await self._after_own_hooks(binding, item, number, buffer)
                            buffer.when_stopped = waiting.cancel
                            if item is None:
                                continue
                        request = self._put_request(binding, item)
                        if request.item_id in deletes:
                            raise _in_both(deletes[request.item_id])
                    except UsageError as error:
                        refusal = numbered(error, "put", number, None)
                        await buffer.refuse(f"put {number:,}", item, refusal)
                    else:
                        await buffer.add(binding, request)
            finally:
                buffer.when_stopped = do_nothing
                await _close(iterator)

    async def _after_own_hooks(
        self, binding: Binding, item: Any, number: int, buffer: WriteBuffer
    ) -> Any:
        """What the hooks before the put of an item have left; None where one raised.

        A chunk that fails does not end the wait for them: the item would be lost.
        """
        from adorm.items.hooks import run_before

        buffer.when_stopped = do_nothing
        try:
            return await run_before(binding.info, "save", item)
        except Exception as error:  # noqa: BLE001  # it is the outcome of this item
            error.add_note(f"a hook raised this for put {number:,}: it was not sent")
            await buffer.refuse(f"put {number:,}", item, error)
            return None


def _encoded(
    what: str, targets: tuple[Any, ...], bind: Bind, encode: Callable[[Binding, Any], WriteRequest]
) -> Iterator[WriteRequest]:
    for number, target in enumerate(targets, start=1):
        try:
            request = encode(bind(target), target)
        except UsageError as error:
            raise numbered(error, what, number, len(targets)) from error
        yield request


def _in_both(delete: WriteRequest) -> UsageError:
    return UsageError(
        f"{delete.target} is in both puts and deletes: take it out of one of them, "
        "for they have no order"
    )


async def _close(iterator: AsyncIterator[Any]) -> None:
    """End an async generator in the task that entered its cancel scopes: asyncio would not."""
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with anyio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
            await close()


def batch_write(
    connection: Connection,
    bind: Bind,
    puts: Iterable[ModelT] | AsyncIterable[ModelT],
    deletes: Iterable[Any],
) -> BatchWrite[ModelT]:
    """A batch of these puts and deletes.

    They are made tuples, to be iterated more than once; an async iterable stays as it is.

    Raises:
        UsageError: an argument is not iterable.
    """
    if not isinstance(puts, AsyncIterable):
        puts = tuple(as_list("puts", puts))
    return BatchWrite(connection, bind, puts, tuple(as_list("deletes", deletes)))
