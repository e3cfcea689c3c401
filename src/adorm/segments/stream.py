"""The stream behind every scan: segments read side by side, rows given one by one, and how far each
segment has come."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import attrs

from adorm.calls.capacity import Capacity
from adorm.concurrency.pool import OnFailure, StreamJob, TaskStream
from adorm.errors import AttributeMap, DeadlineExceeded, ItemDecodeError, ScanFailed, UsageError
from adorm.items.binding import PageItems
from adorm.outcomes import Outcome, Progress
from adorm.query.pages import PageReader, RawPage, key_at
from adorm.query.stream import ItemStream
from adorm.segments.checkpoints import Position, Ticket, Track, write_checkpoint
from adorm.segments.plan import ScanPlan

ItemT = TypeVar("ItemT")

MAX_WORKERS = 64
"""Segments read at the same time; further ones wait for their turn."""

READY_ITEMS = 64
"""Instances made at a time. What is done for a chunk of them, and not for each, costs next to
nothing; more would only take memory."""


@attrs.define(eq=False)
class _Part:
    """A page of one segment, on its way to the consumer."""

    segment: int
    items: PageItems
    read: PageItems
    """What each item was read as, which tells its place in the scan: a whole item, fetched later,
    may have other index keys by then."""
    after: Position
    scanned_count: int
    count: int
    ready: list[Any] = attrs.Factory(list[Any])
    """Instances that are not given yet, the next one last."""
    made: int = 0
    """How many items instances were made of, and given or laid ready."""
    settled: int = 0
    """How many items the segment's position and figures know to be given."""
    wrong: ItemDecodeError | None = None
    """Why there is no instance of the item after those that are ready."""


