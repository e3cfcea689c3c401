"""A scan with `collect_errors()`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

import attrs

from adorm.items.operation import Operation
from adorm.query.derived_read import DerivedRead, WorkOnItems
from adorm.segments.scan_result import ScanResult, WorkResult
from adorm.segments.stream import ScanStream
from adorm.segments.work import collect_work

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class CollectingScan(DerivedRead[ScanResult[ItemT]], Generic[ItemT]):
    """A scan that lets every segment finish, and collects all errors."""

    _open_stream: Callable[[], ScanStream[ItemT]]

    def stream(self) -> ScanStream[ItemT]:
        """A block in which the segments are read ahead; a segment that fails ends alone, see
        `.outcomes` and `.errors`."""
        return self._open_stream()

    def for_each(
        self, worker: Callable[[ItemT], Awaitable[object]], /, *, limit: int = 16
    ) -> Operation[WorkResult[object]]:
        """Await `worker(item)` for every item that can be read, whatever else fails.

        The result is a `WorkResult` with `.done`, `.errors`, `.outcomes` and `.checkpoint`.
        """

        async def compute() -> WorkResult[object]:
            return await collect_work(self.stream(), worker, limit=limit, results=None)

        return self._work(compute)

    def map(
        self, worker: Callable[[ItemT], Awaitable[ResultT]], /, *, limit: int = 16
    ) -> Operation[WorkResult[ResultT]]:
        """The results of `worker(item)` for every item that can be read, whatever else fails.

        The result is a `WorkResult` with `.results`, `.errors`, `.outcomes` and `.checkpoint`.
        """

        async def compute() -> WorkResult[ResultT]:
            results: list[ResultT] = []
            return await collect_work(self.stream(), worker, limit=limit, results=results)

        return self._work(compute)

    def _work(self, compute: Callable[[], Coroutine[Any, Any, ResultT]]) -> Operation[ResultT]:
        return WorkOnItems(compute, self.request, self.explain, self._binding)
