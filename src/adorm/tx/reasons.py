"""Why a transaction was cancelled: what each of DynamoDB's reasons means for its action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from adorm.errors import (
    CancellationReason,
    ConditionalCheckFailed,
    ItemNotFound,
    ServiceError,
    TransactionCanceled,
    ValidationFailed,
)
from adorm.items.write_failures import error_like
from adorm.tx.actions import GetAction, WriteAction

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
    failure = reason.error
    if isinstance(failure, ServiceError):
        failure.subject = str(action.key)
        failure.request_id, failure.attempts = whole.request_id, whole.attempts
    if isinstance(failure, ValidationFailed):
        action.explain(failure)
    if isinstance(failure, ConditionalCheckFailed):
        meaning = action.failure(failure)
        if meaning is not failure and isinstance(meaning, ItemNotFound):
            meaning.__cause__ = failure
        failure = meaning
    item = failure.item if isinstance(failure, ConditionalCheckFailed) else None
    return CancellationReason(
        action.label, reason.code, reason.message, item, reason.attribute_map, failure
    )
