"""`table.move(old, new)`: a copy of an item under another key, in its place."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import attrs

from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    ItemNotFound,
    TransactionCanceled,
    UsageError,
)
from adorm.expressions.conditions import Condition
from adorm.items.binding import Binding
from adorm.items.delete import Delete
from adorm.items.instances import is_never_stored, read_version
from adorm.items.keys import Key
from adorm.items.plan import Plan, write_cost
from adorm.items.put import Put
from adorm.items.retriable import Retriable
from adorm.items.single_write import key_of_instance
from adorm.items.write import PreparedWrite, item_exists
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.tx.block import Transaction
from adorm.tx.handles import TransactionWrite

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class MoveAway(Delete[ModelT, ResultT]):
    """The delete of the old item, which has to be there, with the version that was read."""

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
        return self._transaction()[0].request()

    def explain(self) -> Plan:
        self._transaction()
        return Plan(
            operation="TransactWriteItems",
            table=self._binding.table_name,
            reason="the old item is deleted and the new one is put",
            cost=write_cost(transactional=True),
        )

    def _transaction(self) -> tuple[Transaction, TransactionWrite[ModelT]]:
        """The transaction, and the write whose result is the new item.

        Raises:
            UsageError: both have one key, or the new item can't be stored.
        """
        binding, info = self._binding, self._binding.info
        new_key = key_of_instance(binding, self._new)
        if binding.encode_key(new_key) == binding.encode_key(self._old_key):
            raise UsageError(
                f"{new_key}: the new item has the key of the old one, so there is nothing to move: "
                "save() it"
            )
        old_version = 0 if self._old is None else read_version(info, self._old)
        transaction = Transaction(binding.connection, retry=self._retry)
        transaction.include(MoveAway[ModelT, None](binding, self._old_key, self._old))
        put = MoveHere[ModelT, ModelT](
            binding, new_key, self._new, returning="item", creating=True, old_version=old_version
        )
        return transaction, transaction.include(put)

    async def _run(self) -> ModelT:
        transaction, put = self._transaction()
        try:
            await transaction.commit()
        except TransactionCanceled as error:
            failure = self._failure(error)
            if failure is None:
                raise
            raise failure from error
        return put.stored

    def _failure(self, error: TransactionCanceled) -> AdormError | None:
        """The error of the side that failed; where both did, that of the old item."""
        for reason in error.reasons:
            if isinstance(reason.error, ItemNotFound):
                return ItemNotFound(
                    f"{self._old_key}: no such item in table {self._binding.table_name}, so there "
                    "is nothing to move; create() makes the new one"
                )
            if isinstance(reason.error, ConditionalCheckFailed):
                return reason.error
        return None
