"""From DynamoDB's error JSON to the error that adorm raises, whichever transport received it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, cast

from adorm.dynamodb.codes import Code, code_of
from adorm.errors import (
    MESSAGE_CHARACTERS,
    AdormError,
    CancellationReason,
    ConditionalCheckFailed,
    ServiceError,
    TransactionCanceled,
)
from adorm.support.printable_text import shown
from adorm.transport.answer_shapes import map_problem


def service_error(
    body: Mapping[str, Any],
    *,
    operation: str,
    status: int | None,
    request_id: str | None = None,
    retry_after_s: float | None = None,
) -> ServiceError:
    """The error for DynamoDB's error JSON.

    `body` is `{"__type": "...#ConditionalCheckFailedException", "message": ..., "Item": ...,
    "CancellationReasons": ...}`, `status` the HTTP status.
    """
    code = shown(
        str(body.get("__type") or body.get("code") or status or "Unknown")
        .rpartition("#")[2]
        .partition(":")[0]
    )
    message = shown(str(body.get("message") or body.get("Message") or ""), MESSAGE_CHARACTERS)
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
    error = error_for(
        code_of(code, status),
        code,
        message,
        operation=operation,
        status=status,
        request_id=request_id,
        retry_after_s=retry_after_s,
    )
    if isinstance(error, ConditionalCheckFailed):
        error.attribute_map = body.get("Item")
    return error


def error_for(
    row: Code,
    code: str,
    message: str,
    *,
    operation: str,
    status: int | None,
    request_id: str | None = None,
    retry_after_s: float | None = None,
) -> ServiceError:
    """The error of a row of the table of codes: its class, and whether a retry may help."""
    return row.error(
        message,
        code=code,
        operation=operation,
        request_id=request_id,
        status=status,
        retryable=row.treatment != "no",
        retry_after_s=retry_after_s,
    )


def another_like(error: AdormError) -> AdormError:
    """A copy of a failure, for another caller that waited for the same thing.

    Each caller needs an error of its own, because notes and attempts are added to it on its way up.
    """
    again = copy(error)
    again.__dict__.pop("__notes__", None)
    again.maybe_applied = False
    return again


REASON_CODES: Mapping[str, str] = {
    "ConditionalCheckFailed": "ConditionalCheckFailedException",
    "TransactionConflict": "TransactionConflictException",
    "ProvisionedThroughputExceeded": "ProvisionedThroughputExceededException",
    "ThrottlingError": "ThrottlingException",
    "ValidationError": "ValidationException",
    "ItemCollectionSizeLimitExceeded": "ItemCollectionSizeLimitExceededException",
}
"""The code of a cancellation reason -> the code of the same failure outside a transaction."""


def _reason(cause: object, operation: str) -> CancellationReason:
    reason: Mapping[str, Any] = {}
    if isinstance(cause, Mapping):
        reason = cast("Mapping[str, Any]", cause)
    code, message, item = str(reason.get("Code")), reason.get("Message"), reason.get("Item")
    if code == "None":
        return CancellationReason(operation, None)
    body = {"__type": REASON_CODES.get(code, code), "message": message, "Item": item}
    error = service_error(body, operation=operation, status=400)
    return CancellationReason(operation, shown(code), error.detail or None, None, item, error)


def misshapen(body: Mapping[str, Any]) -> str | None:
    """What is wrong with the items in an error's JSON: one is no attribute map. None: all fit."""
    reasons: object = body.get("CancellationReasons")
    for holder in (body, *(cast("list[object]", reasons) if isinstance(reasons, list) else ())):
        item = (
            cast("Mapping[str, object]", holder).get("Item")
            if isinstance(holder, Mapping)
            else None
        )
        if item is not None and (problem := map_problem("Item", item)) is not None:
            return problem
    return None
