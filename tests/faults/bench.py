"""A database whose server fails as a test says, and a second way to its table that never fails.

    async with bench() as world:
        await world.counters.put(Counter(name="a"))             # by `direct`: no server, no fault
        world.script("UpdateItem", LOST_ANSWER)
        await world.db.table(Counter).update("a").add(Counter.value, 5)

Only the waits between attempts move the clock. Every wait is half of the longest one: 0.025, 0.05,
0.1, 0.2 s.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import anyio
import attrs

import adorm
from adorm.clock import use_clock
from adorm.dynamodb.values import AttributeMap
from adorm.items.key_encoding import encode_key
from adorm.retry import QUOTA_TOKENS
from adorm.testing.clock import FakeClock
from adorm.transport.base import Answer, Request, Transport
from adorm.transport.errors import service_error
from tests.support.fake_table import FakeTable
from tests.support.loopback import (
    HTML_500,
    MALFORMED_JSON,
    NOT_HTTP,
    THROTTLED,
    WRONG_CRC,
    Drop,
    LoopbackServer,
    Reply,
    ServiceFault,
    Step,
)
from tests.support.shop import Bare, Counter, Order, Receipt

WAITS = [0.025, 0.05, 0.1, 0.2]
"""The waits between five attempts, in seconds: `RetryPolicy()` with `random=lambda: 0.5`."""
ATTEMPTS = 5
TIME_LIMIT_S = 10.0


@adorm.model(table="tickets")
class Ticket:
    """A model with a generated id and without timestamps."""

    ticket_id: UUID = adorm.partition_key(factory=adorm.uuid7)
    title: str = ""


@adorm.model(table="leases")
class Lease:
    """A model with the time of its first write, but not of the last one."""

    name: str = adorm.partition_key()
    state: str = "free"
    created_at: datetime = adorm.created_at()
    version: int = adorm.version()


@adorm.model(table="entries")
class Entry:
    """A small model, for tests that write thousands of items."""

    book: str = adorm.partition_key()
    page: str = adorm.sort_key()
    value: int = 0


MODELS: tuple[type[Any], ...] = (Order, Counter, Receipt, Ticket, Lease, Entry, Bare)


class SteppingClock(FakeClock):
    """A clock that lets a test do something during the waits."""

    def __init__(self) -> None:
        super().__init__()
        self.during_wait: Callable[[], Awaitable[None]] | None = None
        """A function that is called once, in the next wait."""
        self._start = self.now()

    def rewind(self) -> None:
        """Go back to the start of the day, as if nothing had been waited for."""
        self._now = self._start
        self.sleeps.clear()

    async def sleep(self, delay_s: float, /) -> None:
        await super().sleep(delay_s)
        between, self.during_wait = self.during_wait, None
        if between is not None:
            await between()


class DirectTransport(Transport):
    """A transport to the table itself, without a server in between."""

    def __init__(self, table: FakeTable) -> None:
        self._table = table

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        answer = self._table(operation, dict(request))
        if isinstance(answer, ServiceFault):
            raise service_error(
                {"__type": answer.code, "message": answer.message, **answer.extra},
                operation=operation,
                status=answer.status,
            )
        return answer


@attrs.frozen
class Fault:
    """A fault of an attempt, and what follows from it."""

    name: str
    step: Step
    applied: bool
    """Whether the table got the request."""
    ambiguous: bool = True
    """Whether the client can't know what `applied` says."""
    error: type[adorm.AdormError] = adorm.ConnectionFailed
    """The error that is raised if no attempt follows."""
    in_series: bool = True
    """Whether it is also tried at two attempts, and at all of them.

    Faults that differ from another one only on the wire are not.
    """


def _internal(*, applied: bool) -> ServiceFault:
    return ServiceFault("InternalServerError", "something broke", status=500, applied=applied)


LOST_ANSWER = Drop("request", applied=True)
LOST_REQUEST = Drop("request", applied=False)

