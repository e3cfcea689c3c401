"""A restoration of an item with unique values: it claims them again.

The deletion has freed them, so that they may belong to other items now.
"""

from __future__ import annotations

from typing import Any

from adorm.items.guard_change import GuardChange
from adorm.items.unique_change import Before, UniqueChange
from adorm.items.unique_writes import UniqueWrite
from adorm.items.write_facts import UniqueSubject


class ClaimedAgain(UniqueChange):
    """What a restoration does: the item keeps its unique values, and each gets its guard."""

    def _guards(self, before: Before, left_out: frozenset[str]) -> GuardChange:
        del left_out  # it deletes no guard
        texts, owner = self._texts(before.values), self.binding.encode_key(self.write.key)
        return GuardChange(texts, frozenset(), owner, before.values or {})


async def send_unique(restoration: UniqueSubject) -> Any:
    """Send a restoration together with the guards of its unique values.

    Raises:
        UniqueConflict: a value belongs to another item.
        ConditionalCheckFailed: the item has changed since it was read.
    """
    return await UniqueWrite(ClaimedAgain(restoration)).run()
