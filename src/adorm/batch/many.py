"""Many single writes side by side: bulk updates, and bulk inserts.

DynamoDB's BatchWriteItem knows neither conditions nor updates, so that each item is a request of
its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import attrs

from adorm.batch.batch_options import BatchOfPuts, BatchOperation
from adorm.batch.inputs import numbered, split
from adorm.batch.separate_writes import SeparateWrite, SeparateWrites, send_separate_writes
from adorm.calls.capacity import Capacity
from adorm.codec.sizes import item_size
from adorm.dynamodb.limits import MAX_TRANSACTION_ACTIONS, MAX_TRANSACTION_BYTES
from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.updates import Clause, set_clauses
from adorm.items.binding import Binding, bound_to
from adorm.items.item_ids import ItemId, item_id
from adorm.items.keys import Key
from adorm.items.plan import Plan, write_cost
from adorm.items.put import Put
from adorm.items.single_write import Write, key_of_instance
from adorm.items.update import Update
from adorm.items.update_clauses import UpdateClauses
from adorm.outcomes import Outcome
from adorm.schema.model_options import HOOKS
from adorm.tx.block import Transaction
from adorm.tx.handles import TransactionWrite

if TYPE_CHECKING:
    from adorm.models import ModelInfo

ModelT = TypeVar("ModelT")


@attrs.frozen(eq=False)
class UpdateManyResult(Generic[ModelT]):
    """What a bulk update did."""

    updated: list[Key[ModelT]]
    """The items that were updated; if the answer was unusable, their error has `applied`."""
    results: list[Any]
    """What each update returned, in the order given: None without `returning(...)`."""
    unprocessed: list[Key[ModelT]]
    """The items that were not updated: the update failed, see `outcomes`, or was not begun."""
    errors: list[Exception]
    outcomes: list[Outcome[Key[ModelT]]]
    """One for each item, in the order given, labelled by it: `Order c1/o1`."""
    capacity: Capacity
    """The units that were consumed. Writes that failed do not report theirs."""


@attrs.frozen(eq=False)
class CreateManyResult(Generic[ModelT]):
    """What `create_many` did."""

    items: list[ModelT]
    """The items that were created, as stored, in the order given."""
    unprocessed: list[ModelT]
    """The items not created: the key was taken, the write failed or was not begun."""
    errors: list[Exception]
    outcomes: list[Outcome[Any]]
    """One for each item, labelled by it, `Order c1/o1`; with `transact=True` one for each
    transaction, with a list of items.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html: 100
    operations and 4 MB.
    """
    capacity: Capacity
    """The units that were consumed. Writes that failed do not report theirs."""


@attrs.define(eq=False, repr=False)
class UpdateMany(UpdateClauses, BatchOperation[UpdateManyResult[ModelT]], Generic[ModelT]):
    """One UpdateItem for each item, several at a time. The clauses and conditions hold for each.

    As with `update`, an item that is missing is `ItemNotFound`, `.upsert()` creates it, the version
    goes up by 1, and an update that may have been applied already is not repeated where repeating
    it would differ. When one fails, those in flight finish, and no other begins;
    `.collect_errors()` tries all.

    Raises (when awaited):
        UsageError: an update is wrong; the message has its number. Nothing was sent.
        BatchFailed: an update failed. `.outcomes` has each, `.result` what was updated.
        DeadlineExceeded: a deadline passed; it has the same attributes.
    """

    _updates: tuple[Update[ModelT, Any], ...]
    _binding: Binding
    _clauses: tuple[Clause[Any], ...] = ()
    _conditions: tuple[Condition, ...] = ()
    _creates: bool = False

    @property
    def _model(self) -> Any:
        return self._binding.info.model

    def _with_changes(
        self,
        paths: tuple[DocumentPath, ...],
        values: tuple[Any, ...],
        clauses: tuple[Clause[Any], ...] = (),
    ) -> Self:
        return attrs.evolve(self, clauses=(*self._clauses, *set_clauses(paths, values), *clauses))

    def _with_conditions(self, added: tuple[Condition, ...]) -> Self:
        return attrs.evolve(self, conditions=self._conditions + added)

    def _with_upsert(self) -> Self:
        return attrs.evolve(self, creates=True)

    def reading(self) -> Self:
        """Let each update read the parts of index keys that it does not know, see
        `Update.reading`."""
        return attrs.evolve(self, updates=tuple([each.reading() for each in self._updates]))

    def _each(self) -> list[Update[ModelT, Any]]:
        """The updates, with the clauses of this one.

        Raises:
            UsageError: an update is wrong, or two are of one item; the message has its number.
        """
        updates: list[Update[ModelT, Any]] = []
        unique = _Unique("update", len(self._updates))
        for number, alone in enumerate(self._updates, start=1):
            update = alone.apply(*self._clauses).when(*self._conditions)
            if self._creates:
                update = update.upsert()
            if self._retry is not None:
                update = update.retry(self._retry)
            try:
                update.request()
                encoded = update.binding.encode_key(update.key)
            except UsageError as error:
                raise numbered(error, "update", number, len(self._updates)) from error
            unique.add(number, update.binding, update.key, encoded)
            updates.append(update)
        return updates

    def request(self) -> dict[str, Any]:
        """The first item's exact DynamoDB request, without sending it; `{}` without items."""
        updates = self._each()
        return updates[0].request() if updates else {}

    def explain(self) -> Plan:
        updates = self._each()
        if not updates:
            raise UsageError("a bulk update of no items has no plan")
        at_a_time = min(self._batch_options.concurrency, len(updates))
        reason = f"one of {len(updates):,} updates, {at_a_time} at a time"
        return attrs.evolve(updates[0].explain(), reason=reason)

    async def _run(self) -> UpdateManyResult[ModelT]:
        updates, binding = self._each(), self._binding
        results: list[Any] = [None] * len(updates)

        async def send(number: int) -> Key[ModelT]:
            results[number] = await updates[number]
            return updates[number].key

        keys = [update.key for update in updates]
        sent = await send_separate_writes(
            binding.connection,
            self._batch_options,
            [SeparateWrite(str(key), partial(send, index), key) for index, key in enumerate(keys)],
        )
        left = sent.not_applied(keys)
        result = UpdateManyResult(
            sent.values, results, left, sent.errors, sent.outcomes, sent.capacity
        )
        sent.check(f"bulk update of {binding.table_name}", result)
        return result


