"""One log record for each call, by the standard library's logging, with flat fields."""

from __future__ import annotations

import logging
from typing import Any, TypeAlias

from adorm.calls.details import AttemptDetails, CallDetails
from adorm.calls.hooks import CallHooks
from adorm.errors import UsageError

Fields: TypeAlias = dict[str, Any]

EXPECTED: frozenset[str | None] = frozenset(
    {"ConditionalCheckFailedException", "ConditionalCheckFailed"}
)
"""Codes that are no failure: the condition of a write did not hold."""

PREFIX = "dynamodb_"


class LogCalls(CallHooks):
    """Hooks that write log records: `adorm.connect(hooks=[adorm.LogCalls(slow_call_s=0.5)])`.

    What happened decides the level:

    - DEBUG: a call was answered at its first attempt.
    - INFO: it was answered after retries; a condition did not hold; it was cancelled; an attempt
      failed and may be repeated.
    - WARNING: it failed; an attempt was throttled; it took `slow_call_s` or more.

    A record has the fields as attributes (`logging`'s `extra`), only those that there are:
    `dynamodb_event` ("call" or "attempt"), `call_id`, `dynamodb_operation`, `dynamodb_table`,
    `dynamodb_tables`, `dynamodb_index`, `dynamodb_model`, `dynamodb_region`, `segment`,
    `total_segments`, `batch_size`, `attempts`, `attempt`, `delay_s`, `duration_s`, `count`,
    `scanned_count`, `unprocessed`, `read_units`, `write_units`, `error_type`, `error_code`,
    `error_reasons`, `http_status`, `request_id`, `maybe_applied`, `cancelled`. Where a record
    factory of yours (`logging.setLogRecordFactory`) sets one of them itself, the names of all
    fields of that record begin with `dynamodb_`. No key, no item, no credentials, no message of an
    error.

    Args:
        logger: by default `logging.getLogger("adorm.calls")`.
        slow_call_s: seconds, retries and their waits included, from which a call is slow; None for
            never.
        capacity: have every call report what it consumed, for `read_units` and `write_units`.

    Raises:
        UsageError: `slow_call_s` is not a number of 0 or more.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        logger: logging.Logger | None = None,
        slow_call_s: float | None = None,
        capacity: bool = False,
    ) -> None:
        if not _are_seconds(slow_call_s):
            raise UsageError(
                f"LogCalls(slow_call_s={slow_call_s!r}): expected seconds, 0 or more, or None for "
                "never"
            )
        lines = _Lines(logger or logging.getLogger("adorm.calls"), slow_call_s)
        super().__init__(
            after_call=lines.after_call, after_attempt=lines.after_attempt, capacity=capacity
        )

    def __repr__(self) -> str:
        return "adorm.LogCalls()"


def _are_seconds(value: object) -> bool:
    return value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    )


class _Lines:
    def __init__(self, logger: logging.Logger, slow_call_s: float | None) -> None:
        self._logger = logger
        self._slow_call_s = slow_call_s

    def after_call(self, call: CallDetails) -> None:
        slow = self._slow_call_s is not None and call.duration_s >= self._slow_call_s
        level, what = _verdict(call)
        if slow and level < logging.WARNING:
            level, what = logging.WARNING, f"slow, {what}"
        if self._logger.isEnabledFor(level):
            fields = _fields("call", call) | _of_call(call)
            self._write(
                level,
                fields,
                "%s: %s in %.3f s, attempts: %d",
                _about(call),
                what,
                call.duration_s,
                call.attempts,
            )

    def after_attempt(self, attempt: AttemptDetails) -> None:
        error = attempt.error
        if error is None or not error.retryable:
            return  # the call's own line says it
        level = logging.WARNING if error.throttled else logging.INFO
        if self._logger.isEnabledFor(level):
            fields = _fields("attempt", attempt) | {
                "attempt": attempt.attempt,
                "delay_s": attempt.delay_s,
            }
            self._write(
                level,
                fields,
                "%s: attempt %d %s in %.3f s: %s",
                _about(attempt),
                attempt.attempt,
                "was throttled" if error.throttled else "failed",
                attempt.duration_s,
                error.code or error.type,
            )

    def _write(self, level: int, fields: Fields, message: str, *values: object) -> None:
        try:
            self._logger.log(level, message, *values, extra=fields)
        except KeyError:
            # A record factory of the program's own sets one of them, `request_id` most likely, and
            # logging overwrites none.
            extra = {
                name if name.startswith(PREFIX) else f"{PREFIX}{name}": value
                for name, value in fields.items()
            }
            self._logger.log(level, message, *values, extra=extra)


def _verdict(call: CallDetails) -> tuple[int, str]:
    error = call.error
    if error is None:
        retried = call.attempts > 1
        return (logging.INFO, "answered after retries") if retried else (logging.DEBUG, "answered")
    if error.cancelled:
        return logging.INFO, "cancelled"
    reasons: set[str | None] = set(error.reasons) - {None, "None"}
    codes = reasons or {error.code}
    name = error.code or error.type
    if codes <= EXPECTED:
        return logging.INFO, f"a condition did not hold ({name})"
    return logging.WARNING, f"failed with {name}"


def _about(details: CallDetails | AttemptDetails) -> str:
    tables = ", ".join(details.request.tables)
    index = f" ({details.request.index})" if details.request.index else ""
    return f"{details.operation} {tables}{index}" if tables else details.operation


def _fields(event: str, details: CallDetails | AttemptDetails) -> Fields:
    request, error, capacity = details.request, details.error, details.capacity
    several = request.tables if len(request.tables) > 1 else None
    fields: Fields = {
        "dynamodb_table": details.table,
        "dynamodb_tables": several,
        "dynamodb_index": request.index,
        "dynamodb_model": details.model,
        "dynamodb_region": details.server.region,
        "segment": request.segment,
        "total_segments": request.total_segments,
        "batch_size": request.batch_size,
    }
    if capacity is not None:
        fields |= {"read_units": capacity.read, "write_units": capacity.write}
    if error is not None:
        fields |= {
            "error_type": error.type,
            "error_code": error.code,
            "error_reasons": error.reasons or None,
            "http_status": error.status,
            "request_id": error.request_id,
            "maybe_applied": error.maybe_applied or None,
            "cancelled": error.cancelled or None,
        }
    there = {name: value for name, value in fields.items() if value is not None}
    return {
        "dynamodb_event": event,  # `event` is structlog's name for the message
        "call_id": details.call_id,
        "dynamodb_operation": details.operation,
        "duration_s": details.duration_s,
        **there,
    }


def _of_call(call: CallDetails) -> Fields:
    fields: Fields = {"attempts": call.attempts}
    answer = call.answer
    if answer is not None:
        fields |= {
            "count": answer.count,
            "scanned_count": answer.scanned_count,
            "unprocessed": answer.unprocessed or None,
            "request_id": answer.request_id,
        }
    return {name: value for name, value in fields.items() if value is not None}
