"""One request on its way to the engine, and what a fault can do to it there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Literal, Protocol

import attrs
from anyio.lowlevel import checkpoint

from adorm.clock import Clock
from adorm.errors import ConnectionFailed, ServiceError
from adorm.transport.base import (
    Answer,
    AnswerReader,
    LastCheck,
    Request,
    Transport,
    WrappedTransport,
)

TURNS = 100
"""A cancellation has so many turns of the loop to reach a request, through scopes and groups."""


class Cancellable(Protocol):
    """An `asyncio.Task`, an `anyio.CancelScope`, or another object with `cancel()`."""

    def cancel(self) -> object: ...


@attrs.frozen
class Attempt:
    """One request on its way to the engine, as a fault sees it."""

    operation: str
    request: Request = attrs.field(repr=False)
    """What is sent; not to be changed in place."""
    clock: Clock = attrs.field(repr=False)
    """The connection's clock."""
    _send: Callable[[Request], Awaitable[Answer]] = attrs.field(repr=False)

    async def send(self, request: Request | None = None) -> Answer:
        """Send it on: to the faults that were scripted later, then to the engine.

        `request` is sent instead of its own, if given.
        """
        return await self._send(self.request if request is None else request)


Action = Callable[[Attempt], Awaitable[Answer]]
"""What a fault does: answers, raises, or lets the attempt go on by `await attempt.send()`."""


class FaultyTransport(WrappedTransport):
    """The transport that a database with faults sees."""

    def __init__(
        self,
        engine: Transport,
        met: Callable[[str, Request], Sequence[Action]],
        clock: Clock,
        *,
        faults: object,
    ) -> None:
        """`met(operation, request)` counts a request and gives what happens to it, in order.

        `faults` is only shown.
        """
        super().__init__(engine)
        self._met = met
        self._clock = clock
        self._faults = faults

    def __repr__(self) -> str:
        return f"<{self.inner!r} with {self._faults!r}>"

    async def send(
        self,
        operation: str,
        request: Request,
        read: AnswerReader | None = None,
        last_check: LastCheck | None = None,
        /,
    ) -> Answer:
        """See `Transport.send`. Each action is around the next, the innermost around the engine."""
        actions = self._met(operation, request)

        async def act(position: int, sent: Request) -> Answer:
            if position == len(actions):
                # A reader belongs to the request that it came with.
                reader = read if sent is request else None
                return await self.inner.send(operation, sent, reader, last_check)
            go_on = partial(act, position + 1)
            return await actions[position](Attempt(operation, sent, self._clock, go_on))

        return await act(0, request)


async def lose(attempt: Attempt, *, applied: bool) -> None:
    """Drop the request, or with `applied` its answer or error."""
    if not applied:
        await checkpoint()
        return
    try:
        await attempt.send()
    except (ServiceError, ConnectionFailed):
        return


async def pause(attempt: Attempt, wait: Callable[[], Awaitable[None]], *, applied: bool) -> Answer:
    """Wait before the request, or with `applied` before the engine's answer or error."""
    if not applied:
        await wait()
        return await attempt.send()
    try:
        answer = await attempt.send()
    except (ServiceError, ConnectionFailed):
        await wait()
        raise
    await wait()
    return answer


When = Literal["before", "during", "after"]


async def cancel(attempt: Attempt, target: Cancellable | None, when: When) -> Answer:
    """Cancel `target`, by default the current task; the request waits until that has arrived."""
    cancelled = asyncio.current_task() if target is None else target
    if cancelled is None:  # a callback of the loop awaits nothing
        return await attempt.send()
    if when == "before":
        cancelled.cancel()
        await _arrival()
        return await attempt.send()
    if when == "during":
        # The loop's next turn: the request is out by then, or waits for a connection.
        asyncio.get_running_loop().call_soon(cancelled.cancel)
        return await pause(attempt, _arrival, applied=True)

    async def afterwards() -> None:
        cancelled.cancel()
        await _arrival()

    return await pause(attempt, afterwards, applied=True)


async def _arrival() -> None:
    for _ in range(TURNS):
        await checkpoint()