@attrs.define(eq=False, repr=False)
class CreateMany(BatchOfPuts[CreateManyResult[ModelT]], Generic[ModelT]):
    """Inserts only: each item is one PutItem on the condition that its key is free, or 100 items
    are one transaction.

    A transaction takes all its items or none, and costs twice the units. When a write fails, those
    in flight finish, and no other begins; `.collect_errors()` tries all. Instances change only
    after DynamoDB said yes.

    Raises (when awaited):
        UsageError: an item can't be stored; the message has its number. Nothing was sent.
        BatchFailed: a write failed, with `ItemExists` if a key was taken. `.outcomes` has each,
            `.result` what was created.
        DeadlineExceeded: a deadline passed; it has the same attributes.
    """

    _binding: Binding
    _items: tuple[ModelT, ...]
    _transact: bool = False

    def _creates(self, items: Sequence[ModelT]) -> list[_Create[ModelT]]:
        """The inserts, encoded once, to refuse now what could not be sent.

        Raises:
            UsageError: an item can't be stored, or two are one; the message has its number.
        """
        keeps = self._keeps_timestamps
        creates: list[_Create[ModelT]] = []
        unique = _Unique("item", len(items))
        for number, item in enumerate(items, start=1):
            try:
                binding = bound_to(self._binding, item)
                key = key_of_instance(binding, item)
                put = Put[ModelT, ModelT](
                    binding, key, item, returning="item", creating=True, keeps_timestamps=keeps
                )
                encoded = put.prepare().request["Item"]
            except UsageError as error:
                raise numbered(error, "item", number, len(items)) from error
            unique.add(number, binding, key, encoded)
            creates.append(_Create(item, put, item_size(encoded)))
        return creates

    def request(self) -> dict[str, Any]:
        """The first exact DynamoDB request, without sending it; `{}` without items."""
        creates = self._creates(self._items)
        if not creates:
            return {}
        if self._transact:
            return self._transaction(_split(creates)[0])[0].request()
        return creates[0].put.request()

    def explain(self) -> Plan:
        creates = self._creates(self._items)
        if not creates:
            raise UsageError("create_many of no items has no plan")
        plan, count = creates[0].put.explain(), f"{len(creates):,} items"
        if self._transact:
            return attrs.evolve(
                plan,
                operation="TransactWriteItems",
                cost=write_cost(transactional=True),
                reason=f"{count} in {len(_split(creates)):,} transactions",
            )
        at_a_time = min(self._batch_options.concurrency, len(creates))
        return attrs.evolve(plan, reason=f"one of {count}, {at_a_time} at a time")

    def _transaction(
        self, creates: Sequence[_Create[ModelT]]
    ) -> tuple[Transaction, list[TransactionWrite[Any]]]:
        transaction = Transaction(self._binding.connection, retry=self._retry)
        puts: list[Write[Any, Any]] = [create.put for create in creates]
        return transaction, [transaction.include(put) for put in puts]

    async def _run(self) -> CreateManyResult[ModelT]:
        items = self._items
        if any(HOOKS in cls.__dict__ for cls in set(map(type, items))):
            from adorm.items.hooks import before_each

            def info_of(instance: Any) -> ModelInfo:
                return bound_to(self._binding, instance).info

            items = await before_each("save", items, info_of, "item")
        creates = self._creates(items)
        return await (self._in_transactions(creates) if self._transact else self._alone(creates))

    async def _alone(self, creates: Sequence[_Create[ModelT]]) -> CreateManyResult[ModelT]:
        async def send(create: _Create[ModelT]) -> ModelT:
            put = create.put if self._retry is None else create.put.retry(self._retry)
            if put.hooks is None:
                return await put
            from adorm.items.hooks import HookedOnce

            stored: ModelT = await HookedOnce(put, ran_before=True).run()
            return stored

        writes = [
            SeparateWrite(str(each.put.key), partial(send, each), each.item) for each in creates
        ]
        sent = await send_separate_writes(self._binding.connection, self._batch_options, writes)
        left = [create.item for create in sent.not_applied(creates)]
        return self._checked(sent, sent.values, left)

    async def _in_transactions(
        self, creates: Sequence[_Create[ModelT]]
    ) -> CreateManyResult[ModelT]:
        async def send(chunk: Sequence[_Create[ModelT]]) -> list[ModelT]:
            transaction, writes = self._transaction(chunk)
            transaction.ran_before_hooks = True
            await transaction.commit()
            return [write.stored for write in writes]

        chunks = _split(creates)
        writes: list[SeparateWrite[list[ModelT]]] = []
        for number, chunk in enumerate(chunks, start=1):
            label, items = f"transaction {number} of {len(chunks):,}", [each.item for each in chunk]
            writes.append(SeparateWrite(label, partial(send, chunk), items, items=len(chunk)))
        sent = await send_separate_writes(self._binding.connection, self._batch_options, writes)
        stored = [item for items in sent.values for item in items]
        left = [create.item for chunk in sent.not_applied(chunks) for create in chunk]
        return self._checked(sent, stored, left)

    def _checked(
        self, sent: SeparateWrites[Any], items: list[ModelT], left: list[ModelT]
    ) -> CreateManyResult[ModelT]:
        result = CreateManyResult(items, left, sent.errors, sent.outcomes, sent.capacity)
        sent.check(f"create in {self._binding.table_name}", result)
        return result


