"""Operations that compute something from what a query or scan reads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import attrs

from adorm.items.binding import Binding
from adorm.items.operation import Operation
from adorm.items.plan import Plan

ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class DerivedRead(Operation[ResultT]):
    """The result of reading: a count, a page, an aggregate."""

    only_reads = True

    _compute: Callable[[], Coroutine[Any, Any, ResultT]]
    _first_request: Callable[[], dict[str, Any]]
    _plan: Callable[[], Plan]
    _binding: Binding

    @property
    def model_name(self) -> str:
        return self._binding.info.name

    async def _run(self) -> ResultT:
        return await self._compute()

    def request(self) -> dict[str, Any]:
        return self._first_request()

    def explain(self) -> Plan:
        return self._plan()


@attrs.define(eq=False, repr=False)
class WorkOnItems(DerivedRead[ResultT]):
    """The result of the caller's own work on each item, which may write."""

    only_reads = False
