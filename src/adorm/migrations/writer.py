"""`Writer`: the writes of one migration, within its budget of write units."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from adorm.calls.capacity import Capacity
from adorm.items.binding import Connection
from adorm.segments.pacing import UnitBudget
from adorm.transport.base import Answer


class Writer:
    """Sends writes, and waits where they would go beyond the budget."""

    def __init__(self, connection: Connection, units_per_s: float | None) -> None:
        self._connection = connection
        self._budget: UnitBudget | None = None
        if units_per_s is not None:
            self._budget = UnitBudget(units_per_s, connection.clock, kind="write")

    async def call(self, operation: str, request: dict[str, Any], *, subject: object) -> Answer:
        """Send a write that may be repeated as it is.

        Raises:
            ServiceError, ConnectionFailed, DeadlineExceeded: as a call.
        """
        if self._budget is None:
            return await self._connection.call(operation, request, subject=subject, repeat="safe")
        request["ReturnConsumedCapacity"] = "TOTAL"
        reserved = await self._budget.reserve()
        consumed: float | None = None
        try:
            answer = await self._connection.call(operation, request, subject=subject, repeat="safe")
            consumed = _units(answer)
            return answer
        finally:
            self._budget.correct(reserved, consumed)

    async def spend(self, write: Callable[[Capacity | None], Awaitable[None]]) -> None:
        """Do writes that count what they consume, within the budget."""
        if self._budget is None:
            return await write(None)
        capacity = Capacity()
        reserved = await self._budget.reserve()
        try:
            await write(capacity)
        finally:
            self._budget.correct(reserved, float(capacity.write_units))

    async def look_again(self, attempt: int, *, operation: str, subject: object) -> None:
        """Wait before an item that others changed is looked at again.

        Raises:
            DeadlineExceeded: the wait would outlive the deadline.
        """
        await self._connection.back_off(
            attempt,
            operation=operation,
            subject=subject,
            why="before an item that others changed is looked at again",
        )


def _units(answer: Answer) -> float:
    consumed: Any = answer.get("ConsumedCapacity") or []
    parts: list[Any] = [consumed] if isinstance(consumed, dict) else [*consumed]
    return sum(float(part.get("CapacityUnits", 0)) for part in parts)
