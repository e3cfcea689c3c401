"""Sending one prepared write by itself, and understanding what DynamoDB answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from adorm.errors import ConditionalCheckFailed, TransactionCanceled, ValidationFailed
from adorm.items.write import PreparedWrite
from adorm.items.write_failures import (
    after_applied,
    condition_failure,
    explain_refusal,
    is_absent,
    is_own_write,
)
from adorm.retry import RetryPolicy
from adorm.transport.base import Answer

MAX_TURNS = 10
"""How often a save or an upsert that only removes attributes is begun again because other writers
delete and create the item between its two requests."""


async def send(
    prepared: PreparedWrite, retry: RetryPolicy | None, *, exactly_once: bool = False
) -> Any:
    """Send the write; gives what its `on_applied` gives.

    After an ambiguous attempt the condition may fail because of this very write. Where the item
    proves that, the write has succeeded.

    Args:
        exactly_once: as a transaction of one action, with an idempotency token.

    Raises:
        ConditionalCheckFailed, ItemExists, VersionConflict, ItemNotFound: the condition did not
            hold.
        ItemDecodeError: the write was applied (`applied` is True), and its answer can't be used.
        ServiceError, ConnectionFailed, DeadlineExceeded: as a call.
    """
    try:
        if exactly_once:
            answer = await _send_once(prepared, retry)
        elif prepared.creation is not None:
            answer = await _send_or_create(prepared, prepared.creation, retry)
        else:
            answer = await prepared.binding.connection.call(
                prepared.operation,
                prepared.request,
                subject=prepared.key,
                repeat=prepared.repeat,
                retry=retry,
            )
    except ValidationFailed as error:
        if prepared.clauses:
            explain_refusal(error, prepared.clauses)
        raise
    except ConditionalCheckFailed as error:
        is_done = prepared.passes_absent and is_absent(prepared.binding, error.attribute_map)
        if not is_done and not (
            error.maybe_applied and is_own_write(prepared, error.attribute_map)
        ):
            failure = condition_failure(prepared, error)
            if failure is error:
                raise
            raise failure from error
        answer = {} if is_done else {"Attributes": error.attribute_map}
    try:
        return prepared.on_applied(answer.get("Attributes"))
    except Exception as error:
        failure = after_applied(error, prepared.binding, prepared.key)
        if failure is error:
            raise
        raise failure from error


def as_transaction(request: dict[str, Any]) -> dict[str, Any]:
    """The request of an update as a transaction of one action, with a new idempotency token."""
    return {"TransactItems": [{"Update": request}], "ClientRequestToken": str(uuid4())}


async def _send_once(prepared: PreparedWrite, retry: RetryPolicy | None) -> Answer:
    try:
        return await prepared.binding.connection.call(
            "TransactWriteItems",
            as_transaction(prepared.request),
            subject=prepared.key,
            retry=retry,
        )
    except TransactionCanceled as error:
        reason = error.reasons[0].error if error.reasons else None
        if isinstance(reason, ConditionalCheckFailed):
            reason.subject, reason.attempts = error.subject, error.attempts
            reason.request_id = error.request_id
            raise reason from error
        if isinstance(reason, ValidationFailed):
            explain_refusal(reason, prepared.clauses)
        raise


async def _send_or_create(
    prepared: PreparedWrite, creation: dict[str, Any], retry: RetryPolicy | None
) -> Answer:
    def call(request: dict[str, Any]) -> Awaitable[Answer]:
        return prepared.binding.connection.call(
            prepared.operation, request, subject=prepared.key, repeat=prepared.repeat, retry=retry
        )

    return await write_or_create(call, prepared.request, creation)


async def write_or_create(
    call: Callable[[dict[str, Any]], Awaitable[Answer]],
    request: dict[str, Any],
    creation: dict[str, Any],
) -> Answer:
    """Send a write that asks for an existing item; where there is none, create it.

    Raises:
        ConditionalCheckFailed: the caller's own condition does not hold, or other writers deleted
            and created the item `MAX_TURNS` times in a row.
    """
    turn = 0
    while True:
        turn += 1
        try:
            return await call(request)
        except ConditionalCheckFailed as error:
            if error.attribute_map is not None or turn >= MAX_TURNS:
                raise
        try:
            return await call(creation)
        except ConditionalCheckFailed as error:
            if error.attribute_map is None:
                raise