@attrs.frozen(eq=False)
class _Create(Generic[ModelT]):
    """One insert."""

    item: ModelT
    put: Put[ModelT, ModelT]
    size: int


def _split(creates: Sequence[_Create[ModelT]]) -> list[Sequence[_Create[ModelT]]]:
    """The inserts of each transaction."""
    sizes = [create.size for create in creates]
    guards = len(creates[0].put.binding.info.unique) if creates else 0
    most = MAX_TRANSACTION_ACTIONS // (1 + guards)
    return split(creates, sizes, max_count=most, max_bytes=MAX_TRANSACTION_BYTES)


@attrs.frozen(eq=False)
class _Unique:
    """Refuses a second write of one item."""

    what: str
    total: int
    numbers: dict[ItemId, int] = attrs.Factory(dict[ItemId, int])

    def add(self, number: int, binding: Binding, key: Key[Any], encoded: AttributeMap) -> None:
        """Count a write in, given its item or its key as an attribute map.

        Raises:
            UsageError: another one writes the same item.
        """
        other = self.numbers.setdefault(item_id(binding, encoded), number)
        if other != number:
            problem = UsageError(
                f"{key} is number {other:,} as well, and side by side they have no order: "
                "leave one out"
            )
            raise numbered(problem, self.what, number, self.total)
