"""The only module that opens task groups.

What runs ahead or in parallel lives in a block: leaving it, in whatever way, leaves no task running and sends no further request.
A worker stores its own exception in its outcome and never raises into the group, so that the caller's exception leaves bare.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from types import TracebackType
from typing import Any, Generic, Literal, NoReturn, Self, TypeVar

import anyio
import attrs
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from adorm.deadlines import current_limit
from adorm.errors import DeadlineExceeded, UsageError
from adorm.outcomes import Outcome

T = TypeVar("T")
PartT = TypeVar("PartT")

OnFailure = Literal["stop", "drain", "continue"]
"""What a failed job means for the others: those running are cancelled (reads), those running finish and no other begins (writes: a
cancelled one's fate is unknown), or all run to their end."""

DecideOnFailure = Callable[[Outcome[Any]], Awaitable[OnFailure]]
"""Decides job by job what a failure means. Never raises."""

Job = Callable[[Outcome[T]], Awaitable[None]]
"""Does one part of the work and leaves what it has done in the outcome's `value`, as it goes."""


class Pool:
    """Jobs side by side, `limit` at most, in a block. Leaving the block waits for them; leaving it by an exception cancels them.

    Safe to share between the tasks of its loop.
    """

    def __init__(self, limit: int, *, on_failure: OnFailure | DecideOnFailure) -> None:
        self._limit = limit
        self._on_failure: OnFailure | DecideOnFailure = on_failure
        self._tasks: TaskGroup | None = None
        self._slots: anyio.Semaphore | None = None
        self._stoppable: set[anyio.CancelScope] = set()
        self._entered = False
        self._cancels = False
        self.stopped = False
        """No further job begins: one failed, or the block is being left."""

    async def __aenter__(self) -> Self:
        if self._entered:
            raise UsageError("this block was entered before: make a new one")
        self._entered = True
        self._slots = anyio.Semaphore(self._limit)
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        tasks = self._tasks
        if tasks is None:
            return
        if error is not None:
            self.cancel()
        # Without the body's exception, which the group would wrap: it leaves by itself.
        await tasks.__aexit__(None, None, None)
        self._tasks = None
        self.stopped = True

    async def submit(self, outcome: Outcome[T], job: Job[T], *, stoppable: bool = True) -> bool:
        """Begin a job once there is room for it; False where no further job begins.

        `stoppable=False`: it finishes even where the failure of another one stops the rest.
        """
        if not await self.room():
            return False
        self.begin(outcome, job, stoppable=stoppable)
        return True

    async def room(self) -> bool:
        """Wait until there is room for a job and hold it, for `begin` or `give_back` at once; False where no further job begins."""
        if self._slots is None:
            _refuse_outside()
        await self._slots.acquire()
        if self.stopped:
            self._slots.release()
            return False
        return True

    def begin(self, outcome: Outcome[T], job: Job[T], *, stoppable: bool = True) -> None:
        """Begin a job in the room that is held."""
        if self._tasks is None:
            _refuse_outside()
        self._tasks.start_soon(self._work, outcome, job, stoppable)

    def give_back(self) -> None:
        """Let go of the room that is held."""
        if self._slots is not None:
            self._slots.release()

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run something beside the jobs, which never fails and ends by itself or with the block."""
        if self._tasks is None:
            _refuse_outside()
        self._tasks.start_soon(function)

    def stop(self) -> None:
        """Begin no further job, and cancel those running that are stoppable."""
        self.stopped = self._cancels = True
        for scope in tuple(self._stoppable):
            scope.cancel()

    def cancel(self) -> None:
        """End everything that runs in the block; for the moment of leaving it."""
        self.stop()
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    async def _work(self, outcome: Outcome[T], job: Job[T], stoppable: bool) -> None:
        slots = self._slots
        try:
            if stoppable and self._cancels:
                return  # its first step comes after the stop
            # A scope of its own: stopping the jobs must not cancel the block's body.
            with anyio.CancelScope() as scope:
                if stoppable:
                    self._stoppable.add(scope)
                try:
                    await job(outcome)
                    outcome.finished = True
                except Exception as error:  # kept for the caller: a worker never raises into its group
                    outcome.error = error
                    await self._failed(outcome)
                finally:
                    self._stoppable.discard(scope)
        finally:
            if slots is not None:
                slots.release()

    async def _failed(self, outcome: Outcome[Any]) -> None:
        on_failure = await self._on_failure(outcome) if callable(self._on_failure) else self._on_failure
        if on_failure == "stop":
            self.stop()
        elif on_failure == "drain":
            self.stopped = True


def _refuse_outside() -> NoReturn:
    raise UsageError("this belongs inside its block: async with ... as it:")


async def run_all(jobs: Iterable[tuple[Outcome[T], Job[T]]], *, limit: int, on_failure: OnFailure | DecideOnFailure) -> None:
    """Do all the jobs, `limit` at a time; what became of each is in its outcome."""
    async with Pool(limit, on_failure=on_failure) as pool:
        for outcome, job in jobs:
            if not await pool.submit(outcome, job):
                break


async def within_deadline(wait: Callable[[], Awaitable[T]], doing: str, *, operation: str | None = None) -> T:
    """Await what is no call of adorm's, bounded by the ambient deadline as calls are.

    Raises:
        DeadlineExceeded: it passed.
    """
    limit = current_limit()
    if limit is None:
        return await wait()
    with anyio.CancelScope(deadline=anyio.current_time() + max(limit.remaining_s(), 0.0)):
        return await wait()
    raise DeadlineExceeded(f"the deadline of {limit.seconds:g} s passed while {doing}", operation=operation)


@attrs.frozen(eq=False)
class StreamJob(Generic[PartT, T]):
    """A job that gives its parts to the stream as it goes: `await emit(part)` waits until there is room."""

    outcome: Outcome[T]
    run: Callable[[Outcome[T], Callable[[PartT], Awaitable[None]]], Awaitable[None]]


class TaskStream(Generic[PartT, T]):
    """The parts that several jobs make, as one stream, in a block. Parts of one job come in order.

    Each job holds one part at most that is not taken yet, and `buffer` parts wait beside them: memory is bounded, a consumer that
    stops makes the jobs stop. Safe to share between the tasks of its loop.
    """

    def __init__(self, jobs: Sequence[StreamJob[PartT, T]], *, limit: int, buffer: int = 0, on_failure: OnFailure = "stop") -> None:
        self._jobs = jobs
        self._pool = Pool(min(limit, max(len(jobs), 1)), on_failure=on_failure)
        self._buffer = buffer
        self._parts: MemoryObjectReceiveStream[PartT] | None = None
        self._ends: list[MemoryObjectSendStream[PartT]] = []

    @property
    def outcomes(self) -> list[Outcome[T]]:
        """One for each job, in order."""
        return [job.outcome for job in self._jobs]

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        first, self._parts = anyio.create_memory_object_stream[PartT](self._buffer)
        self._ends.append(first)

        async def feed() -> None:
            with first:
                for job in self._jobs:
                    end = first.clone()
                    self._ends.append(end)
                    if not await self._pool.submit(job.outcome, self._emitting(job, end)):
                        end.close()
                        break

        self._pool.start(feed)
        return self

    def _emitting(self, job: StreamJob[PartT, T], end: MemoryObjectSendStream[PartT]) -> Job[T]:
        async def run(outcome: Outcome[T]) -> None:
            with end:
                await job.run(outcome, end.send)

        return run

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        parts, self._parts = self._parts, None
        self._pool.cancel()
        try:
            await self._pool.__aexit__(None, None, None)
        finally:
            # A task that is cancelled before its first step closes nothing by itself.
            for end in self._ends:
                end.close()
            if parts is not None:
                parts.close()

    async def next(self) -> PartT | None:
        """The next part of any job; None when all have come to their end, or were stopped because one failed.

        Raises:
            UsageError: outside the block.
            DeadlineExceeded: the ambient deadline passed while waiting.
        """
        if self._parts is None:
            raise UsageError("a stream is read inside its block: async with ....stream() as rows: async for row in rows: ...")
        try:
            return await within_deadline(self._parts.receive, "waiting for the next part of a stream", operation="stream")
        except anyio.EndOfStream:
            return None

