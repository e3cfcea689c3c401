"""Writes chunks of puts and deletes, and keeps what was done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adorm.batch.chunk import Chunk, write_chunk
from adorm.batch.write_request import WriteRequest
from adorm.calls.capacity import Capacity
from adorm.items.applied import note_applied
from adorm.items.binding import Connection
from adorm.items.item_ids import ItemId, ItemIds
from adorm.outcomes import Outcome
from adorm.retry import RetryPolicy


class ChunkWriter:
    """Writes chunks, and counts what was done."""

    def __init__(
        self, connection: Connection, item_ids: Mapping[str, ItemIds], retry: RetryPolicy | None
    ) -> None:
        self._connection = connection
        self._item_ids = item_ids
        self._retry = retry
        self.written = 0
        self.capacity = Capacity()

    @property
    def tables(self) -> str:
        """The names of the tables: "orders and users"."""
        return " and ".join(sorted(self._item_ids))

    async def write(
        self,
        outcome: Outcome[list[Any]],
        requests: dict[ItemId, WriteRequest],
        on_written: Callable[[int], Awaitable[None]],
    ) -> None:
        """Write a chunk. What is written is removed from `requests`, and added to the outcome.

        Raises:
            Throttled, ServiceError, ConnectionFailed, DeadlineExceeded: the rest was not written.
        """
        done = outcome.value = list[Any]()

        async def on_processed(ids: list[ItemId]) -> None:
            problem: Exception | None = None
            for item_id in ids:
                request = requests.pop(item_id)
                try:
                    done.append(request.on_applied())
                except Exception as error:  # noqa: BLE001  # raised when all others are updated
                    done.append(request.target)
                    note_applied(error, outcome.label)
                    problem = error
            self.written += len(ids)
            await on_written(len(ids))
            if problem is not None:
                raise problem

        chunk = Chunk(
            self._connection,
            f"{self.tables}, {outcome.label}",
            self._item_ids,
            self._retry,
            self.capacity,
        )
        pending = {item_id: request.request for item_id, request in requests.items()}
        await write_chunk(chunk, pending, on_processed)
