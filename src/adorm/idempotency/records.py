"""The record of one key, and the writes that take the key, store the result and free the key."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal
from uuid import uuid4

from adorm.concurrency.shield import shielded
from adorm.database import Database
from adorm.errors import (
    AdormError,
    ConditionalCheckFailed,
    IdempotencyInProgress,
    IdempotencyMismatch,
    ItemNotFound,
    ResultNotStored,
    UsageError,
)
from adorm.expressions.attr import attr
from adorm.expressions.conditions import Condition
from adorm.idempotency.arguments import record_id
from adorm.models import model
from adorm.schema.markers import partition_key, ttl
from adorm.transport.base import is_unsent

CLOCK_TOLERANCE_S = 2.0
"""How far the clocks of two machines may differ. With a larger difference, a running lease may be
taken for one that is over."""
WRITE_TIMEOUT_S = 5.0
"""The longest time for storing a result or freeing a key, whatever deadline or cancellation is
around."""


@model(table="idempotency")
class IdempotencyRecord:
    """One key of an idempotent function; `db.ensure_table(IdempotencyRecord)` makes the table."""

    id: str = partition_key()
    """The function's name, `#`, and a SHA-256 of the key."""
    status: Literal["in progress", "done", "free"] = "in progress"
    """"free": a run may have taken the key without getting an answer, and gave it up. Any other run
    may take it; that run's own request, should it arrive late, may not."""
    owner: str = ""
    """A random token of the run that took the key, or that gave it up."""
    lease_until_ms: int | None = None
    """While in progress: the time from which another run may take the key over, in milliseconds
    since the epoch, by the owner's clock."""
    payload_hash: str | None = None
    """Hexadecimal SHA-256; None where payloads are not compared."""
    result: str | None = None
    """When done: JSON text; None where the result could not be stored."""
    expires_at: int | None = ttl()
    """Epoch seconds from which the key is free. DynamoDB deletes the record within days after."""

    id_of = staticmethod(record_id)


