"""The record of a lock, and the writes that free it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Literal, TypeVar

from adorm.concurrency.shield import shielded
from adorm.errors import ConditionalCheckFailed, ItemNotFound
from adorm.expressions.attr import attr
from adorm.expressions.conditions import Condition, and_, or_
from adorm.models import model
from adorm.schema.markers import partition_key
from adorm.table import Table

T = TypeVar("T")


RELEASE_TIMEOUT_S = 5.0
"""The longest time for giving a lock back, whatever deadline or cancellation is around. After it
the lock is free when its lease is over."""


@model(table="adorm-locks")
class LockRecord:
    """A lock in the table, held or free."""

    name: str = partition_key()
    owner: str | None = None
    """A random id of the acquisition that holds the lock; None when it is free."""
    lease_s: float = 0.0
    token: int = 0
    """The fencing token of the last acquisition."""
    renewals: int = 0
    """The renewals of this acquisition. Others see by its growth that the holder is alive."""


def unchanged(record: LockRecord | None) -> tuple[Condition | bool, ...]:
    """That the lock is still as it was seen."""
    if record is None:
        return (attr(LockRecord.name).not_exists(),)
    return (
        LockRecord.owner == record.owner,
        LockRecord.token == record.token,
        LockRecord.renewals == record.renewals,
    )


async def take_back(records: Table[LockRecord], seen: LockRecord | None, taken: LockRecord) -> None:
    """Undo an acquisition that may have been applied, or may still be on its way.

    The acquisition's own request holds only where the lock is as it was seen. So where it has not
    arrived yet, this writes the new token in its place, and it fails when it arrives. Afterwards
    the lock is free, as if it had been acquired and given back; a holder that was seen and is gone
    is gone from the record too.
    """
    untouched = and_(*unchanged(seen))
    try:
        await (
            records.update(taken.name)
            .remove(LockRecord.owner)
            .set(LockRecord.lease_s, taken.lease_s)
            .set(LockRecord.token, taken.token)
            .set(LockRecord.renewals, 0)
            .when(or_(LockRecord.owner == taken.owner, untouched))
            .upsert()
        )
    except ConditionalCheckFailed:
        return  # somebody else took it, or an attempt whose answer was lost has undone it


Ending = Literal["given back", "perhaps given back", "taken"]
"""What became of a lock. "taken": somebody else has it. "perhaps given back": somebody else has it,
but an attempt whose answer was lost may have given it back first."""


async def give_back(records: Table[LockRecord], name: str, owner: str, token: int) -> Ending:
    """Free a lock that this owner holds. Shielded from cancellation and the caller's deadline.

    Raises:
        ServiceError, ConnectionFailed, DeadlineExceeded: it could not be done, within 5 s.
    """
    return await shielded_write(partial(_give_back, records, name, owner, token), name)


async def _give_back(records: Table[LockRecord], name: str, owner: str, token: int) -> Ending:
    try:
        await records.update(name).remove(LockRecord.owner).when(LockRecord.owner == owner)
    except ItemNotFound:
        return "taken"
    except ConditionalCheckFailed as error:
        found: LockRecord | None = error.item
        if found is not None and found.owner is None and found.token == token:
            return "given back"  # by an attempt whose answer was lost
        return "perhaps given back" if error.maybe_applied else "taken"
    return "given back"


async def shielded_write(work: Callable[[], Coroutine[Any, Any, T]], name: str) -> T:
    problem = f"lock {name!r} is free when its lease is over: it could not be given back"
    return await shielded(work, limit_s=RELEASE_TIMEOUT_S, problem=problem)
