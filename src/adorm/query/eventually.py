"""`adorm.eventually`: read until a change shows, such as in a global index."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from adorm.checks import seconds
from adorm.clock import current_clock, use_clock
from adorm.deadlines import current_limit, deadline, remaining_s
from adorm.errors import DeadlineExceeded, ItemNotFound, UsageError
from adorm.items.operation import Operation
from adorm.retry import unit_random

T = TypeVar("T")

DEFAULT_WITHIN_S = 10.0
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 1.0
LEAST_LEFT_S = 0.02
"""Seconds; with less time left, no further read begins."""


async def eventually(
    read: Operation[T],
    /,
    *,
    until: Callable[[T], bool | Awaitable[bool]] | None = None,
    within_s: float = DEFAULT_WITHIN_S,
) -> T:
    """Read again and again until the result is as it should be; returns that result.

    A global index shows a write some moments later, and DynamoDB can't say when.

    ::

        await orders.update("c1", "o1").set(Order.status, "paid")
        paid = await adorm.eventually(
            orders.query().where(Order.status == "paid"),
            until=lambda found: any(order.order_id == "o1" for order in found),
            within_s=5,
        )

    Between two reads it waits 0.025 to 0.05 s at first, twice as long each time, up to 0.5 to 1 s;
    half of it is jitter.

    Args:
        read: an operation that reads: a query, a get, a count. `ItemNotFound` means "not yet".
        until: gets the result, and tells whether it is as it should be; may be async. By default
            the result has to be true: an item, a list with something in it, a count above 0.
        within_s: seconds for all of it; `adorm.deadline` may shorten them.

    Raises:
        UsageError: `read` writes, or is no operation of adorm's.
        DeadlineExceeded: the result was not as it should be in time; `.result` is what was read
            last, `.attempts` how often it was read.
        Whatever `read` and `until` raise.
    """
    _check(read, until, within_s)
    connection = read.connection
    random = unit_random if connection is None else connection.random
    clock = current_clock() if connection is None else connection.clock
    last: Any = None
    reads = 0
    missing: ItemNotFound | None = None
    with use_clock(clock):
        async with deadline(within_s):
            while True:
                try:
                    result = await read
                except ItemNotFound as error:
                    missing = error
                except DeadlineExceeded as error:
                    raise _late(read, last, reads) from error
                else:
                    last, missing = result, None
                    if await _holds(until, result):
                        return result
                reads += 1
                left_s = remaining_s()
                if left_s <= LEAST_LEFT_S:
                    raise _late(read, last, reads) from missing
                longest_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(reads - 1, 16))
                # The last waits are shorter, so that there is one more read near the end.
                await clock.sleep(min(longest_s * (0.5 + 0.5 * random()), 0.75 * left_s))


def _check(read: object, until: object, within_s: object) -> None:
    if not isinstance(read, Operation):
        raise UsageError(
            "eventually() takes an operation that reads, such as orders.query(...) without "
            f"`await`, not {type(read).__name__}"
        )
    if not read.only_reads:
        raise UsageError(
            f"eventually() repeats its operation, and {read!r} may write: await that first, "
            "and give the read that follows"
        )
    if until is not None and not callable(until):
        raise UsageError("until= is a function of the result, async or not")
    seconds("within_s", within_s)


async def _holds(until: Callable[[T], bool | Awaitable[bool]] | None, result: T) -> bool:
    if until is None:
        return bool(result)
    holds = until(result)
    return bool(await holds if inspect.isawaitable(holds) else holds)


def _late(read: Operation[Any], last: object, reads: int) -> DeadlineExceeded:
    limit = current_limit()
    within = f" within {limit.seconds:g} s" if limit is not None else ""
    found = ""
    if isinstance(last, list):
        found = f"; the last one found {len(cast('list[object]', last))} items"
    name = type(read).__name__
    subject = read.model_name or "a table"
    return DeadlineExceeded(
        f"eventually, {name} of {subject}: not as it should be{within}, after {reads} reads{found}",
        operation=name,
        attempts=reads,
        result=last,
    )
