"""The stream behind every scan: segments read side by side, their items given one by one."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Self, TypeVar

from adorm.calls.capacity import Capacity
from adorm.concurrency.pool import OnFailure
from adorm.concurrency.report import fan_out_error
from adorm.concurrency.stream import Emit, TaskStream
from adorm.errors import DeadlineExceeded, ItemDecodeError, ScanFailed, UsageError
from adorm.items.kinds import OtherKind
from adorm.outcomes import Outcome, Progress
from adorm.query.stream import ItemStream
from adorm.segments.checkpoints import Ticket
from adorm.segments.segmented_read import SegmentedRead, SegmentPage, SegmentReader, SegmentStates

ItemT = TypeVar("ItemT")

MAX_WORKERS = 64
"""Segments that are read at the same time; the others wait until one of them has ended."""

READY_ITEMS = 64
"""Items decoded at a time. What is done once for them all costs next to nothing for each; a larger
number would only take memory."""


class ScanStream(ItemStream[ItemT]):
    """The items of a scan, in a block: `async with orders.scan().segments(8).stream() as rows:
    async for row in rows: ...`.

    Segments are read side by side. Each holds at most one page that is not used yet, so that memory
    is bounded, and a consumer that stops makes the segments stop. Leaving the block, in whatever
    way, ends the reading: no task is left, and no further request is sent. Several tasks of the
    loop may iterate one stream; each item goes to one of them.
    """

    _scan: SegmentedRead[ItemT]
    _states: SegmentStates
    _stream: TaskStream[SegmentPage, int]
    """They are there once the block was entered."""

    def __init__(self, prepare: Callable[[], Awaitable[SegmentedRead[ItemT]]]) -> None:
        self._prepare = prepare
        self._entered = False
        self._pages: deque[SegmentPage] = deque()
        """The page that is being given; empty while none is at hand."""
        self._decoded: list[ItemT] = []
        """The `decoded` of that page."""
        self._scanned_count = 0
        self._started_s = 0.0
        self._decode_errors: list[Exception] = []
        self._wait_failure: DeadlineExceeded | None = None
        """The deadline passed while the consumer waited for a page."""

    def _check_entered(self) -> None:
        """Refuse what needs the block.

        Raises:
            UsageError: the block was not entered yet.
        """
        if not self._entered:
            raise UsageError(
                "a stream is used inside its block: "
                "async with ....stream() as rows: async for row in rows: ..."
            )

    # ---- what users see

    @property
    def outcomes(self) -> Sequence[Outcome[int]]:
        """One for each segment; `value` is how many items it has given."""
        self._count_given()
        return self._states.outcomes if self._entered else []

    @property
    def errors(self) -> list[Exception]:
        """What went wrong so far: segments that failed, and with `collect_errors()` items that do
        not fit the model."""
        late = [] if self._wait_failure is None else [self._wait_failure]
        return [
            *self._decode_errors,
            *(outcome.error for outcome in self.outcomes if outcome.error is not None),
            *late,
        ]

    @property
    def capacity(self) -> Capacity:
        self._check_entered()
        return self._scan.capacity

    def checkpoint(self) -> str:
        """Where each segment stands, after the last item given: JSON for `scan().resume(...)`."""
        self._check_entered()
        self._count_given()
        return self._states.checkpoint()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ItemT:
        # Nearly every item was decoded together with others, and costs no more than this. The
        # segment's position and outcome are brought up to date later, by `_count_given`.
        if not self._decoded and await self._page_at_hand() is None:
            if self.failed:
                failure = self.failure()
                # This consumer's deadline passed; the stream goes on for the others, or later.
                self._wait_failure = None
                raise failure
            raise StopAsyncIteration
        return self._decoded.pop()

    # ---- the block

    async def __aenter__(self) -> Self:
        if self._entered:
            raise UsageError("this block was entered before: call stream() again")
        scan = self._scan = await self._prepare()
        states = self._states = SegmentStates(scan)
        self._entered = True
        self._started_s = scan.monotonic()
        jobs = [
            (outcome, partial(self._read, segment))
            for segment, outcome in enumerate(states.outcomes)
            if not outcome.finished and states.left != 0
        ]
        on_failure: OnFailure = "continue" if scan.collects_errors else "stop"
        limit = 1 if scan.in_segment_order else MAX_WORKERS
        self._stream = TaskStream(
            jobs, limit=limit, on_failure=on_failure, operation="Scan", subject=str(scan)
        )
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._give_no_more()
        self._pages.clear()
        if self._entered:
            await self._stream.__aexit__(None, None, None)

    async def _read(self, segment: int, emit: Emit[SegmentPage]) -> None:
        reader = SegmentReader(self._scan, segment)
        try:
            while (page := await reader.next()) is not None:
                await emit(page)
        except BaseException:
            if not self._scan.collects_errors:
                self._give_no_more()
            raise

    # ---- giving

    @property
    def failed(self) -> bool:
        """Whether the stream ended because something failed, before the limit was reached."""
        self._count_given()
        states = self._states
        if states.left == 0:
            return False
        if self._wait_failure is not None:
            return True
        return not self._scan.collects_errors and any(
            outcome.error is not None for outcome in states.outcomes
        )

    async def take(self) -> tuple[ItemT, Ticket] | None:
        """The next item and its ticket; None at the end, or where something failed.

        The segment's position moves past the item only when the ticket's `end` is called.
        """
        page = await self._page_at_hand()
        if page is None:
            return None
        return page.decoded.pop(), self._states.hand_out(page)

    async def take_some(self) -> tuple[list[ItemT], int] | None:
        """The next items of one segment, and which; None at the end, or where something failed.
        Their work counts as done, as in an iteration."""
        page = await self._page_at_hand()
        if page is None:
            return None
        items = page.decoded[::-1]
        page.decoded.clear()
        return items, page.segment

    async def take_all(self) -> list[tuple[ItemT, Ticket]] | None:
        """The items that are at hand with their tickets, as `take` gives one; None at the end."""
        page = await self._page_at_hand()
        if page is None:
            return None
        items = page.decoded[::-1]
        page.decoded.clear()
        return [(item, self._states.hand_out(page)) for item in items]

    async def next_page(self) -> SegmentPage | None:
        """The next page as it is, for counting; its items count as given."""
        page = None if self.failed else await self._next_page()
        if page is not None:
            self._states.count_page(page)
            await self._report()
        return page

    async def _page_at_hand(self) -> SegmentPage | None:
        """A page with decoded items; None at the end, or where something failed."""
        self._check_entered()
        states = self._states
        while states.left != 0 and not self.failed:
            if not self._pages:
                page = await self._next_page()
                if page is None:
                    return None
                self._pages.append(page)
                await self._report()
                continue
            page = self._pages[0]
            if page.decoded:
                return page
            if page.error is not None:
                error, page.error = page.error, None
                if not isinstance(error, OtherKind):
                    if not self._scan.collects_errors:
                        states.fail(page, error)
                        return None
                    self._decode_errors.append(error)
                states.pass_over(page)
            elif page.next_item < len(page.items):
                self._decode(page)
            else:
                if not page.next_item:
                    states.finish(page)
                self._pages.popleft()
        return None

    def _decode(self, page: SegmentPage) -> None:
        """Decode the next items of a page, up to one that does not fit the model."""
        stop = min(page.next_item + READY_ITEMS, len(page.items))
        left = self._states.left
        if left is not None:
            stop = min(stop, page.next_item + left)
        decoded: list[ItemT] = []
        try:
            self._scan.read.decoder.decode_into(decoded, page.items, page.next_item, stop)
        except ItemDecodeError as error:
            page.error = error
        page.next_item += len(decoded)
        decoded.reverse()
        page.decoded = self._decoded = decoded

    async def _next_page(self) -> SegmentPage | None:
        try:
            page = await self._stream.next()
        except DeadlineExceeded as error:
            self._wait_failure = error
            return None
        if page is not None:
            self._scanned_count += page.scanned_count
        return page

    def _give_no_more(self) -> None:
        """Give none of the items that are decoded already; they stay before the checkpoint."""
        self._count_given()
        for page in self._pages:
            page.next_item -= len(page.decoded)
            page.decoded.clear()

    # ---- how far it has come

    def _count_given(self) -> None:
        """Count what was given by iteration, and move the segment's position past it."""
        if self._pages:
            self._states.count_given(self._pages[0])

    async def _report(self) -> None:
        scan = self._scan
        if scan.report is not None:
            elapsed_s = scan.monotonic() - self._started_s
            returned = scan.report(Progress(self._scanned_count, scan.expected_items, elapsed_s))
            if inspect.isawaitable(returned):
                await returned

    # ---- failing

    def failure(
        self, *, outcomes: Sequence[Outcome[Any]] | None = None, result: Any = None
    ) -> Exception:
        """The one error for all that failed. Where the scan is not parallel, its error as it is.

        Args:
            outcomes: those to report, by default one for each segment.
            result: what came of the scan so far.
        """
        self._count_given()
        of_segments = self._states.outcomes
        outcomes = of_segments if outcomes is None else outcomes
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        if self._wait_failure is not None:
            errors.insert(0, self._wait_failure)
        is_fan_out = self._scan.total_segments is not None or outcomes is not of_segments
        if not is_fan_out and len(errors) == 1 and not isinstance(errors[0], DeadlineExceeded):
            return errors[0]
        return fan_out_error(
            ScanFailed,
            f"scan of {self._scan}",
            outcomes,
            errors=errors,
            hint="go on by .resume(error.checkpoint)",
            # Such as a closed database, or one of another loop: the same mistake in every segment.
            mistake_alone=len(errors) == sum(each.error is not None for each in of_segments),
            result=result,
            checkpoint=self.checkpoint(),
        )
