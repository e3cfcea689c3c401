"""A database that outlives its event loop, and one that nobody closes."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import adorm
from adorm.errors import UsageError
from adorm.memory.engine import Engine
from adorm.testing import LocalDynamoDB, Recorder
from adorm.transport.credentials.credentials import Credentials
from tests.support.certificates import make_certificates
from tests.support.loopback import LoopbackServer
from tests.support.shop import Counter
from tests.support.wired import KEY


def wire(local: LocalDynamoDB, account: str, **options: Any) -> adorm.Database:
    return adorm.connect(
        endpoint_url=local.endpoint_url,
        region="eu-central-1",
        credentials=Credentials(account, "a-secret"),
        **options,
    )


@contextmanager
def no_warnings() -> Generator[None, None, None]:
    """Not even from what is collected meanwhile."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(each.message) for each in caught] == []


ENGINES: dict[str, Callable[[LocalDynamoDB], adorm.Database]] = {
    "wire": lambda local: wire(local, "AKLOOPS"),
    "memory": lambda _: adorm.connect("memory"),
    "moto": lambda _: adorm.connect("moto"),
    "a shared engine": lambda _: adorm.connect(Engine()),
    "wrapped": lambda _: adorm.connect("memory", wrap=Recorder()),
    "limited, hedged and hooked": lambda local: wire(
        local,
        "AKLOOPSTWO",
        rate_limit=adorm.AdaptiveRateLimit(),
        hedge=adorm.Hedge(min_samples=1),
        hooks=[adorm.CallHooks(after_call=print)],
    ),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("last", ["close in a third loop", "close in its own loop"])
def test_each_asyncio_run_may_use_it_and_data_stay(
    engine: str, last: str, local_dynamodb: LocalDynamoDB
) -> None:
    db = ENGINES[engine](local_dynamodb)
    counters = db.table(Counter)

    async def first() -> None:
        await db.ensure_table(Counter)
        await counters.put(Counter(name="a", value=1))
        await db.gather(*(counters.get("a") for _ in range(4)))

    async def second() -> None:
        assert (await counters.get("a")).value == 1
        assert len(await counters.scan().segments(3)) == 1
        async with db.transaction() as tx:
            tx.update(Counter, "a").add(Counter.value, 1)
        if last == "close in its own loop":
            await db.close()

    with no_warnings():
        asyncio.run(first())
        asyncio.run(second())
        if last == "close in a third loop":
            asyncio.run(db.close())
        assert db.closed
        with pytest.raises(UsageError, match="closed"):
            asyncio.run(first())


def test_the_block_may_be_left_in_a_later_loop(local_dynamodb: LocalDynamoDB) -> None:
    db = wire(local_dynamodb, "AKLOOPSTHREE")
    with no_warnings():
        asyncio.run(db.__aenter__())
        asyncio.run(as_coroutine(db.ensure_table(Counter)))
        asyncio.run(db.__aexit__(None, None, None))
    assert db.closed


async def called(operation: Callable[[], Any]) -> Any:
    return await operation()


async def as_coroutine(operation: Any) -> Any:
    return await operation


def test_over_tls_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = make_certificates(tmp_path, "localhost")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates.bundle))
    databases: list[adorm.Database] = []

    async def use() -> None:
        async with LoopbackServer(tls=certificates.server) as server:
            if not databases:
                url = server.url.replace("127.0.0.1", "localhost")
                databases.append(
                    adorm.connect(endpoint_url=url, region="eu-central-1", credentials=KEY)
                )
                await databases[0].call("GetItem", {"TableName": "orders"})

    with no_warnings():
        asyncio.run(use())
        asyncio.run(databases[0].close())


def test_beside_a_loop_that_is_not_closed_it_is_refused(local_dynamodb: LocalDynamoDB) -> None:
    db = wire(local_dynamodb, "AKLOOPSFOUR")
    loop = asyncio.new_event_loop()
    loop.run_until_complete(db.open())
    for use in (db.open, db.close, lambda: db.call("ListTables", {})):
        with pytest.raises(UsageError, match="another event loop, which is not closed"):
            asyncio.run(called(use))
    loop.run_until_complete(db.close())
    loop.close()


# ---- dropped


def test_one_that_is_dropped_open_warns_and_closes_its_sockets() -> None:
    async def main() -> None:
        async with LoopbackServer() as server:
            db = adorm.connect(endpoint_url=server.url, region="eu-central-1", credentials=KEY)
            await db.call("GetItem", {"TableName": "orders"})
            assert server.open_connections == 1
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                del db
                gc.collect()
            assert [each.category for each in caught] == [ResourceWarning]
            async with asyncio.timeout(5):
                await server.all_closed()

    asyncio.run(main())


def test_one_that_is_dropped_after_its_loop_warns_and_closes_its_sockets(
    local_dynamodb: LocalDynamoDB,
) -> None:
    db = wire(local_dynamodb, "AKLOOPSSIX")
    asyncio.run(as_coroutine(db.ensure_table(Counter)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del db
        gc.collect()
    assert [str(each.message) for each in caught] == [
        "<adorm.Database, open> was dropped without close(): its connections are closed now"
    ]


def test_one_without_connections_is_dropped_in_silence(local_dynamodb: LocalDynamoDB) -> None:
    with no_warnings():
        for db in (adorm.connect("memory"), wire(local_dynamodb, "AKLOOPSSEVEN")):
            asyncio.run(db.open())
        del db
