"""The errors that adorm raises.

::

    AdormError
    ├── UsageError (ValueError)             the caller's mistake: nothing was sent
    │   ├── MisusedExpression (TypeError)   a condition or path used as a bool or an iterable
    │   ├── UnknownField (AttributeError)   a path to a field that the model does not have
    │   ├── BadCursor                       a cursor that is damaged, forged or of another query
    │   ├── BadValue                        a value that DynamoDB can't hold or no item can have
    │   └── IdempotencyMismatch             an idempotency key used before with another payload
    ├── ModelError                          a mistake in a model's definition
    ├── ItemDecodeError                     an item that does not fit its model
    ├── ItemNotFound (LookupError)          no item has that key
    ├── LockHeld                            someone else holds the lock
    ├── LeaseLost                           the lock's lease was over, and someone else took it
    ├── IdempotencyInProgress               another run of the function holds the key
    ├── ResultNotStored                     the function has run, but its result is not stored
    ├── ServiceError                        DynamoDB answered with an error
    │   ├── ConditionalCheckFailed          the condition of a write did not hold
    │   │   ├── ItemExists                  create() found an item under its key
    │   │   └── VersionConflict             someone else wrote the item since it was read
    │   ├── TransactionCanceled (ExceptionGroup)
    │   ├── TransactionConflict             another transaction was writing the item
    │   ├── Throttled                       DynamoDB asks to slow down
    │   ├── ResourceNotFound                no such table or index
    │   ├── ValidationFailed                DynamoDB refused the request's shape
    │   └── AccessDenied                    credentials are wrong, expired or not allowed
    ├── ConnectionFailed                    no answer, or none that can be read
    ├── DeadlineExceeded (TimeoutError)     the time given is over
    └── FanOutFailed (ExceptionGroup)       parts of a fan-out failed
        └── ScanFailed, BatchFailed, GatherFailed, StreamFailed, SqsFailed

Which error code of DynamoDB becomes which class is told by `adorm.dynamodb.codes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, cast

from adorm.support.records import Record
from adorm.support.shown import printable, shown

if TYPE_CHECKING:
    from adorm.outcomes import Outcome

MESSAGE_CHARACTERS = 2000
"""Of somebody else's message that are shown."""


class AdormError(Exception):
    """Everything that adorm raises on purpose."""

    applied: bool = False
    """DynamoDB applied the write, and what failed came after that: sending it again would write
    twice."""
    maybe_applied: bool = False
    """The write may have been applied: read the item before writing again. True as well where
    `applied` is."""

    def __str__(self) -> str:
        return printable(super().__str__())

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are copied, and sent to other processes, by calling their class with `args`:
        # not enough for these constructors. A process pool hangs, or is broken, where that fails.
        exceptions: tuple[Exception, ...] | None = getattr(self, "exceptions", None)
        group = None if exceptions is None else (str(self.args[0]), exceptions)
        return _made_again, (type(self), self.args, group), self.__dict__


def _made_again(
    cls: Any, args: tuple[Any, ...], group: tuple[str, Sequence[Exception]] | None
) -> Any:
    """An error without its attributes, which follow as its state."""
    error: Any = cls.__new__(cls) if group is None else BaseExceptionGroup.__new__(cls, *group)
    error.args = args
    return error


class UsageError(AdormError, ValueError):
    """The caller's mistake: nothing was sent. The message says what to do instead."""


class MisusedExpression(UsageError, TypeError):
    """A condition or a path stood where Python wanted a plain value, such as in `if` or `and`."""


class UnknownField(UsageError, AttributeError):
    """A path names a field that the model does not have."""


class BadCursor(UsageError):
    """A cursor is damaged, forged, signed with another secret, or of another query; a service tells
    its client so."""


class BadValue(UsageError):
    """A value has the right type, but DynamoDB can't hold it or no item can have it.

    A key that is empty or too long, a number out of range, an item above 400 KB, a range whose
    ends are the wrong way round, what a validator refuses. Such values come from clients: a
    service answers by 422. A value of a wrong type is a plain `UsageError`.
    """


class ModelError(AdormError):
    """A mistake in a model's definition. The message names the class and the field."""


