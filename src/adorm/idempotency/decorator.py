"""Functions that run once for a key, however often they are called.

    @adorm.idempotent(key="order_id")
    async def charge(order_id: str, amount: int, db: adorm.Database) -> Receipt: ...

A record in a table holds the key: in progress with a lease while the function runs, then done, with
its result. One conditional write takes a key that is free, expired, or whose holder's lease is
over; one more stores the result. Both carry a random token of the run, so that a write whose answer
was lost is recognised, and a run that was taken over changes nothing.

Who finds a key in progress can't watch whether its holder lives, as a lock does: a Lambda would be
billed for it. So the lease is a time of day, compared between machines with `CLOCK_TOLERANCE_S` to
spare; on its own machine what a run does by adorm ends with its lease.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import math
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from adorm.checks import seconds
from adorm.deadlines import deadline, remaining_s
from adorm.errors import DeadlineExceeded, ResultNotStored, UsageError
from adorm.idempotency.arguments import Arguments, DatabaseGiver, KeyGiver, PayloadGiver
from adorm.idempotency.records import KeyLease
from adorm.idempotency.results import ResultFormat

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_LEASE_S = 60.0
DEFAULT_EXPIRY_S = 24 * 3600.0
MAX_S = 100 * 366 * 24 * 3600.0
"""A hundred years: what is longer means for ever, and need not be a time of day."""


def idempotent(
    *,
    key: KeyGiver,
    payload: PayloadGiver | None = None,
    db: DatabaseGiver | None = None,
    table: str | None = None,
    name: str | None = None,
    lease_s: float | None = None,
    expires_after_s: float = DEFAULT_EXPIRY_S,
    result: object = None,
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Run an async function once for each key: a repeat gets the first result, and does not run it.

    ::

        @adorm.idempotent(key=lambda event: event["order_id"])
        async def handler(event, context, db): ...

    While it runs, another call with the key is `IdempotencyInProgress`. When it fails or is
    cancelled, the key is free again, and the next call runs it; what it had done by then is done,
    so let it do things in an order that bears that, or in one transaction. A run that vanished with
    its process is taken over when its lease is over. Two writes a run, one for a repeat.

    A result is plain JSON data (None, bool, int, float, str, lists, dicts by text), else of a type
    that adorm can store: the return annotation tells it, or `result`. It reads back as it was, or
    is refused; up to DynamoDB's 400 KB.

    Args:
        key: an argument's name, or a function of arguments, those that its parameters name. It
            gives text, a number, a UUID, or a tuple of them; only a hash of it is stored.
        payload: the same, for plain data that a repeat must have again; only a hash of it is
            stored.
        db: the database, or a function that gives it, of an argument or of none; by default the
            `Database` among the arguments.
        table: the table's name, if not the one of `IdempotencyRecord`: `await
            db.ensure_table(IdempotencyRecord)`.
        name: stands for the function in its records, by default module and qualified name; renamed
            functions begin anew.
        lease_s: how long a run holds its key at most; what it does by adorm ends with it. By
            default what is left by the deadline (`adorm.deadline`, a Lambda's time), or 60 s
            without one; never longer than that deadline.
        expires_after_s: how long a result is kept, from then on; the default is a day.
        result: the result's type, if the annotation does not tell.

    Raises (when called):
        IdempotencyInProgress: another run holds the key; `lease_ends_at` and `retry_after_s` tell
            until when at most.
        IdempotencyMismatch: the key was used with another payload.
        ResultNotStored: the function has run, and its result, `.result`, could not be stored.
        UsageError: the key is none, no database is at hand, or a result of that type can't be
            stored; nothing was run.
    """
    if lease_s is not None:
        seconds("idempotent(lease_s=...)", lease_s, most=MAX_S)
    seconds("idempotent(expires_after_s=...)", expires_after_s, most=MAX_S)

    def decorate(
        function: Callable[P, Coroutine[Any, Any, T]],
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        if not inspect.iscoroutinefunction(function):
            raise UsageError(f"@adorm.idempotent stands above an async def, not {function!r}")
        told = name or f"{function.__module__}.{function.__qualname__}"
        asked = Arguments(function, name=told, key=key, payload=payload, db=db)
        stored = ResultFormat(function, told, result)

        @functools.wraps(function)
        async def once(*args: P.args, **kwargs: P.kwargs) -> T:
            arguments = asked.bound(args, kwargs)
            record_id, payload_hash = asked.record_id(arguments), asked.payload_hash(arguments)
            database = asked.database(arguments)
            stored.check(database.codec)
            left_s = remaining_s()
            longest_s = min(
                DEFAULT_LEASE_S if lease_s is None and left_s == math.inf else lease_s or MAX_S,
                max(left_s, 0.0),
            )
            run = KeyLease(
                database, table, record_id, payload_hash, lease_s=longest_s, keep_s=expires_after_s
            )
            done = await run.take()
            if done is not None:
                if done.result is None:
                    raise ResultNotStored(
                        f"{record_id}: the function has run before, but its result could not be "
                        "stored"
                    )
                before: T = stored.read(database.codec, done.result)
                return before
            try:
                time_s = run.remaining_s()
                if time_s <= 0:
                    raise DeadlineExceeded(
                        f"{record_id}: its lease of {longest_s:g} s was over before the function "
                        "began: lease for longer"
                    )
                async with deadline(time_s):
                    value = await function(*args, **kwargs)
            except (Exception, asyncio.CancelledError) as error:
                await run.free(error)
                raise
            await _finish(run, stored, database, value)
            return value

        return once

    return decorate


async def _finish(run: KeyLease, stored: ResultFormat, database: Any, value: object) -> None:
    try:
        text = stored.write(database.codec, value)
    except Exception as error:  # noqa: BLE001  # hooks of the user's are asked too, and the function has run
        await run.finish(None, value, because=error)
    else:
        await run.finish(text, value)