class KeyLease:
    """One call's lease of its key.

    Args:
        table: the table's name; None: that of `IdempotencyRecord`.
        lease_s: seconds for which the key is held at most.
        keep_s: seconds for which the result is kept.
    """

    def __init__(
        self,
        db: Database,
        table: str | None,
        record_id: str,
        payload_hash: str | None,
        *,
        lease_s: float,
        keep_s: float,
    ) -> None:
        self._clock = db.clock
        self._records = db.table(IdempotencyRecord, name=table)
        self._id = record_id
        self._payload_hash = payload_hash
        self._lease_s = lease_s
        self._keep_s = keep_s
        self._owner = uuid4().hex
        self._until_s = self._clock.monotonic() + lease_s

    def remaining_s(self) -> float:
        """Seconds until the lease ends, by this machine's monotonic clock."""
        return self._until_s - self._clock.monotonic()

    async def take(self) -> IdempotencyRecord | None:
        """Take the key for this run. Returns None, or the record of an earlier run that is done.

        Raises:
            IdempotencyInProgress: another run holds the key.
            IdempotencyMismatch: the key was used with another payload.
            ServiceError, ConnectionFailed, DeadlineExceeded: the key could not be taken. What may
                have been written is undone, if that is possible.
        """
        now_s = self._clock.now().timestamp()
        record = IdempotencyRecord(
            id=self._id,
            owner=self._owner,
            lease_until_ms=math.ceil((now_s + self._lease_s) * 1000),
            payload_hash=self._payload_hash,
            expires_at=math.ceil(now_s + self._lease_s + self._keep_s),
        )
        free = self._is_free(now_s)
        try:
            await self._records.put(record).when(free)
        except ConditionalCheckFailed as error:
            found: IdempotencyRecord | None = error.item
            if found is None:
                raise
            if found.owner == self._owner:
                return None  # the answer to an earlier attempt was lost
            self._check(found)
            return found
        except BaseException as error:
            # A cancelled request may have been applied too, or may still arrive.
            if getattr(error, "maybe_applied", not is_unsent(error)):
                await self._clean_up(partial(self._give_up, free, record), error)
            raise
        return None

    def _is_free(self, now_s: float) -> Condition:
        """The condition for taking the key: there is no record; or the result has expired; or the
        lease of the run in progress is over, and the payload is the same; or another run gave the
        key up."""
        record = IdempotencyRecord
        status, stored_hash = attr(record.status), attr(record.payload_hash)
        over = attr(record.lease_until_ms) <= math.floor((now_s - CLOCK_TOLERANCE_S) * 1000)
        if self._payload_hash is not None:
            over &= stored_hash.not_exists() | (stored_hash == self._payload_hash)
        expired = attr(record.expires_at) <= math.floor(now_s)
        return (
            attr(record.id).not_exists()
            | ((status == "done") & expired)
            | ((status == "in progress") & over)
            | ((status == "free") & (attr(record.owner) != self._owner))
        )

    def _check(self, found: IdempotencyRecord) -> None:
        """Raise unless the record is that of a run that is done, with the same payload."""
        hashes = {found.payload_hash, self._payload_hash}
        if None not in hashes and len(hashes) > 1:
            raise IdempotencyMismatch(
                f"{self._id}: this key was used before with another payload: a new request takes "
                "a new key, a repeated one the same payload"
            )
        if found.status == "done":
            return
        ends_s = (found.lease_until_ms or 0) / 1000 + CLOCK_TOLERANCE_S
        wait_s = max(ends_s - self._clock.now().timestamp(), 0.0)
        raise IdempotencyInProgress(
            f"{self._id}: another run is in progress; if it does not end before, its lease does "
            f"in {wait_s:.1f} s: try again then",
            lease_ends_at=datetime.fromtimestamp(ends_s, UTC),
            retry_after_s=wait_s,
        )

    async def free(self, error: BaseException) -> None:
        """Free the key because of this error. If that fails, a note in the error says so."""
        await self._clean_up(self._free, error)

    async def _clean_up(
        self, work: Callable[[], Coroutine[Any, Any, None]], error: BaseException
    ) -> None:
        problem = f"{self._id}: it could not be freed"
        try:
            await shielded(work, limit_s=WRITE_TIMEOUT_S, problem=problem)
        except AdormError as failure:
            error.add_note(
                f"{self._id} may be in progress until its lease of {self._lease_s:g} s is over: "
                f"{failure}"
            )

    async def _give_up(self, free: Condition, taken: IdempotencyRecord) -> None:
        """Undo a `take` that may have been applied, or may still arrive.

        Deleting the record is not enough: a request that arrives later finds no record, and takes
        the key for its whole lease. So the record gets the status "free", from which every run but
        this one may take the key. It is written if the key is this run's, or if `take` could take
        it.
        """
        given_up = IdempotencyRecord(
            id=self._id, status="free", owner=self._owner, expires_at=taken.expires_at
        )
        mine = attr(IdempotencyRecord.owner) == self._owner
        try:
            await self._records.put(given_up).when(mine | free)
        except ConditionalCheckFailed:
            return  # another run has taken the key, or an earlier attempt has done this

    async def _free(self) -> None:
        try:
            await self._records.delete(self._id).when(attr(IdempotencyRecord.owner) == self._owner)
        except (ItemNotFound, ConditionalCheckFailed):
            return  # freed already, or taken over

    async def finish(
        self, text: str | None, value: object, *, because: Exception | None = None
    ) -> None:
        """Store the result, and that the function has run.

        Args:
            text: the JSON text of the result; None if the result can't be stored.
            because: why it can't be stored.

        Raises:
            ResultNotStored: the result is not stored, or it is not known whether it is.
        """
        try:
            await shielded(
                partial(self._finish, text),
                limit_s=WRITE_TIMEOUT_S,
                problem=f"{self._id}: the result could not be stored",
            )
        except (ConditionalCheckFailed, ItemNotFound) as error:
            if isinstance(error, ItemNotFound):
                what = (
                    "the function has run, but its record is gone, deleted by somebody: a repeat "
                    "runs it"
                )
            else:
                what = (
                    "the lease was over before the function was, and another run took the key: it "
                    "may have run twice. Lease for longer"
                )
            raise ResultNotStored(f"{self._id}: {what}", result=value) from error
        except AdormError as error:
            if isinstance(error, UsageError) and because is None:  # too large, most likely
                because = error
                await self.finish(None, value, because=error)
            what = (
                "the function has run, but that could not be stored: once its lease of "
                f"{self._lease_s:g} s is over, a repeat runs it"
            )
            raise ResultNotStored(f"{self._id}: {what}: {error}", result=value) from error
        if because is not None:
            raise ResultNotStored(
                f"{self._id}: the function has run, and will not for a repeat, but its result "
                f"can't be stored: {because}",
                result=value,
            ) from because

    async def _finish(self, text: str | None) -> None:
        expires_at = math.ceil(self._clock.now().timestamp() + self._keep_s)
        await (
            self._records.update(self._id)
            .set(IdempotencyRecord.status, "done")
            .set(IdempotencyRecord.result, text)
            .set(IdempotencyRecord.expires_at, expires_at)
            .remove(IdempotencyRecord.lease_until_ms)
            .when(attr(IdempotencyRecord.owner) == self._owner)
        )
