"""The pool over connections that a test makes, gives and breaks by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import anyio
import pytest
from anyio.lowlevel import checkpoint

from adorm.errors import ConnectionFailed, UsageError
from adorm.transport.wire.connection import HttpConnection
from adorm.transport.wire.pool import ConnectionPool
from tests.support.environment import LOOPS

pytestmark = pytest.mark.anyio


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


class PairedTransport(asyncio.Transport):
    """As much of a transport as a connection needs to live and end."""

    def __init__(self, connection: HttpConnection) -> None:
        super().__init__()
        self.connection = connection
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        if not self.closing:
            self.closing = True
            asyncio.get_running_loop().call_soon(self.connection.connection_lost, None)

    def only_close(self) -> None:
        self.closing = True

    def get_extra_info(self, name: str, default: object = None) -> Any:
        return default


class Factory:
    """Opens connections at once, or holds them back while `gate` is shut; `failures` of the next
    ones fail."""

    def __init__(self) -> None:
        self.made: list[HttpConnection] = []
        self.gate = anyio.Event()
        self.gate.set()
        self.attempts = 0
        self.failures = 0

    async def __call__(self, on_lost: Callable[[HttpConnection], None], /) -> HttpConnection:
        self.attempts += 1
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionFailed("no", maybe_applied=False)
        connection = HttpConnection(asyncio.get_running_loop(), read_timeout_s=1, on_lost=on_lost)
        connection.connection_made(PairedTransport(connection))
        self.made.append(connection)
        return connection


def make(max_connections: int = 1, idle_limit_s: float = 60.0) -> tuple[ConnectionPool, Factory]:
    factory = Factory()
    return ConnectionPool(
        factory,
        asyncio.get_running_loop(),
        max_connections=max_connections,
        idle_limit_s=idle_limit_s,
    ), factory


async def take(pool: ConnectionPool) -> HttpConnection:
    return pool.take_idle() or await pool.acquire()


def always(_connection: HttpConnection) -> bool:
    return True


class Line:
    """Tasks that wait for a connection, one begun after the other, and the order in which they got
    one."""

    def __init__(self, pool: ConnectionPool) -> None:
        self.pool = pool
        self.served: list[int] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def join(self, count: int = 1) -> None:
        for _ in range(count):
            self.tasks.append(asyncio.get_running_loop().create_task(self._wait(len(self.tasks))))
            await anyio.wait_all_tasks_blocked()

    async def _wait(self, number: int) -> None:
        connection = await take(self.pool)
        self.served.append(number)
        self.pool.release(connection)

    async def end(self) -> None:
        await asyncio.wait(self.tasks)


async def check_whole(pool: ConnectionPool, limit: int) -> None:
    """Every place can still be had: none leaked, none was made twice."""
    held = [await take(pool) for _ in range(limit)]
    line = Line(pool)
    await line.join()
    assert not line.tasks[0].done(), "more connections than the limit allows"
    for connection in held:
        pool.release(connection)
    await line.end()
    assert line.served == [0]


async def test_first_come_is_first_served() -> None:
    pool, factory = make()
    held = await take(pool)
    line = Line(pool)
    await line.join(6)
    pool.release(held)
    await line.end()
    assert line.served == [0, 1, 2, 3, 4, 5]
    assert len(factory.made) == 1


async def test_a_newcomer_does_not_overtake_the_line() -> None:
    pool, _ = make()
    held = await take(pool)
    line = Line(pool)
    await line.join(2)
    pool.release(held)  # promised to the first in line, which has not run yet
    assert pool.take_idle() is None
    newcomer = Line(pool)
    newcomer.served = line.served
    task = asyncio.get_running_loop().create_task(newcomer._wait(99))
    await asyncio.wait([*line.tasks, task])
    assert line.served == [0, 1, 99]


async def test_the_last_one_used_is_used_next() -> None:
    pool, _ = make(3)
    first, second, third = [await take(pool) for _ in range(3)]
    for connection in (second, third, first):
        pool.release(connection)
    assert [pool.take_idle() for _ in range(3)] == [first, third, second]


async def test_a_waiter_cancelled_in_line_leaves_the_line() -> None:
    pool, _ = make()
    held = await take(pool)
    line = Line(pool)
    await line.join(3)
    line.tasks[0].cancel()
    line.tasks[1].cancel()
    pool.release(held)
    await line.end()
    assert line.served == [2]
    await check_whole(pool, 1)


async def test_a_waiter_cancelled_as_its_turn_comes_passes_it_on() -> None:
    pool, factory = make()
    held = await take(pool)
    line = Line(pool)
    await line.join(3)
    pool.release(held)
    line.tasks[0].cancel()
    await line.end()
    assert line.served == [1, 2]
    assert len(factory.made) == 1
    await check_whole(pool, 1)


async def test_a_waiter_cancelled_as_its_place_comes_passes_it_on() -> None:
    pool, factory = make()
    held = await take(pool)
    line = Line(pool)
    await line.join(3)
    held.abort()
    pool.release(held)  # can't be used any more: the first in line gets the place for a new one
    line.tasks[0].cancel()
    await line.end()
    assert line.served == [1, 2]
    assert len(factory.made) == 2
    await check_whole(pool, 1)


async def test_a_connect_that_is_cancelled_frees_its_place() -> None:
    pool, factory = make()
    factory.gate = anyio.Event()
    line = Line(pool)
    await line.join(3)
    assert factory.attempts == 1, "the limit holds while connections are being made"
    line.tasks[0].cancel()
    await anyio.wait_all_tasks_blocked()
    assert factory.attempts == 2
    factory.gate.set()
    await line.end()
    assert line.served == [1, 2]
    await check_whole(pool, 1)


async def test_a_connect_that_fails_fails_its_caller_and_frees_its_place() -> None:
    pool, factory = make()
    factory.failures = 2
    line = Line(pool)
    await line.join(1)
    with pytest.raises(ConnectionFailed):
        await take(pool)
    with pytest.raises(ConnectionFailed):
        await line.tasks[0]
    await check_whole(pool, 1)


async def test_waiters_behind_a_failed_connect_get_their_own_try() -> None:
    pool, factory = make()
    factory.gate = anyio.Event()
    factory.failures = 1
    line = Line(pool)
    await line.join(3)
    factory.gate.set()
    await line.end()
    assert isinstance(line.tasks[0].exception(), ConnectionFailed)
    assert line.served == [1, 2]
    await check_whole(pool, 1)


async def test_cancelling_at_any_turn_of_the_loop_leaks_nothing() -> None:
    pool, factory = make(2)
    loop = asyncio.get_running_loop()
    for round_ in range(60):
        if round_ % 7 == 0:
            for connection in factory.made:
                connection.abort()
        line = Line(pool)
        for _ in range(5):
            line.tasks.append(loop.create_task(line._wait(len(line.tasks))))
        for turn in range(round_ % 6):
            await asyncio.sleep(0)
            line.tasks[turn % 5].cancel()
        await line.end()
    await check_whole(pool, 2)


async def test_an_idle_connection_that_ends_frees_its_place() -> None:
    pool, factory = make(2)
    held = [await take(pool) for _ in range(2)]
    for connection in held:
        pool.release(connection)
    held[0].abort()
    await checkpoint()
    assert "1 idle, 1 of 2" in repr(pool)
    assert pool.take_idle() is held[1]
    assert len(factory.made) == 2
    pool.release(held[1])
    await check_whole(pool, 2)


async def test_a_connection_promised_to_a_waiter_that_ends_before_is_replaced() -> None:
    pool, factory = make()
    held = await take(pool)
    line = Line(pool)
    await line.join()
    pool.release(held)
    held.abort()
    await line.end()
    assert line.served == [0]
    assert len(factory.made) == 2
    await check_whole(pool, 1)


async def test_connections_idle_for_too_long_are_not_used_again() -> None:
    pool, factory = make(2, idle_limit_s=0.0)
    held = [await take(pool) for _ in range(2)]
    for connection in held:
        pool.release(connection)
    await anyio.sleep(0.002)
    fresh = await take(pool)
    assert fresh not in held
    assert len(factory.made) == 3
    pool.release(fresh)
    pool._idle_limit_s = 60.0
    await check_whole(pool, 2)


async def test_cancelled_while_it_looks_at_an_idle_connection_gives_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool, factory = make()
    pool.release(await take(pool))
    monkeypatch.setattr(HttpConnection, "has_news", always)
    line = Line(pool)
    line.tasks.append(asyncio.get_running_loop().create_task(line._wait(0)))
    await asyncio.sleep(0)
    line.tasks[0].cancel()
    await line.end()
    assert line.served == []
    await check_whole(pool, 1)
    assert len(factory.made) == 1


async def test_close_ends_every_connection_and_fails_who_waits() -> None:
    pool, factory = make()
    held = await take(pool)
    line = Line(pool)
    await line.join(2)
    await pool.close()
    assert not held.usable
    await line.end()
    for task in line.tasks:
        with pytest.raises(UsageError, match="was closed while this call waited"):
            await task
    with pytest.raises(UsageError, match="was closed"):
        await take(pool)
    pool.release(held)
    await pool.close()
    assert len(factory.made) == 1


async def test_a_connection_that_is_ready_after_close_is_closed_too() -> None:
    pool, factory = make()
    factory.gate = anyio.Event()
    line = Line(pool)
    await line.join()
    await pool.close()
    factory.gate.set()
    with pytest.raises(UsageError, match="was closed"):
        await line.tasks[0]
    assert not factory.made[0].usable


async def test_close_does_not_wait_forever_for_a_connection_that_does_not_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adorm.transport.wire.pool.CLOSE_LIMIT_S", 0.01)
    monkeypatch.setattr(PairedTransport, "abort", PairedTransport.only_close)
    pool, _ = make()
    pool.release(await take(pool))
    with anyio.fail_after(5):
        await pool.close()


def test_a_pool_of_nothing_is_refused() -> None:
    loop = cast(asyncio.AbstractEventLoop, None)
    with pytest.raises(UsageError, match="max_connections: expected a whole number, 1 or more"):
        ConnectionPool(Factory(), loop, max_connections=0)
