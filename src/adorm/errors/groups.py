"""Errors that are groups: of a fan-out, and of a cancelled transaction with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from adorm.errors.base import MESSAGE_CHARACTERS, AdormError, ItemNotFound
from adorm.errors.service import (
    ConditionalCheckFailed,
    ItemExists,
    ServiceError,
    Throttled,
    TransactionConflict,
    ValidationFailed,
    VersionConflict,
)
from adorm.support.printable_text import shown
from adorm.support.records import Record

if TYPE_CHECKING:
    from adorm.outcomes import Outcome


class FanOutFailed(AdormError, ExceptionGroup[Exception]):
    """Parts of a fan-out failed: the group of their errors, each of its own type, so that `except*
    Throttled` works."""

    outcomes: Sequence[Outcome[Any]]
    """One for each part, in order."""
    result: Any
    """What was read or written all the same."""

    def __new__(cls, message: str, errors: Sequence[Exception], **_details: Any) -> Self:
        return super().__new__(cls, message, errors)

    # __new__ passes on what it has no use for
    def __init__(  # pyright: ignore[reportInconsistentConstructor]
        self,
        message: str,
        errors: Sequence[Exception],
        *,
        outcomes: Sequence[Outcome[Any]],
        result: Any = None,
    ) -> None:
        super().__init__(message, errors)
        self.outcomes = outcomes
        self.result = result

    def _details(self) -> dict[str, Any]:
        return {"outcomes": self.outcomes, "result": self.result}

    # typeshed's overloads can't be met by a subclass    # the same
    def derive(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, excs: Sequence[Exception], /
    ) -> ExceptionGroup[Exception]:
        return type(self)(self.message, excs, **self._details())


class ScanFailed(FanOutFailed):
    """Segments of a parallel scan failed, or the caller's work on its items did."""

    checkpoint: str | None
    """Where to go on: `scan().resume(checkpoint)`."""

    def __init__(  # pyright: ignore[reportInconsistentConstructor]  # the same
        self,
        message: str,
        errors: Sequence[Exception],
        *,
        outcomes: Sequence[Outcome[Any]],
        result: Any = None,
        checkpoint: str | None = None,
    ) -> None:
        super().__init__(message, errors, outcomes=outcomes, result=result)
        self.checkpoint = checkpoint

    def _details(self) -> dict[str, Any]:
        return {**super()._details(), "checkpoint": self.checkpoint}


class BatchFailed(FanOutFailed):
    """Chunks of a batch failed; `result` has what was read or written, and what was not."""


class GatherFailed(FanOutFailed):
    """Operations of a gather failed; `outcomes` has each, in the order in which they were given."""


class StreamFailed(FanOutFailed):
    """Records of a stream were not handled; `outcomes` has each, in the order of the event."""


class SqsFailed(FanOutFailed):
    """Messages of a queue were not handled; `outcomes` has each, in the order of the event."""


MAX_REASONS_SHOWN = 10
"""The most reasons in the message of a cancelled transaction; `.reasons` has all."""


class CancellationReason(Record):
    """Why an operation of a cancelled transaction failed; `code` is None where it did not."""

    # the constructor's order
    __slots__ = ("operation", "code", "message", "item", "attribute_map", "error")  # noqa: RUF023

    operation: str
    code: str | None
    message: str | None
    item: Any
    attribute_map: dict[str, Any] | None
    error: Exception | None

    def __init__(
        self,
        operation: str,
        code: str | None,
        message: str | None = None,
        item: Any = None,
        attribute_map: dict[str, Any] | None = None,
        error: Exception | None = None,
    ) -> None:
        self._hold(operation, code, message, item, attribute_map, error)

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
        case ItemExists():
            return "ItemExists: the key is taken; .item is what is there"
        case VersionConflict() as error:
            now = (
                "the item is gone" if error.actual is None else f"version {error.actual} is stored"
            )
            return (
                f"VersionConflict: expected version {error.expected}, {now}: read it again and "
                "repeat the change"
            )
        case ConditionalCheckFailed(other_kind=str(difference)):
            return (
                f"ConditionalCheckFailed: under this key is an item of another kind: {difference}"
            )
        case ConditionalCheckFailed(item=None, attribute_map=None):
            return "ConditionalCheckFailed: the condition did not hold, for there is no such item"
        case ConditionalCheckFailed():
            return (
                "ConditionalCheckFailed: the condition did not hold; .item is the item as it stands"
            )
        case ItemNotFound() as error:
            return f"ItemNotFound: {error}"
        case ValidationFailed(advice=str(advice)):
            return f"ValidationFailed: {reason.message}: {advice}"
        case TransactionConflict():
            return (
                "TransactionConflict: another write was at the item at the same time: try again "
                "later"
            )
        case Throttled():
            return (
                "Throttled: the table or the item's partition is out of capacity: try again later"
            )
        case _:
            return (
                f"{shown(str(reason.code))}: "
                f"{shown(reason.message or 'DynamoDB says no more', MESSAGE_CHARACTERS)}"
            )
