"""Internal: what items were before each write, for point-in-time recovery.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
"""

from __future__ import annotations

from collections import deque

from adorm.memory.storage.keys import Position
from adorm.memory.storage.ordered_items import OrderedItems, StoredItem

SECONDS_A_DAY = 86_400


class ChangeLog:
    """The writes of a table since its point-in-time recovery was turned on.

    Args:
        since: that moment, in seconds since 1970.
        days: how long writes are kept.
    """

    def __init__(self, since: float, days: int) -> None:
        self.since = since
        self.days = days
        self._writes: deque[tuple[float, Position, StoredItem | None]] = deque()

    def append(self, now: float, position: Position, old: StoredItem | None) -> None:
        """Note a write.

        Args:
            now: its moment.
            position: where the item lies.
            old: what was there before; None for nothing.
        """
        self._writes.append((now, position, old))
        self._forget(now)

    def _forget(self, now: float) -> None:
        oldest = now - self.days * SECONDS_A_DAY
        while self._writes and self._writes[0][0] < oldest:
            self._writes.popleft()

    def earliest(self, now: float) -> float:
        """The earliest moment whose items can be found."""
        return max(self.since, now - self.days * SECONDS_A_DAY)

    def items_at(self, items: OrderedItems, moment: float) -> dict[Position, StoredItem]:
        """A table's items as they were, writes of that very moment included.

        Args:
            items: as they are.
            moment: not before `earliest`.
        """
        found = dict(items.between())
        for at, position, old in reversed(self._writes):
            if at <= moment:
                break
            if old is None:
                found.pop(position, None)
            else:
                found[position] = old
        return found
