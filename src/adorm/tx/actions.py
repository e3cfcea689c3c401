"""The actions of transactions, and what the reasons of a cancelled one mean for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import attrs

from adorm.dynamodb.operations import ACTIONS
from adorm.dynamodb.values import AttributeMap
from adorm.errors import (
    CancellationReason,
    ConditionalCheckFailed,
    ItemNotFound,
    ServiceError,
    TransactionCanceled,
    ValidationFailed,
)
from adorm.items.binding import Binding
from adorm.items.keys import Key
from adorm.items.single_write import SingleWrite, Write
from adorm.items.write import PreparedWrite, item_exists
from adorm.items.write_failures import condition_failure, error_like, explain_refusal

WriteT = TypeVar("WriteT", bound=SingleWrite[Any])
ModelT = TypeVar("ModelT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class WriteAction(Generic[WriteT]):
    """A create, put, save, delete, update or check."""

    write: WriteT
    """Replaced as clauses are added, until the transaction ends."""
    prepared: PreparedWrite | None = attrs.field(default=None, init=False)
    """The write as it was sent."""
    stored: Any = attrs.field(default=None, init=False)
    """The instance as it is stored, once the transaction is applied; None for what stores none."""

    @property
    def label(self) -> str:
        """What it is, for messages: `update Account a`."""
        return f"{self.write.verb} {self.write.key}"

    @property
    def key(self) -> Key[Any]:
        return self.write.key

    def build(self) -> tuple[str, dict[str, Any]]:
        """The action's name, such as "Put", and its request."""
        if self.write.binding.info.unique:
            from adorm.items.unique_change import prepare_with_guards

            prepared = prepare_with_guards(self.write)
        else:
            prepared = self.write.prepare(in_transaction=True)
        self.prepared = prepared
        return ACTIONS[prepared.operation], prepared.request

    def apply(self) -> None:
        """Change the instance, after the transaction was applied."""
        if self.prepared is not None:
            self.stored = self.prepared.on_applied(None)


@attrs.define(eq=False, repr=False)
class Check(Write[ModelT, ResultT]):
    """Applies the transaction only if the conditions hold; without any, if there is the item.

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
    """The read of one item."""

    binding: Binding
    key: Key[Any]

    prepared: ClassVar[None] = None

    @property
    def label(self) -> str:
        """What it is, for messages: `get Order c1/o1`."""
        return f"get {self.key}"


Action: TypeAlias = WriteAction[Any] | GetAction


def explained(error: TransactionCanceled, actions: Sequence[Action]) -> TransactionCanceled:
    """The same error with a reason for each action: which one it was, its typed error and its item.

    DynamoDB gives one reason for each action, in their order:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors
    """
    pairs = zip(error.reasons, actions, strict=False)
    reasons = [_explain(reason, action, error) for reason, action in pairs]
    return error_like(error, TransactionCanceled, reasons)


def _explain(
    reason: CancellationReason, action: Action, whole: TransactionCanceled
) -> CancellationReason:
    failure, prepared = reason.error, action.prepared
    if isinstance(failure, ServiceError):
        failure.subject = str(action.key)
        failure.request_id, failure.attempts = whole.request_id, whole.attempts
    if prepared is not None:
        if isinstance(failure, ValidationFailed):
            explain_refusal(failure, prepared.clauses)
        elif isinstance(failure, ConditionalCheckFailed):
            meaning = condition_failure(prepared, failure)
            if isinstance(meaning, ItemNotFound):
                meaning.__cause__ = failure
            failure = meaning
    item = failure.item if isinstance(failure, ConditionalCheckFailed) else None
    return CancellationReason(
        action.label, reason.code, reason.message, item, reason.attribute_map, failure
    )
