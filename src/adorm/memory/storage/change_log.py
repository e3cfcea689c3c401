"""Internal: keeps the earlier items of a table, for point-in-time recovery.

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
        since: when it was turned on, in seconds since 1970.
        days: the number of days for which a write is kept.
    """

    def __init__(self, since: float, days: int) -> None:
        self.since = since
        self.days = days
        self._writes: deque[tuple[float, Position, StoredItem | None]] = deque()

    def append(self, now: float, position: Position, old: StoredItem | None) -> None:
        """Log a write.

        Args:
            now: the time of the write.
            position: the position of the item.
            old: the item before the write; None if it did not exist.
        """
        self._writes.append((now, position, old))
        self._forget(now)

    def _forget(self, now: float) -> None:
        oldest = now - self.days * SECONDS_A_DAY
        while self._writes and self._writes[0][0] < oldest:
            self._writes.popleft()

    def earliest(self, now: float) -> float:
        """The earliest moment to which the items can be restored."""
        return max(self.since, now - self.days * SECONDS_A_DAY)

    def items_at(self, items: OrderedItems, moment: float) -> dict[Position, StoredItem]:
        """The items of a table as they were at a moment, after the writes of that moment.

        Args:
            items: the items as they are now.
            moment: seconds since 1970, not before `earliest`.
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
