"""Why a transaction was cancelled: DynamoDB's reasons, each told as what it means for its
operation."""

from __future__ import annotations

from collections.abc import Sequence

from adorm.errors import (
    CancellationReason,
    ConditionalCheckFailed,
    ItemNotFound,
    ServiceError,
    TransactionCanceled,
    ValidationFailed,
)
from adorm.tx.parts import Part


def explained(error: TransactionCanceled, parts: Sequence[Part]) -> TransactionCanceled:
    """The same error with its reasons by operation: what it was, and its error and item, typed.

    DynamoDB gives one reason for each operation, in their order:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors
    """
    typed = TransactionCanceled(
        error.detail,
        [_explain(reason, part, error) for reason, part in zip(error.reasons, parts, strict=False)],
        code=error.code,
        operation=error.operation,
        request_id=error.request_id,
        status=error.status,
        retryable=error.retryable,
        maybe_applied=error.maybe_applied,
        subject=error.subject,
        attempts=error.attempts,
        retry_after_s=error.retry_after_s,
    )
    for note in getattr(error, "__notes__", ()):
        typed.add_note(note)
    return typed


def _explain(
    reason: CancellationReason, part: Part, whole: TransactionCanceled
) -> CancellationReason:
    failure = reason.error
    if isinstance(failure, ServiceError):
        failure.subject, failure.request_id, failure.attempts = (
            str(part.key),
            whole.request_id,
            whole.attempts,
        )
    if isinstance(failure, ValidationFailed):
        part.explain(failure)
    if isinstance(failure, ConditionalCheckFailed):
        meaning = part.failure(failure)
        if meaning is not failure and isinstance(meaning, ItemNotFound):
            meaning.__cause__ = failure
        failure = meaning
    item = failure.item if isinstance(failure, ConditionalCheckFailed) else None
    return CancellationReason(
        part.label, reason.code, reason.message, item, reason.attribute_map, failure
    )
