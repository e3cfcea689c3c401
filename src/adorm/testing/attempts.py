"""One request on its way to the engine, and what a fault can do to it there.

A part of a batch may be left unprocessed. DynamoDB does that when capacity runs out, or when an
answer would be larger than 16 MB.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, Literal, Protocol, cast

import attrs
from anyio.lowlevel import checkpoint

from adorm.clock import Clock
from adorm.dynamodb.values import as_json
from adorm.errors import ConnectionFailed, ServiceError, UsageError
from adorm.transport.base import (
    Answer,
    AnswerReader,
    LastCheck,
    Request,
    Transport,
    WrappedTransport,
)

TURNS = 100
"""A cancellation has so many turns of the loop to reach a request, through scopes and groups."""


class Cancellable(Protocol):
    """An `asyncio.Task`, an `anyio.CancelScope`, or another object with `cancel()`."""

    def cancel(self) -> object: ...


@attrs.frozen
class Attempt:
    """One request on its way to the engine, as a fault sees it."""

    operation: str
    request: Request = attrs.field(repr=False)
    """What is sent; not to be changed in place."""
    clock: Clock = attrs.field(repr=False)
    """The connection's clock."""
    _send: Callable[[Request], Awaitable[Answer]] = attrs.field(repr=False)

    async def send(self, request: Request | None = None) -> Answer:
        """Send it on: to the faults that were scripted later, then to the engine.

        `request` is sent instead of its own, if given.
        """
        return await self._send(self.request if request is None else request)


Action = Callable[[Attempt], Awaitable[Answer]]
"""What a fault does: answers, raises, or lets the attempt go on by `await attempt.send()`."""


class FaultyTransport(WrappedTransport):
    """The transport that a database with faults sees."""

    def __init__(
        self,
        engine: Transport,
        met: Callable[[str, Request], Sequence[Action]],
        clock: Clock,
        *,
        faults: object,
    ) -> None:
        """`met(operation, request)` counts a request and gives what happens to it, in order.

        `faults` is only shown.
        """
        super().__init__(engine)
        self._met = met
        self._clock = clock
        self._faults = faults

    def __repr__(self) -> str:
        return f"<{self.inner!r} with {self._faults!r}>"

    async def send(
        self,
        operation: str,
        request: Request,
        read: AnswerReader | None = None,
        last_check: LastCheck | None = None,
        /,
    ) -> Answer:
        """See `Transport.send`. Each action is around the next, the innermost around the engine."""
        actions = self._met(operation, request)

        async def act(position: int, sent: Request) -> Answer:
            if position == len(actions):
                # A reader belongs to the request that it came with.
                reader = read if sent is request else None
                return await self.inner.send(operation, sent, reader, last_check)
            go_on = partial(act, position + 1)
            return await actions[position](Attempt(operation, sent, self._clock, go_on))

        return await act(0, request)


async def lose(attempt: Attempt, *, applied: bool) -> None:
    """Drop the request, or with `applied` its answer or error."""
    if not applied:
        await checkpoint()
        return
    try:
        await attempt.send()
    except (ServiceError, ConnectionFailed):
        return


async def pause(attempt: Attempt, wait: Callable[[], Awaitable[None]], *, applied: bool) -> Answer:
    """Wait before the request, or with `applied` before the engine's answer or error."""
    if not applied:
        await wait()
        return await attempt.send()
    try:
        answer = await attempt.send()
    except (ServiceError, ConnectionFailed):
        await wait()
        raise
    await wait()
    return answer


When = Literal["before", "during", "after"]


async def cancel(attempt: Attempt, target: Cancellable | None, when: When) -> Answer:
    """Cancel `target`, by default the current task; the request waits until that has arrived."""
    cancelled = asyncio.current_task() if target is None else target
    if cancelled is None:  # a callback of the loop awaits nothing
        return await attempt.send()
    if when == "before":
        cancelled.cancel()
        await _arrival()
        return await attempt.send()
    if when == "during":
        # The loop's next turn: the request is out by then, or waits for a connection.
        asyncio.get_running_loop().call_soon(cancelled.cancel)
        return await pause(attempt, _arrival, applied=True)

    async def afterwards() -> None:
        cancelled.cancel()
        await _arrival()

    return await pause(attempt, afterwards, applied=True)


async def _arrival() -> None:
    for _ in range(TURNS):
        await checkpoint()


UNPROCESSED: Mapping[str, str] = {
    "BatchGetItem": "UnprocessedKeys",
    "BatchWriteItem": "UnprocessedItems",
}
"""The operations that may leave something unprocessed, and the member of their answers with it."""

Entries = list[Any]
Size = Callable[[int], int]


def how_many(share: float | None, count: int | None, all_but: int | None) -> Size:
    """A function of the size of a batch that gives how many entries are left unprocessed."""
    if sum(given is not None for given in (share, count, all_but)) != 1:
        raise UsageError(
            "say how much is left unprocessed by one of share=0.3, count=5 and all_but=1"
        )
    if share is not None:
        if not 0 <= share <= 1:
            raise UsageError(f"share={share!r}: a number from 0 to 1")
        # 0.29 * 100 is a little less than 29, because of rounding.
        return lambda total: int(share * total + 1e-9)
    for name, number in (("count", count), ("all_but", all_but)):
        if number is not None and number < 0:
            raise UsageError(f"{name}={number!r}: 0 or more")
    if count is not None:
        return lambda total: min(count, total)
    return lambda total: max(0, total - (all_but or 0))


async def send_in_part(
    operation: str,
    request: Request,
    send: Callable[[Request], Awaitable[Answer]],
    size: Size,
    random: Random,
) -> Answer:
    """Send a batch without some of its entries, and answer that these are unprocessed.

    `size(n)` gives how many of n entries are left, `random` chooses them. Where all are left,
    nothing is sent; DynamoDB would throttle such a batch instead.
    """
    tables: Mapping[str, Any] = request.get("RequestItems") or {}
    positions = [
        (table, index)
        for table, part in tables.items()
        for index in range(len(_entries(operation, part)))
    ]
    left = set(random.sample(positions, size(len(positions))))
    sent: dict[str, Any] = {}
    unprocessed: dict[str, Any] = {}
    for table, part in tables.items():
        entries = list(enumerate(_entries(operation, part)))
        kept = [entry for index, entry in entries if (table, index) not in left]
        left_out = [entry for index, entry in entries if (table, index) in left]
        if kept:
            sent[table] = _with_entries(operation, part, kept)
        if left_out:
            unprocessed[table] = _with_entries(operation, part, left_out)
    answer = await send({**request, "RequestItems": sent}) if sent else {}
    if not sent and operation == "BatchGetItem":
        answer["Responses"] = {}
    member = UNPROCESSED[operation]
    both = dict(answer.get(member) or {})
    for table, part in unprocessed.items():
        before = _entries(operation, both[table]) if table in both else []
        entries = [*before, *as_json(_entries(operation, part))]
        both[table] = _with_entries(operation, part, entries)
    return {**answer, member: both}


def _entries(operation: str, part: Any) -> Entries:
    """The keys, puts and deletes of one table's part of a batch."""
    return cast("Entries", part["Keys"] if operation == "BatchGetItem" else part)


def _with_entries(operation: str, part: Any, entries: Entries) -> Any:
    return {**part, "Keys": entries} if operation == "BatchGetItem" else entries
