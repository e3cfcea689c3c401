"""Idempotent functions over random crashes, cancellations, lost answers and clocks: never twice at
a time, always the first result."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import anyio
import attrs
from anyio.lowlevel import checkpoint
from hypothesis import given, settings, strategies as st

import adorm
from adorm.clock import use_clock
from adorm.errors import ConnectionFailed
from adorm.memory.engine import Engine
from adorm.testing import FakeClock
from adorm.transport.base import Answer, Request, Transport, WrappedTransport
from adorm.transport.memory import MemoryTransport

LEASE_S = 20.0
WORKERS = 4
CALLS = 5
SKEW_S = 0.9
"""A machine's clock is at most this much before or behind: two differ by less than the
tolerance."""


class SkewedClock:
    """A machine's own clock: it runs as the world's, and is set wrong."""

    def __init__(self, world: FakeClock, skew_s: float) -> None:
        self._world = world
        self._skew = timedelta(seconds=skew_s)

    def now(self) -> datetime:
        return self._world.now().astimezone(UTC) + self._skew

    def monotonic(self) -> float:
        return self._world.monotonic()

    async def sleep(self, delay_s: float, /) -> None:
        await self._world.sleep(delay_s)


class Process(WrappedTransport):
    """One process's way to the engine that all share; it may die, and with it all that it would
    still send."""

    def __init__(self, engine: Transport, random: Random, clock: FakeClock) -> None:
        super().__init__(engine)
        self._random = random
        self._clock = clock
        self.dead = False
        self.scope = anyio.CancelScope()

    async def close(self) -> None:
        """The engine is shared, and stays open."""

    async def send(self, operation: str, request: Request, /, *_: object) -> Answer:
        for _turn in range(self._random.randrange(3)):
            await checkpoint()
        self._happen()
        if self.dead or self._random.random() < 0.1:
            raise ConnectionFailed("lost", maybe_applied=True)
        answer = await self.inner.send(operation, request)
        self._happen()
        await checkpoint()
        if self.dead or self._random.random() < 0.1:
            raise ConnectionFailed("its answer was lost", maybe_applied=True)
        return answer

    def _happen(self) -> None:
        chance = self._random.random()
        if chance < 0.03:
            self.dead = True
        if chance < 0.08:
            self.scope.cancel()
        elif chance > 0.85:
            self._clock.advance(self._random.uniform(0, LEASE_S / 2))


@attrs.define
class Running:
    """A run of the function as the world sees it."""

    process: Process
    until_s: float
    """When its lease surely is over, by the world's clock."""


class History:
    """What the world saw, and what must hold."""

    def __init__(self, clock: FakeClock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._running: list[Running] = []
        self.runs = 0
        self.first: int | None = None

    async def run(self, process: Process, began_s: float) -> int:
        now_s = self._clock.monotonic()
        for other in self._running:
            assert other.process.dead or other.until_s <= now_s, "two ran at a time, within a lease"
        self.runs += 1
        number, mine = self.runs, Running(process, began_s + LEASE_S)
        self._running.append(mine)
        try:
            for _ in range(self._random.randrange(12)):
                await checkpoint()
                self._clock.advance(self._random.uniform(0, LEASE_S / 3))
            if self._random.random() < 0.2:
                raise LookupError("the function failed")
        finally:
            if not process.dead:
                self._running.remove(mine)
        return number

    def answered(self, result: int) -> None:
        if self.first is None:
            self.first = result
        assert result == self.first, "a completed key gave another result than the first"


async def simulate(seed: int) -> History:
    random, clock = Random(seed), FakeClock()
    engine = MemoryTransport(Engine(now=lambda: clock.now().timestamp()))
    await engine.open()
    history = History(clock, random)
    retry = adorm.RetryPolicy(max_attempts=3, base_delay_s=0.01)

    async def call(process: Process) -> None:
        own_clock = SkewedClock(clock, random.uniform(-SKEW_S, SKEW_S))
        db = adorm.Database(
            lambda: process, {"retry": retry, "clock": own_clock, "random": lambda: 0.5}
        )
        began_s = clock.monotonic()

        @adorm.idempotent(key="number", lease_s=LEASE_S, name="charge", expires_after_s=10**6)
        async def charge(number: int, db: adorm.Database) -> int:
            return await history.run(process, began_s)

        with process.scope:
            try:
                with use_clock(own_clock):
                    result = await charge(1, db)
                if not process.dead:
                    history.answered(result)
            except (
                adorm.IdempotencyInProgress,
                adorm.ResultNotStored,
                ConnectionFailed,
                adorm.DeadlineExceeded,
                LookupError,
            ):
                clock.advance(random.uniform(0, LEASE_S))

    async def work() -> None:
        for _ in range(CALLS):
            await call(Process(engine, random, clock))

    with use_clock(clock):
        async with adorm.Database(lambda: engine) as setup:
            await setup.create_table(adorm.IdempotencyRecord, wait=False)
            with anyio.fail_after(30):
                async with anyio.create_task_group() as tasks:
                    for _ in range(WORKERS):
                        tasks.start_soon(work)
                clock.advance(LEASE_S * 2)
                random = history._random = Random(0.5)
                calm = adorm.idempotent(key="number", lease_s=LEASE_S, name="charge")(final)
                last = await calm(1, setup)
                assert last == (history.first if history.first is not None else last)
    return history


async def final(number: int, db: adorm.Database) -> int:
    return -number


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_it_never_runs_twice_at_a_time_and_every_completed_key_gives_the_first_result(
    seed: int,
) -> None:
    asyncio.run(simulate(seed))


def test_the_schedules_do_what_they_are_for() -> None:
    histories = [asyncio.run(simulate(seed)) for seed in range(12)]
    assert sum(history.runs for history in histories) > len(histories)
    assert any(history.first is not None for history in histories)
