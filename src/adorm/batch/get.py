"""`orders.batch_get(keys)`: any number of items by their keys.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html: 100 keys and
16 MB a request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, Generic, Self, TypeVar, TypeVarTuple, overload

import attrs
from anyio.lowlevel import checkpoint

from adorm.batch.batch_options import BatchOperation
from adorm.batch.batch_run import BatchRun, chunk_outcomes
from adorm.batch.chunk import Chunk, by_table, read_chunk
from adorm.batch.key_set import FoundItems, KeyGroup, KeySet
from adorm.calls.capacity import Capacity
from adorm.codec.pages import ItemPage
from adorm.concurrency.pool import foreign_cancellation_as_error, run_all
from adorm.dynamodb.limits import MAX_GET_KEYS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError, UsageError
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.paths import selected_paths
from adorm.expressions.request import RequestExpressions
from adorm.items.binding import Binding, Connection
from adorm.items.item_ids import ItemId
from adorm.items.keys import Key
from adorm.items.kinds import other_kind
from adorm.items.plan import Plan, read_cost
from adorm.items.select import projections, select_values
from adorm.outcomes import Outcome

ItemT = TypeVar("ItemT")
ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@attrs.frozen(eq=False, kw_only=True)
class BatchSelectResult(Generic[ItemT]):
    """What a batch get with `select()` returns."""

    items: list[ItemT]
    """What was found, in the order of the keys; for a key given twice the same object twice."""
    aligned: list[ItemT | None]
    """One for each key given; None if there is no item, or if it was not read."""
    missing: list[Key[Any]]
    """Keys that have no item, each once."""
    unprocessed: list[Key[Any]]
    """Keys that were not read because something failed, each once."""
    errors: list[Exception]
    """One for each chunk that failed, and an `ItemDecodeError` for each item that does not fit."""
    outcomes: list[Outcome[list[ItemT]]]
    """One for each chunk of up to 100 keys; `value` is what it read, in DynamoDB's order."""
    capacity: Capacity
    """The units that were consumed."""


@attrs.frozen(eq=False, kw_only=True)
class BatchGetResult(BatchSelectResult[ModelT]):
    """What a batch get returns."""

    missing: list[Key[ModelT]]
    """Keys that have no item, each once."""
    unprocessed: list[Key[ModelT]]
    """Keys that were not read because something failed, each once."""

    def of(self, model: type[T], /) -> list[T]:
        """The items of one model, in the order of the keys: for batches across tables."""
        return [item for item in self.items if isinstance(item, model)]


