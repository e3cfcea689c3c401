"""The only module that opens task groups.

What runs ahead or in parallel lives in a block: leaving it, in whatever way, leaves no task running
and sends no further request. A worker stores its own exception in its outcome and never raises into
the group, so that the caller's exception leaves bare.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from types import TracebackType
from typing import Any, Generic, Literal, NoReturn, Self, TypeVar

import anyio
import attrs
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from adorm.deadlines import current_limit
from adorm.errors import AdormError, DeadlineExceeded, UsageError
from adorm.outcomes import Outcome

T = TypeVar("T")
PartT = TypeVar("PartT")

OnFailure = Literal["stop", "drain", "continue"]
"""What a failed job means for the others: those running are cancelled (reads), those running finish
and no other begins (writes: a cancelled one's fate is unknown), or all run to their end."""

DecideOnFailure = Callable[[Outcome[Any]], Awaitable[OnFailure]]
"""Decides job by job what a failure means. Never raises."""

Job = Callable[[Outcome[T]], Awaitable[None]]
"""Does one part of the work and leaves what it has done in the outcome's `value`, as it goes."""


class Pool:
    """Jobs side by side, `limit` at most, in a block. Leaving the block waits for them; leaving it
    by an exception cancels them.

    Safe to share between the tasks of its loop.
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
        """No further job begins: one failed, or the block is being left."""

    async def __aenter__(self) -> Self:
        if self._entered:
            raise UsageError("this block was entered before: make a new one")
        self._entered = True
        self._slots = anyio.Semaphore(self._limit, fast_acquire=True)
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = self._tasks
        if tasks is None:
            return
        if error is not None:
            self.cancel()
        try:
            # Without the body's exception, which the group would wrap: it leaves by itself.
            await tasks.__aexit__(None, None, None)
        finally:
            self._tasks = None
            self.stopped = True
            for work in self._unstarted.values():
                work.close()  # a closing loop cancelled its task before the first step

    async def submit(self, outcome: Outcome[T], job: Job[T], *, stoppable: bool = True) -> bool:
        """Begin a job once there is room for it; False where no further job begins.

        `stoppable=False`: it finishes even where the failure of another one stops the rest.
        """
        if not await self.room():
            return False
        self.begin(outcome, job, stoppable=stoppable)
        return True

    async def room(self) -> bool:
        """Wait until there is room for a job and hold it, for `begin` or `give_back` at once; False
        where no further job begins."""
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
        number = next(self._numbers)
        work = self._unstarted[number] = self._work(number, outcome, job, stoppable)
        self._tasks.start_soon(lambda: work, name="adorm.concurrency.Pool job")

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

    async def _work(self, number: int, outcome: Outcome[T], job: Job[T], stoppable: bool) -> None:
        del self._unstarted[number]
        try:
            if stoppable and self._cancels:
                return  # its first step comes after the stop
            # A scope of its own: stopping the jobs must not cancel the block's body.
            with anyio.CancelScope() as scope:
                if stoppable:
                    self._stoppable.add(scope)
                try:
                    await unless_lost(lambda: job(outcome))
                    outcome.finished = (
                        outcome.error is None
                    )  # who uses what it gave may have found it wrong
                except Exception as error:  # noqa: BLE001  # kept for the caller: a worker never raises into its group
                    outcome.error = error
                    await self._failed(outcome)
                finally:
                    self._stoppable.discard(scope)
        finally:
            self.give_back()

    async def _failed(self, outcome: Outcome[Any]) -> None:
        on_failure = (
            await self._on_failure(outcome) if callable(self._on_failure) else self._on_failure
        )
        if on_failure == "stop":
            self.stop()
        elif on_failure == "drain":
            self.stopped = True


def _refuse_outside() -> NoReturn:
    raise UsageError("this belongs inside its block: async with ... as it:")


async def run_all(
    jobs: Iterable[tuple[Outcome[T], Job[T]]],
    *,
    limit: int,
    on_failure: OnFailure | DecideOnFailure,
) -> None:
    """Do all the jobs, `limit` at a time; what became of each is in its outcome."""
    async with Pool(limit, on_failure=on_failure) as pool:
        for outcome, job in jobs:
            if not await pool.submit(outcome, job):
                break


async def unless_lost(wait: Callable[[], Awaitable[T]]) -> T:
    """Await it; a cancellation out of it that is not ours, of a task or future that somebody else
    cancelled, is an error like others.

    To pass it on as a cancellation would end a worker, and what the others still have to do, in
    silence.

    Raises:
        AdormError: that happened.
    """
    try:
        return await wait()
    except asyncio.CancelledError as error:
        if anyio.current_effective_deadline() == -math.inf:
            raise  # the block is being left, or this job was stopped
        raise AdormError("somebody else cancelled what was awaited here") from error


async def to_the_end(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Await cleanup that is bounded by itself, whatever cancellation comes meanwhile; that is
    raised after it.

    In a task of its own: a plain `task.cancel()`, such as `asyncio.timeout` makes, goes through the
    shields of anyio's scopes.
    """
    task = asyncio.ensure_future(work())
    cancelled = await _ended(task)
    if cancelled is None:
        return task.result()
    if not task.cancelled() and (problem := task.exception()) is not None:
        cancelled.add_note(f"beside this: {problem}")
    raise cancelled


async def _ended(task: asyncio.Future[Any]) -> asyncio.CancelledError | None:
    """Wait until a task has ended, whatever cancellation comes meanwhile, and give that back."""
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    return cancelled


async def first_of(
    first: Callable[[], Awaitable[T]],
    second: Callable[[], Coroutine[Any, Any, T]],
    *,
    after_s: float,
    may_begin: Callable[[], bool],
) -> tuple[T, bool]:
    """Await `first`; if it takes longer than `after_s`, and `may_begin` agrees then, `second`
    beside it: whichever answers first.

    Gives the answer, and whether it is the second's. The other one is cancelled, and has ended
    before this returns. If one fails the other is waited for; if both do, the first's error is
    raised. Only a second that is begun costs a task.
    """
    loop = asyncio.get_running_loop()
    scope = anyio.CancelScope()
    begun: list[asyncio.Task[T]] = []

    def begin() -> None:
        if may_begin():
            task = loop.create_task(second())
            task.add_done_callback(answered)
            begun.append(task)

    def answered(task: asyncio.Task[T]) -> None:
        if not task.cancelled() and task.exception() is None:
            scope.cancel()

    # An answer that came in the same turn of the loop is read in the next, before this is called.
    timers: list[asyncio.Handle] = [
        loop.call_later(after_s, lambda: timers.append(loop.call_soon(begin)))
    ]
    try:
        try:
            with scope:
                return await first(), False
        except Exception:
            if not begun:
                raise
            await asyncio.wait(begun)
            if begun[0].cancelled() or begun[0].exception() is not None:
                raise
        return begun[0].result(), True
    finally:
        for timer in timers:
            timer.cancel()
        if begun and not begun[0].done():
            begun[0].cancel()
            cancelled = await _ended(begun[0])
            if cancelled is not None:
                raise cancelled


async def within_deadline(
    wait: Callable[[], Awaitable[T]],
    doing: str,
    *,
    operation: str | None = None,
    subject: str | None = None,
) -> T:
    """Await what is no call of adorm's, bounded by the ambient deadline as calls are.

    Raises:
        DeadlineExceeded: it passed.
    """
    limit = current_limit()
    if limit is None:
        return await wait()
    with anyio.CancelScope(deadline=anyio.current_time() + max(limit.remaining_s(), 0.0)):
        return await wait()
    about = f"{operation} on {subject}: " if operation and subject else ""
    raise DeadlineExceeded(
        f"{about}the deadline of {limit.seconds:g} s passed while {doing}",
        operation=operation,
        subject=subject,
    )


@attrs.frozen(eq=False)
class StreamJob(Generic[PartT, T]):
    """A job that gives its parts to the stream as it goes: `await emit(part)` waits until there is
    room."""

    outcome: Outcome[T]
    run: Callable[[Outcome[T], Callable[[PartT], Awaitable[None]]], Awaitable[None]]


class _Offer(Generic[PartT]):
    """A part that a job has made, until somebody takes it."""

    def __init__(self, part: PartT) -> None:
        self.part = part
        self.taken = anyio.Event()


class TaskStream(Generic[PartT, T]):
    """The parts that several jobs make, as one stream, in a block. Parts of one job come in order.

    Each job holds one part at most that is not taken yet: memory is bounded, a consumer that stops
    makes the jobs stop. A part is taken or stays: cancelling a consumer that waits loses none. Safe
    to share between the tasks of its loop.
    """

    def __init__(
        self,
        jobs: Sequence[StreamJob[PartT, T]],
        *,
        limit: int,
        on_failure: OnFailure = "stop",
        operation: str = "stream",
        subject: str | None = None,
    ) -> None:
        self._jobs = jobs
        self._limit = limit
        self._on_failure: OnFailure = on_failure
        self._operation = operation
        self._subject = subject
        """What deadlines say it reads, and of which table."""
        self._tasks: TaskGroup | None = None
        self._owner: asyncio.Task[Any] | None = None
        self._running: anyio.CancelScope | None = None
        self._offers: deque[_Offer[PartT]] = deque()
        self._ended = False
        self._news: anyio.Event | None = None

    @property
    def outcomes(self) -> list[Outcome[T]]:
        """One for each job, in order."""
        return [job.outcome for job in self._jobs]

    async def __aenter__(self) -> Self:
        self._owner, self._running = asyncio.current_task(), anyio.CancelScope()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._run, self._running)
        return self

    async def _run(self, running: anyio.CancelScope) -> None:
        try:
            jobs = [(job.outcome, self._offering(job)) for job in self._jobs]
            with running:
                await run_all(jobs, limit=self._limit, on_failure=self._on_failure)
        finally:
            self._ended = True
            self._tell()

    def _offering(self, job: StreamJob[PartT, T]) -> Job[T]:
        async def emit(part: PartT) -> None:
            offer = _Offer(part)
            self._offers.append(offer)
            self._tell()
            await offer.taken.wait()

        async def run(outcome: Outcome[T]) -> None:
            await job.run(outcome, emit)

        return run

    def _tell(self) -> None:
        """Wake all who wait: whoever comes first takes what is there, so that no wake-up is lost
        with a cancelled one."""
        news, self._news = self._news, None
        if news is not None:
            news.set()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks, self._tasks = self._tasks, None
        if tasks is None:
            return
        owner, self._owner = self._owner, None
        if asyncio.current_task() is not owner:
            # The group's scope is the other task's: cancelled from here, it would cancel that,
            # wherever it is by now.
            if self._running is not None:
                self._running.cancel()
            raise UsageError(
                "this block was left in another task than it was entered in: an async generator around it was not closed, most likely; "
                "async with contextlib.aclosing(generator) as rows: closes one"
            )
        tasks.cancel_scope.cancel()
        try:
            # Without the body's exception, which the group would wrap: it leaves by itself.
            await tasks.__aexit__(None, None, None)
        finally:
            self._offers.clear()

    async def next(self) -> PartT | None:
        """The next part of any job; None when all have come to their end, or were stopped because
        one failed.

        Raises:
            UsageError: outside the block.
            DeadlineExceeded: the ambient deadline passed while waiting.
        """
        if self._tasks is None:
            raise UsageError(
                "a stream is read inside its block: async with ....stream() as rows: async for row in rows: ..."
            )
        return await within_deadline(
            self._take,
            "waiting for the next part of a stream",
            operation=self._operation,
            subject=self._subject,
        )

    async def _take(self) -> PartT | None:
        await checkpoint()  # others run in between, even where parts are at hand
        while not self._offers:
            if self._tasks is None:
                raise UsageError(
                    "the block of this stream was left by another task, before all was read: read it inside"
                )
            if self._ended:
                return None
            if self._news is None:
                self._news = anyio.Event()
            await self._news.wait()
        offer = self._offers.popleft()
        offer.taken.set()
        return offer.part