class ScanStream(ItemStream[ItemT]):
    """The items of a scan, in a block: `async with orders.scan().segments(8).stream() as rows:
    async for row in rows: ...`.

    Segments are read side by side; each holds one page at most that is not used yet, so that memory
    is bounded and a consumer that stops makes them stop. Leaving the block, in whatever way, ends
    the reading: no task is left, and no further request is sent. Several tasks of the loop may
    iterate it together, each item goes to one of them.
    """

    def __init__(self, make_plan: Callable[[], Awaitable[ScanPlan[ItemT]]]) -> None:
        self._make_plan = make_plan
        self._known_plan: ScanPlan[ItemT] | None = None
        self._tracks: list[Track] = []
        self._outcomes: list[Outcome[int]] = []
        self._stream: TaskStream[_Part, int] | None = None
        self._parts: deque[_Part] = deque()
        self._ready: list[ItemT] = []
        """The `ready` of the part at hand."""
        self._left: int | None = None
        self._scanned_count = 0
        self._started_s = 0.0
        self._total: int | None = None
        self._wrong: list[Exception] = []
        self._wait_failure: DeadlineExceeded | None = None

    @property
    def _plan(self) -> ScanPlan[ItemT]:
        if self._known_plan is None:
            raise UsageError(
                "a stream is used inside its block: async with ....stream() as rows: async for row in rows: ..."
            )
        return self._known_plan

    # ---- what users see

    @property
    def outcomes(self) -> Sequence[Outcome[int]]:
        """One for each segment; `value` is how many items it has given."""
        self._settle()
        return self._outcomes

    @property
    def errors(self) -> list[Exception]:
        """What went wrong so far: segments that failed, and with `collect_errors()` items that do
        not fit the model."""
        late = [] if self._wait_failure is None else [self._wait_failure]
        return [
            *self._wrong,
            *(outcome.error for outcome in self._outcomes if outcome.error is not None),
            *late,
        ]

    @property
    def capacity(self) -> Capacity:
        return self._plan.capacity

    def checkpoint(self) -> str:
        """Where each segment stands, just after the last item given, as JSON text for
        `scan().resume(checkpoint)`."""
        self._settle()
        return write_checkpoint(
            self._plan.scanned,
            self._plan.total_segments,
            [track.position for track in self._tracks],
        )

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ItemT:
        # Nearly every item was made with others, and costs no more than this: what it means for the
        # segment is settled later.
        if not self._ready and await self._part_at_hand() is None:
            if self.failed:
                failure = self.failure()
                self._wait_failure = None  # it was this consumer's deadline: for others, or after it, the stream goes on
                raise failure
            raise StopAsyncIteration
        return self._ready.pop()

    # ---- the block

    async def __aenter__(self) -> Self:
        if self._known_plan is not None:
            raise UsageError("this block was entered before: call stream() again")
        plan = self._known_plan = await self._make_plan()
        self._tracks = [Track(position) for position in plan.positions]
        count = len(plan.positions)
        labels = (
            ["scan"]
            if plan.total_segments is None
            else [f"segment {number} of {count}" for number in range(count)]
        )
        self._outcomes = [
            Outcome[int](label, 0, finished=position.finished)
            for label, position in zip(labels, plan.positions, strict=True)
        ]
        self._left = plan.most_items
        self._started_s = plan.monotonic()
        if plan.report is not None:
            self._total = await plan.expected_items()
        jobs = [
            StreamJob(outcome, self._reading(segment))
            for segment, outcome in enumerate(self._outcomes)
            if not plan.positions[segment].finished and self._left != 0
        ]
        on_failure: OnFailure = "continue" if plan.collects_errors else "stop"
        limit = 1 if plan.in_segment_order else MAX_WORKERS
        stream = TaskStream[_Part, int](jobs, limit=limit, on_failure=on_failure)
        await stream.__aenter__()
        self._stream = stream
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stream, self._stream = self._stream, None
        self._keep_back()
        self._parts.clear()
        if stream is not None:
            await stream.__aexit__(None, None, None)

    # ---- reading

    def _reading(
        self, segment: int
    ) -> Callable[[Outcome[int], Callable[[_Part], Awaitable[None]]], Awaitable[None]]:
        async def read(_outcome: Outcome[int], emit: Callable[[_Part], Awaitable[None]]) -> None:
            reader = self._plan.reader(segment, self._plan.positions[segment].after)
            try:
                while (page := await self._read_page(reader)) is not None:
                    last = page.last_evaluated_key
                    items = await self._plan.whole(page.items)
                    read = page.items if items is page.items else self._read_as(page.items, items)
                    await emit(
                        _Part(
                            segment,
                            items,
                            read,
                            Position(last, finished=last is None),
                            page.scanned_count,
                            page.count,
                        )
                    )
            except BaseException:
                if not self._plan.collects_errors:
                    self._keep_back()  # from the moment of a failure on nothing is given
                raise

        return read

    def _read_as(self, read: PageItems, whole: PageItems) -> PageItems:
        """Those of the maps that the whole items were fetched by, in the order of the whole
        items."""

        def key(attribute_map: AttributeMap) -> tuple[object, ...]:
            return tuple(tuple(attribute_map[name].items()) for name in self._plan.key_order)

        if not (isinstance(read, list) and isinstance(whole, list)):
            return read
        by_key = {key(each): each for each in read}
        return [by_key[key(each)] for each in whole]

    async def _read_page(self, reader: PageReader) -> RawPage | None:
        budget = self._plan.budget
        if budget is None:
            return await reader.next()
        if reader.is_done:
            return None
        taken = await budget.take()
        consumed: float | None = None
        try:
            page = await reader.next()
            consumed = None if page is None else page.capacity or 0.0
            return page
        finally:
            budget.settle(taken, consumed)

    # ---- giving

    @property
    def failed(self) -> bool:
        """Whether the stream ended because something failed, before it had given all that was asked
        for."""
        self._settle()
        if self._left == 0:
            return False
        if self._wait_failure is not None:
            return True
        return not self._plan.collects_errors and any(
            outcome.error is not None for outcome in self._outcomes
        )

    async def take(self) -> tuple[ItemT, Ticket, int] | None:
        """The next item, its ticket, and its segment; None at the end, or where something failed.

        The segment's position moves past the item only when the ticket is ended.
        """
        part = await self._part_at_hand()
        if part is None:
            return None
        item = part.ready.pop()
        position = self._position(part, part.settled)
        self._count(part, 1)
        return item, self._tracks[part.segment].begin(position), part.segment

    async def take_some(self) -> tuple[list[ItemT], int] | None:
        """The next items of one segment, and which; None as `take`. They are given, as by
        iteration."""
        part = await self._part_at_hand()
        if part is None:
            return None
        items = part.ready[::-1]
        part.ready.clear()
        return items, part.segment

    async def _part_at_hand(self) -> _Part | None:
        """A part with instances ready; None at the end, or where something failed."""
        while self._left != 0 and not self.failed:
            if not self._parts:
                part = await self._next_part()
                if part is None:
                    return None
                self._parts.append(part)
                await self._report()
                continue
            part = self._parts[0]
            if part.ready:
                return part
            if part.wrong is not None:
                error, part.wrong = part.wrong, None
                if not self._plan.collects_errors:
                    outcome = self._outcomes[part.segment]
                    outcome.error, outcome.finished = error, False
                    return None
                self._wrong.append(error)
                part.made += 1
                part.settled += 1
                self._reach(part.segment, self._position(part, part.made - 1))
            elif part.made < len(part.items):
                self._make(part)
            else:
                if not part.made:
                    self._reach(part.segment, part.after)
                self._parts.popleft()
        return None

    def _make(self, part: _Part) -> None:
        """Make the next instances of a part, up to an item that does not fit."""
        stop = min(part.made + READY_ITEMS, len(part.items))
        if self._left is not None:
            stop = min(stop, part.made + self._left)
        ready: list[ItemT] = []
        try:
            self._plan.decode_into(ready, part.items, part.made, stop)
        except ItemDecodeError as error:
            part.wrong = error
        part.made += len(ready)
        ready.reverse()
        part.ready = self._ready = ready

    # ---- how far it has come

    def _settle(self) -> None:
        """Count what was given by iteration, and move the segment's position past it."""
        if self._parts:
            part = self._parts[0]
            given = part.made - len(part.ready) - part.settled
            if given:
                self._count(part, given)
                self._reach(part.segment, self._position(part, part.settled - 1))

    def _keep_back(self) -> None:
        """Give none of what is ready."""
        self._settle()
        for part in self._parts:
            part.made -= len(part.ready)
            part.ready.clear()

    def _count(self, part: _Part, given: int) -> None:
        part.settled += given
        outcome = self._outcomes[part.segment]
        outcome.value = (outcome.value or 0) + given
        if self._left is not None:
            self._left -= given

    def _reach(self, segment: int, position: Position) -> None:
        track = self._tracks[segment]
        track.end(track.begin(position))

    def _position(self, part: _Part, place: int) -> Position:
        """Where a segment stands after an item."""
        return (
            part.after
            if place == len(part.items) - 1
            else Position(key_at(part.read, place, self._plan.key_names))
        )

    async def pages(self) -> _Part | None:
        """The next page as it is, for counting; its position is taken as reached."""
        part = None if self.failed else await self._next_part()
        if part is not None:
            outcome = self._outcomes[part.segment]
            outcome.value = (outcome.value or 0) + part.count
            self._reach(part.segment, part.after)
            await self._report()
        return part

    async def _next_part(self) -> _Part | None:
        if self._stream is None:
            raise UsageError(
                "a stream is read inside its block: async with ....stream() as rows: async for row in rows: ..."
            )
        try:
            part = await self._stream.next()
        except DeadlineExceeded as error:
            self._wait_failure = error
            return None
        if part is not None:
            self._scanned_count += part.scanned_count
        return part

    async def _report(self) -> None:
        if self._plan.report is not None:
            told = self._plan.report(
                Progress(self._scanned_count, self._total, self._plan.monotonic() - self._started_s)
            )
            if inspect.isawaitable(told):
                await told

    # ---- failing

    def end(self, ticket: Ticket, segment: int) -> None:
        """The work on an item is done."""
        self._tracks[segment].end(ticket)

    def failure(
        self, *, outcomes: Sequence[Outcome[Any]] | None = None, result: Any = None
    ) -> Exception:
        """The one error for all that failed: bare where the scan is not parallel."""
        self._settle()
        outcomes = self._outcomes if outcomes is None else outcomes
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        late = self._wait_failure or next(
            (error for error in errors if isinstance(error, DeadlineExceeded)), None
        )
        if late is not None:
            failure = DeadlineExceeded(
                f"scan of {self._plan.name}: {late}; go on by .resume(error.checkpoint)",
                operation="Scan",
                subject=self._plan.name,
                attempts=late.attempts,
                outcomes=outcomes,
                result=result,
                checkpoint=self.checkpoint(),
            )
            failure.__cause__ = late
            return failure
        own = [outcome.error for outcome in self._outcomes if outcome.error is not None]
        if own and len(own) == len(errors) and all(isinstance(error, UsageError) for error in own):
            return own[
                0
            ]  # a closed database, or another loop's: the caller's mistake, in every segment the same
        if self._plan.total_segments is None and len(errors) == 1 and outcomes is self._outcomes:
            return errors[0]
        what = "; ".join(
            f"{outcome.label}: {outcome.error}" for outcome in outcomes if outcome.error is not None
        )
        return ScanFailed(
            f"scan of {self._plan.name}: {len(errors)} of {len(outcomes)} parts failed ({what}); go on by .resume(error.checkpoint)",
            errors,
            outcomes=outcomes,
            result=result,
            checkpoint=self.checkpoint(),
        )
