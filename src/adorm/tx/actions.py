"""One write, check or read as an action of a transaction."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import attrs

from adorm.dynamodb.operations import ACTIONS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import AdormError, ConditionalCheckFailed, ValidationFailed
from adorm.items.binding import Binding
from adorm.items.keys import Key
from adorm.items.single_write import SingleWrite, Write, item_exists
from adorm.items.write import PreparedWrite
from adorm.items.write_failures import condition_failure, explain_refusal

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


ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class Check(Write[ModelT, ResultT]):
    """The transaction is applied only if the conditions hold of this item; without conditions, only
    if there is such an item.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConditionCheck.html
    """

    def prepare(self, *, in_transaction: bool = False) -> PreparedWrite:
        binding = self._binding
        request = {"TableName": binding.table_name, "Key": binding.encode_key(self._key)}
        prepared = PreparedWrite("ConditionCheck", binding, self._key, request)
        prepared.must_exist = not self._conditions
        own = () if self._conditions else (item_exists(binding),)
        self._complete(prepared, own, {})
        return prepared

    def _finish(self, new_values: dict[str, Any], attributes: AttributeMap | None) -> None:
        """A check stores nothing."""


@attrs.frozen(eq=False)
class GetAction:
    """The read of one item as an action of a transaction."""

    binding: Binding
    key: Key[Any]

    @property
    def label(self) -> str:
        """What it is, for messages: `get Order c1/o1`."""
        return f"get {self.key}"

    def failure(self, error: ConditionalCheckFailed, /) -> AdormError:
        """The error itself: a read has no condition."""
        return error

    def explain(self, error: ValidationFailed, /) -> None:
        """Nothing to add: a read has no clauses."""