FAULTS: Sequence[Fault] = (
    Fault("throttled", THROTTLED, applied=False, ambiguous=False, error=adorm.Throttled),
    Fault(
        "500 before it was applied",
        _internal(applied=False),
        applied=False,
        error=adorm.ServiceError,
    ),
    Fault(
        "500 after it was applied", _internal(applied=True), applied=True, error=adorm.ServiceError
    ),
    Fault("500 with HTML", HTML_500, applied=False, error=adorm.ServiceError, in_series=False),
    Fault("closed after the headers", Drop("headers"), applied=False),
    Fault("closed before it was applied", LOST_REQUEST, applied=False),
    Fault("closed after it was applied", LOST_ANSWER, applied=True),
    Fault(
        "reset after it was applied",
        Drop("request", applied=True, reset=True),
        applied=True,
        in_series=False,
    ),
    Fault("closed in the status line", Drop("status line"), applied=True, in_series=False),
    Fault("closed in the answer's headers", Drop("answer headers"), applied=True, in_series=False),
    Fault("closed in the answer's body", Drop("half the body"), applied=True),
    Fault("wrong CRC after it was applied", WRONG_CRC, applied=True),
    Fault(
        "malformed JSON after it was applied",
        attrs.evolve(MALFORMED_JSON, applied=True),
        applied=True,
    ),
    Fault(
        "no HTTP after it was applied",
        attrs.evolve(NOT_HTTP, applied=True),
        applied=True,
        in_series=False,
    ),
    Fault(
        "204 after it was applied",
        Reply(b"", status=204, applied=True),
        applied=True,
        in_series=False,
    ),
)
FAULT = {fault.name: fault for fault in FAULTS}


def faults_and_times() -> Iterator[tuple[Fault, int]]:
    """Each fault at the first attempt; most at the first two, and at all of them."""
    for fault in FAULTS:
        for times in (1, 2, ATTEMPTS) if fault.in_series else (1,):
            yield fault, times


@attrs.frozen(eq=False)
class World:
    """A database on a failing way to a table, and a direct way to the same table."""

    table: FakeTable
    server: LoopbackServer
    clock: SteppingClock
    db: adorm.Database
    direct: adorm.Database

    def script(self, operation: str, *steps: Step) -> None:
        self.server.script(operation, *steps)

    @property
    def requests(self) -> int:
        """Requests that reached the server, also those that it did not read to their end."""
        return self.server._calls.total()

    @property
    def writes(self) -> int:
        """Writes that the table applied."""
        return len(self.table.writes)

    def restart(self) -> None:
        """Begin anew: clock, counts and retry quota. Stored items and connections stay."""
        self.clock.rewind()
        self.server.requests.clear()
        self.server._calls.clear()
        self.table.writes.clear()
        if self.db._calls is not None:
            self.db._calls.quota.give_back(QUOTA_TOKENS)

    @property
    def sleeps(self) -> list[float]:
        return self.clock.sleeps

    def stored(self, key: adorm.Key[Any]) -> AttributeMap | None:
        """The item as it is stored."""
        return self.table.item(str(key.info.table), encode_key(key, self.direct.codec))


@asynccontextmanager
async def bench(**options: Any) -> AsyncGenerator[World]:
    """A world with every table in it; `options` are `connect`'s."""
    clock = SteppingClock()
    table = FakeTable()
    await table.open()
    direct = adorm.Database(lambda: DirectTransport(table), {"clock": clock})
    with use_clock(clock), anyio.fail_after(TIME_LIMIT_S):
        for model in MODELS:
            await direct.create_table(model, time_to_live=False)
        settings: dict[str, Any] = {"region": "eu-central-1", "clock": clock, "random": lambda: 0.5}
        async with (
            LoopbackServer(table) as server,
            adorm.connect(endpoint_url=server.url, **(settings | options)) as db,
        ):
            clock.sleeps.clear()
            yield World(table, server, clock, db, direct)
    await direct.close()
    await table.close()
