"""From an error answer's JSON to the error that adorm raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from adorm.errors import (
    MESSAGE_CHARACTERS,
    CancellationReason,
    ConditionalCheckFailed,
    ServiceError,
    TransactionCanceled,
    code_of,
)
from adorm.support.shown import shown
from adorm.transport.answer_shapes import map_problem


def service_error(
    body: Mapping[str, Any],
    *,
    operation: str,
    status: int | None,
    request_id: str | None = None,
    retry_after_s: float | None = None,
) -> ServiceError:
    """The error for `{"__type": "...#ConditionalCheckFailedException", "message": ..., "Item": ...,
    "CancellationReasons": ...}`."""
    code = shown(
        str(body.get("__type") or body.get("code") or status or "Unknown")
        .rpartition("#")[2]
        .partition(":")[0]
    )
    message = shown(str(body.get("message") or body.get("Message") or ""), MESSAGE_CHARACTERS)
    row = code_of(code, status)
    reasons = body.get("CancellationReasons")
    if code == "TransactionCanceledException" and isinstance(reasons, list):
        causes = [_reason(reason, operation) for reason in cast("list[object]", reasons)]
        errors = [cause.error for cause in causes if cause.error is not None]
        return TransactionCanceled(
            message,
            causes,
            code=code,
            operation=operation,
            request_id=request_id,
            status=status,
            # Conflicts and throttles pass; a failed condition among them does not.
            retryable=bool(errors)
            and all(isinstance(error, ServiceError) and error.retryable for error in errors),
            retry_after_s=retry_after_s,
        )
    error = row.error(
        message,
        code=code,
        operation=operation,
        request_id=request_id,
        status=status,
        retryable=row.treatment != "no",
        retry_after_s=retry_after_s,
    )
    if isinstance(error, ConditionalCheckFailed):
        error.attribute_map = body.get("Item")
    return error


REASON_CODES: Mapping[str, str] = {
    "ConditionalCheckFailed": "ConditionalCheckFailedException",
    "TransactionConflict": "TransactionConflictException",
    "ProvisionedThroughputExceeded": "ProvisionedThroughputExceededException",
    "ThrottlingError": "ThrottlingException",
    "ValidationError": "ValidationException",
    "ItemCollectionSizeLimitExceeded": "ItemCollectionSizeLimitExceededException",
}
"""A cancellation reason's code, and the code of the same failure outside a transaction."""


def _reason(told: object, operation: str) -> CancellationReason:
    reason: Mapping[str, Any] = cast("Mapping[str, Any]", told) if isinstance(told, Mapping) else {}
    code = str(reason.get("Code"))
    if code == "None":
        return CancellationReason(operation, None)
    error = service_error(
        {
            "__type": REASON_CODES.get(code, code),
            "message": reason.get("Message"),
            "Item": reason.get("Item"),
        },
        operation=operation,
        status=400,
    )
    return CancellationReason(
        operation, shown(code), error.detail or None, None, reason.get("Item"), error
    )


def misshapen(body: Mapping[str, Any]) -> str | None:
    """Why an error's JSON can't be read: an item in it is no attribute map. None where it can."""
    if (problem := _item_problem(body)) is not None:
        return problem
    reasons: object = body.get("CancellationReasons")
    if isinstance(reasons, list):
        for reason in cast("list[object]", reasons):
            if (
                isinstance(reason, Mapping)
                and (problem := _item_problem(cast("Mapping[str, Any]", reason))) is not None
            ):
                return problem
    return None


def _item_problem(body: Mapping[str, Any]) -> str | None:
    item: object = body.get("Item")
    return None if item is None else map_problem("Item", item)
