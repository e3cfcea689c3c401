"""Many single writes, side by side: bulk updates, and inserts.

DynamoDB's batch write knows neither conditions nor updates, so each item is a request of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Generic, Self, TypeVar

import attrs

from adorm.batch.batch_run import BatchRun, Chunked, placed, split
from adorm.calls.capacity import Capacity, counted_in
from adorm.codec import item_size
from adorm.concurrency.pool import Job, run_all
from adorm.dynamodb.limits import MAX_TRANSACTION_ACTIONS, MAX_TRANSACTION_BYTES
from adorm.errors import AdormError, UsageError
from adorm.expressions.conditions import Condition
from adorm.expressions.updates import Clause
from adorm.items.binding import Binding
from adorm.items.item_ids import item_ids
from adorm.items.keys import Key
from adorm.items.plan import Plan, write_cost
from adorm.items.put import Put
from adorm.items.single_write import Write, key_of_instance
from adorm.items.update import Update
from adorm.items.update_clauses import UpdateClauses
from adorm.outcomes import Outcome
from adorm.tx.block import Transaction
from adorm.tx.handles import TransactionWrite

ModelT = TypeVar("ModelT")


@attrs.frozen(eq=False)
class UpdateManyResult(Generic[ModelT]):
    """What a bulk update did."""

    updated: list[Key[ModelT]]
    """The items that were updated, those among them whose answer could not be used: their error has
    `applied`."""
    results: list[Any]
    """What each gave, in the order given: None, unless it was handed over with `returning(...)`."""
    unprocessed: list[Key[ModelT]]
    """Those that were not: it failed, see `outcomes`, or was not begun."""
    errors: list[Exception]
    outcomes: list[Outcome[Key[ModelT]]]
    """One for each item, in the order given, labelled by it: `Order c1/o1`."""
    capacity: Capacity
    """What was consumed, but for writes that failed: their errors do not tell."""


@attrs.frozen(eq=False)
class CreateManyResult(Generic[ModelT]):
    """What `create_many` did."""

    items: list[ModelT]
    """Those that were created, as stored, in the order given."""
    unprocessed: list[ModelT]
    """Those that were not: the key was taken or it failed, see `outcomes`, or it was not begun."""
    errors: list[Exception]
    outcomes: list[Outcome[Any]]
    """One for each item, labelled by it, `Order c1/o1`; with `transact=True` one for each
    transaction, with a list of items.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html: 100
    operations and 4 MB.
    """
    capacity: Capacity
    """What was consumed, but for writes that failed: their errors do not tell."""


@attrs.define(eq=False, repr=False)
class UpdateMany(UpdateClauses, Chunked[UpdateManyResult[ModelT]], Generic[ModelT]):
    """One UpdateItem for each item, several at a time; the clauses and conditions hold for every
    one.

    As with `update`, an item that is missing is `ItemNotFound`, `.upsert()` creates it, the version
    goes up by 1, and an update that may have been applied already is not repeated where repeating
    it would differ. When one fails, those in flight finish and no other begins; `.collect_errors()`
    tries all.

    Raises (when awaited):
        UsageError: an update can't be, named by its place; nothing was sent.
        BatchFailed: one failed; `.outcomes` has each item's, `.result` what was updated.
        DeadlineExceeded: the same, for a deadline.
    """

    _updates: tuple[Update[ModelT, Any], ...]
    _binding: Binding
    _clauses: tuple[Clause[Any], ...] = ()
    _conditions: tuple[Condition, ...] = ()
    _creates: bool = False

    def _with_clauses(self, clauses: tuple[Clause[Any], ...]) -> Self:
        return attrs.evolve(self, clauses=self._clauses + clauses)

    def _with_conditions(self, added: tuple[Condition, ...]) -> Self:
        return attrs.evolve(self, conditions=self._conditions + added)

    def _with_upsert(self) -> Self:
        return attrs.evolve(self, creates=True)

    def _each(self) -> list[Update[ModelT, Any]]:
        updates: list[Update[ModelT, Any]] = []
        seen: dict[Hashable, int] = {}
        for number, given in enumerate(self._updates, start=1):
            update = given.apply(*self._clauses).when(*self._conditions)
            if self._creates:
                update = update.upsert()
            if self._retry is not None:
                update = update.retry(self._retry)
            binding = update.binding
            try:
                update.request()
                place = item_ids(binding.info, binding.codec).one(
                    binding.table_name, binding.encode_key(update.key)
                )
            except UsageError as error:
                raise placed("update", number, len(self._updates), error) from error
            other = seen.setdefault(place, number)
            if other != number:
                raise placed("update", number, len(self._updates), _twice(update.key, other))
            updates.append(update)
        return updates

    def request(self) -> dict[str, Any]:
        """The first item's exact DynamoDB request, without sending it; an empty one where there is
        no item."""
        updates = self._each()
        return updates[0].request() if updates else {}

    def explain(self) -> Plan:
        updates = self._each()
        if not updates:
            raise UsageError("a bulk update of no item has no plan")
        reason = f"one of {len(updates):,} updates, {min(self._course.concurrency, len(updates))} at a time"
        return attrs.evolve(updates[0].explain(), reason=reason)

    async def _run(self) -> UpdateManyResult[ModelT]:
        updates = self._each()
        if not updates:
            return UpdateManyResult([], [], [], [], [], Capacity())
        binding = self._binding
        watch = BatchRun(binding.connection, self._course, total=len(updates), on_failure="drain")
        outcomes = [Outcome[Key[ModelT]](str(update.key)) for update in updates]

        results: list[Any] = [None] * len(updates)
        capacity = Capacity()

        def job(number: int, update: Update[ModelT, Any]) -> Job[Key[ModelT]]:
            async def run(outcome: Outcome[Key[ModelT]]) -> None:
                try:
                    with counted_in(capacity):
                        results[number] = await update
                except AdormError as error:
                    if error.applied:  # it failed, but is done
                        outcome.value = update.key
                        await watch.note(1)
                    raise
                outcome.value = update.key
                await watch.note(1)

            return run

        jobs = zip(outcomes, map(job, range(len(updates)), updates), strict=True)
        await run_all(jobs, limit=self._course.concurrency, on_failure=watch.decide)
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        updated = [outcome.value for outcome in outcomes if outcome.value is not None]
        left = [
            update.key
            for update, outcome in zip(updates, outcomes, strict=True)
            if outcome.value is None
        ]
        result = UpdateManyResult(updated, results, left, errors, outcomes, capacity)
        watch.check(f"bulk update of {binding.table_name}", errors, outcomes, result)
        return result


@attrs.define(eq=False, repr=False)
class CreateMany(Chunked[CreateManyResult[ModelT]], Generic[ModelT]):
    """Inserts only: each item one PutItem on the condition that its key is free, or 100 of them one
    transaction.

    A transaction takes all its items or none, and costs twice the units. When a write fails, those
    in flight finish and no other begins; `.collect_errors()` tries all. Instances change only after
    DynamoDB said yes.

    Raises (when awaited):
        UsageError: an item can't be stored, named by its place; nothing was sent.
        BatchFailed: one failed, `ItemExists` among them where a key was taken; `.outcomes` has
            each, `.result` what was created.
        DeadlineExceeded: the same, for a deadline.
    """

    _binding: Binding
    _items: tuple[ModelT, ...]
    _transact: bool = False
    _keeps_timestamps: bool = attrs.field(default=False, kw_only=True, alias="keeps_timestamps")

    def keep_timestamps(self) -> Self:
        """Store `created_at` and `updated_at` as the instances have them, as an import does; by
        default they are the times of writes."""
        return attrs.evolve(self, keeps_timestamps=True)

    def _creates(self) -> list[_Create[ModelT]]:
        """The creates, each as it could be sent.

        Raises:
            UsageError: one can't be; it is named by its place.
        """
        seen: dict[Hashable, int] = {}
        binding = self._binding
        creates: list[_Create[ModelT]] = []
        for number, item in enumerate(self._items, start=1):
            try:
                key, keeps = key_of_instance(binding, item), self._keeps_timestamps
                put = Put[ModelT, ModelT](
                    binding, key, item, returning="item", creating=True, keeps_timestamps=keeps
                )
                encoded = put.prepare().request["Item"]
            except UsageError as error:
                raise placed("item", number, len(self._items), error) from error
            other = seen.setdefault(
                item_ids(binding.info, binding.codec).one(binding.table_name, encoded), number
            )
            if other != number:
                raise placed("item", number, len(self._items), _twice(put.key, other))
            creates.append(_Create(item, put, item_size(encoded)))
        return creates

    def request(self) -> dict[str, Any]:
        """The first exact DynamoDB request, without sending it; an empty one where there is no
        item."""
        creates = self._creates()
        if not creates:
            return {}
        return (
            self._transaction(_transactions(creates)[0])[0].request()
            if self._transact
            else creates[0].put.request()
        )

    def explain(self) -> Plan:
        creates = self._creates()
        if not creates:
            raise UsageError("create_many of no item has no plan")
        plan = creates[0].put.explain()
        if self._transact:
            reason = f"{len(creates):,} items in {len(_transactions(creates)):,} transactions"
            return attrs.evolve(
                plan,
                operation="TransactWriteItems",
                cost=write_cost(transactional=True),
                reason=reason,
            )
        return attrs.evolve(
            plan,
            reason=f"one of {len(creates):,} items, {min(self._course.concurrency, len(creates))} at a time",
        )

    def _transaction(
        self, creates: Sequence[_Create[ModelT]]
    ) -> tuple[Transaction, list[TransactionWrite[Any]]]:
        transaction = Transaction(
            self._binding.connection, lambda _model, _name=None: self._binding, retry=self._retry
        )
        puts: list[Write[Any, Any]] = [create.put for create in creates]
        return transaction, [transaction.include(put) for put in puts]

    async def _run(self) -> CreateManyResult[ModelT]:
        creates = self._creates()
        if not creates:
            return CreateManyResult([], [], [], [], Capacity())
        watch = BatchRun(
            self._binding.connection, self._course, total=len(creates), on_failure="drain"
        )
        result = await (
            self._in_transactions(creates, watch)
            if self._transact
            else self._one_by_one(creates, watch)
        )
        watch.check(f"create in {self._binding.table_name}", result.errors, result.outcomes, result)
        return result

    async def _one_by_one(
        self, creates: Sequence[_Create[ModelT]], watch: BatchRun
    ) -> CreateManyResult[ModelT]:
        outcomes = [Outcome[ModelT](str(create.put.key)) for create in creates]
        capacity = Capacity()

        def job(create: _Create[ModelT]) -> Job[ModelT]:
            put = create.put if self._retry is None else create.put.retry(self._retry)

            async def run(outcome: Outcome[ModelT]) -> None:
                try:
                    with counted_in(capacity):
                        outcome.value = await put
                except AdormError as error:
                    if error.applied:  # it failed, but is done
                        outcome.value = create.item
                        await watch.note(1)
                    raise
                await watch.note(1)

            return run

        await run_all(
            zip(outcomes, map(job, creates), strict=True),
            limit=self._course.concurrency,
            on_failure=watch.decide,
        )
        done = [outcome.value for outcome in outcomes if outcome.value is not None]
        left = [
            create.item
            for create, outcome in zip(creates, outcomes, strict=True)
            if outcome.value is None
        ]
        return CreateManyResult(
            done,
            left,
            [outcome.error for outcome in outcomes if outcome.error is not None],
            outcomes,
            capacity,
        )

    async def _in_transactions(
        self, creates: Sequence[_Create[ModelT]], watch: BatchRun
    ) -> CreateManyResult[ModelT]:
        parts, capacity = _transactions(creates), Capacity()
        outcomes = [
            Outcome[list[ModelT]](f"transaction {number} of {len(parts):,}", [])
            for number in range(1, len(parts) + 1)
        ]

        def job(part: Sequence[_Create[ModelT]]) -> Job[list[ModelT]]:
            async def run(outcome: Outcome[list[ModelT]]) -> None:
                transaction, writes = self._transaction(part)
                try:
                    with counted_in(capacity):
                        await transaction.commit()
                except AdormError as error:
                    if error.applied:  # it failed, but is done
                        outcome.value = [create.item for create in part]
                        await watch.note(len(part))
                    raise
                outcome.value = [write.stored for write in writes]
                await watch.note(len(part))

            return run

        await run_all(
            zip(outcomes, map(job, parts), strict=True),
            limit=self._course.concurrency,
            on_failure=watch.decide,
        )
        done = [item for outcome in outcomes for item in outcome.value or ()]
        left = [
            create.item
            for part, outcome in zip(parts, outcomes, strict=True)
            if not outcome.value
            for create in part
        ]
        return CreateManyResult(
            done,
            left,
            [outcome.error for outcome in outcomes if outcome.error is not None],
            outcomes,
            capacity,
        )


@attrs.frozen(eq=False)
class _Create(Generic[ModelT]):
    """One insert."""

    item: ModelT
    put: Put[ModelT, ModelT]
    size: int


def _transactions(creates: Sequence[_Create[ModelT]]) -> list[Sequence[_Create[ModelT]]]:
    return split(
        creates, MAX_TRANSACTION_ACTIONS, [create.size for create in creates], MAX_TRANSACTION_BYTES
    )


def _twice(key: Key[Any], other: int) -> UsageError:
    return UsageError(
        f"{key} is number {other:,} as well, and side by side they have no order: leave one out"
    )
