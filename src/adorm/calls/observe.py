"""The layers of hooks: around a call, and around each attempt. Imported only where there are
hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from weakref import WeakMethod

from adorm.calls.capacity import Units, asking_for_capacity, total_of
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
from adorm.calls.hooks import CallHooks, Connections, run_hooks, run_hooks_after, show_connections
from adorm.clock import Clock
from adorm.transport.base import Answer, Transport

if TYPE_CHECKING:
    from adorm.calls.call import Call, Step
    from adorm.transport.base import PoolFigures


class Observer:
    """The hooks of one database."""

    def __init__(self, transport: Transport, clock: Clock, hooks: Sequence[CallHooks]) -> None:
        self._clock = clock
        self._asks_for_capacity = any(each.capacity for each in hooks)
        self._before_call = tuple(each.before_call for each in hooks if each.before_call)
        self._after_call = tuple(each.after_call for each in reversed(hooks) if each.after_call)
        self._before_attempt = tuple(each.before_attempt for each in hooks if each.before_attempt)
        self._after_attempt = tuple(
            each.after_attempt for each in reversed(hooks) if each.after_attempt
        )
        self._server = server_details(transport)
        self._last_request_id = transport.last_request_id
        engine = transport.engine
        if engine.pool_figures() is not None:
            show_connections(Connections(self._server, _figures_of(engine)), hooks)

    @property
    def sees_attempts(self) -> bool:
        """Whether a hook wants attempts."""
        return bool(self._before_attempt or self._after_attempt)

    async def call(self, call: Call, next_step: Step) -> Answer:
        """The layer around a call."""
        if self._asks_for_capacity:
            call.request = asking_for_capacity(call.operation, call.request)
        request = request_details(call.request)
        before = call.details = CallDetails(
            call_id=next_call_id(),
            operation=call.operation,
            table=request.tables[0] if len(request.tables) == 1 else None,
            model=model_name(call.subject),
            request=request,
            server=self._server,
        )
        started_s = self._clock.monotonic()
        answer: Answer | None = None
        failure: ErrorDetails | None = None
        request_id: str | None = None
        try:
            await run_hooks(self._before_call, before)
            started_s = self._clock.monotonic()
            answer = await next_step(call)
            request_id = self._last_request_id()
            return answer
        except BaseException as error:
            failure = error_details(error)
            raise
        finally:
            consumed = () if answer is None else call.consumed(answer)
            details = CallDetails(
                call_id=before.call_id,
                operation=before.operation,
                table=before.table,
                model=before.model,
                request=request,
                server=self._server,
                attempts=call.attempts,
                duration_s=self._clock.monotonic() - started_s,
                error=failure,
                capacity=total_of(consumed),
                answer=None if answer is None else answer_details(answer, consumed, request_id),
            )
            await run_hooks_after(self._after_call, details)

    async def attempt(self, call: Call, next_step: Step) -> Answer:
        """The layer around an attempt; one for which there is no time is shown to no hook."""
        call.time_left_s()
        number, delay_s = call.attempts + 1, call.delay_s
        started_s = self._clock.monotonic()
        failure: ErrorDetails | None = None
        capacity: Units | None = None
        try:
            if self._before_attempt:
                await run_hooks(self._before_attempt, _details(call, number, delay_s))
            started_s = self._clock.monotonic()
            answer = await next_step(call)
            capacity = total_of(call.consumed(answer))
            return answer
        except BaseException as error:
            failure = error_details(error)
            raise
        finally:
            duration_s = self._clock.monotonic() - started_s
            after = _details(call, number, delay_s, duration_s, failure, capacity)
            await run_hooks_after(self._after_attempt, after)


def _figures_of(engine: Transport) -> Callable[[], PoolFigures | None]:
    """The figures of the engine's pool, without keeping it alive: what watches pools may live
    longer than a database."""
    reference = WeakMethod[Callable[[], "PoolFigures | None"]](engine.pool_figures)

    def figures() -> PoolFigures | None:
        method = reference()
        return None if method is None else method()

    return figures


def _details(
    call: Call,
    number: int,
    delay_s: float,
    duration_s: float = 0.0,
    error: ErrorDetails | None = None,
    capacity: Units | None = None,
) -> AttemptDetails:
    before = call.details
    return AttemptDetails(
        call_id=before.call_id,
        operation=before.operation,
        table=before.table,
        model=before.model,
        request=before.request,
        server=before.server,
        attempt=number,
        delay_s=delay_s,
        duration_s=duration_s,
        error=error,
        capacity=capacity,
    )
