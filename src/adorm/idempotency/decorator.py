"""Functions that run once for a key, however often they are called.

    @adorm.idempotent(key="order_id")
    async def charge(order_id: str, amount: int, db: adorm.Database) -> Receipt: ...

A record in a table holds the key: "in progress" with a lease while the function runs, then "done"
with its result. One conditional write takes a key that is free, that has expired, or whose lease is
over; a second write stores the result. Both carry a random token of the run. By the token a run
recognises its own write when the answer was lost, and a run whose key was taken over can't change
the record.

A lock can watch whether its holder still renews its lease. A call that finds a key in progress
can't: a Lambda function would be billed for the waiting. So the lease is a time of day. Machines
compare it with `CLOCK_TOLERANCE_S` to spare. On its own machine all that a run does by adorm ends
with its lease.
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
from adorm.idempotency.arguments import (
    CallArguments,
    DatabaseOption,
    KeyOption,
    PayloadOption,
)
from adorm.idempotency.records import KeyLease
from adorm.idempotency.results import ResultFormat

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_LEASE_S = 60.0
DEFAULT_EXPIRY_S = 24 * 3600.0
MAX_S = 100 * 366 * 24 * 3600.0
"""A hundred years. What is longer means for ever, and could not be written as a time of day."""


def idempotent(
    *,
    key: KeyOption,
    payload: PayloadOption | None = None,
    db: DatabaseOption | None = None,
    table: str | None = None,
    name: str | None = None,
    lease_s: float | None = None,
    expires_after_s: float = DEFAULT_EXPIRY_S,
    result: object = None,
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Run an async function once for each key: a repeated call gets the first result.

    ::

        @adorm.idempotent(key=lambda event: event["order_id"])
        async def handler(event, context, db): ...

    While the function runs, another call with the key raises `IdempotencyInProgress`. If the
    function fails or is cancelled, the key is free again, and the next call runs it. What it had
    done by then stays done: do things in an order that allows a second run, or in one transaction.
    If a run vanishes with its process, the next call after its lease runs the function again. A run
    costs two writes, a repeated call one.

    A result is plain JSON data (None, bool, int, float, str, lists, dicts with text keys) or of a
    type that adorm can store, which the return annotation or `result` names. It reads back equal,
    or is refused. The record has at most DynamoDB's 400 KB.

    Args:
        key: an argument's name, or a function whose parameters have the names of arguments. It
            gives text, a number, a UUID, or a tuple of them. Only a hash of it is stored.
        payload: as `key`, but it gives plain data, which has to be the same in a repeated call.
            Only a hash of it is stored.
        db: the database, or a function that gives it, of one argument or of none; by default the
            `Database` among the arguments.
        table: the table's name; by default that of `IdempotencyRecord`. The table is made by `await
            db.ensure_table(IdempotencyRecord)`.
        name: the function's name in its records; by default its module and qualified name. A
            function with another name knows nothing of earlier calls.
        lease_s: the longest time in seconds for which a run holds its key; what the run does by
            adorm ends then. By default the time that is left until the deadline (`adorm.deadline`,
            the time of a Lambda function), or 60 s without one. Never longer than that deadline.
        expires_after_s: seconds for which a result is kept, from the end of the run; a day by
            default.
        result: the type of the result, if the annotation does not name it.

    Raises (when called):
        IdempotencyInProgress: another run holds the key; `lease_ends_at` and `retry_after_s` tell
            how long at most.
        IdempotencyMismatch: the key was used with another payload.
        ResultNotStored: the function has run, but its result, `.result`, could not be stored.
        UsageError: the key is not of these types, there is no database, or a result of this type
            can't be stored. The function was not run.
    """
    if lease_s is not None:
        seconds("idempotent(lease_s=...)", lease_s, most=MAX_S)
    seconds("idempotent(expires_after_s=...)", expires_after_s, most=MAX_S)

    def decorate(
        function: Callable[P, Coroutine[Any, Any, T]],
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        if not inspect.iscoroutinefunction(function):
            raise UsageError(f"@adorm.idempotent stands above an async def, not {function!r}")
        function_name = name or f"{function.__module__}.{function.__qualname__}"
        call = CallArguments(function, name=function_name, key=key, payload=payload, db=db)
        results = ResultFormat(function, function_name, result)

        @functools.wraps(function)
        async def run_once(*args: P.args, **kwargs: P.kwargs) -> T:
            arguments = call.bound(args, kwargs)
            record_id, payload_hash = call.record_id(arguments), call.payload_hash(arguments)
            database = call.database(arguments)
            codec = database.codec
            results.check(codec)
            left_s = remaining_s()
            longest_s = DEFAULT_LEASE_S if lease_s is None and left_s == math.inf else lease_s
            longest_s = min(longest_s or MAX_S, max(left_s, 0.0))
            lease = KeyLease(
                database, table, record_id, payload_hash, lease_s=longest_s, keep_s=expires_after_s
            )
            done = await lease.take()
            if done is not None:
                if done.result is None:
                    raise ResultNotStored(
                        f"{record_id}: the function has run before, but its result could not be "
                        "stored"
                    )
                earlier: T = results.read(codec, done.result)
                return earlier
            try:
                time_s = lease.remaining_s()
                if time_s <= 0:
                    raise DeadlineExceeded(
                        f"{record_id}: its lease of {longest_s:g} s was over before the function "
                        "began: lease for longer"
                    )
                async with deadline(time_s):
                    value = await function(*args, **kwargs)
            except (Exception, asyncio.CancelledError) as error:
                await lease.free(error)
                raise
            try:
                text = results.write(codec, value)
            # also of the user's hooks; the function has run
            except Exception as error:  # noqa: BLE001
                await lease.finish(None, value, because=error)
            else:
                await lease.finish(text, value)
            return value

        return run_once

    return decorate
