"""Items one by one, from pages: read on demand, or ahead in a block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Generic, Self, TypeAlias, TypeVar

import anyio

from adorm.calls.capacity import Capacity
from adorm.concurrency.stream import Emit, TaskStream
from adorm.outcomes import Outcome
from adorm.query.decoder import Unreadable

ItemT = TypeVar("ItemT")

NextPage: TypeAlias = Callable[[], Coroutine[Any, Any, "list[ItemT | Unreadable] | None"]]
"""Gives the items of the next page; None after the last."""


class ItemIterator(Generic[ItemT]):
    """Items, page after page, on demand.

    It is no generator, so that a loop that is left early leaves nothing to clean up. Several tasks
    of the loop may iterate it together; each item goes to one of them. An item that does not fit
    the model raises its `ItemDecodeError`; iterating again goes on after that item.

    Args:
        errors: gets the errors of such items, which are passed over then.
    """

    def __init__(self, next_page: NextPage[ItemT], errors: list[Exception] | None = None) -> None:
        self._next_page = next_page
        self._errors = errors
        self._items: deque[ItemT | Unreadable] = deque()
        self._reading = anyio.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ItemT:
        while True:
            item = await self._next()
            if not isinstance(item, Unreadable):
                return item
            if self._errors is None:
                raise item.error
            self._errors.append(item.error)

    async def _next(self) -> ItemT | Unreadable:
        while not self._items:
            # One task reads the next page for all that wait.
            async with self._reading:
                if self._items:
                    continue
                page = await self._next_page()
                if page is None:
                    raise StopAsyncIteration
                self._items.extend(page)
        return self._items.popleft()


class ItemStream(ABC, Generic[ItemT]):
    """Items that are read ahead inside a block.

    ::

        async with orders.query("c1").stream() as rows:
            async for row in rows:
                ...

    Leaving the block, in whatever way, ends the reading: no task is left, and no further request is
    sent.
    """

    @property
    @abstractmethod
    def capacity(self) -> Capacity:
        """What the requests have consumed so far."""

    @property
    @abstractmethod
    def errors(self) -> list[Exception]:
        """With `collect_errors()`: the errors so far, of items that do not fit the model, and of a
        scan's segments that failed."""

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(self, *exc_info: object) -> None: ...

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[ItemT]: ...


class QueryStream(ItemStream[ItemT]):
    """The items of a query; the next page is fetched while this one is used."""

    def __init__(
        self,
        next_page: NextPage[ItemT],
        capacity: Capacity,
        operation: str,
        table_name: str,
        *,
        collects_errors: bool = False,
    ) -> None:
        self._capacity = capacity
        self._errors: list[Exception] = []

        async def read(emit: Emit[list[ItemT | Unreadable]]) -> None:
            while (page := await next_page()) is not None:
                await emit(page)

        jobs = [(Outcome[None]("query"), read)]
        self._stream = TaskStream(jobs, limit=1, operation=operation, subject=table_name)
        self._items = ItemIterator[ItemT](
            self._next_page, self._errors if collects_errors else None
        )

    @property
    def capacity(self) -> Capacity:
        return self._capacity

    @property
    def errors(self) -> list[Exception]:
        return list(self._errors)

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stream.__aexit__(*exc_info)

    async def _next_page(self) -> list[ItemT | Unreadable] | None:
        page = await self._stream.next()
        if page is None and (error := self._stream.outcomes[0].error) is not None:
            raise error
        return page

    def __aiter__(self) -> ItemIterator[ItemT]:
        return self._items
