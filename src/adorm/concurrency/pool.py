"""Jobs side by side in a block: `Pool`, and `run_all` for jobs that are all known before.

Leaving the block, in whatever way, leaves no task running. A job that fails does not raise into the
group of tasks: its exception is stored in its `Outcome`, so that an exception of the caller's own
leaves the block as it is, and not wrapped in a group.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from contextlib import contextmanager
from typing import Any, Literal, NoReturn, Self, TypeVar

import anyio
from anyio.abc import TaskGroup

from adorm.errors import AdormError, UsageError
from adorm.outcomes import Outcome

T = TypeVar("T")

OnFailure = Literal["stop", "drain", "continue"]
"""What a failed job means for the others.

- "stop": running jobs are cancelled, no other begins. For reads.
- "drain": running jobs finish, no other begins. For writes: of a write that is cancelled nobody
  knows whether it was applied.
- "continue": all jobs run to their end.
"""

DecideOnFailure = Callable[[Outcome[Any]], Awaitable[OnFailure]]
"""Decides for each failed job what its failure means. Must not raise."""

Job = Callable[[Outcome[T]], Awaitable[None]]
"""Does one part of the work, and stores what it has done so far in the outcome's `value`."""


class Pool:
    """Runs jobs side by side, at most `limit` at a time, in a block.

    Leaving the block waits for the jobs; leaving it by an exception cancels them. Several tasks of
    the loop may share it.
    """

    def __init__(self, limit: int, *, on_failure: OnFailure | DecideOnFailure) -> None:
        self._limit = limit
        self._on_failure: OnFailure | DecideOnFailure = on_failure
        self._tasks: TaskGroup | None = None
        self._slots: anyio.Semaphore | None = None
        self._stoppable: set[anyio.CancelScope] = set()
        self._unstarted: dict[int, Coroutine[Any, Any, None]] = {}
        self._numbers = itertools.count()
        self._entered = False
        self._cancels = False
        self.stopped = False
        """No other job begins: one failed, or the block is being left."""

    async def __aenter__(self) -> Self:
        if self._entered:
            raise UsageError("this block was entered before: make a new one")
        self._entered = True
        self._slots = anyio.Semaphore(self._limit, fast_acquire=True)
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        tasks = self._tasks
        if tasks is None:
            return
        if error is not None:
            self.cancel()
        try:
            # The group is not given the body's exception: it would wrap it.
            await tasks.__aexit__(None, None, None)
        finally:
            self._tasks = None
            self.stopped = True
            for work in self._unstarted.values():
                work.close()  # a closing loop cancelled its task before the first step

    async def submit(self, outcome: Outcome[T], job: Job[T], *, stoppable: bool = True) -> bool:
        """Wait for a free slot and begin a job; False if no other job begins.

        `stoppable=False`: the job finishes even when the failure of another one stops the rest.
        """
        if not await self.acquire_slot():
            return False
        self.begin(outcome, job, stoppable=stoppable)
        return True

    async def acquire_slot(self) -> bool:
        """Wait for a free slot and hold it; False if no other job begins.

        Follow it at once by `begin` or `release_slot`.
        """
        if self._slots is None:
            _refuse_outside()
        await self._slots.acquire()
        if self.stopped:
            self._slots.release()
            return False
        return True

    def begin(self, outcome: Outcome[T], job: Job[T], *, stoppable: bool = True) -> None:
        """Begin a job in the slot that is held."""
        if self._tasks is None:
            _refuse_outside()
        number = next(self._numbers)
        work = self._unstarted[number] = self._work(number, outcome, job, stoppable)
        self._tasks.start_soon(lambda: work, name="adorm.concurrency.Pool job")

    def release_slot(self) -> None:
        """Release the slot that is held."""
        if self._slots is not None:
            self._slots.release()

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a function beside the jobs. It must not raise; it ends itself or with the block."""
        if self._tasks is None:
            _refuse_outside()
        self._tasks.start_soon(function)

    def stop(self) -> None:
        """Begin no other job, and cancel the running ones that are stoppable."""
        self.stopped = self._cancels = True
        for scope in tuple(self._stoppable):
            scope.cancel()

    def cancel(self) -> None:
        """Cancel everything that runs in the block. To be called when the block is left."""
        self.stop()
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    async def _work(self, number: int, outcome: Outcome[T], job: Job[T], stoppable: bool) -> None:
        del self._unstarted[number]
        try:
            if stoppable and self._cancels:
                return  # the pool was stopped before this task's first step
            # A scope of its own: stopping the jobs must not cancel the block's body.
            with anyio.CancelScope() as scope:
                if stoppable:
                    self._stoppable.add(scope)
                try:
                    with foreign_cancellation_as_error():
                        await job(outcome)
                    # A consumer of the job's values may have stored an error there meanwhile.
                    outcome.finished = outcome.error is None
                except Exception as error:  # noqa: BLE001  # a worker never raises into its group
                    outcome.error = error
                    await self._failed(outcome)
                finally:
                    self._stoppable.discard(scope)
        finally:
            self.release_slot()

    async def _failed(self, outcome: Outcome[Any]) -> None:
        on_failure = self._on_failure
        if callable(on_failure):
            on_failure = await on_failure(outcome)
        if on_failure == "stop":
            self.stop()
        elif on_failure == "drain":
            self.stopped = True


def _refuse_outside() -> NoReturn:
    raise UsageError("use it inside its block: async with ... as it: ...")


async def run_all(
    jobs: Iterable[tuple[Outcome[T], Job[T]]],
    *,
    limit: int,
    on_failure: OnFailure | DecideOnFailure,
) -> None:
    """Run all jobs, at most `limit` at a time. Each outcome tells how its job ended; nothing that a
    job raises is raised here."""
    async with Pool(limit, on_failure=on_failure) as pool:
        for outcome, job in jobs:
            if not await pool.submit(outcome, job):
                break


@contextmanager
def foreign_cancellation_as_error() -> Generator[None, None, None]:
    """A plain `with` block in which a cancellation that is not ours becomes an `AdormError`.

    Not ours: code that adorm does not control cancelled a task or a future that is awaited inside.
    As a cancellation it would end a job in silence, and with it what other jobs wait for. Ours (the
    block is being left, the job is stopped, a scope around is cancelled) passes through.

    Raises:
        AdormError: a foreign cancellation came out of the block.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        if anyio.current_effective_deadline() == -math.inf:
            raise
        raise AdormError("somebody else cancelled what was awaited here") from error
