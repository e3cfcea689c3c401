"""From an error answer's JSON to the error that adorm raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from adorm.errors import CancellationReason, ConditionalCheckFailed, ServiceError, TransactionCanceled, code_of


def service_error(
    body: Mapping[str, Any],
    *,
    operation: str,
    status: int | None,
    request_id: str | None = None,
    retry_after_s: float | None = None,
) -> ServiceError:
    """The error for `{"__type": "...#ConditionalCheckFailedException", "message": ..., "Item": ..., "CancellationReasons": ...}`."""
    code = str(body.get("__type") or body.get("code") or status or "Unknown").rpartition("#")[2].partition(":")[0]
    message = str(body.get("message") or body.get("Message") or "")
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
            retryable=bool(errors) and all(isinstance(error, ServiceError) and error.retryable for error in errors),
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
        {"__type": REASON_CODES.get(code, code), "message": reason.get("Message"), "Item": reason.get("Item")},
        operation=operation,
        status=400,
    )
    return CancellationReason(operation, code, reason.get("Message"), None, reason.get("Item"), error)
