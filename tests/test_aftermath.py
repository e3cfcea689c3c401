"""`leaves_nothing_behind` finds what was left behind."""

from __future__ import annotations

import asyncio

import anyio
import pytest

import adorm
from adorm.testing import Faults, Recorder
from adorm.transport.wire.transport import WireTransport
from tests.support.aftermath import check_usable, leaves_nothing_behind
from tests.support.loopback import LoopbackServer
from tests.support.stub_table import Number, StubTable

pytestmark = pytest.mark.anyio


async def stop(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_a_block_that_leaves_nothing_passes_and_its_exception_goes_on() -> None:
    recorder, faults, stub = Recorder(), Faults(), StubTable(10)
    async with adorm.connect("memory", wrap=lambda _: recorder(faults(stub))) as db:
        async with leaves_nothing_behind(recorder, db):
            await db.table(Number).scan()
        with pytest.raises(adorm.ItemNotFound):
            async with leaves_nothing_behind(recorder, db):
                await db.table(Number).get("none")
        async with leaves_nothing_behind(recorder, db):
            with anyio.CancelScope() as scope:
                faults.on("Scan").cancel(scope)
                await db.table(Number).scan()
        assert scope.cancelled_caught


async def test_the_check_is_made_where_the_block_itself_is_cancelled() -> None:
    async with adorm.connect("memory", wrap=StubTable(10).instead_of) as db:
        with anyio.CancelScope() as scope:
            async with leaves_nothing_behind(db=db):
                scope.cancel()
                await db.table(Number).scan()
        assert scope.cancelled_caught


async def test_a_task_that_goes_on_is_found() -> None:
    task: asyncio.Task[object] | None = None
    with pytest.raises(AssertionError, match="these tasks are alive"):
        async with leaves_nothing_behind():
            task = asyncio.ensure_future(anyio.sleep_forever())
    if task is not None:
        await stop(task)


async def test_a_request_in_flight_or_sent_afterwards_is_found() -> None:
    recorder, faults = Recorder(), Faults()
    hold = faults.on("ListTables", call=1).hold()
    go = asyncio.Event()
    async with adorm.connect("memory", wrap=lambda _: recorder(faults(StubTable(10)))) as db:

        async def later(event: asyncio.Event | None) -> None:
            if event is not None:
                await event.wait()
            await db.call("ListTables", {})

        flying = asyncio.ensure_future(later(None))
        await hold.reached()
        with pytest.raises(AssertionError, match="these requests are in flight"):
            async with leaves_nothing_behind(recorder):
                pass
        hold.release()
        await flying
        waiting = asyncio.ensure_future(later(go))  # it was there before, so only its request tells
        with pytest.raises(AssertionError, match="sent after the end of the block"):
            async with leaves_nothing_behind(recorder):
                go.set()
        await waiting


async def test_a_connection_that_is_not_given_back_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    engines: list[WireTransport] = []
    recorder, faults = Recorder(), Faults()

    def wrap(engine: object) -> WireTransport:
        if not isinstance(engine, WireTransport):
            raise TypeError(type(engine))
        engines.append(engine)
        return engine

    async with (
        LoopbackServer(lambda _operation, _body: {"TableNames": []}) as server,
        adorm.connect(
            endpoint_url=server.url,
            region="eu-central-1",
            wrap=lambda engine: recorder(faults(wrap(engine))),
        ) as db,
    ):
        async with leaves_nothing_behind(recorder, db):
            await db.call("ListTables", {})
        pool = engines[0]._pool
        if pool is None:
            raise AssertionError("the wire is open, and so is its pool")
        connection = await pool.acquire()
        with pytest.raises(AssertionError, match="connections were leaked"):
            await check_usable(db)
        pool.release(connection)
        await check_usable(db)
