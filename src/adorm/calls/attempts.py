"""The loop of attempts: what is sent again, after which wait, and when a call is given up."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from adorm.calls.call import TOKEN, TOO_OLD, Call, Step, TokenAge, short
from adorm.calls.capacity import is_collecting, note_capacity
from adorm.clock import Clock
from adorm.deadlines import remaining_s, stop_if_cancelled, within
from adorm.errors import ConnectionFailed, DeadlineExceeded, ServiceError, UsageError
from adorm.retry import (
    RetryPolicy,
    RetryQuota,
    delay_after,
    is_ambiguous,
    renewed_by,
    retry_cost,
    treatment_of,
)
from adorm.transport.answer_shapes import CHECKS, unreadable_answer
from adorm.transport.base import Answer, LastCheck, Transport, is_unsent

SHORTEST_ATTEMPT_S = 1e-6
"""A wait that ends less than this before the deadline leaves no time for an attempt. It also
catches a rest of time that is only a rounding error."""


class Sender:
    """The innermost step of an attempt: it sends the request, cut off where the deadline ends."""

    __slots__ = ("_clock", "_transport")

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def send(self, call: Call) -> Answer:
        """Make one attempt. Raises `DeadlineExceeded` where no time is left, and `UsageError` where
        the token is too old."""
        await stop_if_cancelled()
        left_s = call.time_left_s()
        last_check = self._token_check(call) if TOKEN in call.request else None
        call.begin_attempt()
        sending = self._transport.send(call.operation, call.request, call.read, last_check)
        if left_s == math.inf:
            return await sending
        async with within(left_s, partial(_cut_off, call)):
            return await sending

    def _token_check(self, call: Call) -> LastCheck | None:
        """Check the token's age, if an attempt before this one may have been applied.

        Gives the check to repeat after the wait for a connection, which may be long.
        """
        if call.token_age is None:
            call.token_age = TokenAge(self._clock)
            return None
        if not call.maybe_applied:
            return None  # nothing was applied under the token: it is as good as new
        call.token_age.check()
        return call.token_age.check


class Attempts:
    """The loop of attempts of one database: one retry policy and one retry quota."""

    __slots__ = ("_attempt", "_clock", "_random", "_retry", "_source", "quota")

    def __init__(
        self,
        attempt: Step,
        *,
        retry: RetryPolicy,
        clock: Clock,
        random: Callable[[], float],
        source: object,
    ) -> None:
        self._attempt = attempt
        """Makes one attempt of a call, through the layers around it."""
        self._retry = retry
        """For calls that bring no policy of their own."""
        self._clock = clock
        self._random = random
        self._source = source
        """Stands for the database where the capacity of one database is counted."""
        self.quota = RetryQuota()

    async def answer(self, call: Call) -> Answer:
        """Attempt until there is an answer, or an error that is not retried."""
        try:
            while True:
                try:
                    answer = await self._attempt(call)
                    if (check := CHECKS.get(call.operation)) is not None and (
                        problem := check(call.request, answer)
                    ) is not None:
                        raise unreadable_answer(call.operation, problem)
                except (ServiceError, ConnectionFailed) as error:
                    await self.failed(call, error)
                except UsageError as error:
                    if call.last_error is None:
                        raise
                    # The write of an attempt before may have been applied: its error says so.
                    call.attempts = call.failed_attempts
                    call.give_up(call.last_error, f"not sent again: {error}")
                else:
                    self.quota.give_back(call.retry_tokens)
                    if is_collecting() is not None:
                        note_capacity(call.operation, call.consumed(answer), source=self._source)
                    return answer
        finally:
            call.last_error = None  # an error's traceback leads back here

    async def failed(self, call: Call, error: ServiceError | ConnectionFailed) -> None:
        """Wait until the next attempt is due, or raise the error that ends the call."""
        call.failed_attempts = call.attempts
        ambiguous = call.repeat != "read" and is_ambiguous(error)
        call.maybe_applied = call.maybe_applied or ambiguous
        policy = call.policy or self._retry
        treatment = treatment_of(error)
        renews = "" if treatment != "renew" else renewed_by(error)
        if treatment == "no" or (renews and renews in call.renewed):
            call.give_up(error)
        if ambiguous and call.repeat == "never":
            call.give_up(
                error,
                "not sent again: it may have been applied, "
                "and applying it twice would differ from once",
            )
        if call.attempts >= policy.max_attempts:
            call.give_up(error)
        delay_s = 0.0
        if renews:
            call.renewed.add(renews)
        else:
            delay_s = delay_after(call.attempts, error, policy, self._random())
        await _check_wait(call, error, delay_s)
        tokens = retry_cost(error)
        if not self.quota.take(tokens):
            call.give_up(
                error,
                "not sent again: the retry quota of this database is used up "
                f"({self.quota.tokens} of {self.quota.capacity} tokens left, "
                f"a retry takes {tokens}); it fills as calls succeed",
            )
        call.history.append(
            f"attempt {call.attempts}: {short(error)}, then {delay_s:.3f} s of waiting"
        )
        if not renews:
            try:
                await self._clock.sleep(delay_s)
            except BaseException:
                self.quota.give_back(tokens)  # the retry is not made
                raise
        call.last_error, call.delay_s, call.retry_tokens = error, delay_s, tokens


async def _check_wait(call: Call, error: ServiceError | ConnectionFailed, delay_s: float) -> None:
    """Refuse a wait before the next attempt that would outlive the token or the deadline."""
    if call.maybe_applied and call.token_age and not call.token_age.is_known(delay_s):
        call.give_up(error, f"not sent again: {TOO_OLD}")
    left_s = remaining_s()
    if left_s == -math.inf:
        await stop_if_cancelled()
    if delay_s >= left_s - SHORTEST_ATTEMPT_S:
        raise call.late(
            f"attempt {call.attempts} failed, and the wait of {delay_s:.3f} s before the next "
            f"would outlive the deadline, {max(left_s, 0.0):.3f} s away",
            error,
        )


def _cut_off(call: Call, timeout: TimeoutError) -> DeadlineExceeded:
    """The error for an attempt that the deadline has ended."""
    if is_unsent(timeout.__cause__):
        what = (
            f"the deadline passed before attempt {call.attempts} was sent, "
            "while it waited for a connection or for credentials"
        )
        call.attempts -= 1
    else:
        what = f"the deadline passed during attempt {call.attempts}"
        call.maybe_applied = call.maybe_applied or call.repeat != "read"
    return call.late(what)
