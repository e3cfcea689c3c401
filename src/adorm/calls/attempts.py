"""`Call`: one call on its way through its attempts, the waits between them, and its end."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from adorm.calls.capacity import is_collecting, note_capacity
from adorm.calls.token_age import TOKEN, TOO_OLD, TokenAge
from adorm.calls.units import TableUnits, consumed_by
from adorm.clock import Clock
from adorm.deadlines import current_limit, remaining_s, within
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
from adorm.retry import (
    RetryPolicy,
    RetryQuota,
    delay_after,
    is_ambiguous,
    renewed_by,
    repeat_of,
    retry_cost,
    treatment_of,
)
from adorm.support.cancel_scopes import stop_if_cancelled
from adorm.support.shown import shown
from adorm.transport.answer_shapes import CHECKS
from adorm.transport.base import (
    Answer,
    AnswerReader,
    LastCheck,
    Request,
    Transport,
    is_unsent,
)

if TYPE_CHECKING:
    from adorm.calls.details import CallDetails

Step: TypeAlias = "Callable[[Call], Coroutine[Any, Any, Answer]]"
"""Carries a call, or one attempt of it, to its answer."""

Layer: TypeAlias = "Callable[[Call, Step], Coroutine[Any, Any, Answer]]"
"""`layer(call, next_step)`: awaits `next_step(call)`, and may do more before and after."""

SHORTEST_ATTEMPT_S = 1e-6
"""A wait that ends less than this before the deadline leaves no time for an attempt. It also
catches a rest of time that is only a rounding error."""


class CallSettings:
    """What the calls of one database share."""

    __slots__ = ("attempt", "clock", "quota", "random", "retry", "source", "transport")

    def __init__(
        self,
        transport: Transport,
        *,
        retry: RetryPolicy,
        clock: Clock,
        random: Callable[[], float],
        source: object,
    ) -> None:
        self.transport = transport
        self.retry = retry
        self.clock = clock
        self.random = random
        self.quota = RetryQuota()
        self.source = source
        """Stands for the database where the capacity of one database is counted."""
        self.attempt: Step = Call.send
        """Makes one attempt of a call, through the layers around it."""


class Call:
    """One call on its way through its attempts. The layers around it read and change it."""

    __slots__ = (
        "_asked_repeat",
        "_consumed",
        "_failed_attempts",
        "_history",
        "_last_error",
        "_policy",
        "_read",
        "_renewed",
        "_retry_tokens",
        "_settings",
        "_token_age",
        "attempts",
        "delay_s",
        "details",
        "maybe_applied",
        "operation",
        "repeat",
        "request",
        "subject",
    )

    details: CallDetails
    """Set by the layer of hooks: what those before the call were shown."""

    def __init__(
        self,
        settings: CallSettings,
        operation: str,
        request: Request,
        subject: object,
        repeat: Repeat | None,
        policy: RetryPolicy | None,
        read: AnswerReader | None,
    ) -> None:
        self._settings = settings
        self.operation = operation
        self.request = request
        self.subject = subject
        """As it was given: a string, a function that makes one, or any object."""
        self._asked_repeat = repeat
        self.repeat: Repeat = repeat_of(operation, request, repeat)
        self._policy = policy or settings.retry
        self._read = read
        self.attempts = 0
        """Attempts sent, the one under way included."""
        self._failed_attempts = 0
        self.delay_s = 0.0
        """The wait before the attempt under way."""
        self._retry_tokens = 1
        """Given back to the quota when the attempt under way succeeds."""
        self.maybe_applied = False
        """An attempt failed after which the write may have been applied."""
        self._renewed: set[str] = set()
        """What was renewed: credentials, or the clock."""
        self._token_age: TokenAge | None = None
        """Since the first attempt under the request's token, if it has one."""
        self._last_error: ServiceError | ConnectionFailed | None = None
        self._history: list[str] = []
        """A note on each failed attempt."""
        self._consumed: list[TableUnits] | None = None

    @property
    def table(self) -> str | None:
        name = self.request.get("TableName")
        return None if name is None else str(name)

    def change(self, request: Request, *, other_update: bool) -> None:
        """Take the request that middleware has made.

        A new request's answer is read as plain JSON: the reader was made for adorm's own. With
        `other_update` an update expression that adorm knew to be safe to repeat is another now.
        """
        if request is not self.request:
            self.request, self._read = request, None
        if other_update and self._asked_repeat == "safe":
            self._asked_repeat = "never"
        self.repeat = repeat_of(self.operation, request, self._asked_repeat)

    # ---- attempts

    async def answer(self) -> Answer:
        """Attempt until there is an answer, or an error that is not retried."""
        settings = self._settings
        try:
            while True:
                try:
                    answer = await settings.attempt(self)
                    if (check := CHECKS.get(self.operation)) is not None and (
                        problem := check(self.request, answer)
                    ) is not None:
                        raise misshapen_answer(self.operation, problem)
                except (ServiceError, ConnectionFailed) as error:
                    await self.failed(error)
                except UsageError as error:
                    if self._last_error is None:
                        raise
                    # The write of an attempt before may have been applied: its error says so.
                    self.attempts = self._failed_attempts
                    self._give_up(self._last_error, f"not sent again: {error}")
                else:
                    settings.quota.give_back(self._retry_tokens)
                    if is_collecting() is not None:
                        note_capacity(self.operation, self.consumed(answer), source=settings.source)
                    return answer
        finally:
            self._last_error = None  # an error's traceback leads back here

    async def send(self) -> Answer:
        """Make one attempt, cut off where the deadline ends.

        Raises:
            DeadlineExceeded: there is no time left, or too little.
            UsageError: the token is too old.
        """
        await stop_if_cancelled()
        transport = self._settings.transport
        left_s = self.time_left_s()
        last_check = self._token_check() if TOKEN in self.request else None
        self.attempts += 1
        self._consumed = None
        if left_s == math.inf:
            return await transport.send(self.operation, self.request, self._read, last_check)
        async with within(left_s, self._cut_off):
            return await transport.send(self.operation, self.request, self._read, last_check)

    def consumed(self, answer: Answer) -> Sequence[TableUnits]:
        """What the answer of the last attempt reports as consumed, parsed once."""
        if self._consumed is None:
            self._consumed = consumed_by(answer, reading=self.repeat == "read")
        return self._consumed

    def _token_check(self) -> LastCheck | None:
        """Check the token's age before an attempt; gives the check for after the wait for a
        connection, which may be long, where one is needed.

        Raises:
            UsageError: an attempt before this one may have been applied, so long ago that DynamoDB
                may have forgotten the token.
        """
        if self._token_age is None:
            self._token_age = TokenAge(self._settings.clock)
            return None
        if not self.maybe_applied:
            return None  # nothing was applied under the token: it is as good as new
        self._token_age.check()
        return self._token_age.check

    # ---- the deadline

    def time_left_s(self) -> float:
        """Seconds left by the ambient deadline, `inf` without one.

        Raises:
            DeadlineExceeded: none.
        """
        limit = current_limit()
        if limit is None:
            return math.inf
        left_s = limit.remaining_s()
        if left_s <= 0:
            when = f"attempt {self.attempts + 1}" if self.attempts else "anything was sent"
            raise self.late(f"the deadline of {limit.seconds:g} s passed before {when}")
        return left_s

    def _cut_off(self, timeout: TimeoutError) -> DeadlineExceeded:
        if is_unsent(timeout.__cause__):
            what = (
                f"the deadline passed before attempt {self.attempts} was sent, "
                "while it waited for a connection or for credentials"
            )
            self.attempts -= 1
        else:
            what = f"the deadline passed during attempt {self.attempts}"
            self.maybe_applied = self.maybe_applied or self.repeat != "read"
        return self.late(what)

    def late(
        self, what: str, last: ServiceError | ConnectionFailed | None = None
    ) -> DeadlineExceeded:
        """The error for a call that has run out of time; its cause is `last`, or else the error of
        the last failed attempt."""
        cause = last or self._last_error
        subject = shown(self._subject_text(), MESSAGE_CHARACTERS)
        about = f"{self.operation} on {subject}" if subject else self.operation
        before = f" (last error: {_short(cause)})" if cause is not None else ""
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
        for note in self._history:
            error.add_note(note)
        error.__cause__ = cause
        return error

    # ---- failures

    async def failed(self, error: ServiceError | ConnectionFailed) -> None:
        """Wait until the next attempt is due, or raise the error that ends the call."""
        self._failed_attempts = self.attempts
        ambiguous = self.repeat != "read" and is_ambiguous(error)
        self.maybe_applied = self.maybe_applied or ambiguous
        treatment = treatment_of(error)
        renews = "" if treatment != "renew" else renewed_by(error)
        if treatment == "no" or (renews and renews in self._renewed):
            self._give_up(error)
        if ambiguous and self.repeat == "never":
            self._give_up(
                error,
                "not sent again: it may have been applied, "
                "and applying it twice would differ from once",
            )
        if self.attempts >= self._policy.max_attempts:
            self._give_up(error)
        delay_s = 0.0
        if renews:
            self._renewed.add(renews)
        else:
            delay_s = delay_after(self.attempts, error, self._policy, self._settings.random())
        await self._check_wait(error, delay_s)
        quota, tokens = self._settings.quota, retry_cost(error)
        if not quota.take(tokens):
            self._give_up(
                error,
                "not sent again: the retry quota of this database is used up "
                f"({quota.tokens} of {quota.capacity} tokens left, a retry takes {tokens}); "
                "it fills as calls succeed",
            )
        self._history.append(
            f"attempt {self.attempts}: {_short(error)}, then {delay_s:.3f} s of waiting"
        )
        if treatment != "renew":
            try:
                await self._settings.clock.sleep(delay_s)
            except BaseException:
                quota.give_back(tokens)  # the retry is not made
                raise
        self._last_error, self.delay_s, self._retry_tokens = error, delay_s, tokens

    async def _check_wait(self, error: ServiceError | ConnectionFailed, delay_s: float) -> None:
        """Refuse a wait before the next attempt that would outlive the token or the deadline."""
        if self.maybe_applied and self._token_age and not self._token_age.is_known(delay_s):
            self._give_up(error, f"not sent again: {TOO_OLD}")
        left_s = remaining_s()
        if left_s == -math.inf:
            await stop_if_cancelled()
        if delay_s >= left_s - SHORTEST_ATTEMPT_S:
            raise self.late(
                f"attempt {self.attempts} failed, and the wait of {delay_s:.3f} s before the next "
                f"would outlive the deadline, {max(left_s, 0.0):.3f} s away",
                error,
            )

    def _give_up(self, error: ServiceError | ConnectionFailed, why: str | None = None) -> NoReturn:
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
        for note in self._history:
            error.add_note(note)
        if why is not None:
            error.add_note(f"attempt {self.attempts}: {why}")
        raise error

    def _subject_text(self) -> str:
        subject = self.subject
        if subject is None:
            return self.table or ""
        return str(subject() if callable(subject) else subject)


def misshapen_answer(operation: str, problem: str) -> ConnectionFailed:
    """The error for an answer that is JSON, but not of the shape that DynamoDB answers in."""
    return ConnectionFailed(
        f"the answer can't be read: {problem}", maybe_applied=True, operation=operation
    )


def _short(error: ServiceError | ConnectionFailed) -> str:
    return error.code if isinstance(error, ServiceError) else error.problem
