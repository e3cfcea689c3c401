"""The choke point: every request of adorm goes through `Calls.call`, which bounds, retries, counts
and shows it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from adorm.calls.capacity import asking_for_capacity, is_collecting, is_counted, note_capacity
from adorm.clock import SYSTEM_CLOCK, Clock
from adorm.deadlines import current_limit, remaining_s
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
from adorm.retry import (
    DEFAULT_RETRY,
    RetryPolicy,
    RetryQuota,
    delay_after,
    is_ambiguous,
    renewed_by,
    repeat_of,
    retry_cost,
    treatment_of,
    unit_random,
)
from adorm.support.cancel_scopes import scope_deadline, stop_if_cancelled
from adorm.support.shown import shown
from adorm.transport.answer_shapes import CHECKS
from adorm.transport.base import Answer, AnswerReader, LastCheck, Request, Transport, is_unsent

if TYPE_CHECKING:
    from adorm.calls.details import CallDetails
    from adorm.calls.hooks import CallHooks
    from adorm.calls.observe import Middleware, Observer
    from adorm.calls.pace import Permit, RateLimiter
    from adorm.calls.table_rate import TableRate


TOKEN = "ClientRequestToken"  # noqa: S105  # a parameter's name
TOKEN_USE_S = 540.0
"""For so long after the first attempt a request is sent again under its token: a minute less, for
the way."""

TOO_OLD = (
    f"its token is older than {TOKEN_USE_S / 60:g} minutes, and DynamoDB forgets one after {TOKEN_LIFE_S / 60:g}: "
    "sent again it could be applied a second time"
)

SHORTEST_ATTEMPT_S = 1e-6
"""A wait that ends as late as this before the deadline leaves no time for an attempt; also what
rounding makes of none at all."""


class Calls:
    """The calls of one database: one retry policy, one retry quota, one clock, one set of hooks."""

    __slots__ = (
        "_attended",
        "_watch",
        "clock",
        "limiter",
        "quota",
        "random",
        "retry",
        "source",
        "transport",
    )

    def __init__(
        self,
        transport: Transport,
        *,
        retry: RetryPolicy = DEFAULT_RETRY,
        clock: Clock = SYSTEM_CLOCK,
        random: Callable[[], float] = unit_random,
        hooks: Sequence[CallHooks] = (),
        middleware: Sequence[Middleware] = (),
        source: object = None,
        limiter: RateLimiter | None = None,
    ) -> None:
        self.transport = transport
        self.source = source
        """What stands for the database where capacity is counted for one."""
        self.retry = retry
        self.clock = clock
        self.random = random
        self.quota = RetryQuota()
        self.limiter = limiter
        self._watch: Observer | None = None
        if hooks or middleware:
            from adorm.calls.observe import Observer

            self._watch = Observer(transport, clock, hooks, middleware)
        self._attended = self._watch is not None or limiter is not None

    async def call(
        self,
        operation: str,
        request: Request,
        *,
        subject: object = None,
        repeat: Repeat | None = None,
        retry: RetryPolicy | None = None,
        read: AnswerReader | None = None,
    ) -> Answer:
        """Send `operation` until it is answered, and return the answer as the transport gave it.

        `request` is sent as it is every time, or as the middleware changed it once. `subject`
        ("Order c1/o1") goes into errors: a string, a function that makes one, or an object whose
        `str()` is taken, only when it is needed; by default the table's name. `repeat` is by
        default what `repeat_of` says; a reading operation is always `"read"`. `retry` replaces the
        database's policy for this call. `read` parses the bytes of a good answer, where the
        transport has them.

        Raises:
            ServiceError: DynamoDB's last word, with `subject`, `attempts` and `maybe_applied` set,
                and notes on the attempts before.
            ConnectionFailed: no answer came; the same.
            DeadlineExceeded: `adorm.deadline`, or a cancel scope's deadline before a wait, leaves
                no time. `attempts` 0: nothing was sent. A cancel scope or `asyncio.timeout` around
                that ends during a request cancels it as it cancels anything.
        """
        if is_collecting() is not None and is_counted(self.source):
            request = asking_for_capacity(operation, request)
        if self._attended:
            if self._watch is None:
                return await Call(self, operation, request, subject, repeat, retry, read).answer()
            request, repeat, read = await self._watch.changed(operation, request, repeat, read)
            return await self._watch.call(
                Call(self, operation, request, subject, repeat, retry, read)
            )
        if current_limit() is not None or TOKEN in request:
            return await Call(self, operation, request, subject, repeat, retry, read).answer()
        # The path of nearly every call: nothing is set up before the first failure.
        if scope_deadline() == -math.inf:
            await stop_if_cancelled()
        try:
            answer = await self.transport.send(operation, request, read)
            if (check := CHECKS.get(operation)) is not None and (
                problem := check(request, answer)
            ) is not None:
                raise misshapen_answer(operation, problem)
        except (ServiceError, ConnectionFailed) as error:
            run = Call(self, operation, request, subject, repeat, retry, read)
            run.attempts = 1
            await run.failed(error)
        else:
            if self.quota.tokens != self.quota.capacity:
                self.quota.give_back(1)
            if is_collecting() is not None:
                note_capacity(
                    operation,
                    answer,
                    reading=repeat_of(operation, request, repeat) == "read",
                    source=self.source,
                )
            return answer
        return await run.answer()

    async def attempt(self, run: Call) -> Answer:
        """Make one attempt of a run, shown to the hooks."""
        return await run.send() if self._watch is None else await self._watch.attempt(run)


class Call:
    """One call on its way through its attempts."""

    __slots__ = (
        "answered",
        "attempts",
        "calls",
        "cost",
        "delay_s",
        "first_sent",
        "history",
        "last",
        "maybe_applied",
        "operation",
        "policy",
        "read",
        "renewed",
        "repeat",
        "request",
        "seen",
        "subject_of",
    )

    def __init__(
        self,
        calls: Calls,
        operation: str,
        request: Request,
        subject: object,
        repeat: Repeat | None,
        policy: RetryPolicy | None,
        read: AnswerReader | None,
    ) -> None:
        self.calls = calls
        self.operation = operation
        self.request = request
        self.subject_of = subject
        self.repeat: Repeat = repeat_of(operation, request, repeat)
        self.policy = policy or calls.retry
        self.read = read
        self.attempts = 0
        self.answered = 0
        """Attempts that have failed: those that were sent, when one more is not."""
        self.delay_s = 0.0
        self.cost = 1
        self.maybe_applied = False
        self.renewed: set[str] = set()
        """What was renewed: credentials, or the clock."""
        self.first_sent: tuple[datetime, float] | None = None
        """The time of day, and the monotonic one, before the first attempt under a token."""
        self.last: ServiceError | ConnectionFailed | None = None
        self.history: list[str] = []
        self.seen: CallDetails | None = None

    @property
    def table(self) -> str | None:
        name = self.request.get("TableName")
        return None if name is None else str(name)

    def subject(self) -> str:
        subject = self.subject_of
        if subject is None:
            return self.table or ""
        return str(subject() if callable(subject) else subject)

    async def answer(self) -> Answer:
        """Attempt until there is an answer, or an error that is not retried."""
        try:
            while True:
                try:
                    limiter = self.calls.limiter
                    answer = await (
                        self.calls.attempt(self) if limiter is None else self._paced(limiter)
                    )
                    if (check := CHECKS.get(self.operation)) is not None and (
                        problem := check(self.request, answer)
                    ) is not None:
                        raise misshapen_answer(self.operation, problem)
                except (ServiceError, ConnectionFailed) as error:
                    await self.failed(error)
                except UsageError as error:
                    if self.last is None:
                        raise
                    # What went out before is the news: it may have been applied.
                    self.attempts = self.answered
                    self._give_up(self.last, f"not sent again: {error}")
                else:
                    self.calls.quota.give_back(self.cost)
                    if is_collecting() is not None:
                        note_capacity(
                            self.operation,
                            answer,
                            reading=self.repeat == "read",
                            source=self.calls.source,
                        )
                    return answer
        finally:
            self.last = None  # an error's traceback leads back here

    async def _paced(self, limiter: RateLimiter) -> Answer:
        """Make one attempt when the rate limit lets it go, and tell the limit what became of it."""
        turn = limiter.turn(self.operation, self.request)
        if turn is None:
            return await self.calls.attempt(self)
        if not turn.take_at_hand():
            await self._wait_for(turn)
        made = self.attempts
        try:
            answer = await self.calls.attempt(self)
        except BaseException as error:
            if self.attempts == made:
                turn.give_back()
            elif isinstance(error, ServiceError):
                turn.failed(error, self.request)
            raise
        turn.answered(answer)
        return answer

    async def _wait_for(self, turn: Permit) -> None:
        await stop_if_cancelled()
        left_s = self.check_deadline()
        started_s = self.calls.clock.monotonic()
        if left_s == math.inf:
            await turn.take(self._check_wait)
        else:
            bound = asyncio.timeout(left_s)
            try:
                async with bound:
                    await turn.take(self._check_wait)
            except TimeoutError:
                if not bound.expired():
                    raise
                raise self._exceeded(
                    "the deadline passed while it waited for the rate limit", self.last
                ) from self.last
        self.delay_s += self.calls.clock.monotonic() - started_s

    def _check_wait(self, lane: TableRate, wait_s: float) -> None:
        left_s = remaining_s()
        if left_s != -math.inf and wait_s >= left_s:
            what = (
                f"the wait of {wait_s:.3f} s for the rate limit of {lane.name} ({lane.per_s:.1f} a second) "
                f"would outlive the deadline, {max(left_s, 0.0):.3f} s away"
            )
            raise self._exceeded(what, self.last) from self.last

    async def send(self) -> Answer:
        """Make one attempt, cut off where the deadline ends."""
        await stop_if_cancelled()
        transport = self.calls.transport
        left_s = self.check_deadline()
        last_check = self._token_check() if TOKEN in self.request else None
        self.attempts += 1
        if left_s == math.inf:
            return await transport.send(self.operation, self.request, self.read, last_check)
        bound = asyncio.timeout(left_s)
        try:
            async with bound:
                return await transport.send(self.operation, self.request, self.read, last_check)
        except TimeoutError as error:
            if not bound.expired():
                raise
            waited = is_unsent(error.__cause__)
        what = f"the deadline passed during attempt {self.attempts}"
        if waited:
            what = f"the deadline passed before attempt {self.attempts} was sent, while it waited for a connection or for credentials"
            self.attempts -= 1
        elif self.repeat != "read":
            self.maybe_applied = True
        raise self._exceeded(what, self.last) from self.last

    def _token_check(self) -> LastCheck | None:
        """Check the token's age before an attempt; gives the check for after the wait for a
        connection, which may be long, where one is needed.

        Raises:
            UsageError: as `_check_token`.
        """
        if self.first_sent is None:
            clock = self.calls.clock
            self.first_sent = clock.now(), clock.monotonic()
            return None
        if not self.maybe_applied:
            return None  # the token is as new: nothing was applied under it
        self._check_token()
        return self._check_token

    def _check_token(self) -> None:
        """Refuse an attempt whose token DynamoDB may have forgotten.

        Raises:
            UsageError: an attempt before this one may have been applied, so long ago that DynamoDB
                does not know the token any more.
        """
        if not self._token_is_known():
            raise UsageError(TOO_OLD)

    def _token_is_known(self, wait_s: float = 0.0) -> bool:
        """Whether DynamoDB still knows the token in `wait_s`: by the time of day, since a monotonic
        clock stands in a suspended machine, and by that one too, since the time of day may be set
        back."""
        if self.first_sent is None:
            return True
        clock, (day, started_s) = self.calls.clock, self.first_sent
        age_s = max((clock.now() - day).total_seconds(), clock.monotonic() - started_s)
        return age_s + wait_s < TOKEN_USE_S

    def check_deadline(self) -> float:
        """Seconds left by the ambient deadline, `inf` without one."""
        limit = current_limit()
        if limit is None:
            return math.inf
        left_s = limit.remaining_s()
        if left_s <= 0:
            when = (
                f"before attempt {self.attempts + 1}"
                if self.attempts
                else "before anything was sent"
            )
            raise self._exceeded(
                f"the deadline of {limit.seconds:g} s passed {when}", self.last
            ) from self.last
        return left_s

    async def failed(self, error: ServiceError | ConnectionFailed) -> None:
        """Wait until the next attempt is due, or raise what ends the call."""
        self.answered = self.attempts
        ambiguous = self.repeat != "read" and is_ambiguous(error)
        self.maybe_applied = self.maybe_applied or ambiguous
        treatment = treatment_of(error)
        renews = "" if treatment != "renew" else renewed_by(error)
        if treatment == "no" or (renews and renews in self.renewed):
            self._give_up(error)
        if ambiguous and self.repeat == "never":
            self._give_up(
                error,
                "not sent again: it may have been applied, and applying it twice would differ from once",
            )
        if self.attempts >= self.policy.max_attempts:
            self._give_up(error)
        delay_s = 0.0
        if renews:
            self.renewed.add(renews)
        else:
            delay_s = delay_after(self.attempts, error, self.policy, self.calls.random())
        if self.maybe_applied and not self._token_is_known(delay_s):
            self._give_up(error, f"not sent again: {TOO_OLD}")
        left_s = remaining_s()
        if left_s == -math.inf:
            await stop_if_cancelled()
        if delay_s >= left_s - SHORTEST_ATTEMPT_S:
            wait = f"the wait of {delay_s:.3f} s before the next would outlive the deadline, {max(left_s, 0.0):.3f} s away"
            raise self._exceeded(f"attempt {self.attempts} failed, and {wait}", error) from error
        quota, cost = self.calls.quota, retry_cost(error)
        if not quota.take(cost):
            self._give_up(
                error,
                f"not sent again: the retry quota of this database is used up ({quota.tokens} of {quota.capacity} tokens left, "
                f"a retry takes {cost}); it fills as calls succeed",
            )
        self.history.append(
            f"attempt {self.attempts}: {_short(error)}, then {delay_s:.3f} s of waiting"
        )
        if treatment != "renew":
            try:
                await self.calls.clock.sleep(delay_s)
            except BaseException:
                quota.give_back(cost)  # the retry is not made
                raise
        self.last, self.delay_s, self.cost = error, delay_s, cost

    def _give_up(self, error: ServiceError | ConnectionFailed, why: str | None = None) -> NoReturn:
        error.operation = error.operation or self.operation
        error.subject = self.subject()
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

    def _exceeded(
        self, what: str, last: ServiceError | ConnectionFailed | None
    ) -> DeadlineExceeded:
        subject = shown(self.subject(), MESSAGE_CHARACTERS)
        about = f"{self.operation} on {subject}" if subject else self.operation
        before = f" (last error: {_short(last)})" if last is not None else ""
        fate = (
            "; it may have been applied: read the item before writing again"
            if self.maybe_applied
            else ""
        )
        error = DeadlineExceeded(
            f"{about}: {what}{before}{fate}",
            operation=self.operation,
            subject=subject,
            attempts=self.attempts,
            maybe_applied=self.maybe_applied,
        )
        for note in self.history:
            error.add_note(note)
        return error


def misshapen_answer(operation: str, problem: str) -> ConnectionFailed:
    """The error for an answer that is JSON, but not what DynamoDB answers."""
    return ConnectionFailed(
        f"the answer can't be read: {problem}", maybe_applied=True, operation=operation
    )


def _short(error: ServiceError | ConnectionFailed) -> str:
    return error.code if isinstance(error, ServiceError) else error.problem
