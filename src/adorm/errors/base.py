"""The base of all errors, and those that are not answers of DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from adorm.support.printable_text import printable, shown

MESSAGE_CHARACTERS = 2000
"""The most characters of a foreign message that are shown."""


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
    """A cursor is damaged, forged, of another secret or of another query; a client is told so."""


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
        parts: list[object] = list(self.key.values())  # as they came, which may be anything
        values = [
            next(iter(cast("dict[str, object]", part).values()), "")
            if isinstance(part, dict)
            else part
            for part in parts
        ]
        key = "/".join(shown(str(value)) for value in values)
        subject = f"{self.model.__name__} {key}" if key else self.model.__name__
        warning = "; the write was applied: do not send it again" if self.applied else ""
        return f"{subject} {shown(self.path)}: {shown(self.problem, MESSAGE_CHARACTERS)}{warning}"


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
    """An idempotent function has run, and its result could not be stored.

    The message tells what a repeat will do.
    """

    def __init__(self, message: str, *, result: Any = None) -> None:
        super().__init__(message)
        self.result = result
        """What the function gave; None in a repeat."""


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
        applied = "; it may have been applied: read the item before writing again"
        warning = applied if self.maybe_applied else ""
        count = f" (attempts: {self.attempts})" if self.attempts > 1 else ""
        return f"{about}{shown(self.problem, MESSAGE_CHARACTERS)}{warning}{count}"


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
