"""`Call`: what is known of one call while it is on its way, and the errors that end it."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from adorm.calls.capacity import TableUnits, consumed_by
from adorm.clock import Clock
from adorm.deadlines import current_limit
from adorm.dynamodb.limits import TOKEN_LIFE_S
from adorm.dynamodb.operations import Repeat
from adorm.errors import (
    MESSAGE_CHARACTERS,
    ConnectionFailed,
    DeadlineExceeded,
    ResourceNotFound,
    ServiceError,
    TransactionCanceled,
    UsageError,
)
from adorm.retry import RetryPolicy, repeat_of
from adorm.support.printable_text import shown
from adorm.transport.base import Answer, AnswerReader, Request

if TYPE_CHECKING:
    from adorm.calls.details import CallDetails

Step: TypeAlias = "Callable[[Call], Coroutine[Any, Any, Answer]]"
"""Carries a call, or one attempt of it, to its answer."""

Layer: TypeAlias = "Callable[[Call, Step], Coroutine[Any, Any, Answer]]"
"""`layer(call, next_step)`: awaits `next_step(call)`, and may do more before and after."""


TOKEN = "ClientRequestToken"  # noqa: S105  # a parameter's name

TOKEN_USE_S = 540.0
"""So many seconds after the first attempt a request is still sent again under its token: a minute
less than DynamoDB keeps it, for the way."""

TOO_OLD = (
    f"its token is older than {TOKEN_USE_S / 60:g} minutes, and DynamoDB forgets one after "
    f"{TOKEN_LIFE_S / 60:g}: sent again it could be applied a second time"
)


class TokenAge:
    """The time since the first attempt under a token.

    It is measured by the time of day, since a monotonic clock stands still in a suspended machine,
    and by the monotonic clock too, since the time of day may be set back: the longer of the two
    counts.
    """

    __slots__ = ("_clock", "_started_at", "_started_s")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_at, self._started_s = clock.now(), clock.monotonic()

    def is_known(self, wait_s: float = 0.0) -> bool:
        """Whether DynamoDB certainly still knows the token in `wait_s` seconds."""
        age_s = max(
            (self._clock.now() - self._started_at).total_seconds(),
            self._clock.monotonic() - self._started_s,
        )
        return age_s + wait_s < TOKEN_USE_S

    def check(self) -> None:
        """Raise `UsageError` where DynamoDB may have forgotten the token."""
        if not self.is_known():
            raise UsageError(TOO_OLD)


class Call:
    """One call on its way through its layers and attempts, which read and change it."""

    __slots__ = (
        "_asked_repeat",
        "_consumed",
        "attempts",
        "delay_s",
        "details",
        "failed_attempts",
        "history",
        "last_error",
        "maybe_applied",
        "operation",
        "policy",
        "read",
        "renewed",
        "repeat",
        "request",
        "retry_tokens",
        "subject",
        "token_age",
    )

    details: CallDetails
    """Set by the layer of hooks: what those before the call were shown."""

    def __init__(
        self,
        operation: str,
        request: Request,
        subject: object,
        repeat: Repeat | None,
        policy: RetryPolicy | None,
        read: AnswerReader | None,
    ) -> None:
        self.operation = operation
        self.request = request
        self.subject = subject
        """As it was given: a string, a function that makes one, or any object."""
        self._asked_repeat: Repeat | None = repeat
        self.repeat: Repeat = repeat_of(operation, request, repeat)
        self.policy = policy
        """Of this call; None for the database's."""
        self.read = read
        self.attempts = 0
        """Attempts sent, the one under way included."""
        self.failed_attempts = 0
        self.delay_s = 0.0
        """The wait before the attempt under way."""
        self.retry_tokens = 1
        """Given back to the quota when the attempt under way succeeds."""
        self.maybe_applied = False
        """An attempt failed after which the write may have been applied."""
        self.renewed: set[str] = set()
        """What was renewed: credentials, or the clock."""
        self.token_age: TokenAge | None = None
        """Since the first attempt under the request's token, if it has one."""
        self.last_error: ServiceError | ConnectionFailed | None = None
        """Of the last failed attempt."""
        self.history: list[str] = []
        """A note on each failed attempt."""
        self._consumed: list[TableUnits] | None = None

    @property
    def table(self) -> str | None:
        """The table's name; None for an operation on several tables or on none."""
        name = self.request.get("TableName")
        return None if name is None else str(name)

    def change(self, request: Request, *, other_update: bool) -> None:
        """Take the request that middleware has made.

        A new request's answer is read as plain JSON: the reader was made for adorm's own. With
        `other_update` an update expression that adorm knew to be safe to repeat is another now.
        """
        if request is not self.request:
            self.request, self.read = request, None
        if other_update and self._asked_repeat == "safe":
            self._asked_repeat = "never"
        self.repeat = repeat_of(self.operation, request, self._asked_repeat)

    def begin_attempt(self) -> None:
        """Count an attempt that is about to be sent."""
        self.attempts += 1
        self._consumed = None

    def consumed(self, answer: Answer) -> Sequence[TableUnits]:
        """What the answer of the last attempt reports as consumed, parsed once."""
        if self._consumed is None:
            self._consumed = consumed_by(answer, reading=self.repeat == "read")
        return self._consumed

    def time_left_s(self) -> float:
        """Seconds left by the ambient deadline, `inf` without one.

        Raises `DeadlineExceeded` where none are left.
        """
        limit = current_limit()
        if limit is None:
            return math.inf
        left_s = limit.remaining_s()
        if left_s <= 0:
            when = f"attempt {self.attempts + 1}" if self.attempts else "anything was sent"
            raise self.late(f"the deadline of {limit.seconds:g} s passed before {when}")
        return left_s

    def late(
        self, what: str, last: ServiceError | ConnectionFailed | None = None
    ) -> DeadlineExceeded:
        """The error for a call that is out of time, caused by `last` or by the last attempt."""
        cause = last or self.last_error
        subject = shown(self._subject_text(), MESSAGE_CHARACTERS)
        about = f"{self.operation} on {subject}" if subject else self.operation
        before = f" (last error: {short(cause)})" if cause is not None else ""
        warning = (
            "; it may have been applied: read the item before writing again"
            if self.maybe_applied
            else ""
        )
        error = DeadlineExceeded(
            f"{about}: {what}{before}{warning}",
            operation=self.operation,
            subject=subject,
            attempts=self.attempts,
            maybe_applied=self.maybe_applied,
        )
        for note in self.history:
            error.add_note(note)
        error.__cause__ = cause
        return error

    def give_up(self, error: ServiceError | ConnectionFailed, why: str | None = None) -> NoReturn:
        """Raise the error that ends the call, with all that is known of the call.

        Args:
            why: why it is not sent again, for a note; None where the error says it.
        """
        error.operation = error.operation or self.operation
        error.subject = self._subject_text()
        error.attempts = self.attempts
        error.maybe_applied = self.maybe_applied
        if isinstance(error, ResourceNotFound):
            error.table = self.table
        if isinstance(error, TransactionCanceled):
            for reason in error.reasons:
                if isinstance(reason.error, ServiceError):
                    reason.error.maybe_applied = self.maybe_applied
        for note in self.history:
            error.add_note(note)
        if why is not None:
            error.add_note(f"attempt {self.attempts}: {why}")
        raise error

    def _subject_text(self) -> str:
        subject = self.subject
        if subject is None:
            return self.table or ""
        return str(subject() if callable(subject) else subject)


def short(error: ServiceError | ConnectionFailed) -> str:
    """An error in a few words: its code, or what the connection's problem was."""
    return error.code if isinstance(error, ServiceError) else error.problem
