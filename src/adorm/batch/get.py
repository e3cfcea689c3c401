"""`orders.batch_get(keys)`: any number of items by their keys.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html: 100 keys and
16 MB a request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Self, TypeVar, overload

import attrs
from anyio.lowlevel import checkpoint

from adorm.batch.batch_run import BatchRun, Chunked, chunk_outcomes
from adorm.batch.key_set import FoundItems, KeyGroup, KeySet
from adorm.calls.capacity import Capacity
from adorm.codec.pages import PageItems
from adorm.concurrency.pool import foreign_cancellation_as_error, run_all
from adorm.dynamodb.limits import MAX_GET_KEYS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError, UsageError
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.paths import selected_paths
from adorm.expressions.request import RequestExpressions
from adorm.items.binding import Binding, Connection, maps_of
from adorm.items.item_ids import ItemId
from adorm.items.keys import Key
from adorm.items.kinds import other_kind
from adorm.items.plan import Plan, read_cost
from adorm.items.select import projections, select_values
from adorm.items.unprocessed import Chunk, by_table, read_chunk
from adorm.outcomes import Outcome

ItemT = TypeVar("ItemT")
ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")
T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")


@attrs.frozen(eq=False, kw_only=True)
class BatchSelectResult(Generic[ItemT]):
    """What a batch get with `select()` gives."""

    items: list[ItemT]
    """What was found, in the order of the keys; for a key that was given twice, the same object
    twice."""
    aligned: list[ItemT | None]
    """One for each key given; None where there is no item, or none was read."""
    missing: list[Key[Any]]
    """Keys that have no item, each once."""
    unprocessed: list[Key[Any]]
    """Keys that were not read, because something failed, each once."""
    errors: list[Exception]
    """Of chunks that failed, and `ItemDecodeError` of each item that does not fit the model."""
    outcomes: list[Outcome[list[ItemT]]]
    """One for each chunk of up to 100 keys; `value` is what it read, in DynamoDB's order."""
    capacity: Capacity
    """What was consumed."""


@attrs.frozen(eq=False, kw_only=True)
class BatchGetResult(BatchSelectResult[ModelT]):
    """What a batch get gives."""

    missing: list[Key[ModelT]]
    """Keys that have no item, each once."""
    unprocessed: list[Key[ModelT]]
    """Keys that were not read, because something failed, each once."""

    def of(self, model: type[T], /) -> list[T]:
        """The items of one model, in the order of the keys: for batches across tables."""
        return [item for item in self.items if isinstance(item, model)]


