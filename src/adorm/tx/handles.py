"""What the methods of a transaction give: handles whose clauses add to the transaction in place."""

from __future__ import annotations

import asyncio
from typing import Any, Generic, Self, TypeVar

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.updates import Clause, set_clauses
from adorm.items.single_write import SingleWrite, Write
from adorm.items.update import Update
from adorm.items.update_clauses import UpdateClauses
from adorm.tx.actions import WriteAction

ModelT = TypeVar("ModelT")
WriteT = TypeVar("WriteT", bound=SingleWrite[Any])


class Handle(Generic[WriteT]):
    """An action of a transaction that has not ended. The base of the two classes below: only their
    methods differ."""

    __slots__ = ("_action", "_state")

    def __init__(self, state: TransactionState, action: WriteAction[WriteT]) -> None:
        self._state = state
        self._action = action

    def __repr__(self) -> str:
        write = self._action.write  # without the key, which a log must not show
        return f"<{write.verb} {write.key.info.name}, in a transaction>"

    def _replace(self, write: WriteT) -> Self:
        self._state.use()
        self._action.write = write
        return self


class TransactionWrite(Handle[Write[Any, Any]], Generic[ModelT]):
    """A create, put, save, delete or check in a transaction. Clauses add to it in place.

    After the end of the transaction each clause raises `UsageError`.
    """

    __slots__ = ()

    def when(self, *conditions_: bool | Condition) -> Self:
        """Apply the transaction only if all conditions hold of this item."""
        return self._replace(self._action.write.when(*conditions_))

    def given(self, *conditions_: bool | Condition) -> Self:
        """What the item holds: `.given(Member.email == old)`. It is also a condition.

        A delete by key of a model with unique values needs it, and so does a put that changes one.
        """
        return self._replace(self._action.write.given(*conditions_))

    def unchecked(self) -> Self:
        """Do not check the version that was read: the last writer wins."""
        return self._replace(self._action.write.unchecked())

    def keep_timestamps(self) -> Self:
        """Store `created_at` and `updated_at` as the instance has them, as an import does.

        By default they are set to the time of the write.
        """
        return self._replace(self._action.write.keep_timestamps())

    @property
    def stored(self) -> ModelT:
        """The item as stored, once the transaction is applied: the instance itself, or for a frozen
        model a new one.

        Raises:
            UsageError: the transaction was not sent or not applied, or this action stores nothing.
        """
        stored: ModelT | None = self._action.stored
        if stored is None:
            raise UsageError(
                f"{self._action.label}: nothing was stored by it: "
                "its transaction was not applied, or it stores nothing"
            )
        return stored


class TransactionUpdate(UpdateClauses, Handle[Update[Any, Any]], Generic[ModelT]):
    """An update in a transaction. Clauses add to it in place.

    After the end of the transaction each clause raises `UsageError`.
    """

    __slots__ = ()

    @property
    def _model(self) -> Any:
        return self._action.write.binding.info.model

    def _with_changes(
        self,
        paths: tuple[DocumentPath, ...],
        values: tuple[Any, ...],
        clauses: tuple[Clause[Any], ...] = (),
    ) -> Self:
        return self._replace(self._action.write.apply(*set_clauses(paths, values), *clauses))

    def _with_conditions(self, added: tuple[Condition, ...]) -> Self:
        return self._replace(self._action.write.when(*added))

    def _with_upsert(self) -> Self:
        return self._replace(self._action.write.upsert())


_ENDED = (
    "this transaction has ended, and nothing can be added to it: "
    "begin another with db.transaction()"
)


class TransactionState:
    """The state of one transaction: new, entered as a block or not, ended.

    It belongs to the task that uses it first.
    """

    __slots__ = ("_ended", "_in_block", "_owner")

    def __init__(self) -> None:
        self._owner: asyncio.Task[object] | None = None
        self._in_block = False
        self._ended = False

    def use(self) -> None:
        """Check that it may be used now, by this task."""
        task = _current_task()
        if self._owner is None:
            self._owner = task
        if task is not self._owner:
            raise UsageError(
                "a transaction belongs to the task that began it: gather what other tasks have to "
                "write and add it here, or give each task a transaction of its own"
            )
        if self._ended:
            raise UsageError(_ENDED)

    def enter(self) -> None:
        """Begin the block."""
        self.use()
        if self._in_block:
            raise UsageError(
                "this transaction is entered already, and its operations are one: "
                "transactions don't nest"
            )
        self._in_block = True

    def commit(self) -> None:
        """End it without a block."""
        self.use()
        if self._in_block:
            raise UsageError("the end of the block sends this transaction: take commit() away")
        self.end()

    def end(self) -> None:
        """End it: nothing can be added any more."""
        self._ended = True
        self._owner = None


def _current_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # outside of an event loop
        return None