@attrs.define(eq=False, repr=False)
class BatchRead(BatchOperation[ResultT], Generic[ItemT, ResultT]):
    """Reads items by their keys, in chunks of 100, several chunks at a time; each key once.

    Keys that DynamoDB leaves unprocessed, because an answer would be above 16 MB or because it
    throttles, are asked for again, with full jitter and under the deadline. When a chunk fails for
    good, the others are stopped.

    Raises (when awaited):
        UsageError: a key is wrong; the message has its number. Nothing was sent.
        BatchFailed: a chunk failed. `.result` has everything that was read, `.outcomes` how each
            chunk ended.
        DeadlineExceeded: a deadline passed; it has the same attributes.
    """

    only_reads = True

    _connection: Connection
    _groups: Sequence[KeyGroup]
    _consistent: bool = False
    _selected: tuple[DocumentPath, ...] | None = None

    def consistent(self) -> Self:
        """Read what was last written, for twice the read units."""
        return attrs.evolve(self, consistent=True)

    def with_deleted(self) -> Self:
        """Read items also if they were deleted softly, see `adorm.deleted_at`. Of models without
        such a field there are none."""
        groups = [
            group
            if group.binding.info.deleted_at is None
            else KeyGroup(group.binding.with_deleted(), group.keys)
            for group in self._groups
        ]
        return attrs.evolve(self, groups=groups)

    # ---- what is sent

    def _table_options(self) -> dict[str, Any]:
        """What the request holds for each table beside the keys."""
        options: dict[str, Any] = {}
        if self._consistent:
            options["ConsistentRead"] = True
        if self._selected is not None and self._groups:
            info = self._groups[0].binding.info
            expressions = RequestExpressions(self._connection.codec, info.model)
            projected = projections(info, self._selected, info.key_order)
            expressions.projection(projected, selected=self._selected)
            expressions.into(options)
        return options

    def _key_set(self) -> KeySet[ItemT]:
        key_set = KeySet(self._groups, self._found_items)
        for _ in key_set.steps():
            pass
        return key_set

    def _found_items(self, binding: Binding) -> FoundItems[ItemT]:
        selected = self._selected
        if selected is None:
            parser = binding.codec.page_parser(binding.info.model)
            return FoundItems(binding.decode_each, None if parser is None else parser.parse_batch)

        def select(page: ItemPage, errors: list[Exception]) -> list[ItemT | None]:
            return [
                _selected_or_none(binding, selected, attribute_map, errors)
                for attribute_map in page.attribute_maps()
            ]

        return FoundItems(select)

    def request(self) -> dict[str, Any]:
        options = self._table_options()
        chunks = self._key_set().chunks()
        tables = by_table(chunks[0]) if chunks else {}
        return {
            "RequestItems": {table: {"Keys": keys, **options} for table, keys in tables.items()}
        }

    def explain(self) -> Plan:
        key_set, options, selected = self._key_set(), self._table_options(), self._selected
        chunks = -(-len(key_set.keys) // MAX_GET_KEYS)
        at_a_time = min(self._batch_options.concurrency, max(chunks, 1))
        return Plan(
            operation="BatchGetItem",
            table=", ".join(sorted(key_set.key_names)),
            projection=None if selected is None else ", ".join(map(str, selected)),
            reason=f"{len(key_set.keys):,} keys to read in {chunks:,} chunks, "
            f"{at_a_time} of them at a time",
            cost=read_cost(consistent="ConsistentRead" in options),
        )

    # ---- reading

    def _result(self, **fields: Any) -> ResultT:
        raise TypeError(f"{type(self).__name__} has no result")

    async def _run(self) -> ResultT:
        key_set = KeySet(self._groups, self._found_items)
        for _ in key_set.steps():
            await checkpoint()
        chunks = key_set.chunks()
        outcomes: list[Outcome[list[ItemT]]] = chunk_outcomes(len(chunks), list[ItemT])
        name, capacity = " and ".join(sorted(key_set.key_names)), Capacity()
        options = self._batch_options
        run = BatchRun(self._connection, options, total=key_set.count, on_failure="stop")
        chunk = Chunk(
            self._connection, name, key_set.item_ids, self._retry, capacity, key_set.parse
        )
        stops_at_error = options.on_chunk_error is None and not options.collects_errors
        reader = _ChunkReader(chunk, key_set, run, self._table_options(), stops_at_error)
        errors_of_chunks: list[list[Exception]] = [[] for _ in chunks]
        jobs = [
            (outcome, partial(reader.read, pending, errors))
            for outcome, pending, errors in zip(outcomes, chunks, errors_of_chunks, strict=True)
        ]
        if chunks:
            await run_all(jobs, limit=options.concurrency, on_failure=run.decide)
        errors = list(chain.from_iterable(errors_of_chunks))
        result = self._result(
            **key_set.results(), outcomes=outcomes, errors=errors, capacity=capacity
        )
        run.check(f"batch get from {name}", errors, outcomes, result)
        return result


@attrs.frozen(eq=False)
class _ChunkReader(Generic[ItemT]):
    """Reads chunks of a batch into a key set."""

    chunk: Chunk
    """What all chunks have in common; its subject are the names of the tables."""
    key_set: KeySet[ItemT]
    run: BatchRun
    table_options: Mapping[str, Any]
    stops_at_error: bool
    """Whether an item that can't be decoded ends its chunk at once."""

    async def read(
        self,
        pending: dict[ItemId, AttributeMap],
        errors: list[Exception],
        outcome: Outcome[list[ItemT]],
    ) -> None:
        """Read one chunk. What is wrong with it is appended to `errors`."""
        decoded = outcome.value = list[ItemT]()

        def on_items(table: str, ids: list[ItemId], page: ItemPage) -> None:
            self.key_set.add(table, ids, page, decoded, errors)

        async def on_processed(ids: list[ItemId]) -> None:
            await self.run.add_done(self.key_set.times_given(ids))
            if self.stops_at_error and errors:
                raise errors[0]

        chunk = attrs.evolve(self.chunk, subject=f"{self.chunk.subject}, {outcome.label}")
        try:
            with foreign_cancellation_as_error():
                await read_chunk(chunk, pending, self.table_options, on_items, on_processed)
        except Exception as error:
            if error not in errors and error is not self.run.callback_error:
                errors.append(error)
            raise
        if errors:
            raise errors[0]


def _selected_or_none(
    binding: Binding,
    selected: tuple[DocumentPath, ...],
    attribute_map: AttributeMap,
    errors: list[Exception],
) -> Any:
    """The values at the selected paths; None, and an error more, if one does not fit."""
    if binding.is_left_out(attribute_map):
        key = binding.key_attributes(attribute_map)
        errors.append(other_kind(binding.info, key, attribute_map))
        return None
    try:
        return select_values(binding, selected, attribute_map)
    except ItemDecodeError as error:
        errors.append(error)
        return None


@attrs.define(eq=False, repr=False)
class BatchGet(BatchRead[ModelT, BatchGetResult[ModelT]], Generic[ModelT]):
    __doc__ = BatchRead.__doc__

    @overload
    def select(self, only: T, /) -> BatchSelect[tuple[T]]: ...
    @overload
    def select(self, first: T, /, *more: *Ts) -> BatchSelect[tuple[T, *Ts]]: ...
    def select(self, *paths: *Ts) -> BatchSelect[tuple[*Ts]]:
        """Read only these attributes, as tuples. An attribute that an item does not have reads as
        the field's default, else as None.

        Raises:
            UsageError: the keys are of several models.
        """
        if len({id(group.binding.info) for group in self._groups}) > 1:
            raise UsageError(
                "select() is for keys of one model: call batch_get for each table by itself, "
                "side by side in db.gather()"
            )
        return BatchSelect(
            self._connection,
            self._groups,
            self._consistent,
            selected_paths(paths, self._groups[0].binding.info.model if self._groups else None),
            batch_options=self._batch_options,
            retry=self._retry,
        )

    def _result(self, **fields: Any) -> BatchGetResult[ModelT]:
        return BatchGetResult(**fields)


@attrs.define(eq=False, repr=False)
class BatchSelect(BatchRead[ItemT, BatchSelectResult[ItemT]], Generic[ItemT]):
    """A batch get of some attributes."""

    def _result(self, **fields: Any) -> BatchSelectResult[ItemT]:
        return BatchSelectResult(**fields)
