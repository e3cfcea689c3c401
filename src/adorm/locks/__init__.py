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

from adorm.locks.lock import Lease, Lock
from adorm.locks.record import LockRecord

__all__ = ["Lease", "Lock", "LockRecord"]
