"""Items one by one out of pages: on demand, or read ahead in a block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import anyio

from adorm.capacity import Capacity
from adorm.concurrency import StreamJob, TaskStream
from adorm.outcomes import Outcome

ItemT = TypeVar("ItemT")


class ItemIterator(Generic[ItemT]):
    """Items page after page, on demand. An object and not a generator: leaving a loop early leaves nothing to clean up."""

    def __init__(self, next_page: Callable[[], Coroutine[Any, Any, list[ItemT] | None]]) -> None:
        self._next_page = next_page
        self._items: deque[ItemT] = deque()
        self._reading = anyio.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ItemT:
        while not self._items:
            # Several tasks may share it: one reads the next page for all of them, so that each item is given once.
            async with self._reading:
                if self._items:
                    continue
                page = await self._next_page()
                if page is None:
                    raise StopAsyncIteration
                self._items.extend(page)
        return self._items.popleft()


class ItemStream(ABC, Generic[ItemT]):
    """Items read ahead, in a block: `async with orders.query("c1").stream() as rows: async for row in rows: ...`.

    Leaving the block, in whatever way, ends the reading: no task is left, and no further request is sent.
    """

    @property
    @abstractmethod
    def capacity(self) -> Capacity:
        """What its requests have consumed so far."""

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[ItemT]: ...


class QueryStream(ItemStream[ItemT]):
    """The next page of a query is fetched while this one is used."""

    def __init__(self, next_page: Callable[[], Coroutine[Any, Any, list[ItemT] | None]], capacity: Capacity) -> None:
        self._capacity = capacity

        async def read(_outcome: Outcome[None], emit: Callable[[list[ItemT]], Awaitable[None]]) -> None:
            while (page := await next_page()) is not None:
                await emit(page)

        self._stream = TaskStream([StreamJob(Outcome[None]("query"), read)], limit=1)
        self._items = ItemIterator[ItemT](self._next_page)

    @property
    def capacity(self) -> Capacity:
        return self._capacity

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stream.__aexit__(kind, error, trace)

    async def _next_page(self) -> list[ItemT] | None:
        page = await self._stream.next()
        if page is None and (error := self._stream.outcomes[0].error) is not None:
            raise error
        return page

    def __aiter__(self) -> ItemIterator[ItemT]:
        return self._items
