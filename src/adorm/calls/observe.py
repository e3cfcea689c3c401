"""Calls that somebody watches or changes: hooks around them, middleware before them. Imported only
where there is either."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from weakref import WeakMethod

from adorm.calls.capacity import Units, asking_for_capacity, units_of
from adorm.calls.details import (
    AttemptDetails,
    CallDetails,
    ErrorDetails,
    answer_details,
    error_details,
    model_name,
    next_call_id,
    request_details,
    server_details,
)
from adorm.calls.hooks import CallHooks, Connections, run_hooks, run_hooks_after, tell_of
from adorm.clock import Clock
from adorm.deadlines import current_limit
from adorm.dynamodb.operations import Repeat
from adorm.errors import DeadlineExceeded, UsageError
from adorm.transport.base import Answer, AnswerReader, Request, Transport

if TYPE_CHECKING:
    from adorm.transport.wire.pool import PoolFigures

Middleware: TypeAlias = Callable[[str, Request], Request | Awaitable[Request]]
"""`(operation, request)` gives the request to send, the same or another; it may be async."""


class ObservedCall(Protocol):
    """A call on its way through its attempts, as it is seen from here."""

    operation: str
    request: Request
    repeat: Repeat
    attempts: int
    delay_s: float
    subject_of: object
    seen: CallDetails | None

    async def answer(self) -> Answer: ...
    async def send(self) -> Answer: ...
    def check_deadline(self) -> float: ...


class Observer:
    """The hooks and the middleware of one database."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        hooks: Sequence[CallHooks],
        middleware: Sequence[Middleware],
    ) -> None:
        self._clock = clock
        self._asks = any(each.capacity for each in hooks)
        self._middleware = tuple(middleware)
        self._hooked = bool(hooks)
        self._before_call = tuple(each.before_call for each in hooks if each.before_call)
        self._after_call = tuple(each.after_call for each in reversed(hooks) if each.after_call)
        self._before_attempt = tuple(each.before_attempt for each in hooks if each.before_attempt)
        self._after_attempt = tuple(
            each.after_attempt for each in reversed(hooks) if each.after_attempt
        )
        self._attempts_hooked = bool(self._before_attempt or self._after_attempt)
        self._server = server_details(transport)
        self._request_id = transport.last_request_id
        engine = transport.engine
        if engine.pool_figures() is not None:
            tell_of(Connections(self._server, _figures_of(engine)), hooks)

    async def changed(
        self,
        operation: str,
        request: Request,
        repeat: Repeat | None,
        read: AnswerReader | None,
    ) -> tuple[Request, Repeat | None, AnswerReader | None]:
        """The request to send, what may follow an ambiguous failure of it, and its reader: a
        request that a middleware has made is read as plain JSON.

        Raises:
            UsageError: a middleware gave something that is no request.
            DeadlineExceeded: one took longer than there was time.
        """
        update = request.get("UpdateExpression")
        for middleware in self._middleware:
            result: Any = middleware(operation, request)
            if inspect.isawaitable(result):
                result = await _in_time(operation, result)
            if not isinstance(result, Mapping):
                raise UsageError(
                    f"{operation}: a middleware gives the request to send, a dict, not {type(result).__name__}: {middleware!r}"
                )
            if result is not request:
                read = None
            request = result  # pyright: ignore[reportUnknownVariableType]  # what is in it DynamoDB judges
        if (
            repeat == "safe"
            and operation == "UpdateItem"
            and request.get("UpdateExpression") != update
        ):
            repeat = "never"  # what adorm knew of its own expression does not hold for another
        if self._asks:
            request = asking_for_capacity(operation, request)
        return request, repeat, read

    async def call(self, run: ObservedCall) -> Answer:
        """Carry out a call, shown to the hooks."""
        if not self._hooked:
            return await run.answer()
        request = request_details(run.request)
        table = request.tables[0] if len(request.tables) == 1 else None
        before = CallDetails(
            call_id=next_call_id(),
            operation=run.operation,
            table=table,
            model=model_name(run.subject_of),
            request=request,
            server=self._server,
        )
        run.seen = before
        started_s = self._clock.monotonic()
        answer: Answer | None = None
        failure: ErrorDetails | None = None
        request_id: str | None = None
        try:
            await run_hooks(self._before_call, before)
            started_s = self._clock.monotonic()
            answer = await run.answer()
            request_id = self._request_id()
            return answer
        except BaseException as error:
            failure = error_details(error)
            raise
        finally:
            reading = run.repeat == "read"
            details = CallDetails(
                call_id=before.call_id,
                operation=run.operation,
                table=table,
                model=before.model,
                request=request,
                server=self._server,
                attempts=run.attempts,
                duration_s=self._clock.monotonic() - started_s,
                error=failure,
                capacity=None if answer is None else units_of(answer, reading=reading),
                answer=None
                if answer is None
                else answer_details(answer, reading=reading, request_id=request_id),
            )
            await run_hooks_after(self._after_call, details)

    async def attempt(self, run: ObservedCall) -> Answer:
        """Make one attempt of a call, shown to the hooks."""
        seen, number, delay_s = run.seen, run.attempts + 1, run.delay_s
        if seen is None or not self._attempts_hooked:
            return await run.send()
        run.check_deadline()
        started_s = self._clock.monotonic()
        failure: ErrorDetails | None = None
        capacity: Units | None = None
        try:
            if self._before_attempt:
                await run_hooks(self._before_attempt, _attempt(seen, number, delay_s))
            started_s = self._clock.monotonic()
            answer = await run.send()
            capacity = units_of(answer, reading=run.repeat == "read")
            return answer
        except BaseException as error:
            failure = error_details(error)
            raise
        finally:
            duration_s = self._clock.monotonic() - started_s
            await run_hooks_after(
                self._after_attempt, _attempt(seen, number, delay_s, duration_s, failure, capacity)
            )


async def _in_time(operation: str, wait: Awaitable[object]) -> object:
    limit = current_limit()
    if limit is None:
        return await wait
    bound = asyncio.timeout(max(limit.remaining_s(), 0.0))
    try:
        async with bound:
            return await wait
    except TimeoutError:
        if not bound.expired():
            raise
    raise DeadlineExceeded(
        f"{operation}: the deadline of {limit.seconds:g} s passed in a middleware, before anything was sent",
        operation=operation,
    )


def _figures_of(engine: Transport) -> Callable[[], PoolFigures | None]:
    """The figures of its pool, without keeping it alive: who watches pools may do so for longer
    than there is a database."""
    reference = WeakMethod[Callable[[], "PoolFigures | None"]](engine.pool_figures)

    def figures() -> PoolFigures | None:
        method = reference()
        return None if method is None else method()

    return figures


def _attempt(
    call: CallDetails,
    number: int,
    delay_s: float,
    duration_s: float = 0.0,
    error: ErrorDetails | None = None,
    capacity: Units | None = None,
) -> AttemptDetails:
    return AttemptDetails(
        call_id=call.call_id,
        operation=call.operation,
        table=call.table,
        model=call.model,
        request=call.request,
        server=call.server,
        attempt=number,
        delay_s=delay_s,
        duration_s=duration_s,
        error=error,
        capacity=capacity,
    )
