"""`Calls`: every request of adorm goes through `Calls.call`, which bounds, retries, counts and
shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from adorm.calls.attempts import Attempts, Sender
from adorm.calls.call import TOKEN, Call, Layer, Step
from adorm.calls.capacity import (
    asking_for_capacity,
    consumed_by,
    is_collecting,
    is_counted,
    note_capacity,
)
from adorm.clock import SYSTEM_CLOCK, Clock
from adorm.deadlines import current_limit, scope_deadline, stop_if_cancelled
from adorm.dynamodb.operations import Repeat
from adorm.errors import ConnectionFailed, ServiceError
from adorm.retry import DEFAULT_RETRY, RetryPolicy, repeat_of, unit_random
from adorm.transport.answer_shapes import CHECKS, unreadable_answer
from adorm.transport.base import Answer, AnswerReader, Request, Transport

if TYPE_CHECKING:
    from adorm.calls.hooks import CallHooks
    from adorm.calls.middleware import Middleware
    from adorm.calls.pace import RateLimiter


def composed(layers: Sequence[Layer], innermost: Step) -> Step:
    """One step out of `innermost` and the layers around it, of which the first is outermost."""

    def around(layer: Layer, next_step: Step) -> Step:
        return lambda call: layer(call, next_step)

    return reduce(lambda step, layer: around(layer, step), reversed(layers), innermost)


class Calls:
    """The calls of one database: one retry policy, one retry quota, one clock, one set of layers.

    The layers are composed here, once. Around a call, from the outermost: middleware, hooks, the
    loop of attempts. Around each attempt: the rate limit, hooks, the deadline, the transport (which
    may be one that hedges). Without middleware, hooks and rate limit there are none, and a call
    goes straight to the transport.
    """

    __slots__ = ("_answer", "_attempts", "_has_layers", "_source", "clock", "quota", "transport")

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
        self.clock = clock
        around_call: list[Layer] = []
        around_attempt: list[Layer] = []
        if limiter is not None:
            around_attempt.append(limiter.attempt)
        if middleware:
            from adorm.calls.middleware import MiddlewareChain

            around_call.append(MiddlewareChain(middleware).call)
        if hooks:
            from adorm.calls.observe import Observer

            observer = Observer(transport, clock, hooks)
            around_call.append(observer.call)
            if observer.sees_attempts:
                around_attempt.append(observer.attempt)
        self._has_layers = bool(around_call or around_attempt)
        self._source = source
        self._attempts = Attempts(
            composed(around_attempt, Sender(transport, clock).send),
            retry=retry,
            clock=clock,
            random=random,
            source=source,
        )
        self._answer = composed(around_call, self._attempts.answer)
        self.quota = self._attempts.quota

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
        if is_collecting() is not None and is_counted(self._source):
            request = asking_for_capacity(operation, request)
        if self._has_layers or current_limit() is not None or TOKEN in request:
            return await self._answer(Call(operation, request, subject, repeat, retry, read))
        # The path of nearly every call: nothing is set up before the first failure.
        if scope_deadline() == -math.inf:
            await stop_if_cancelled()
        try:
            answer = await self.transport.send(operation, request, read)
            if (check := CHECKS.get(operation)) is not None and (
                problem := check(request, answer)
            ) is not None:
                raise unreadable_answer(operation, problem)
        except (ServiceError, ConnectionFailed) as error:
            call = Call(operation, request, subject, repeat, retry, read)
            call.attempts = 1
            await self._attempts.failed(call, error)
        else:
            if self.quota.tokens != self.quota.capacity:
                self.quota.give_back(1)
            if is_collecting() is not None:
                reading = repeat_of(operation, request, repeat) == "read"
                note_capacity(operation, consumed_by(answer, reading=reading), source=self._source)
            return answer
        return await self._attempts.answer(call)
