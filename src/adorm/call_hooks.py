"""Where others watch calls: functions run before and after each call and each attempt, for traces, metrics and logs."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

import anyio
import attrs

from adorm.capacity import Units

logger = logging.getLogger("adorm")


@attrs.frozen(kw_only=True)
class CallDetails:
    """One call as its hooks see it: no request, no item, no credentials."""

    operation: str
    """DynamoDB's name: `"PutItem"`."""
    table: str | None
    """The table's name; None for operations on several tables or on none."""
    subject: str
    """What the call is about, key included: `Order c1/o1`."""
    attempts: int = 0
    """Attempts made; 0 before the call."""
    duration_s: float = 0.0
    """Time taken, waits included; 0 before the call."""
    error: BaseException | None = None
    """What the call raises, a cancellation too; None before the call and after a success. A failed condition's error holds the item."""
    capacity: Units | None = None
    """What the answer reports as consumed; None before the call, after an error, and where nothing asked for it: `CallHooks.capacity`."""


@attrs.frozen(kw_only=True)
class AttemptDetails:
    """One attempt of a call as its hooks see it."""

    operation: str
    table: str | None
    subject: str
    attempt: int
    """1 for the first."""
    delay_s: float
    """The wait that came before this attempt; 0 for the first."""
    duration_s: float = 0.0
    """Time taken; 0 before the attempt."""
    error: BaseException | None = None
    """What the attempt raised; None before the attempt and after a success."""
    capacity: Units | None = None
    """As of `CallDetails`."""


@attrs.frozen(kw_only=True)
class CallHooks:
    """Functions to run around every call of a database; each may be async, and is awaited then.

    A hook that raises does not disturb the call: what it raised is logged by `logging.getLogger("adorm")` and the call goes on.
    Its cancellation passes, as anywhere. Async hooks are part of the call's time, though no deadline interrupts them; after a
    cancelled call they get one second, shielded.
    """

    before_call: Callable[[CallDetails], object] | None = None
    after_call: Callable[[CallDetails], object] | None = None
    before_attempt: Callable[[AttemptDetails], object] | None = None
    after_attempt: Callable[[AttemptDetails], object] | None = None
    capacity: bool = False
    """Have every call report what it consumed; else only those do that something asks for it, such as `db.capacity()`."""


DetailsT = TypeVar("DetailsT", CallDetails, AttemptDetails)

HOOK_AFTER_CANCELLATION_S = 1.0


async def run_hooks(hooks: Iterable[Callable[[DetailsT], object] | None], details: DetailsT) -> None:
    """Run the hooks that there are, in order."""
    for hook in hooks:
        if hook is None:
            continue
        try:
            result = hook(details)
            if inspect.isawaitable(result):
                await result
        except Exception:
            logger.exception("a hook of adorm failed around %s, the call goes on: %r", details.operation, hook)


async def run_hooks_after(hooks: Iterable[Callable[[DetailsT], object] | None], details: DetailsT) -> None:
    """Run the hooks that there are, in order, after a cancellation too."""
    if not isinstance(details.error, asyncio.CancelledError):
        await run_hooks(hooks, details)
        return
    limit_s = HOOK_AFTER_CANCELLATION_S
    with anyio.move_on_after(limit_s, shield=True) as scope:
        await run_hooks(hooks, details)
    if scope.cancelled_caught:
        logger.warning("a hook of adorm after a cancelled %s took more than %g s and was stopped", details.operation, limit_s)
