"""An event loop that runs one coroutine at a time, and never longer than allowed.

`asyncio.run` and `asyncio.Runner` wait until the coroutine has ended, even where it ignores its
cancellation. Here it is cancelled at its deadline, once more halfway to the end of its grace, and
then given up: the loop stops, and the coroutine stays where it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from types import AsyncGeneratorType
from typing import Any, NamedTuple, TypeVar
from weakref import WeakSet

from adorm.errors import AdormError

T = TypeVar("T")

logger = logging.getLogger("adorm")

CLOSE_LIMIT_S = 2.0

CANCELLED = "somebody cancelled the handler, or what it awaited"

_never_ending: list[Coroutine[Any, Any, Any]] = []
"""Coroutines that can't even be closed. They are kept for as long as the process lives, because
collecting one would close it."""


class Bounds(NamedTuple):
    """How long a coroutine may take, in seconds from its first step."""

    cancel_after_s: float
    give_up_after_s: float


class PastDeadline(Exception):
    """The coroutine was cancelled because its time was over, and ended by that."""


class GivenUp(Exception):
    """The coroutine ignored its cancellation until its grace was over. It has not ended, and the
    loop must not run again."""


class Generators:
    """The async generators that were begun in a loop, and whether the loop has to close some."""

    def __init__(self) -> None:
        self._begun: WeakSet[AsyncGeneratorType[Any, Any]] = WeakSet()
        self.collected = False
        """Whether a generator was garbage-collected before its end: the loop closes it in a task, a
        turn later."""

    def observe(self) -> Callable[[], None]:
        """Note the generators that begin from here on, until the returned function is called.

        The hooks that were set before are called too.
        """
        hooks = sys.get_asyncgen_hooks()

        def begun(generator: AsyncGenerator[Any, Any]) -> None:
            if isinstance(generator, AsyncGeneratorType):
                self._begun.add(generator)
            if hooks.firstiter is not None:
                hooks.firstiter(generator)

        def collected(generator: AsyncGenerator[Any, Any]) -> None:
            self.collected = True
            if hooks.finalizer is not None:
                hooks.finalizer(generator)

        sys.set_asyncgen_hooks(firstiter=begun, finalizer=collected)
        return lambda: sys.set_asyncgen_hooks(*hooks)

    def open(self) -> list[AsyncGeneratorType[Any, Any]]:
        """The generators that are referenced, have not ended, and in which nothing runs."""
        return [each for each in self._begun if _is_suspended(each)]

    def forget(self, generator: AsyncGeneratorType[Any, Any]) -> None:
        """Forget a generator that was closed, or can't be closed."""
        self._begun.discard(generator)


