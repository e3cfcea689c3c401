"""The only module that opens task groups.

What runs ahead or in parallel lives in a block: leaving it, in whatever way, leaves no task running and sends no further request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from adorm.errors import UsageError

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """Fetches the next part while the last one is used: one part ahead, never more.

    An async context manager. `fetch` gives None after the last part; an exception of its own reaches the caller of `next()`, bare and
    after the parts before it. The body's exception leaves bare too.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T | None]]) -> None:
        self._fetch = fetch
        self._tasks: TaskGroup | None = None
        self._parts: MemoryObjectReceiveStream[T] | None = None
        self._error: Exception | None = None

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise UsageError("this block was entered before: make a new one")
        # Nothing is buffered: the producer holds one part until it is taken, and only then fetches the next.
        send, self._parts = anyio.create_memory_object_stream[T](0)
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._produce, send)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        tasks, parts = self._tasks, self._parts
        if tasks is None or parts is None:
            return
        self._parts = None
        tasks.cancel_scope.cancel()
        try:
            # Without the body's exception, which the group would wrap: it leaves by itself.
            await tasks.__aexit__(None, None, None)
        finally:
            parts.close()

    async def next(self) -> T | None:
        """The next part; None after the last.

        Raises:
            UsageError: outside the block.
        """
        if self._parts is None:
            raise UsageError("a stream is read inside its block: async with ....stream() as rows: async for row in rows: ...")
        try:
            return await self._parts.receive()
        except anyio.EndOfStream:
            if self._error is not None:
                raise self._error from None
            return None

    async def _produce(self, send: MemoryObjectSendStream[T]) -> None:
        with send:
            try:
                while (part := await self._fetch()) is not None:
                    await send.send(part)
            except Exception as error:  # noqa: BLE001  # kept for the consumer: a worker never raises into its group
                self._error = error
