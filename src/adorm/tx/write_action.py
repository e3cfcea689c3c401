"""One write or check as an action of a transaction."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from adorm.dynamodb.operations import ACTIONS
from adorm.errors import AdormError, ConditionalCheckFailed, ValidationFailed
from adorm.items.binding import Binding
from adorm.items.condition_failures import condition_failure
from adorm.items.keys import Key
from adorm.items.refusals import explain_refusal
from adorm.items.single_write import SingleWrite
from adorm.items.write import PreparedWrite

WriteT = TypeVar("WriteT", bound=SingleWrite[Any])


class WriteAction(Generic[WriteT]):
    """A create, put, save, delete, update or check. Until the transaction ends, `write` is replaced
    as clauses are added."""

    __slots__ = ("prepared", "stored", "write")

    def __init__(self, write: WriteT) -> None:
        self.write = write
        self.prepared: PreparedWrite | None = None
        """The write as it was sent."""
        self.stored: Any = None
        """The instance as it is stored, once the transaction is applied; None for what stores
        none."""

    @property
    def label(self) -> str:
        """What it is, for messages: `update Account a`."""
        return f"{self.write.verb} {self.write.key}"

    @property
    def key(self) -> Key[Any]:
        return self.write.key

    @property
    def binding(self) -> Binding:
        return self.write.binding

    def build(self) -> tuple[str, dict[str, Any]]:
        """The action's name, such as "Put", and its request."""
        prepared = self.prepared = self.write.prepare(in_transaction=True)
        return ACTIONS[prepared.operation], prepared.request

    def failure(self, error: ConditionalCheckFailed, /) -> AdormError:
        """What it means that its condition did not hold."""
        return error if self.prepared is None else condition_failure(self.prepared, error)

    def explain(self, error: ValidationFailed, /) -> None:
        """Add advice to a refusal, where the clauses of an update explain it."""
        if self.prepared is not None and self.prepared.clauses:
            explain_refusal(error, self.prepared.clauses)

    def apply(self) -> None:
        """Change the instance, after the transaction was applied."""
        if self.prepared is not None:
            self.stored = self.prepared.on_applied(None)
