"""Loops whose tasks begin at once: `loop.set_task_factory(asyncio.eager_task_factory)`, of Python
3.12 and later."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import adorm
from adorm.errors import ConnectionFailed
from adorm.locks import Lock, LockRecord
from adorm.testing import LocalDynamoDB
from adorm.transport.credentials.credentials import Credentials
from tests.support.loopback import LoopbackServer
from tests.support.shop import Counter
from tests.support.wired import GET, KEY

EAGER: Any = getattr(asyncio, "eager_task_factory", None)


def a_task_factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    """The nearest to eager tasks that every Python has: some factory."""
    return asyncio.Task(coro, loop=loop, **options)


FACTORIES = [pytest.param(a_task_factory, id="some factory")]
if EAGER is not None:
    FACTORIES.append(pytest.param(EAGER, id="eager"))


def run(main: Callable[[], Awaitable[None]], factory: Any) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await main()

    with asyncio.Runner() as runner:
        runner.get_loop().set_task_factory(factory)
        runner.run(bounded())


Found = list[tuple[Any, ...]]


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Have every name lead to these addresses; gives the names that are looked up."""
    asked: list[str] = []
    genuine = socket.getaddrinfo

    def found(host: Any, port: Any, *options: Any, **more: Any) -> Found:
        if host in addresses:
            return list(genuine(host, port, *options, **more))
        asked.append(str(host))
        return [each for address in addresses for each in genuine(address, port, *options, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return asked


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_host_name_is_connected_to(factory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolve(monkeypatch, "127.0.0.1")

    async def main() -> None:
        async with LoopbackServer() as server:
            url = f"http://dynamodb.example:{server.port}"
            async with adorm.connect(
                endpoint_url=url, region="eu-central-1", credentials=KEY
            ) as db:
                await db.call("GetItem", GET)

    run(main, factory)
    assert asked == ["dynamodb.example"]


@pytest.mark.parametrize("factory", FACTORIES)
def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, "127.0.0.2", "127.0.0.1")

    async def main() -> None:
        async with LoopbackServer() as server:
            # takes connections, but accepts none: its line is full
            deaf = socket.socket()
            deaf.bind(("127.0.0.2", server.port))
            deaf.listen(0)
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    filler.connect(("127.0.0.2", server.port))
            url = f"http://dynamodb.example:{server.port}"
            options: dict[str, Any] = {"connect_timeout_s": 1.0, "credentials": KEY}
            async with adorm.connect(endpoint_url=url, region="eu-central-1", **options) as db:
                await db.call("GetItem", GET)
            for each in (*fillers, deaf):
                each.close()

    run(main, factory)


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_host_that_refuses_everywhere_is_a_connection_failed(
    factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, "127.0.0.2", "127.0.0.1")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    async def main() -> None:
        url = f"http://dynamodb.example:{port}"
        policy = adorm.RetryPolicy(max_attempts=1)
        async with adorm.connect(
            endpoint_url=url, region="eu-central-1", credentials=KEY, retry=policy
        ) as db:
            with pytest.raises(ConnectionFailed, match=r"no connection to dynamodb\.example"):
                await db.call("GetItem", GET)

    run(main, factory)


@pytest.mark.parametrize("factory", FACTORIES)
def test_everything_that_starts_tasks_works(factory: Any, local_dynamodb: LocalDynamoDB) -> None:
    async def main() -> None:
        credentials = Credentials(f"AKEAGER{factory.__name__}"[:16].replace("_", ""), "a-secret")
        async with adorm.connect(
            endpoint_url=local_dynamodb.endpoint_url,
            region="eu-central-1",
            credentials=credentials,
            hedge=adorm.Hedge(min_samples=1),
        ) as db:
            await db.ensure_table(Counter)
            await db.ensure_table(LockRecord)
            counters = db.table(Counter)
            await counters.batch_write(puts=[Counter(name=f"c{n}") for n in range(60)])
            assert len(await counters.scan().segments(4)) == 60
            async with counters.scan().segments(4).stream() as rows:
                async for _ in rows:
                    break
            async with counters.scan().stream() as rows:
                assert len([row async for row in rows]) == 60
            got = await db.gather(*(counters.get(f"c{n}") for n in range(20)), limit=5)
            assert [each.name for each in got] == [f"c{n}" for n in range(20)]
            async with counters.loader() as loader:
                assert (await loader.load("c1")) is not None
            async with counters.batch() as batch:
                await batch.put(Counter(name="more"))
            async with Lock(db, "one"):
                pass
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await counters.scan().segments(4)
            assert await counters.scan().for_each(counters_seen) == 61

    async def counters_seen(_counter: Counter) -> None:
        await asyncio.sleep(0)

    run(main, factory)