class OwnLoop:
    """An event loop that belongs to one handler. It is not set as the thread's current loop, and
    runs in whatever thread calls."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.generators = Generators()
        """The async generators that were begun in `run`."""
        self._unended: list[asyncio.Task[Any]] = []
        self._given_up = False

    @property
    def usable(self) -> bool:
        """Whether another coroutine may be run."""
        return not self._unended and not self._given_up and not self._loop.is_closed()

    def tasks(self) -> set[asyncio.Task[Any]]:
        """The tasks that have not ended."""
        return asyncio.all_tasks(self._loop)

    def run(self, work: Coroutine[Any, Any, T], bounds: Bounds | None = None) -> T:
        """Run until the coroutine has ended, and give its result.

        Raises:
            PastDeadline: its time was over, and it ended when it was cancelled.
            GivenUp: it ignored its cancellation.
            AdormError: something else cancelled the coroutine.
        """
        run = _BoundedRun(self._loop, self.generators, bounds)
        main = run.main(work)
        try:
            return self._loop.run_until_complete(main)
        except RuntimeError:
            task: asyncio.Task[T] | None = run.task or next(
                (task for task in self.tasks() if task.get_coro() is main), None
            )
            if task is None or task.done():
                raise
            return self._go_on(run, task)
        except asyncio.CancelledError as error:
            # The coroutine cancelled itself in its last step, when nothing was left in which `main`
            # could have caught it.
            raise AdormError(CANCELLED) from error
        finally:
            self._given_up = self._given_up or run.given_up
            if run.task is not None and not run.task.done():
                self._unended.append(run.task)

    def _go_on(self, run: _BoundedRun, task: asyncio.Task[T]) -> T:
        """Go on after the loop was stopped. Where this module stopped it, the task is given up. Any
        other `loop.stop()` is ignored; it may have been called in the run before."""
        while not (task.done() or run.given_up or self._loop.is_closed()):
            with contextlib.suppress(RuntimeError):
                self._loop.run_until_complete(task)
        if not task.done():
            raise GivenUp
        return task.result()

    def give_up(self, tasks: set[asyncio.Task[Any]]) -> None:
        """Note tasks that ignore their cancellation: the loop must not run another invocation."""
        self._unended += tasks

    def close(self, last: Coroutine[Any, Any, object] | None = None) -> None:
        """Close the loop, after it has run `last`. What has not ended in it never goes on. Failures
        of `last` are logged."""
        try:
            if last is not None:
                self._run_quietly(last)
            if not self._unended:
                self._run_quietly(self._shut_down())
        finally:
            # The caller has logged the tasks that never end in one line. asyncio would log each of
            # them again when it is collected.
            self._loop.set_exception_handler(lambda _loop, _context: None)
            unended, self._unended = {*self._unended, *self.tasks()}, []
            for task in unended:
                coroutine = task.get_coro()
                if isinstance(coroutine, Coroutine):
                    self._end(coroutine)
            self._loop.close()

    def _end(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Close a coroutine where it stands.

        The loop is set as the running one meanwhile. Without a running loop `asyncio.sleep()` fails
        at once, and a `while True: try: ... except: ...` around it, which ignores its cancellation,
        would never return.
        """
        before = asyncio._get_running_loop()  # noqa: SLF001  # for those who run loops by hand
        asyncio._set_running_loop(self._loop)  # noqa: SLF001  # the same
        try:
            coroutine.close()
        # whatever it does that could not be cancelled: it is over here
        except BaseException:  # noqa: BLE001
            if inspect.getcoroutinestate(coroutine) != inspect.CORO_CLOSED:
                _never_ending.append(coroutine)
        finally:
            asyncio._set_running_loop(before)  # noqa: SLF001  # the same

    def _run_quietly(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            self.run(work, Bounds(CLOSE_LIMIT_S, 1.25 * CLOSE_LIMIT_S))
        except Exception as error:  # noqa: BLE001  # nothing depends on what is being closed
            logger.warning(
                "closing the event loop of a Lambda handler: %s: %s", type(error).__name__, error
            )

    async def _shut_down(self) -> None:
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()


def _is_suspended(generator: AsyncGeneratorType[Any, Any]) -> bool:
    frame: object = generator.ag_frame
    return frame is not None and not generator.ag_running


class _BoundedRun:
    """One coroutine in the loop, and the timers that bound it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, generators: Generators, bounds: Bounds | None
    ) -> None:
        self._loop = loop
        self._generators = generators
        self._bounds = bounds
        self._cancelled = False
        self.given_up = False
        self.task: asyncio.Task[Any] | None = None

    async def main(self, work: Coroutine[Any, Any, T]) -> T:
        self.task = asyncio.current_task()
        stop_observing = self._generators.observe()
        timers: list[asyncio.TimerHandle] = []
        if self._bounds is not None:
            cancel_s, stop_s = self._bounds
            timers = [
                self._loop.call_later(max(0.0, cancel_s), self._cancel),
                self._loop.call_later(max(0.0, (cancel_s + stop_s) / 2), self._cancel),
                self._loop.call_later(max(0.0, stop_s), self._give_up),
            ]
        try:
            return await work
        except asyncio.CancelledError as error:
            if self._cancelled:
                raise PastDeadline from error
            raise AdormError(CANCELLED) from error
        except Exception as error:
            if self._cancelled:
                error.add_note("raised after the deadline, where the handler was cancelled")
            raise
        finally:
            stop_observing()
            for timer in timers:
                timer.cancel()

    def _cancel(self) -> None:
        if self.task is not None:
            self._cancelled = True
            self.task.cancel()

    def _give_up(self) -> None:
        self.given_up = True
        self._loop.stop()
