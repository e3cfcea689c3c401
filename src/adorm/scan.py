"""`orders.scan()`: reading a whole table or index.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, Literal, Self, TypeVar, TypeVarTuple, cast, overload

import attrs

from adorm.checks import count, number
from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.expressions.paths import selected_paths
from adorm.items.operation import Operation
from adorm.outcomes import Outcome, Progress
from adorm.query.access import Access, target_of
from adorm.query.aggregates import Aggregates
from adorm.query.paged_read import WorkOnItems
from adorm.query.pages import Page
from adorm.query.stream import ItemIterator
from adorm.segments.checkpoints import (
    MAX_SEGMENTS,
    SegmentCount,
    new_positions,
    read_checkpoint,
    resumed_positions,
    scanned,
)
from adorm.segments.pacing import UnitBudget
from adorm.segments.segmented_read import SegmentedRead
from adorm.segments.stream import ScanStream
from adorm.segments.table_size import UNKNOWN_SIZE_SEGMENTS, auto_segments, item_count
from adorm.segments.work import CollectingScan, ScanResult, check_worker, fold_items, work_on_items

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@attrs.define(eq=False, repr=False)
class Scan(Aggregates[ItemT], Generic[ItemT]):
    """Every item of a table or index, in no order.

    DynamoDB charges for all that it reads, also for what the filter leaves out. With `segments(n)`
    it is read in n segments side by side, in a block (`stream()`) or inside one await.
    """

    _segments: SegmentCount = None
    _checkpoint: str | None = None
    _units_per_s: float | None = None
    _report: Callable[[Progress], object] | None = None
    _in_segment_order: bool = False

    _operation = "Scan"

    # ---- clauses

    def where(self, *conditions: bool | Condition) -> Self:
        """The same as `filter`, because a scan has no key condition."""
        return self.filter(*conditions)

    def segments(self, total_segments: int | Literal["auto"], /) -> Self:
        """Read this many segments side by side, 64 of them at a time.

        "auto" takes one for each 8 MB of the table or index, at most 32. It goes by the size in
        DescribeTable, which is up to six hours old, and takes 4 where that is not allowed.

        Raises:
            UsageError: it is neither a whole number from 1 to 10,000 nor "auto".
        """
        if total_segments != "auto":
            count('segments(), which also takes "auto"', total_segments, most=MAX_SEGMENTS)
        return attrs.evolve(self, segments=total_segments)

    def in_segment_order(self) -> Self:
        """Read one segment after the other. The default is side by side, items in any order."""
        return attrs.evolve(self, in_segment_order=True)

    def resume(self, checkpoint: str, /) -> Self:
        """Go on where a checkpoint says, with its number of segments.

        Raises:
            UsageError: it is no checkpoint. When awaited: it is one of another table, index, filter
                or number of segments.
        """
        read_checkpoint(checkpoint)
        return attrs.evolve(self, checkpoint=checkpoint)

    def read_units_per_s(self, units: float, /) -> Self:
        """Consume at most this many read units a second, by waiting between requests.

        Raises:
            UsageError: it is not positive, or infinite.
        """
        number("read_units_per_s()", units, kind="read units, ")
        return attrs.evolve(self, units_per_s=float(units))

    def on_progress(self, report: Callable[[Progress], object], /) -> Self:
        """Call `report`, sync or async, with a `Progress` after each page.

        `done` counts the items read, before the filter; `total` is about how many there are, which
        costs one DescribeTable. What `report` raises ends the scan, and is raised as it is.
        """
        return attrs.evolve(self, report=report)

    def collect_errors(self) -> CollectingScan[ItemT]:
        """Let every segment finish and raise nothing: the result is a `ScanResult` with `.items`,
        `.errors` and `.outcomes`.

        An item that does not fit the model is passed over, and its error is in `.errors`.
        """
        return CollectingScan(
            lambda: self._collect(collects_errors=True),
            self.request,
            self.explain,
            self._binding,
            lambda: self._open_stream(collects_errors=True),
        )

    @overload
    def select(self, only: T, /) -> Scan[tuple[T]]: ...
    @overload
    def select(self, first: T, /, *more: *Ts) -> Scan[tuple[T, *Ts]]: ...
    def select(self, *paths: *Ts) -> Scan[tuple[*Ts]]:
        """Only these attributes, as tuples. An attribute that an item lacks reads as the field's
        default, else as None."""
        selected = selected_paths(paths, self._binding.info.model)
        return cast("Scan[tuple[*Ts]]", self._with_selection(selected))

    # ---- reading

    def stream(self) -> ScanStream[ItemT]:
        """A block in which the segments are read ahead, by at most one page each."""
        return self._open_stream(collects_errors=False)

    def _open_stream(self, *, collects_errors: bool) -> ScanStream[ItemT]:
        return ScanStream(lambda: self._segmented_read(collects_errors=collects_errors))

    def __aiter__(self) -> ItemIterator[ItemT]:
        if self._is_parallel:
            raise UsageError(
                "segments are read by tasks, which live in a block: "
                "async with orders.scan().segments(8).stream() as rows: "
                "async for row in rows: ...; a plain `async for` goes over a scan without segments"
            )
        if (
            self._checkpoint is not None
            or self._units_per_s is not None
            or self._report is not None
        ):
            raise UsageError(
                "resume(), read_units_per_s() and on_progress() need the block: "
                "async with scan.stream() as rows: ..."
            )
        return super().__aiter__()

    def page(self, cursor: str | None = None, /) -> Operation[Page[ItemT]]:
        if self._is_parallel or self._checkpoint is not None:
            raise UsageError(
                "pages and cursors go with a scan without segments; "
                "with them, use stream() and checkpoint()"
            )
        return super().page(cursor)

    async def _run(self) -> list[ItemT]:
        result = await self._collect(collects_errors=False)
        return result.items

    async def _collect(self, *, collects_errors: bool) -> ScanResult[ItemT]:
        items: list[ItemT] = []
        async with self._open_stream(collects_errors=collects_errors) as rows:
            outcomes = [Outcome[list[ItemT]](outcome.label, []) for outcome in rows.outcomes]
            while (batch := await rows.take_some()) is not None:
                some, segment = batch
                items.extend(some)
                cast("list[ItemT]", outcomes[segment].value).extend(some)
            for outcome, reached in zip(outcomes, rows.outcomes, strict=True):
                outcome.error, outcome.finished = reached.error, reached.finished
            if rows.failed and not collects_errors:
                raise rows.failure(outcomes=outcomes if self._is_parallel else None, result=items)
            return ScanResult(items, rows.errors, outcomes, rows.checkpoint(), rows.capacity)

    def _counted(
        self, most_items: int | None, result: Callable[[int], ResultT]
    ) -> Operation[ResultT]:
        async def compute() -> ResultT:
            total = 0
            async with ScanStream(lambda: self._segmented_read(counting=True)) as rows:
                while (page := await rows.next_page()) is not None:
                    total += page.count
                    if most_items is not None and total >= most_items:
                        return result(most_items)
                if rows.failed:
                    raise rows.failure(result=total)
            return result(total)

        return self._derived(compute, lambda: self._first_request(counting=True))

    def for_each(
        self, worker: Callable[[ItemT], Awaitable[object]], /, *, limit: int = 16
    ) -> Operation[int]:
        """Await `worker(item)` for every item, `limit` at a time; the result is their number.

        The segments are read meanwhile.

        Raises:
            UsageError: the worker is surely not async, or the limit is no whole number from 1 to
                10,000.

        Raises (when awaited):
            ScanFailed: a worker or a segment failed; the others were cancelled. `.checkpoint` goes
                on with the items that no worker has finished, `.result` is how many were finished.
        """
        check_worker(worker, limit)
        return self._work(lambda: work_on_items(self.stream(), worker, limit=limit))

    def map(
        self, worker: Callable[[ItemT], Awaitable[ResultT]], /, *, limit: int = 16
    ) -> Operation[list[ResultT]]:
        """The results of `worker(item)` for every item, `limit` at a time, as the workers finish.

        Raises (when awaited):
            ScanFailed: the same as for `for_each`; `.result` are the results until then.
        """

        check_worker(worker, limit)

        async def compute() -> list[ResultT]:
            results: list[ResultT] = []
            await work_on_items(self.stream(), worker, limit=limit, results=results)
            return results

        return self._work(compute)

    def _work(self, compute: Callable[[], Coroutine[Any, Any, ResultT]]) -> Operation[ResultT]:
        return WorkOnItems(compute, self.request, self.explain, self._binding)

    def fold(
        self, initial: ResultT, step: Callable[[ResultT, ItemT], ResultT], /
    ) -> Operation[ResultT]:
        """`step(step(initial, item), item)` and so on over every item, in no order. Memory is one
        page for each segment."""
        return self._derived(lambda: fold_items(self.stream(), initial, step), self.request)

    # ---- what is sent

    @property
    def _is_parallel(self) -> bool:
        if self._segments is not None:
            return True
        return self._checkpoint is not None and read_checkpoint(self._checkpoint)[1] is not None

    def _access(self, filters: tuple[Condition, ...], needed: frozenset[str]) -> Access:
        target, name = target_of(self._binding.info, self._index), self._binding.info.name
        if not self._hydrates and (missing := target.missing(needed)):
            raise UsageError(
                f"{target} of {name} does not hold {missing}: "
                "select(...) what it holds, or hydrate() to read the whole items"
            )
        filtered = {path.attribute_name for each in filters for path in each.paths()}
        if missing := target.missing(filtered):
            raise UsageError(f"{target} of {name} does not hold {missing}, which the filter reads")
        if self._index_key is not None:
            from adorm.query.index_membership import filter_of_scan

            filters = (*filters, *filter_of_scan(self._binding.info, self._index_key))
        return Access(target, (), filters, f"a scan of {target} was asked for")

    def request(self) -> dict[str, Any]:
        return self._first_request()

    def _first_request(self, *, counting: bool = False) -> dict[str, Any]:
        scan = self._planned(counting=counting)
        numbers = (each for each, position in enumerate(scan.positions) if not position.finished)
        return scan.pages(next(numbers, 0)).request()

    def _planned(
        self, *, collects_errors: bool = False, counting: bool = False
    ) -> SegmentedRead[ItemT]:
        """What the stream reads, as far as known before sending: "auto" is taken for 4 segments."""
        binding = self._binding
        read = self._read_request(counting=counting)
        reads = scanned(binding, self._index, self._filters, self._hides_expired)
        if self._checkpoint is None:
            total_segments = self._segments
            if total_segments == "auto":
                total_segments = UNKNOWN_SIZE_SEGMENTS
            positions = new_positions(total_segments)
        else:
            total_segments, positions = resumed_positions(
                binding,
                target_of(binding.info, self._index),
                reads,
                self._checkpoint,
                self._segments,
            )
        units_per_s, clock = self._units_per_s, binding.connection.clock
        return SegmentedRead(
            read=read,
            scanned=reads,
            total_segments=total_segments,
            positions=positions,
            limit=self._limit,
            collects_errors=collects_errors,
            in_segment_order=self._in_segment_order,
            budget=None if units_per_s is None else UnitBudget(units_per_s, clock),
            report=self._report,
        )

    async def _segmented_read(
        self, *, collects_errors: bool = False, counting: bool = False
    ) -> SegmentedRead[ItemT]:
        """What the stream reads. Asks for the table's size where "auto" or a report needs it."""
        scan = self._planned(collects_errors=collects_errors, counting=counting)
        if self._segments == "auto" and self._checkpoint is None:
            total_segments = await auto_segments(self._binding, self._index)
            positions = new_positions(total_segments)
            scan = attrs.evolve(scan, total_segments=total_segments, positions=positions)
        if self._report is not None:
            expected_items = await item_count(self._binding, self._index)
            scan = attrs.evolve(scan, expected_items=expected_items)
        return scan
