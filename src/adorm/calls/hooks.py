"""Hooks: functions run before and after each call and each attempt, for traces, metrics, logs."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import attrs

from adorm.calls.details import AttemptDetails, CallDetails, ServerDetails
from adorm.deadlines import is_cancelled

if TYPE_CHECKING:
    from adorm.transport.base import PoolFigures

logger = logging.getLogger("adorm")


@attrs.frozen(eq=False)
class Connections:
    """The connection pool of a database, as `CallHooks.on_open` gets it."""

    server: ServerDetails
    figures: Callable[[], PoolFigures | None] = attrs.field(repr=False)
    """The pool's figures now; None once the database is closed. May be called from any thread."""


@attrs.frozen(kw_only=True)
class CallHooks:
    """Functions to run around every call of a database; each may be sync or async.

    The functions before run in the order given, those after in the reverse order, so that hooks
    nest. All run in the caller's task and context. The functions after always run, whatever happens
    to the call or the attempt.

    A hook that raises does not disturb the call: `logging.getLogger("adorm")` logs the error, and
    the call goes on. A `CancelledError` of something that the hook awaited is logged too; a
    cancellation of the caller passes through. The time of async hooks counts as the call's, but no
    deadline interrupts them. After a cancelled call they have one second, shielded.
    """

    before_call: Callable[[CallDetails], object] | None = None
    after_call: Callable[[CallDetails], object] | None = None
    before_attempt: Callable[[AttemptDetails], object] | None = None
    after_attempt: Callable[[AttemptDetails], object] | None = None
    capacity: bool = False
    """Have every call report what it consumed. Without it only calls inside `db.capacity()`,
    `collect_capacity()` and the like do."""
    on_open: Callable[[Connections], object] | None = None
    """Called once, not awaited, when a database with a connection pool has opened."""


DetailsT = TypeVar("DetailsT", CallDetails, AttemptDetails)

HOOK_AFTER_CANCELLATION_S = 1.0


async def run_hooks(hooks: Iterable[Callable[[DetailsT], object]], details: DetailsT) -> None:
    """Run hooks, in the order given; log what they raise."""
    for hook in hooks:
        handled = sys.exception()
        try:
            result = hook(details)
            if inspect.isawaitable(result):
                await result
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            _forget(error, handled)
            logger.exception(
                "a hook of adorm failed around %s, the call goes on: %r", details.operation, hook
            )


async def run_hooks_after(hooks: Iterable[Callable[[DetailsT], object]], details: DetailsT) -> None:
    """Run hooks after a call or an attempt, also where that was cancelled."""
    if details.error is None or not details.error.cancelled:
        await run_hooks(hooks, details)
        return
    import anyio

    limit_s = HOOK_AFTER_CANCELLATION_S
    with anyio.move_on_after(limit_s, shield=True) as scope:
        await run_hooks(hooks, details)
    if scope.cancelled_caught:
        logger.warning(
            "a hook of adorm after a cancelled %s took more than %g s and was stopped",
            details.operation,
            limit_s,
        )


def show_connections(connections: Connections, hooks: Iterable[CallHooks]) -> None:
    """Call the `on_open` of each: a database with a connection pool has opened."""
    for each in hooks:
        if each.on_open is None:
            continue
        try:
            each.on_open(connections)
        except Exception:
            logger.exception("a hook of adorm failed when the database opened: %r", each.on_open)


def _forget(error: BaseException, handled: BaseException | None) -> None:
    """Cut the call's own error, which was being handled when the hook ran, off the hook's error:
    its message may contain keys, and must not be logged."""
    inner: BaseException | None = error
    while inner is not None and handled is not None:
        if inner.__context__ is handled:
            inner.__context__ = None
        inner = inner.__context__
