"""One request on its way to the engine, and what can be done to it there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

import attrs
from anyio.lowlevel import checkpoint

from adorm.clock import Clock
from adorm.errors import ConnectionFailed, ServiceError
from adorm.transport.base import Answer, Request

TURNS = 100
"""How many turns of the loop a cancellation is given to reach a request, through scopes and task
groups."""


class Cancellable(Protocol):
    """An `asyncio.Task`, an `anyio.CancelScope`, or anything else that is cancelled so."""

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
        """Let it go on, to the faults that were scripted later and then to the engine; `request` in
        the place of its own."""
        return await self._send(self.request if request is None else request)


Action = Callable[[Attempt], Awaitable[Answer]]
"""What a fault does: answers, raises, or lets the attempt go on by `await attempt.send()`."""


async def lose(attempt: Attempt, *, applied: bool) -> None:
    """Keep the request from the engine, or throw away what the engine says to it, errors as
    well."""
    if not applied:
        await checkpoint()
        return
    try:
        await attempt.send()
    except (ServiceError, ConnectionFailed):
        return


async def pause(attempt: Attempt, wait: Callable[[], Awaitable[None]], *, applied: bool) -> Answer:
    """Wait before the request, or before the engine's answer or error."""
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
    """Cancel `target`, by default the current task, and let the request go no further until the
    cancellation has arrived."""
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
