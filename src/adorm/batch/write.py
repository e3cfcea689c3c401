"""`orders.batch_write(puts=..., deletes=...)`: any number of puts and deletes.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html: 25 items and
16 MB a request.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Generic, Self, TypeAlias, TypeVar

import anyio
import attrs

from adorm.batch.batch_run import BatchRun, Chunked, chunk_outcomes, listed, placed, take_turns
from adorm.batch.write_buffer import WriteBuffer
from adorm.batch.write_requests import (
    BatchWriteResult,
    ChunkWriter,
    WriteRequest,
    delete_request,
    put_request,
    split_requests,
)
from adorm.concurrency.pool import Job, run_all
from adorm.errors import DeadlineExceeded, UsageError
from adorm.items.binding import Binding, Connection
from adorm.items.item_ids import ItemId, item_ids
from adorm.items.plan import Plan, write_cost
from adorm.items.unprocessed import by_table
from adorm.outcomes import Outcome

ModelT = TypeVar("ModelT")

CLOSE_TIMEOUT_S = 5.0

Bind: TypeAlias = Callable[[Any], Binding]
"""The table of an instance or key."""


@attrs.define(eq=False, repr=False)
class BatchWrite(Chunked[BatchWriteResult[ModelT]], Generic[ModelT]):
    """Puts and deletes, in chunks of 25, several at a time.

    Nothing is checked: a put is as `put(item).unchecked()`, the last writer wins. It costs the same
    units as single writes. Of two puts of one item the last one is sent; one key in both puts and
    deletes is refused. Instances change only after DynamoDB said yes. Items that DynamoDB leaves
    unprocessed are sent again, with full jitter and under the deadline. When a chunk fails for
    good, those in flight finish and no other begins.

    Raises (when awaited):
        UsageError: an item can't be stored, named by its place; nothing was sent.
        BatchFailed: a chunk failed; `.result` says what was written, and `.result.unprocessed` what
            was not.
        DeadlineExceeded: the same, for a deadline.
    """

    _connection: Connection
    _bind: Bind
    _puts: tuple[ModelT, ...] | AsyncIterable[ModelT]
    _deletes: tuple[Any, ...]
    _keeps_timestamps: bool = attrs.field(default=False, kw_only=True, alias="keeps_timestamps")

    def keep_timestamps(self) -> Self:
        """Store `created_at` and `updated_at` as the instances have them, as an import does; by
        default they are the times of writes."""
        return attrs.evolve(self, keeps_timestamps=True)

    def _put(self, binding: Binding, item: object) -> WriteRequest:
        return put_request(binding, item, keeps_timestamps=self._keeps_timestamps)

    # ---- what is sent

    def _changes(self) -> list[WriteRequest]:
        """All puts and deletes; of several puts of one item the last one.

        Raises:
            UsageError: one can't be; it is named by its place.
        """
        changes: dict[ItemId, WriteRequest] = {}
        for _ in self._steps(changes):
            pass
        return list(changes.values())

    def _steps(self, changes: dict[ItemId, WriteRequest]) -> Iterator[None]:
        """Build one put or delete after the other."""
        puts = () if isinstance(self._puts, AsyncIterable) else self._puts
        for change in _built("put", puts, self._bind, self._put):
            change.number = (
                changes[change.place].number if change.place in changes else len(changes)
            )
            changes[change.place] = change
            yield
        count = len(changes)
        for number, change in enumerate(
            _built("delete", self._deletes, self._bind, delete_request)
        ):
            other = changes.setdefault(change.place, change)
            if other is not change and other.number < count:
                raise _in_both(change)
            change.number = count + number
            yield

    def _first_chunk(
        self,
    ) -> tuple[list[dict[ItemId, WriteRequest]], dict[str, list[dict[str, Any]]]]:
        chunks = split_requests(self._changes())
        first = chunks[0] if chunks else {}
        return chunks, by_table({place: change.request for place, change in first.items()})

    def request(self) -> dict[str, Any]:
        """The first of the exact DynamoDB requests, without sending it; puts of an async iterable
        are not looked at."""
        return {"RequestItems": self._first_chunk()[1]}

    def explain(self) -> Plan:
        chunks, _ = self._first_chunk()
        tables = {str(place[0]) for chunk in chunks for place in chunk}
        count = sum(map(len, chunks))
        more = (
            ", and what the async iterable gives" if isinstance(self._puts, AsyncIterable) else ""
        )
        at_once = min(self._course.concurrency, max(len(chunks), 1))
        return Plan(
            operation="BatchWriteItem",
            table=", ".join(sorted(tables)),
            reason=f"{count:,} items to write in {len(chunks):,} chunks, {at_once} at a time{more}",
            cost=write_cost(),
        )

    # ---- writing

    async def _run(self) -> BatchWriteResult[ModelT]:
        if isinstance(self._puts, AsyncIterable):
            return await self._run_on(self._puts)
        built: dict[ItemId, WriteRequest] = {}
        await take_turns(self._steps(built))
        changes = list(built.values())
        bindings = [self._bind(change.given) for change in changes]
        locators = {
            binding.table_name: item_ids(binding.info, binding.codec) for binding in bindings
        }
        writing = ChunkWriter(self._connection, locators, self._retry)
        watch = BatchRun(self._connection, self._course, total=len(changes), on_failure="drain")
        chunks = split_requests(changes)
        outcomes: list[Outcome[list[Any]]] = chunk_outcomes(len(chunks), list[Any])

        def job(chunk: dict[ItemId, WriteRequest]) -> Job[list[Any]]:
            return lambda outcome: writing.write(outcome, chunk, watch.note)

        if chunks:
            jobs = [(outcome, job(chunk)) for outcome, chunk in zip(outcomes, chunks, strict=True)]
            await run_all(jobs, limit=self._course.concurrency, on_failure=watch.decide)
        left = [change.given for chunk in chunks for change in chunk.values()]
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        result = BatchWriteResult[ModelT](writing.written, left, errors, outcomes, writing.capacity)
        watch.check(f"batch write to {' and '.join(sorted(locators))}", errors, outcomes, result)
        return result

    async def _run_on(self, puts: AsyncIterable[ModelT]) -> BatchWriteResult[ModelT]:
        changes = self._changes()
        deleted = {change.place: change for change in changes}
        flow = WriteBuffer(self._connection, self._course, self._retry)
        try:
            async with flow:
                for change in changes:
                    await flow.add(self._bind(change.given), change)
                await self._pour(puts, flow, deleted)
                await flow.flush()
        except DeadlineExceeded as error:
            flow.late = error
        except Exception as error:
            error.add_note(f"the batch had written {flow.result().written:,} items before this")
            raise
        flow.check()
        return flow.result()

    async def _pour(
        self, puts: AsyncIterable[ModelT], flow: WriteBuffer, deleted: dict[ItemId, WriteRequest]
    ) -> None:
        source = aiter(puts)
        # A chunk that fails ends the wait for the next item.
        with anyio.CancelScope() as waiting:
            flow.when_stopped = waiting.cancel
            try:
                number = 0
                while not flow.stopped:
                    try:
                        item = await anext(source)
                    except StopAsyncIteration:
                        return
                    number += 1
                    try:
                        binding = self._bind(item)
                        change = self._put(binding, item)
                        if change.place in deleted:
                            raise _in_both(deleted[change.place])
                    except UsageError as error:
                        await flow.refuse(
                            f"put {number:,}", item, placed("put", number, None, error)
                        )
                    else:
                        await flow.add(binding, change)
            finally:
                flow.when_stopped = _nothing
                await _close(source)


def _built(
    what: str, given: tuple[Any, ...], bind: Bind, build: Callable[[Binding, Any], WriteRequest]
) -> Iterator[WriteRequest]:
    for number, each in enumerate(given, start=1):
        try:
            change = build(bind(each), each)
        except UsageError as error:
            raise placed(what, number, len(given), error) from error
        yield change


def _in_both(delete: WriteRequest) -> UsageError:
    return UsageError(
        f"{delete.given} is in both puts and deletes: which one wins? Take it out of one of them"
    )


async def _close(source: AsyncIterator[Any]) -> None:
    """End a generator here: what is left to the event loop is ended in a task of its own."""
    close = getattr(source, "aclose", None)
    if close is not None:
        with anyio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
            await close()


def _nothing() -> None:
    """Nobody waits to hear of it."""


def checked_puts(
    puts: Iterable[ModelT] | AsyncIterable[ModelT],
) -> tuple[ModelT, ...] | AsyncIterable[ModelT]:
    """What is to be put, as it may be gone through more than once; an async iterable stays as it
    is.

    Raises:
        UsageError: it is neither.
    """
    return puts if isinstance(puts, AsyncIterable) else tuple(listed("puts", puts))


def checked_deletes(deletes: Iterable[Any]) -> tuple[Any, ...]:
    """The same of what is to be deleted."""
    return tuple(listed("deletes", deletes))
