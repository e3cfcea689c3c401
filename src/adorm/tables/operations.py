"""`TableOperation`: an operation on a table that is sent by awaiting it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs

from adorm.items.binding import Connection
from adorm.items.operation import Operation

ResultT = TypeVar("ResultT")


@attrs.frozen(repr=False, eq=False)
class TableOperation(Operation[ResultT]):
    """An operation of several requests, known when it runs."""

    _connection: Connection
    _about: str
    """The name of the model or of the table."""
    _start: Callable[[], Awaitable[ResultT]]

    @property
    def connection(self) -> Connection:
        """The database that sends it."""
        return self._connection

    @property
    def model_name(self) -> str:
        """The name of the model or of the table that it is about."""
        return self._about

    async def _run(self) -> ResultT:
        return await self._start()
