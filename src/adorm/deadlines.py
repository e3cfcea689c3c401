"""How long adorm's calls may take: the ambient deadline, and what is left of it."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import cast

from adorm.clock import Clock, current_clock
from adorm.errors import DeadlineExceeded, UsageError


class Limit:
    """The point in time that bounds the calls inside a block.

    `async with adorm.deadline(2.5) as limit` gives one.
    """

    __slots__ = ("at_s", "clock", "outer", "owner", "seconds")

    def __init__(
        self, at_s: float, clock: Clock, seconds: float, outer: Limit | None, owner: deadline
    ) -> None:
        self.at_s = at_s
        """The point on the clock's `monotonic()`."""
        self.clock = clock
        self.seconds = seconds
        """The seconds given to the deadline that set this point."""
        self.outer = outer
        self.owner = owner

    def __repr__(self) -> str:
        return f"Limit(at_s={self.at_s!r}, seconds={self.seconds!r})"

    def remaining_s(self) -> float:
        """Seconds left; 0 or less once it is over."""
        return self.at_s - self.clock.monotonic()


_current: ContextVar[Limit | None] = ContextVar("adorm_deadline", default=None)

current_limit = _current.get
"""The limit that is in force here, None without one."""


class deadline:  # noqa: N801  # reads as a function: `async with adorm.deadline(2.5)`
    """Bound every call of adorm inside the block, retries and waits included, by `seconds`.

    ::

        async with adorm.deadline(2.5):
            order = await orders.get("c1", "o1")

    When the time is over, the call that is under way is cancelled and raises `DeadlineExceeded`,
    and so does every later one, before it sends anything; a wait before a retry that would outlive
    the deadline is not begun. The code between the calls is not interrupted: use `anyio.fail_after`
    or `asyncio.timeout` for that. 0 or less means that the time is over already.

    Inner deadlines only shorten outer ones. Tasks started inside the block inherit it. The object
    holds nothing but the seconds: it can be kept and used for many blocks, each counting from where
    it is entered.

    The time is that of `adorm.clock.current_clock()`. A request in flight is interrupted in real
    time: with a fake clock, after as many real seconds as the fake clock had left when the request
    was sent.

    Raises:
        UsageError: `seconds` is not a number, or NaN.
    """

    __slots__ = ("seconds",)

    def __init__(self, seconds: float, /) -> None:
        given = cast("object", seconds)  # unchecked callers
        if not isinstance(given, int | float) or isinstance(given, bool) or math.isnan(given):
            raise UsageError(
                f"deadline({seconds!r}): expected seconds as an int or a float; "
                "0 or less means that the time is over"
            )
        self.seconds = float(seconds)

    def __repr__(self) -> str:
        return f"adorm.deadline({self.seconds!r})"

    async def __aenter__(self) -> Limit:
        clock = current_clock()
        outer = _current.get()
        at_s = clock.monotonic() + self.seconds
        seconds = self.seconds
        if outer is not None and outer.remaining_s() < seconds:
            at_s, clock, seconds = outer.at_s, outer.clock, outer.seconds
        limit = Limit(at_s, clock, seconds, outer, self)
        _current.set(limit)
        return limit

    async def __aexit__(self, *_: object) -> None:
        limit = _current.get()
        # A block may be left in another context than it was entered in (a generator's finalizer):
        # there is nothing to undo there.
        if limit is not None and limit.owner is self:
            _current.set(limit.outer)


@contextmanager
def without_deadline() -> Generator[None, None, None]:
    """Inside the block no `adorm.deadline` counts: for cleanup, which has a bound of its own."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


class within:  # noqa: N801  # reads as a function: `async with within(5.0, late)`
    """Bound what is awaited in the block by `limit_s` seconds of real time.

    ::

        async with within(left_s, lambda _: DeadlineExceeded("...")):
            answer = await transport.send(...)

    When the limit has passed the block is cancelled, and the error that `late` makes is raised from
    its own `__cause__`. `late` gets the `TimeoutError`, whose `__cause__` is the cancellation that
    came out of the block. Other timeouts and cancellations pass through unchanged.

    `limit_s` is None or `inf` for no bound; 0 or less ends the block at the first await that waits.
    """

    __slots__ = ("_late", "_timeout")

    def __init__(self, limit_s: float | None, late: Callable[[TimeoutError], Exception]) -> None:
        unbounded = limit_s is None or limit_s == math.inf
        self._timeout = None if unbounded else asyncio.timeout(max(limit_s or 0.0, 0.0))
        self._late = late

    async def __aenter__(self) -> None:
        if self._timeout is not None:
            await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timeout is None:
            return
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as timeout:  # its own: it raises no other
            failure = self._late(timeout)
            raise failure from failure.__cause__


def within_deadline(
    doing: str, *, operation: str | None = None, subject: str | None = None
) -> within:
    """Bound what is awaited in the block by the ambient deadline: for waits that are no request.

    ::

        async with within_deadline("waiting for the next item", operation="Scan"):
            await event.wait()

    Raises, in the block:
        DeadlineExceeded: "Scan on Order: the deadline of 2 s passed while waiting for ...".
    """
    limit = current_limit()
    seconds = math.inf if limit is None else limit.seconds

    def late(_timeout: TimeoutError) -> DeadlineExceeded:
        about = " on ".join(filter(None, (operation, subject)))
        return DeadlineExceeded(
            f"{about and f'{about}: '}the deadline of {seconds:g} s passed while {doing}",
            operation=operation,
            subject=subject,
        )

    return within(None if limit is None else limit.remaining_s(), late)


# The anyio cancel scopes around a call are looked at without importing anyio: its asyncio backend
# takes 17 ms to import, a fifth of a whole cold start. While it is not imported, no scope exists.

_BACKEND = "anyio._backends._asyncio"
"""Imported when the first scope is entered, at the latest."""

_current_effective_deadline: Callable[[], float] | None = None


def scope_deadline() -> float:
    """When the cancel scopes around end, on the loop's clock: `inf` without one, `-inf` in one that
    is cancelled."""
    # looking it up in anyio at every call takes as long as calling it
    global _current_effective_deadline  # noqa: PLW0603
    if _current_effective_deadline is None:
        if _BACKEND not in sys.modules:
            return math.inf
        from anyio import current_effective_deadline

        _current_effective_deadline = current_effective_deadline
    return _current_effective_deadline()


async def stop_if_cancelled() -> None:
    """Raise the cancellation of a cancelled scope around, so that nothing is begun in it."""
    if scope_deadline() == -math.inf:
        from anyio.lowlevel import checkpoint_if_cancelled

        await checkpoint_if_cancelled()


def is_cancelled() -> bool:
    """Whether this task or a scope around it was cancelled. If not, a `CancelledError` here comes
    from something else that was awaited."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0 or scope_deadline() == -math.inf


def remaining_s() -> float:
    """Seconds left by `adorm.deadline` and anyio cancel scopes, the nearer; `inf` without either.

    0 or less when the time is over, `-inf` inside a cancelled scope. `asyncio.timeout` is invisible
    here.
    """
    left_s = scope_deadline()
    if not math.isinf(left_s):
        left_s -= asyncio.get_running_loop().time()
    limit = _current.get()
    return left_s if limit is None else min(left_s, limit.remaining_s())
