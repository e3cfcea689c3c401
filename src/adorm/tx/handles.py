"""What the operations of a transaction give: handles that add to them in place."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition, conditions
from adorm.expressions.updates import Clause
from adorm.items.update import Changes, UpdateDraft
from adorm.tx.parts import UpdatePart, WritePart
from adorm.tx.state import TransactionState

ModelT = TypeVar("ModelT")


class TransactionWrite(Generic[ModelT]):
    """A create, put, save, delete or check in a transaction. Clauses add to it in place."""

    __slots__ = ("_life", "_part")

    def __init__(self, life: TransactionState, part: WritePart) -> None:
        self._life = life
        self._part = part

    def __repr__(self) -> str:
        return f"<{self._part.label.partition(' ')[0]} {self._part.key.info.name}, in a transaction>"  # without the key

    def when(self, *conditions_: bool | Condition) -> Self:
        """Let the transaction stand only if all conditions hold of this item.

        Raises:
            UsageError: the transaction has ended.
        """
        self._life.use()
        self._part.write = self._part.write.when(*conditions(conditions_))
        return self

    def unchecked(self) -> Self:
        """Do not check the version that was read: the last writer wins.

        Raises:
            UsageError: the transaction has ended.
        """
        self._life.use()
        self._part.write = self._part.write.unchecked()
        return self

    def keep_timestamps(self) -> Self:
        """Store `created_at` and `updated_at` as the instance has them, as an import does; by
        default they are the times of writes.

        Raises:
            UsageError: the transaction has ended.
        """
        self._life.use()
        self._part.write = self._part.write.keep_timestamps()
        return self

    @property
    def stored(self) -> ModelT:
        """The item as stored, once the transaction is done: the instance itself, or for a frozen
        model a new one.

        Raises:
            UsageError: the transaction is not done, or was not applied, or this operation stores
                nothing.
        """
        stored: ModelT | None = self._part.stored
        if stored is None or self._part.write.verb in ("delete", "check"):
            raise UsageError(
                f"{self._part.label}: nothing was stored by it: its transaction was not applied, or it stores nothing"
            )
        return stored


class TransactionUpdate(Changes, Generic[ModelT]):
    """An update in a transaction: it is part of it already, and its clauses add to it in place."""

    __slots__ = ("_life", "_part")

    def __init__(self, life: TransactionState, part: UpdatePart) -> None:
        self._life = life
        self._part = part

    def __repr__(self) -> str:
        return f"<{self._part.label.partition(' ')[0]} {self._part.key.info.name}, in a transaction>"  # without the key

    def _take(self, draft: UpdateDraft) -> Self:
        self._life.use()
        self._part.draft = draft
        return self

    def _with_clauses(self, clauses: tuple[Clause[Any], ...]) -> Self:
        return self._take(self._part.draft.with_clauses(clauses))

    def _with_conditions(self, added: tuple[Condition, ...]) -> Self:
        return self._take(self._part.draft.with_conditions(added))

    def _with_upsert(self) -> Self:
        return self._take(self._part.draft.with_upsert())
