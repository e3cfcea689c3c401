"""`orders.scan()`: reading a whole table or index, asked for by name.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Literal, Self, TypeVar, cast, overload

import attrs
import orjson

from adorm.calls.capacity import Capacity
from adorm.errors import AttributeMap, ServiceError, UsageError
from adorm.expressions.conditions import Condition, and_
from adorm.expressions.paths import selected_locations
from adorm.expressions.placeholders import Placeholders
from adorm.items.operation import Operation
from adorm.outcomes import Outcome, Progress
from adorm.query.aggregates import Aggregates
from adorm.query.paged_read import Access, DerivedRead, ReadRequest, WorkOnItems
from adorm.query.pages import Page, PageReader
from adorm.query.planner import Candidate, candidates
from adorm.query.start_keys import start_key_problem
from adorm.query.stream import ItemIterator
from adorm.segments.checkpoints import MAX_SEGMENTS, Position, Scanned, read_checkpoint
from adorm.segments.pacing import ReadBudget
from adorm.segments.plan import ScanPlan, ScanResult
from adorm.segments.stream import ScanStream
from adorm.segments.work import fold_items, work_on_items
from adorm.transport.answer_shapes import MISSHAPEN

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")

AUTO_SEGMENT_BYTES = 8 * 1024 * 1024
"""About eight pages: fewer would cost more requests than they save time."""
MAX_AUTO_SEGMENTS = 32
UNKNOWN_SIZE_SEGMENTS = 4


@attrs.define(eq=False, repr=False)
class Scan(Aggregates[ItemT], Generic[ItemT]):
    """Every item, in no order; all that is read is charged for, whatever the filter leaves out.

    With `segments(n)` it is read in n parts side by side, in a block (`stream()`) or inside one
    await.
    """

    _segments: int | Literal["auto"] | None = None
    _checkpoint: str | None = None
    _units_per_s: float | None = None
    _report: Callable[[Progress], object] | None = None
    _in_segment_order: bool = False
    _collects_errors: bool = False

    _operation = "Scan"

    # ---- clauses

    def where(self, *conditions: bool | Condition) -> Self:
        """The same as `filter`: a scan has no key condition."""
        return self.filter(*conditions)

    def segments(self, total_segments: int | Literal["auto"], /) -> Self:
        """Read in this many parts side by side; "auto" takes one for each 8 MB of the table by its
        description, 32 at most.

        Raises:
            UsageError: it is no whole number from 1 to 10,000, nor "auto".
        """
        number = total_segments
        if number != "auto" and (
            isinstance(number, bool)
            or not isinstance(number, int)  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            or not 1 <= number <= MAX_SEGMENTS
        ):
            raise UsageError(
                f'segments() takes a whole number from 1 to {MAX_SEGMENTS}, or "auto", not {number!r}; 4 to 32 are usual'
            )
        return attrs.evolve(self, segments=number)

    def in_segment_order(self) -> Self:
        """Give the items of one segment after the other; without, as they come."""
        return attrs.evolve(self, in_segment_order=True)

    def resume(self, checkpoint: str, /) -> Self:
        """Go on where a checkpoint says, with its segments.

        Raises:
            UsageError: it is no checkpoint. When awaited: it is one of another table, index, filter
                or segment count.
        """
        read_checkpoint(checkpoint)
        return attrs.evolve(self, checkpoint=checkpoint)

    def read_units_per_s(self, units: float, /) -> Self:
        """Consume no more read units a second than this, by waiting between requests.

        Raises:
            UsageError: it is not positive.
        """
        if isinstance(units, bool) or not units > 0 or math.isinf(units):
            raise UsageError(
                f"read_units_per_s() takes a positive number of read units, not {units!r}"
            )
        return attrs.evolve(self, units_per_s=float(units))

    def on_progress(self, report: Callable[[Progress], object], /) -> Self:
        """Call this, sync or async, after each page, with the items read so far and about how many
        there are; that costs one DescribeTable.

        What it raises ends the scan and leaves bare.
        """
        return attrs.evolve(self, report=report)

    def collect_errors(self) -> CollectingScan[ItemT]:
        """Let every segment finish and raise nothing: the result is a `ScanResult` with `.items`,
        `.errors` and `.outcomes`."""
        return CollectingScan(attrs.evolve(self, collects_errors=True))

    @overload
    def select(self, a: T1, /) -> Scan[tuple[T1]]: ...
    @overload
    def select(self, a: T1, b: T2, /) -> Scan[tuple[T1, T2]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, /) -> Scan[tuple[T1, T2, T3]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, d: T4, /) -> Scan[tuple[T1, T2, T3, T4]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, d: T4, e: T5, /) -> Scan[tuple[T1, T2, T3, T4, T5]]: ...
    def select(self, *paths: object) -> Scan[Any]:
        """Only these attributes, as tuples. What an item does not have reads as the field's
        default, else as None."""
        return cast("Scan[Any]", self._with_selection(selected_locations(paths)))

    # ---- reading

    def stream(self) -> ScanStream[ItemT]:
        """A block in which the segments are read ahead: one page each at most."""
        return ScanStream(self._planned)

    def __aiter__(self) -> ItemIterator[ItemT]:
        if self._is_parallel:
            raise UsageError(
                "segments are read by tasks, which live in a block: async with orders.scan().segments(8).stream() as rows: "
                "async for row in rows: ...; a plain `async for` goes over a scan without segments"
            )
        if (
            self._checkpoint is not None
            or self._units_per_s is not None
            or self._report is not None
        ):
            raise UsageError(
                "resume(), read_units_per_s() and on_progress() need the block: async with scan.stream() as rows: ..."
            )
        return super().__aiter__()

    def page(self, cursor: str | None = None, /) -> Operation[Page[ItemT]]:
        if self._is_parallel or self._checkpoint is not None:
            raise UsageError(
                "pages and cursors go with a scan without segments; with them, use stream() and checkpoint()"
            )
        return super().page(cursor)

    async def _run(self) -> list[ItemT]:
        result = await self._collect()
        return result.items

    async def _collect(self) -> ScanResult[ItemT]:
        items: list[ItemT] = []
        async with self.stream() as rows:
            outcomes = [Outcome[list[ItemT]](outcome.label, []) for outcome in rows.outcomes]
            while (taken := await rows.take_some()) is not None:
                some, segment = taken
                items.extend(some)
                cast("list[ItemT]", outcomes[segment].value).extend(some)
            for outcome, reached in zip(outcomes, rows.outcomes, strict=True):
                outcome.error, outcome.finished = reached.error, reached.finished
            if rows.failed and not self._collects_errors:
                raise rows.failure(outcomes=outcomes if self._is_parallel else None, result=items)
            return ScanResult(items, rows.errors, outcomes, rows.checkpoint(), rows.capacity)

    def _counted(
        self, most_items: int | None, result: Callable[[int], ResultT]
    ) -> Operation[ResultT]:
        async def compute() -> ResultT:
            total = 0
            async with ScanStream(lambda: self._planned(counting=True)) as rows:
                while (page := await rows.pages()) is not None:
                    total += page.count
                    if most_items is not None and total >= most_items:
                        return result(most_items)
                if rows.failed:
                    raise rows.failure(result=total)
            return result(total)

        return DerivedRead(
            compute, lambda: self._first_request(self._build(counting=True)), self.explain, self
        )

    def for_each(
        self, worker: Callable[[ItemT], Awaitable[object]], /, *, limit: int = 16
    ) -> Operation[int]:
        """Await `worker(item)` for every item, `limit` of them at a time, while the segments are
        read; gives how many there were.

        Raises (when awaited):
            ScanFailed: a worker or a segment failed; the others were cancelled. `.checkpoint` goes
                on with the items that no worker has finished, `.result` is how many were.
        """

        async def compute() -> int:
            done = 0

            def count(_given: object) -> None:
                nonlocal done
                done += 1

            return await work_on_items(
                self.stream(), worker, limit=limit, keep=count, result=lambda: done
            )

        return WorkOnItems(compute, self.request, self.explain, self)

    def map(
        self, worker: Callable[[ItemT], Awaitable[ResultT]], /, *, limit: int = 16
    ) -> Operation[list[ResultT]]:
        """What `worker(item)` gives for every item, `limit` of them at a time, in the order in
        which they finish.

        Raises (when awaited):
            ScanFailed: as `for_each`; `.result` has what was given until then.
        """

        async def compute() -> list[ResultT]:
            results: list[ResultT] = []
            return await work_on_items(
                self.stream(), worker, limit=limit, keep=results.append, result=lambda: results
            )

        return WorkOnItems(compute, self.request, self.explain, self)

    def fold(
        self, initial: ResultT, step: Callable[[ResultT, ItemT], ResultT], /
    ) -> Operation[ResultT]:
        """`step(step(initial, item), item)` and so on over every item; memory is a page for each
        segment."""

        async def compute() -> ResultT:
            return await fold_items(self.stream(), initial, step)

        return DerivedRead(compute, self.request, self.explain, self)

    # ---- what is sent

    @property
    def _is_parallel(self) -> bool:
        if self._segments is not None:
            return True
        return self._checkpoint is not None and read_checkpoint(self._checkpoint)[1] is not None

    def _route(self, filters: tuple[Condition, ...], needed: frozenset[str]) -> Access:
        access = self._access()
        if not self._hydrates and not access.holds(needed):
            missing = sorted(name for name in needed if not access.holds([name]))
            raise UsageError(
                f"{access} of {self._binding.info.name} does not hold {', '.join(missing)}: "
                "select(...) what it holds, or hydrate() to read the whole items"
            )
        read = {
            location.attribute_name for condition in filters for location in condition.locations()
        }
        if not access.holds(read):
            raise UsageError(
                f"{access} of {self._binding.info.name} does not hold {', '.join(sorted(read))}, which the filter reads"
            )
        return Access(access, (), filters, f"a scan of {access} was asked for")

    def _access(self) -> Candidate:
        known = candidates(self._binding.info)
        return next(
            access
            for access in known
            if self._index == (None if access.index is None else access.index.name)
        )

    def request(self) -> dict[str, Any]:
        return self._first_request(self._build())

    def _first_request(self, built: ReadRequest) -> dict[str, Any]:
        total_segments, positions = self._known_segments()
        if total_segments == "auto":
            total_segments, positions = (
                UNKNOWN_SIZE_SEGMENTS,
                [Position()],
            )  # the table's size is looked up when it is sent
        segment = next(
            (number for number, position in enumerate(positions) if not position.finished), 0
        )
        return self._segment_reader(
            built, segment, total_segments, positions[segment].after
        ).request()

    def _known_segments(self) -> tuple[int | Literal["auto"] | None, list[Position]]:
        """How many segments there are, and where each begins, as far as that is known without
        asking DynamoDB."""
        if self._checkpoint is None:
            count = self._segments
            return count, [Position() for _ in range(count if isinstance(count, int) else 1)]
        scanned, total_segments, positions = read_checkpoint(self._checkpoint)
        if scanned != self.scanned():
            index = f", index {scanned.index}" if scanned.index else ""
            raise UsageError(
                f"this checkpoint is one of table {scanned.table}{index}, or of another filter: the scan that it resumes has to be the same"
            )
        key_names = self._binding.info.key_names | self._access().key_names
        read = {} if self._index is None else {"IndexName": self._index}
        for after in (position.after for position in positions if position.after is not None):
            if after.keys() != key_names:
                raise UsageError(
                    "this checkpoint is damaged: its keys are not those of the table; scan from the beginning"
                )
            if (problem := start_key_problem(self._binding, read, after)) is not None:
                raise UsageError(f"this checkpoint is damaged: {problem}; scan from the beginning")
        if self._segments not in (None, "auto", total_segments):
            raise UsageError(
                f"this checkpoint is one of {total_segments or 'no'} segments, not of {self._segments}: leave segments() out"
            )
        return total_segments, positions

    def scanned(self) -> Scanned:
        """What is read: what a checkpoint is bound to."""
        text, request = "", dict[str, Any]()
        if self._filters:
            placeholders = Placeholders(self._binding.codec, self._binding.info.model)
            text = and_(*self._filters).render(placeholders)
            placeholders.into(request)
        identity = orjson.dumps([text, repr(request), self._hides_expired])
        return Scanned(
            self._binding.table_name, self._index, hashlib.sha256(identity).hexdigest()[:32]
        )

    def _segment_reader(
        self,
        built: ReadRequest,
        segment: int,
        total_segments: int | None,
        after: AttributeMap | None,
        capacity: Capacity | None = None,
    ) -> PageReader:
        request = dict(built.request)
        if total_segments is not None:
            request["Segment"], request["TotalSegments"] = segment, total_segments
        if self._units_per_s is not None:
            request["ReturnConsumedCapacity"] = "TOTAL"
        size = self._page_size
        if total_segments is None and self._limit is not None and "FilterExpression" not in request:
            size = self._limit if size is None else min(size, self._limit)
        return PageReader(
            self._binding,
            self._operation,
            request,
            key_names=built.key_names,
            most_items=None,
            page_size=size or None,
            start_key=after,
            retry=self._retry,
            capacity=capacity,
            shape=self._shape(),
        )

    async def _planned(self, *, counting: bool = False) -> ScanPlan[ItemT]:
        """Everything that the stream needs; asks for the table's size where "auto" needs it."""
        built = self._build(counting=counting)
        total_segments, positions = self._known_segments()
        if total_segments == "auto":
            total_segments = await self._auto_segments()
            positions = [Position() for _ in range(total_segments)]
        binding, count, capacity = self._binding, total_segments, Capacity()
        return ScanPlan(
            f"{binding.info.name} (table {binding.table_name})",
            self.scanned(),
            count,
            positions,
            built.key_names,
            binding.info.key_order,
            lambda segment, after: self._segment_reader(built, segment, count, after, capacity),
            lambda items: self._whole(items, capacity),
            self._decode_into,
            self._limit,
            self._collects_errors,
            self._in_segment_order,
            None
            if self._units_per_s is None
            else ReadBudget(self._units_per_s, binding.connection.clock),
            self._report,
            self._expected_items,
            binding.connection.clock.monotonic,
            capacity,
        )

    async def _described(self) -> dict[str, Any] | None:
        """The description of the table, or of the index that is scanned; None where it may not be
        had: it serves estimates only."""
        name = self._binding.table_name
        try:
            answer = await self._binding.connection.call(
                "DescribeTable", {"TableName": name}, subject=name
            )
        except ServiceError:
            return None  # not allowed, most likely; a missing table says so at the first page
        table = cast("dict[str, Any]", answer.get("Table", {}))
        try:
            if self._index is None:
                return dict(table)
            indexes = [
                *table.get("GlobalSecondaryIndexes", ()),
                *table.get("LocalSecondaryIndexes", ()),
            ]
            return next(
                (dict(index) for index in indexes if index["IndexName"] == self._index), None
            )
        except MISSHAPEN:
            return None  # no description of DynamoDB's

    async def _auto_segments(self) -> int:
        table = await self._described()
        if table is None:
            return UNKNOWN_SIZE_SEGMENTS
        size_bytes = (
            _number(table.get("TableSizeBytes" if self._index is None else "IndexSizeBytes")) or 0
        )
        return min(max(math.ceil(size_bytes / AUTO_SEGMENT_BYTES), 1), MAX_AUTO_SEGMENTS)

    async def _expected_items(self) -> int | None:
        table = await self._described()
        count = None if table is None else table.get("ItemCount")
        return _number(count)


def _number(told: object) -> int | None:
    """A number of a description, None where it is none."""
    return told if isinstance(told, int) and not isinstance(told, bool) else None


@attrs.define(eq=False, repr=False)
class CollectingScan(Operation[ScanResult[ItemT]], Generic[ItemT]):
    """A scan that lets every segment finish, and tells of all that went wrong."""

    _scan: Scan[ItemT]

    def stream(self) -> ScanStream[ItemT]:
        """A block in which the segments are read ahead; a segment that fails ends alone, see
        `.outcomes` and `.errors`."""
        return self._scan.stream()

    async def _run(self) -> ScanResult[ItemT]:
        return await self._scan._collect()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the same scan, seen otherwise

    def request(self) -> dict[str, Any]:
        return self._scan.request()

    def explain(self) -> Any:
        return self._scan.explain()
