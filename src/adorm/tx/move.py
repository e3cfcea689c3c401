"""`table.move(old, new)`: a copy of an item under another key, in its place."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import attrs

from adorm.dynamodb.values import AttributeMap
from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    ItemNotFound,
    TransactionCanceled,
    UsageError,
    VersionConflict,
)
from adorm.expressions.conditions import Condition
from adorm.items.binding import MAX_TURNS, Binding
from adorm.items.consistent_reads import consistent_request
from adorm.items.delete import Delete
from adorm.items.instances import is_never_stored, read_version
from adorm.items.keys import Key
from adorm.items.plan import Plan, write_cost
from adorm.items.put import Put
from adorm.items.retriable import Retriable
from adorm.items.single_write import key_of_instance
from adorm.items.write import PreparedWrite, item_exists
from adorm.schema.model_options import HOOKS
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.tx.block import Transaction
from adorm.tx.handles import TransactionWrite

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class MoveAway(Delete[ModelT, ResultT]):
    """The delete of the old item, which has to be there, with the version that was read."""

    change = None  # no hooks of a delete are called: the item is still there

    @property
    def verb(self) -> str:
        return "move"

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        del in_transaction
        binding, info = self._binding, self._binding.info
        request = {"TableName": binding.table_name, "Key": binding.encode_key(self._key)}
        prepared = PreparedWrite("DeleteItem", binding, self._key, request)
        prepared.must_exist = True
        own: list[Condition] = [item_exists(binding)]
        if self._instance is not None and info.version is not None:
            prepared.expected_version = read_version(info, self._instance)
            own.append(self._version_is(prepared.expected_version, info.version))
        self._complete(prepared, own, {})
        return prepared


@attrs.define(eq=False, repr=False)
class MoveHere(Put[ModelT, ResultT]):
    """The put of the new item, whose key has to be free. It goes on with the version and the
    `created_at` that it has."""

    _old_version: int = attrs.field(default=0, alias="old_version", kw_only=True)

    @property
    def verb(self) -> str:
        return "move"

    def _version_before(self) -> int:
        return max(self._old_version, read_version(self._binding.info, self._instance))

    def _is_first_write(self, version: int) -> bool:
        return is_never_stored(self._binding.info, self._instance)


@attrs.define(eq=False, repr=False)
class Move(Retriable[ModelT], Generic[ModelT]):
    """One TransactWriteItems, which deletes the old item and puts the new one.

    It is sent with one idempotency token, so that a lost answer does not move an item twice.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """

    _binding: Binding
    _old_key: Key[Any]
    _old: Any
    """The old item, where it was given as an instance; else None."""
    _new: Any

    @property
    def model_name(self) -> str:
        return self._binding.info.name

    def request(self) -> dict[str, Any]:
        if self._reads_first:
            return self._read_request()
        return self._transaction(self._new)[0].request()

    def explain(self) -> Plan:
        if not self._reads_first:
            self._transaction(self._new)
        return Plan(
            operation="TransactWriteItems",
            table=self._binding.table_name,
            reason="the old item is deleted and the new one is put",
            cost=write_cost(transactional=True),
        )

    @property
    def _reads_first(self) -> bool:
        """Whether the old item has to be read, for its unique values."""
        return self._old is None and bool(self._binding.info.unique)

    def _read_request(self) -> dict[str, Any]:
        return consistent_request(self._binding, self._binding.encode_key(self._old_key))

    async def _read(self) -> AttributeMap:
        """The old item.

        Raises:
            ItemNotFound: there is none.
        """
        answer = await self._binding.connection.call(
            "GetItem", self._read_request(), subject=self._old_key, retry=self._retry
        )
        item: AttributeMap | None = answer.get("Item")
        if item is None:
            raise self._nothing_to_move()
        return item

    def _transaction(
        self, new: Any, known: AttributeMap | None = None
    ) -> tuple[Transaction, TransactionWrite[ModelT]]:
        """The transaction, and the write whose result is the new item.

        Args:
            new: the new item, as its hooks have left it.
            known: the old item as it was read last, for its unique values.

        Raises:
            UsageError: both have one key, or the new item can't be stored.
        """
        binding, info = self._binding, self._binding.info
        new_key = key_of_instance(binding, new)
        if binding.encode_key(new_key) == binding.encode_key(self._old_key):
            raise UsageError(
                f"{new_key}: the new item has the key of the old one, so there is nothing to move: "
                "save() it"
            )
        old_version = 0 if self._old is None else read_version(info, self._old)
        transaction = Transaction(binding.connection, retry=self._retry)
        away: MoveAway[ModelT, None] = MoveAway(binding, self._old_key, self._old)
        if known is not None:
            from adorm.items.unique_change import values_are

            away = away.with_conditions(values_are(binding, known))
        transaction.include(away)
        put = MoveHere[ModelT, ModelT](
            binding, new_key, new, returning="item", creating=True, old_version=old_version
        )
        return transaction, transaction.include(put)

    async def _run(self) -> ModelT:
        known = await self._read() if self._reads_first else None
        new = self._new
        if HOOKS in type(new).__dict__:  # called once, also where the move is tried again
            from adorm.items.hooks import run_before

            new = await run_before(self._binding.info, "save", new)
        turn = 0
        while True:
            turn += 1
            transaction, put = self._transaction(new, known)
            transaction.ran_before_hooks = True
            try:
                await transaction.commit()
            except TransactionCanceled as error:
                changed = self._changed(error, known)
                if changed is None or turn >= MAX_TURNS:
                    failure = self._failure(error)
                    if failure is None:
                        raise
                    raise failure from error
                known = changed
            else:
                return put.stored
            await self._binding.connection.back_off(
                turn,
                operation="TransactWriteItems",
                subject=self._old_key,
                why="before the move is tried with the unique values that are stored now",
                retry=self._retry,
            )

    def _changed(
        self, error: TransactionCanceled, known: AttributeMap | None
    ) -> AttributeMap | None:
        """The old item, where others have changed its unique values meanwhile; else None."""
        first = error.reasons[0] if error.reasons else None
        found = None if first is None else first.attribute_map
        if not self._binding.info.unique or first is None or found is None:
            return None
        if isinstance(first.error, VersionConflict) or self._binding.is_other_kind(found):
            return None
        from adorm.items.unique_change import has_other_values

        is_other = has_other_values(self._binding, found, read=known, instance=self._old)
        return found if is_other else None

    def _nothing_to_move(self) -> ItemNotFound:
        return ItemNotFound(
            f"{self._old_key}: no such item in table {self._binding.table_name}, so there "
            "is nothing to move; create() makes the new one"
        )

    def _failure(self, error: TransactionCanceled) -> AdormError | None:
        """The error of the side that failed; where both did, that of the old item."""
        for reason in error.reasons:
            if isinstance(reason.error, ItemNotFound):
                return self._nothing_to_move()
            if isinstance(reason.error, ConditionalCheckFailed):
                return reason.error
        return None
