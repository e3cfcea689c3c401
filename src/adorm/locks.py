"""Locks with leases and fencing tokens, kept in a table.

    await db.create_table(LockRecord)                       # once
    async with Lock(db, "nightly-report", lease_s=30) as lease:
        await write_report(fence=lease.token)
        await lease.renew()                                 # another 30 s

One holder at a time, as long as holders keep within their leases. A holder that stops for longer (a
paused process, a network that is gone) may meet a second one, as with any lease: so every
acquisition of a lock has a fencing token, larger than every one before. Hand it to what the lock
protects, and let that refuse a token smaller than one it has seen. In DynamoDB: `.set(Report.fence,
lease.token).when(Report.fence <= lease.token)`.

No clocks are compared between machines. The holder counts its lease on its own monotonic clock,
from before its request was sent. A process that waits counts on its own clock too, from the moment
it first saw the holder's last renewal; it takes the lock over when it has seen no other renewal for
the whole lease. A lock whose holder vanished is therefore free at the latest one lease after
someone began to wait for it.

Nothing runs in the background: renew where the work makes progress, so that work that hangs loses
its lock. A lock's item stays in the table when the lock is given back, because its token has to go
on growing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Literal, TypeVar
from uuid import uuid4

import attrs

from adorm.checks import seconds
from adorm.clock import Clock
from adorm.concurrency.shield import shielded
from adorm.database import Database
from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    ItemNotFound,
    LeaseLost,
    LockHeld,
    UsageError,
)
from adorm.expressions.attr import attr
from adorm.expressions.conditions import Condition, and_, or_
from adorm.models import model
from adorm.schema.markers import partition_key
from adorm.table import Table
from adorm.transport.base import is_unsent

__all__ = ["Lease", "Lock", "LockRecord"]

T = TypeVar("T")

DEFAULT_LEASE_S = 30.0

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


@attrs.define(eq=False, repr=False)
class Lease:
    """A lock that is held; given by `Lock`."""

    _records: Table[LockRecord]
    _clock: Clock
    _record: LockRecord
    """As this acquisition wrote it."""
    _until_s: float
    """The end of the lease, on the monotonic clock."""
    _released: bool = False

    def __repr__(self) -> str:
        return (
            f"<lease of lock {self._record.name!r}, token {self._record.token}, "
            f"{'held' if self.is_held() else 'over'}>"
        )

    @property
    def token(self) -> int:
        """The fencing token: larger than that of every earlier acquisition of this lock, the same
        after a renewal."""
        return self._record.token

    def is_held(self) -> bool:
        """Whether the lock is surely still held: it was not given back, and by this machine's clock
        the lease runs."""
        return self.remaining_s() > 0

    def remaining_s(self) -> float:
        """Seconds until the lease ends; 0 when it is over."""
        return 0.0 if self._released else max(0.0, self._until_s - self._clock.monotonic())

    async def renew(self) -> None:
        """Begin the lease again. Works after its end too, if nobody took the lock meanwhile.

        Raises:
            LeaseLost: somebody took the lock: stop what it protects.
            UsageError: the lock was given back.
        """
        if self._released:
            raise UsageError(f"lock {self._record.name!r} was given back: acquire it again")
        started_s = self._clock.monotonic()
        # Each renewal writes a new number, even where the last one failed: that one may have been
        # applied, and a waiting process has to see a change.
        self._record.renewals += 1
        try:
            await (
                self._records.update(self._record.name)
                .set(LockRecord.renewals, self._record.renewals)
                .when(LockRecord.owner == self._record.owner)
            )
        except (ConditionalCheckFailed, ItemNotFound) as error:
            raise self._lost("can't be renewed") from error
        self._until_s = started_s + self._record.lease_s

    async def release(self) -> None:
        """Give the lock back; a second time does nothing. Not stopped by cancellation or a
        deadline, and bounded by 5 s.

        Raises:
            LeaseLost: somebody took the lock after the lease was over: two may have worked at the
                same time. Not raised where the lease was running when this was called, and a lost
                answer or the lease's end meanwhile explains why somebody else has the lock now.
            ServiceError, ConnectionFailed, DeadlineExceeded: it could not be given back: it is free
                when its lease is over.
        """
        if self._released:
            return
        self._released = True
        left_s = self._until_s - self._clock.monotonic()
        work = partial(give_back, self._records, self._record)
        ending = await shielded_write(work, self._record.name)
        if ending == "given back":
            return
        if left_s > 0 and (
            ending == "perhaps given back" or self._until_s <= self._clock.monotonic()
        ):
            # Nobody could take it while the lease ran. So an earlier attempt, whose answer was
            # lost, gave it back; or the lease ended while this was tried again. Either way the
            # work was over.
            return
        raise self._lost("can't be given back")

    def _lost(self, what: str) -> LeaseLost:
        return LeaseLost(
            f"lock {self._record.name!r} {what}: its lease of {self._record.lease_s:g} s was over "
            "and somebody else took it: renew earlier, lease for longer, and let what the lock "
            "protects refuse old fencing tokens"
        )


class Lock:
    """A lock by its name: `async with Lock(db, "nightly-report", lease_s=30) as lease`. See
    `adorm.locks`.

    One block at a time may be open on the object. The table of `LockRecord` has to exist: `await
    db.create_table(LockRecord)`.

    Args:
        lease_s: seconds for which the lock is held without `renew()`. The work between two renewals
            must never take longer.
        wait: True waits for the holder, up to the deadline; False raises `LockHeld` at once.
        poll_s: the longest pause between two reads while waiting; the pauses are random.
        table_name: the table of the locks, if not the model's own.

    Raises:
        UsageError: an argument is wrong.
    """

    def __init__(
        self,
        db: Database,
        name: str,
        *,
        lease_s: float = DEFAULT_LEASE_S,
        wait: bool = True,
        poll_s: float = 1.0,
        table_name: str | None = None,
    ) -> None:
        for argument, value in (("lease_s", lease_s), ("poll_s", poll_s)):
            seconds(f"Lock({argument}=...)", value)
        self._db = db
        self._records = db.table(LockRecord, name=table_name)
        self._name = name
        self._lease_s = float(lease_s)
        self._wait = wait
        self._poll_s = poll_s
        self._lease: Lease | None = None
        self._entered = False

    def __repr__(self) -> str:
        return f"Lock({self._name!r})"

    async def __aenter__(self) -> Lease:
        if self._entered:
            raise UsageError(
                f"lock {self._name!r}: a block is open on this object already, and locks don't "
                "nest: make one for each block"
            )
        self._entered = True
        try:
            self._lease = await self.acquire()
        except BaseException:
            self._entered = False
            raise
        return self._lease

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        lease, self._lease, self._entered = self._lease, None, False
        if lease is None:
            return
        try:
            await lease.release()
        except AdormError as problem:
            if error is None:
                raise
            error.add_note(f"beside this: {problem}")

    async def acquire(self) -> Lease:
        """Take the lock without a block: `release()` of the lease gives it back.

        Raises:
            LockHeld: somebody holds it, and `wait` is False.
            DeadlineExceeded: it was not given back in time.
            ResourceNotFound: there is no table: `await db.create_table(LockRecord)`.
        """
        clock, owner = self._db.clock, uuid4().hex
        seen: LockRecord | None = None
        seen_since_s, looks = 0.0, 0
        while True:
            record = await self._records.get_or_none(self._name).consistent()
            now_s = clock.monotonic()
            left_s = 0.0
            if record is not None and record.owner is not None:
                if record != seen:
                    seen, seen_since_s = record, now_s
                left_s = seen_since_s + record.lease_s - now_s
            if left_s <= 0:
                lease = await self._take(record, owner)
                if lease is not None:
                    return lease
            if not self._wait:
                raise LockHeld(
                    f"lock {self._name!r} is held by somebody else: Lock(..., wait=True) waits "
                    "for it"
                )
            looks += 1
            most_s = min(self._poll_s, left_s) if left_s > 0 else self._poll_s
            await self._db.back_off(
                looks,
                operation="lock",
                subject=repr(self._name),
                why="for its holder",
                most_s=most_s,
            )

    async def _take(self, record: LockRecord | None, owner: str) -> Lease | None:
        """Take a lock that is free, or whose holder is gone; None when somebody was faster."""
        started_s = self._db.clock.monotonic()
        taken = LockRecord(
            name=self._name,
            owner=owner,
            lease_s=self._lease_s,
            token=1 if record is None else record.token + 1,
        )
        update = (
            self._records.update(self._name)
            .set(LockRecord.owner, owner)
            .set(LockRecord.lease_s, self._lease_s)
            .set(LockRecord.token, taken.token)
            .set(LockRecord.renewals, 0)
            .when(*unchanged(record))
            .upsert()
        )
        try:
            await update
        except ConditionalCheckFailed as error:
            found: LockRecord | None = error.item
            if found is None or found.owner != owner:
                return None
        except BaseException as error:
            if getattr(error, "maybe_applied", not is_unsent(error)):  # a cancelled request too
                await self._undo(record, taken, error)
            raise
        return Lease(self._records, self._db.clock, taken, started_s + self._lease_s)

    async def _undo(self, seen: LockRecord | None, taken: LockRecord, error: BaseException) -> None:
        try:
            await shielded_write(partial(take_back, self._records, seen, taken), taken.name)
        except AdormError as problem:
            error.add_note(
                f"lock {self._name!r} may be held until its lease of {self._lease_s:g} s is over: "
                f"{problem}"
            )


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


async def give_back(records: Table[LockRecord], taken: LockRecord) -> Ending:
    """Free a lock that this acquisition holds."""
    release = records.update(taken.name).remove(LockRecord.owner)
    try:
        await release.when(LockRecord.owner == taken.owner)
    except ItemNotFound:
        return "taken"
    except ConditionalCheckFailed as error:
        found: LockRecord | None = error.item
        if found is not None and found.owner is None and found.token == taken.token:
            return "given back"  # by an attempt whose answer was lost
        return "perhaps given back" if error.maybe_applied else "taken"
    return "given back"


async def shielded_write(work: Callable[[], Coroutine[Any, Any, T]], name: str) -> T:
    """Free a lock, shielded from cancellation and the caller's deadline.

    Raises:
        ServiceError, ConnectionFailed, DeadlineExceeded: it could not be done, within 5 s.
    """
    problem = f"lock {name!r} is free when its lease is over: it could not be given back"
    return await shielded(work, limit_s=RELEASE_TIMEOUT_S, problem=problem)
