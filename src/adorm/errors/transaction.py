"""What a cancelled transaction says: `TransactionCanceled`, with a reason for each operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from adorm.errors.base import MESSAGE_CHARACTERS, ItemNotFound
from adorm.errors.service import (
    ConditionalCheckFailed,
    ItemExists,
    ServiceError,
    Throttled,
    TransactionConflict,
    UniqueConflict,
    ValidationFailed,
    VersionConflict,
)
from adorm.support.printable_text import shown
from adorm.support.records import Record

MAX_REASONS_SHOWN = 10
"""The most reasons in the message of a cancelled transaction; `.reasons` has all."""


class CancellationReason(Record):
    """Why an operation of a cancelled transaction failed; `code` is None where it did not."""

    operation: str
    code: str | None
    message: str | None = None
    item: Any = None
    attribute_map: dict[str, Any] | None = None
    error: Exception | None = None

    def __repr__(self) -> str:
        return (
            f"CancellationReason(operation={self.operation!r}, code={self.code!r}, "
            f"error={type(self.error).__name__})"
        )


class TransactionCanceled(ServiceError, ExceptionGroup[Exception]):
    """A transaction was cancelled: none of its operations was applied.

    Also an `ExceptionGroup` of its reasons' errors, so that `except* ItemExists` works.
    """

    reasons: Sequence[CancellationReason]

    def __new__(cls, message: str, reasons: Sequence[CancellationReason], **_details: Any) -> Self:
        errors = [reason.error for reason in reasons if reason.error is not None]
        code, operation = "TransactionCanceledException", "TransactWriteItems"
        unknown = ServiceError(message, code=code, operation=operation)  # a group holds an error
        return super().__new__(cls, message, errors or [unknown])

    def __init__(self, message: str, reasons: Sequence[CancellationReason], **details: Any) -> None:
        ServiceError.__init__(self, message, **details)
        self.reasons = reasons

    @property
    def message(self) -> str:
        return self.detail

    def __str__(self) -> str:
        failed = [reason for reason in self.reasons if reason.code is not None]
        count = f"{len(failed)} of {len(self.reasons)} operations failed"
        lines = [f"{super().__str__()} [{count}]"]
        lines += [f"{reason.operation}: {_advice(reason)}" for reason in failed[:MAX_REASONS_SHOWN]]
        if len(failed) > MAX_REASONS_SHOWN:
            lines.append(f"and {len(failed) - MAX_REASONS_SHOWN} more in .reasons")
        return "\n  ".join(lines)

    # typeshed's overloads can't be met
    def derive(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, excs: Sequence[Exception], /
    ) -> ExceptionGroup[Exception]:
        return ExceptionGroup(self.detail, excs)


def _advice(reason: CancellationReason) -> str:
    """Why one operation failed, and what to do."""
    match reason.error:
        case ItemExists(deletion=str(deletion)):
            return f"ItemExists: {deletion}, and its key stays taken: restore() brings it back"
        case ItemExists():
            return "ItemExists: the key is taken; .item is what is there"
        case VersionConflict() as error:
            is_stored = f"version {error.actual} is stored"
            now = "the item is gone" if error.actual is None else is_stored
            advice = "read it again and repeat the change"
            if error.deletion:
                advice = f"{error.deletion}: restore() brings it back"
            elif error.advice:
                advice = f"{advice}; {error.advice}"
            return f"VersionConflict: expected version {error.expected}, {now}: {advice}"
        case UniqueConflict() as error:
            who = "another item" if error.owner is None else str(error.owner)
            return f"UniqueConflict: the value of {error.constraint} belongs to {who}"
        case ConditionalCheckFailed() as error:
            if error.other_kind is not None:
                why = f"under this key is an item of another kind: {error.other_kind}"
            elif error.item is None and error.attribute_map is None:
                why = "the condition did not hold, for there is no such item"
            else:
                why = "the condition did not hold; .item is the item as it stands"
            return f"ConditionalCheckFailed: {why}"
        case ItemNotFound() as error:
            return f"ItemNotFound: {error}"
        case ValidationFailed(advice=str(advice)):
            return f"ValidationFailed: {reason.message}: {advice}"
        case TransactionConflict():
            other = "another write was at the item at the same time"
            return f"TransactionConflict: {other}: try again later"
        case Throttled():
            return (
                "Throttled: the table or the item's partition is out of capacity: try again later"
            )
        case _:
            why = shown(reason.message or "DynamoDB says no more", MESSAGE_CHARACTERS)
            return f"{shown(str(reason.code))}: {why}"