class ItemDecodeError(AdormError):
    """An item, or an attribute in it, does not fit the model.

    Reads `Order c1/o1 $.lines[2].price: expected a number, got {"S": "x"}`.
    """

    def __init__(
        self,
        problem: str,
        *,
        model: type[Any],
        key: Mapping[str, Any],
        path: str,
        attribute_map: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.model = model
        self.key = key
        """The item's key attributes as DynamoDB sent them, `{"pk": {"S": "x"}}`; empty for a nested
        value."""
        self.path = path
        """Where in the item, `$.lines[2].price`, in attribute names."""
        self.attribute_map = attribute_map
        """The whole item as it was read, so that nothing is lost."""

    def __str__(self) -> str:
        # As it came, which may be anything.
        parts: list[object] = list(self.key.values())
        key = "/".join(
            shown(
                str(
                    next(iter(cast("dict[str, Any]", part).values()), "")
                    if isinstance(part, dict)
                    else part
                )
            )
            for part in parts
        )
        subject = f"{self.model.__name__} {key}" if key else self.model.__name__
        fate = "; the write was applied: do not send it again" if self.applied else ""
        return f"{subject} {shown(self.path)}: {shown(self.problem, MESSAGE_CHARACTERS)}{fate}"


class ItemNotFound(AdormError, LookupError):
    """No item has that key."""


class LockHeld(AdormError):
    """Someone else holds the lock, and waiting was not asked for."""


class LeaseLost(AdormError):
    """The lease of a lock ended before it was given back, and someone else took the lock: two may
    have worked at the same time."""


class IdempotencyMismatch(UsageError):
    """The key of an idempotent function was used before, with another payload."""


class IdempotencyInProgress(AdormError):
    """Another run of an idempotent function holds the key."""

    def __init__(self, message: str, *, lease_ends_at: datetime, retry_after_s: float) -> None:
        super().__init__(message)
        self.lease_ends_at = lease_ends_at
        """From then on the key can be taken over, if that run has not ended before."""
        self.retry_after_s = retry_after_s
        """Seconds until then."""


class ResultNotStored(AdormError):
    """An idempotent function has run, and its result could not be stored; the message tells what a
    repeat will do."""

    def __init__(self, message: str, *, result: Any = None) -> None:
        super().__init__(message)
        self.result = result
        """What the function gave; None in a repeat."""


class ServiceError(AdormError):
    """DynamoDB answered with an error.

    `maybe_applied` is True when this or an earlier attempt of the same write may have been applied,
    so that this answer does not settle what is stored.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str,
        operation: str,
        request_id: str | None = None,
        status: int | None = None,
        retryable: bool = False,
        maybe_applied: bool = False,
        subject: str | None = None,
        attempts: int = 1,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.detail = message
        """DynamoDB's own words."""
        self.code = code
        self.operation = operation
        self.request_id = request_id
        self.status = status
        self.retryable = retryable
        self.maybe_applied = maybe_applied
        self.subject = subject
        """What the operation was about: `Order c1/o1`, or a table's name."""
        self.attempts = attempts
        self.retry_after_s = retry_after_s

    @property
    def message(self) -> str:
        return self.detail

    def __str__(self) -> str:
        about = f" on {shown(self.subject, MESSAGE_CHARACTERS)}" if self.subject else ""
        notes = [f"attempts: {self.attempts}"] if self.attempts > 1 else []
        if self.request_id:
            notes.append(f"request id: {shown(self.request_id)}")
        if self.maybe_applied:
            notes.append("it may have been applied: read the item before writing again")
        tail = f" ({'; '.join(notes)})" if notes else ""
        return (
            f"{shown(self.operation)}{about}: {shown(self.code)}: "
            f"{shown(self.detail, MESSAGE_CHARACTERS)}{tail}"
        )


class ConditionalCheckFailed(ServiceError):
    """The condition of a write did not hold. `item` is the item as it stands: the model, or None if
    there is none."""

    item: Any = None
    attribute_map: dict[str, Any] | None = None
    """The same item as DynamoDB sent it."""
    other_kind: str | None = None
    """Where the item is one of another model, which shares the table: how the two differ. `item` is
    None then."""

    def __str__(self) -> str:
        other = (
            f" [under this key is an item of another kind: {self.other_kind}]"
            if self.other_kind
            else ""
        )
        return f"{super().__str__()}{other}"


class ItemExists(ConditionalCheckFailed):
    """`create` found an item under its key."""


class VersionConflict(ConditionalCheckFailed):
    """Someone else wrote the item since it was read. `actual` is None when the item is gone, or
    holds no number as its version."""

    expected: int = 0
    actual: int | None = None

    def __str__(self) -> str:
        gone = (
            "the item is gone"
            if self.attribute_map is None
            else "what is stored as its version is no number"
        )
        now = gone if self.actual is None else f"version {self.actual} is stored"
        return (
            f"{super().__str__()} [expected version {self.expected}, {now}: read it again and "
            "repeat the change]"
        )


class CancellationReason(Record):
    """Why one operation of a cancelled transaction failed; `code` is None where that part was
    fine."""

    __slots__ = ("operation", "code", "message", "item", "attribute_map", "error")  # noqa: RUF023  # the constructor's order

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
        return super().__new__(
            cls,
            message,
            errors
            or [
                ServiceError(
                    message, code="TransactionCanceledException", operation="TransactWriteItems"
                )
            ],
        )

    def __init__(self, message: str, reasons: Sequence[CancellationReason], **details: Any) -> None:
        ServiceError.__init__(self, message, **details)
        self.reasons = reasons

    @property
    def message(self) -> str:
        return self.detail

    def __str__(self) -> str:
        failed = [reason for reason in self.reasons if reason.code is not None]
        count = f"{len(failed)} of {len(self.reasons)} operations stood against it"
        lines = [f"{super().__str__()} [{count}]"]
        lines += [f"{reason.operation}: {_advice(reason)}" for reason in failed[:MAX_REASONS_TOLD]]
        if len(failed) > MAX_REASONS_TOLD:
            lines.append(f"and {len(failed) - MAX_REASONS_TOLD} more in .reasons")
        return "\n  ".join(lines)

    def derive(self, excs: Sequence[Exception], /) -> ExceptionGroup[Exception]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # typeshed's overloads can't be met
        return ExceptionGroup(self.detail, excs)


MAX_REASONS_TOLD = 10
"""By the message of a cancelled transaction; all of them are in `.reasons`."""


def _advice(reason: CancellationReason) -> str:
    """What stood against the transaction, and what to do."""
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
        case ConditionalCheckFailed(other_kind=str(told)):
            return f"ConditionalCheckFailed: under this key is an item of another kind: {told}"
        case ConditionalCheckFailed(item=None, attribute_map=None):
            return "ConditionalCheckFailed: the condition did not hold, for there is no such item"
        case ConditionalCheckFailed():
            return (
                "ConditionalCheckFailed: the condition did not hold; .item is the item as it stands"
            )
        case ItemNotFound() as error:
            return f"ItemNotFound: {error}"
        case ValidationFailed(advice=str(told)):
            return f"ValidationFailed: {reason.message}: {told}"
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


class TransactionConflict(ServiceError):
    """Another transaction was writing the item."""


class Throttled(ServiceError):
    """DynamoDB asks to slow down: capacity, request rate or control-plane limits."""


class ResourceNotFound(ServiceError):
    """The table or index does not exist, or is not active yet."""

    table: str | None = None
    """The table that was asked for, where the operation is about one."""

    def __str__(self) -> str:
        which = f"table {self.table}: " if self.table else ""
        look = "look at the region, the account and the table's name"
        if self.operation == "DeleteTable":
            return (
                f"{super().__str__()} [{which}there is nothing to delete, which missing_ok=True "
                f"takes for done; or {look}]"
            )
        return f"{super().__str__()} [{which}create it by ensure_table(), or {look}]"


class ValidationFailed(ServiceError):
    """DynamoDB refused the request's shape, or an update of an item whose attributes are not what
    it needs."""

    advice: str | None = None
    """Which path it is about, and what to do, where adorm can tell."""

    def __str__(self) -> str:
        return f"{super().__str__()} [{self.advice}]" if self.advice else super().__str__()


class AccessDenied(ServiceError):
    """Credentials are missing, wrong, expired or not allowed to do this."""


class ConnectionFailed(AdormError):
    """No answer came, or none that can be read. `maybe_applied`: the request may have reached
    DynamoDB."""

    def __init__(
        self,
        message: str,
        *,
        maybe_applied: bool,
        operation: str | None = None,
        subject: str | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        self.problem = message
        self.maybe_applied = maybe_applied
        self.operation = operation
        self.subject = subject
        self.attempts = attempts

    def __str__(self) -> str:
        subject = shown(self.subject, MESSAGE_CHARACTERS) if self.subject else ""
        about = (
            f"{shown(self.operation or 'request')}{f' on {subject}' if subject else ''}: "
            if self.operation or self.subject
            else ""
        )
        fate = (
            "; it may have been applied: read the item before writing again"
            if self.maybe_applied
            else ""
        )
        count = f" (attempts: {self.attempts})" if self.attempts > 1 else ""
        return f"{about}{shown(self.problem, MESSAGE_CHARACTERS)}{fate}{count}"


class DeadlineExceeded(AdormError, TimeoutError):
    """The time given by `adorm.deadline`, or by a cancel scope around, is over.

    `__cause__` is the last attempt's error, where there was one.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        subject: str | None = None,
        attempts: int = 0,
        maybe_applied: bool = False,
        outcomes: Sequence[Any] = (),
        result: Any = None,
        checkpoint: str | None = None,
        cursor: str | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.subject = subject
        self.attempts = attempts
        self.maybe_applied = maybe_applied
        self.outcomes = outcomes
        self.result = result
        """What was done by then: of a fan-out its result, of a query the items, of a page the
        `Page` as far as it came."""
        self.checkpoint = checkpoint
        self.cursor = cursor
        """Of a query or a page: goes on after `result`, by `page(cursor)`; None begins."""


class FanOutFailed(AdormError, ExceptionGroup[Exception]):
    """Parts of a fan-out failed: the group of their errors, each of its own type, so that `except*
    Throttled` works."""

    outcomes: Sequence[Outcome[Any]]
    """One for each part, in order."""
    result: Any
    """What was read or written all the same."""

    def __new__(cls, message: str, errors: Sequence[Exception], **_details: Any) -> Self:
        return super().__new__(cls, message, errors)

    def __init__(  # pyright: ignore[reportInconsistentConstructor]  # __new__ passes on what it has no use for
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

    def derive(self, excs: Sequence[Exception], /) -> ExceptionGroup[Exception]:  # type: ignore[override]  # typeshed's overloads can't be met by a subclass  # pyright: ignore[reportIncompatibleMethodOverride]  # the same
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