@attrs.define(eq=False, repr=False)
class BatchRead(Chunked[ResultT], Generic[ItemT, ResultT]):
    """Reads items by their keys, in chunks of 100, several at a time; each key once.

    Keys that DynamoDB leaves unprocessed, where an answer would be above 16 MB or it throttles, are
    asked for again, with full jitter and under the deadline. When a chunk fails for good, the
    others are stopped.

    Raises (when awaited):
        UsageError: a key is wrong, named by its place; nothing was sent.
        BatchFailed: a chunk failed; `.result` has everything that was read, `.outcomes` what became
            of each chunk.
        DeadlineExceeded: the same, for a deadline.
    """

    only_reads = True

    _connection: Connection
    _wanted: Sequence[KeyGroup]
    _consistent: bool = False
    _selected: tuple[DocumentPath, ...] | None = None

    def consistent(self) -> Self:
        """Read what was last written: twice the read units."""
        return attrs.evolve(self, consistent=True)

    # ---- what is sent

    def _options(self) -> dict[str, Any]:
        """What goes beside the keys of a table."""
        options: dict[str, Any] = {}
        if self._consistent:
            options["ConsistentRead"] = True
        if self._selected is not None and self._wanted:
            info = self._wanted[0].binding.info
            expressions = RequestExpressions(self._connection.codec, info.model)
            wanted = projections(info, self._selected, info.key_order)
            expressions.projection(wanted, selected=self._selected)
            expressions.into(options)
        return options

    def _asked(self) -> KeySet[ItemT]:
        asked = KeySet(self._wanted, self._reader)
        for _ in asked.steps():
            pass
        return asked

    def _reader(self, binding: Binding) -> FoundItems[ItemT]:
        selected = self._selected
        if selected is None:
            parser = binding.codec.page_parser(binding.info.model)
            return FoundItems(binding.decode_each, None if parser is None else parser.parse_batch)

        def select(items: PageItems, wrong: list[Exception]) -> list[ItemT | None]:
            return [
                _selected_or_none(binding, selected, attribute_map, wrong)
                for attribute_map in maps_of(items)
            ]

        return FoundItems(select)

    def request(self) -> dict[str, Any]:
        options = self._options()
        chunks = self._asked().chunks()
        tables = by_table(chunks[0]) if chunks else {}
        return {
            "RequestItems": {table: {"Keys": keys, **options} for table, keys in tables.items()}
        }

    def explain(self) -> Plan:
        asked, course = self._asked(), self._course
        chunks = -(-len(asked.keys) // MAX_GET_KEYS)
        options = self._options()
        return Plan(
            operation="BatchGetItem",
            table=", ".join(sorted(asked.key_names)),
            projection=None
            if self._selected is None
            else ", ".join(str(location) for location in self._selected),
            reason=f"{len(asked.keys):,} keys to read in {chunks:,} chunks, {min(course.concurrency, max(chunks, 1))} of them at a time",
            cost=read_cost(consistent="ConsistentRead" in options),
        )

    # ---- reading

    def _result(
        self,
        asked: KeySet[ItemT],
        outcomes: list[Outcome[list[ItemT]]],
        errors: list[Exception],
        capacity: Capacity,
    ) -> ResultT:
        raise TypeError(f"{type(self).__name__} has no result")

    async def _run(self) -> ResultT:
        options, course = self._options(), self._course
        asked = KeySet(self._wanted, self._reader)
        for _ in asked.steps():
            await checkpoint()
        watch = BatchRun(self._connection, course, total=asked.given, on_failure="stop")
        chunks = asked.chunks()
        outcomes: list[Outcome[list[ItemT]]] = chunk_outcomes(len(chunks), list[ItemT])
        failures: list[list[Exception]] = [[] for _ in chunks]
        name, capacity, parse = " and ".join(sorted(asked.key_names)), Capacity(), asked.parse
        at_once = course.hook is None and not course.collects_errors

        async def read(number: int, outcome: Outcome[list[ItemT]]) -> None:
            found = outcome.value = list[ItemT]()
            wrong = failures[number]

            def take(table: str, places: list[ItemId], items: PageItems) -> None:
                asked.take(table, places, items, found, wrong)

            async def settled(done: list[ItemId]) -> None:
                await watch.note(asked.weight(done))
                if at_once and wrong:
                    raise wrong[0]

            chunk = Chunk(
                self._connection,
                f"{name}, {outcome.label}",
                asked.locators,
                self._retry,
                capacity,
                parse,
            )
            try:
                with foreign_cancellation_as_error():
                    await read_chunk(chunk, chunks[number], options, take, settled)
            except Exception as error:
                if error not in wrong and error is not watch.intruder:
                    wrong.append(error)
                raise
            if wrong:
                raise wrong[0]

        jobs = ((outcome, _numbered(read, number)) for number, outcome in enumerate(outcomes))
        if chunks:
            await run_all(jobs, limit=course.concurrency, on_failure=watch.decide)
        errors = [error for wrong in failures for error in wrong]
        result = self._result(asked, outcomes, errors, capacity)
        watch.check(f"batch get from {name}", errors, outcomes, result)
        return result


def _selected_or_none(
    binding: Binding,
    selected: tuple[DocumentPath, ...],
    attribute_map: AttributeMap,
    wrong: list[Exception],
) -> Any:
    """The values at the locations; None, and what is wrong, where one does not fit."""
    if binding.is_other_kind(attribute_map):
        wrong.append(other_kind(binding.info, binding.key_attributes(attribute_map), attribute_map))
        return None
    try:
        return select_values(binding, selected, attribute_map)
    except ItemDecodeError as error:
        wrong.append(error)
        return None


def _numbered(work: Callable[[int, Outcome[T]], Any], number: int) -> Callable[[Outcome[T]], Any]:
    return lambda outcome: work(number, outcome)


@attrs.define(eq=False, repr=False)
class BatchGet(BatchRead[ModelT, BatchGetResult[ModelT]], Generic[ModelT]):
    __doc__ = BatchRead.__doc__

    @overload
    def select(self, a: T1, /) -> BatchSelect[tuple[T1]]: ...
    @overload
    def select(self, a: T1, b: T2, /) -> BatchSelect[tuple[T1, T2]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, /) -> BatchSelect[tuple[T1, T2, T3]]: ...
    @overload
    def select(self, a: T1, b: T2, c: T3, d: T4, /) -> BatchSelect[tuple[T1, T2, T3, T4]]: ...
    @overload
    def select(
        self, a: T1, b: T2, c: T3, d: T4, e: T5, /
    ) -> BatchSelect[tuple[T1, T2, T3, T4, T5]]: ...
    def select(self, *paths: object) -> BatchSelect[Any]:
        """Only these attributes, as tuples. What an item does not have reads as the field's
        default, else as None.

        Raises:
            UsageError: the keys are of several models.
        """
        if len({id(wanted.binding.info) for wanted in self._wanted}) > 1:
            raise UsageError(
                "select() is for keys of one model: batch_get each table by itself, side by side in db.gather()"
            )
        return BatchSelect(
            self._connection,
            self._wanted,
            self._consistent,
            selected_paths(paths),
            course=self._course,
            retry=self._retry,
        )

    def _result(
        self,
        asked: KeySet[ModelT],
        outcomes: list[Outcome[list[ModelT]]],
        errors: list[Exception],
        capacity: Capacity,
    ) -> BatchGetResult[ModelT]:
        return BatchGetResult(
            **asked.results(), outcomes=outcomes, errors=errors, capacity=capacity
        )


@attrs.define(eq=False, repr=False)
class BatchSelect(BatchRead[ItemT, BatchSelectResult[ItemT]], Generic[ItemT]):
    """A batch get of some attributes."""

    def _result(
        self,
        asked: KeySet[ItemT],
        outcomes: list[Outcome[list[ItemT]]],
        errors: list[Exception],
        capacity: Capacity,
    ) -> BatchSelectResult[ItemT]:
        return BatchSelectResult(
            **asked.results(), outcomes=outcomes, errors=errors, capacity=capacity
        )
