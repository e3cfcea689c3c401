"""`TransactionState`: which task may use a transaction, and whether it has ended."""

from __future__ import annotations

import asyncio

from adorm.errors import UsageError

_ENDED = (
    "this transaction has ended, and nothing can be added to it: "
    "begin another with db.transaction()"
)


class TransactionState:
    """The state of one transaction: new, entered as a block or not, ended.

    It belongs to the task that uses it first.
    """

    __slots__ = ("_ended", "_in_block", "_owner")

    def __init__(self) -> None:
        self._owner: asyncio.Task[object] | None = None
        self._in_block = False
        self._ended = False

    def use(self) -> None:
        """Check that it may be used now, by this task."""
        task = _current_task()
        if self._owner is None:
            self._owner = task
        if task is not self._owner:
            raise UsageError(
                "a transaction belongs to the task that began it: gather what other tasks have to "
                "write and add it here, or give each task a transaction of its own"
            )
        if self._ended:
            raise UsageError(_ENDED)

    def enter(self) -> None:
        """Begin the block."""
        self.use()
        if self._in_block:
            raise UsageError(
                "this transaction is entered already, and its operations are one: "
                "transactions don't nest"
            )
        self._in_block = True

    def commit(self) -> None:
        """End it without a block."""
        self.use()
        if self._in_block:
            raise UsageError("the end of the block sends this transaction: take commit() away")
        self.end()

    def end(self) -> None:
        """End it: nothing can be added any more."""
        self._ended = True
        self._owner = None


def _current_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # outside of an event loop
        return None
