"""The values that several jobs make, read as one stream in a block."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, Self, TypeAlias, TypeVar

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from adorm.concurrency.pool import Job, OnFailure, run_all
from adorm.deadlines import current_limit, within_deadline
from adorm.errors import UsageError
from adorm.outcomes import Outcome

T = TypeVar("T")
ValueT = TypeVar("ValueT")


Emit: TypeAlias = Callable[[ValueT], Awaitable[None]]
"""Gives a value to the stream, and waits until it was read."""
Source: TypeAlias = Callable[[Emit[ValueT]], Awaitable[None]]
"""A job that gives values to a stream."""


class TaskStream(Generic[ValueT, T]):
    """The values that several jobs emit, as one stream, in a block. The values of one job come in
    order.

    Each job holds at most one value that was not read yet: memory is bounded, and a consumer that
    stops reading makes the jobs stop. A consumer that is cancelled while it waits loses no value.
    Several tasks of the loop may read it.
    """

    def __init__(
        self,
        jobs: Sequence[tuple[Outcome[T], Source[ValueT]]],
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
        """The operation and the table that a `DeadlineExceeded` names."""
        self._tasks: TaskGroup | None = None
        self._owner: asyncio.Task[Any] | None = None
        self._running: anyio.CancelScope | None = None
        self._emitted: deque[tuple[ValueT, anyio.Event]] = deque()
        """Values that nobody has read yet, each with the event for which its job waits."""
        self._ended = False
        self._changed: anyio.Event | None = None

    @property
    def outcomes(self) -> list[Outcome[T]]:
        """One for each job, in order."""
        return [outcome for outcome, _ in self._jobs]

    async def __aenter__(self) -> Self:
        self._owner, self._running = asyncio.current_task(), anyio.CancelScope()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._run_jobs, self._running)
        return self

    async def _run_jobs(self, running: anyio.CancelScope) -> None:
        try:
            jobs = [(outcome, self._job(source)) for outcome, source in self._jobs]
            with running:
                await run_all(jobs, limit=self._limit, on_failure=self._on_failure)
        finally:
            self._ended = True
            self._wake_readers()

    def _job(self, source: Source[ValueT]) -> Job[T]:
        return lambda _outcome: source(self._emit)

    async def _emit(self, value: ValueT) -> None:
        was_read = anyio.Event()
        self._emitted.append((value, was_read))
        self._wake_readers()
        await was_read.wait()

    def _wake_readers(self) -> None:
        """Wake all that wait. Each looks what is there, so that no value is lost if the one that
        was woken for it is cancelled."""
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()

    async def __aexit__(self, *exc_info: object) -> None:
        tasks, self._tasks = self._tasks, None
        if tasks is None:
            return
        owner, self._owner = self._owner, None
        if asyncio.current_task() is not owner:
            # The group's scope belongs to the other task: cancelling it here would cancel that
            # task, whatever it does by now.
            if self._running is not None:
                self._running.cancel()
            raise UsageError(
                "this block was left in another task than it was entered in: most likely an async "
                "generator around it was not closed; "
                "async with contextlib.aclosing(generator) as rows: closes one"
            )
        tasks.cancel_scope.cancel()
        try:
            # The group is not given the body's exception: it would wrap it.
            await tasks.__aexit__(None, None, None)
        finally:
            self._emitted.clear()

    async def next(self) -> ValueT | None:
        """The next value of any job; None when all have ended, or were stopped after a failure.

        Raises:
            UsageError: outside the block.
            DeadlineExceeded: the ambient deadline passed while waiting.
        """
        if self._tasks is None:
            raise UsageError(
                "a stream is read inside its block: "
                "async with ....stream() as rows: async for row in rows: ..."
            )
        if current_limit() is None:
            return await self._receive()
        doing = "waiting for the next part of a stream"
        async with within_deadline(doing, operation=self._operation, subject=self._subject):
            return await self._receive()

    async def _receive(self) -> ValueT | None:
        await checkpoint()  # other tasks run in between, even where values are at hand
        while not self._emitted:
            if self._tasks is None:
                raise UsageError(
                    "the block of this stream was left by another task before all was read: "
                    "read it inside the block"
                )
            if self._ended:
                return None
            if self._changed is None:
                self._changed = anyio.Event()
            await self._changed.wait()
        value, was_read = self._emitted.popleft()
        was_read.set()
        return value
