"""Clients that go away in the middle of a request leave no task, no connection that is taken, and
none that is spoilt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, cast

import anyio
import pytest
import uvicorn
from aiohttp import web
from anyio.lowlevel import checkpoint
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse

import adorm
from adorm.integrations import aiohttp as with_aiohttp
from adorm.integrations.fastapi import AdormMiddleware, lifespan, table
from tests.integrations.shop import Order
from tests.support.aftermath import check_usable
from tests.support.environment import LOOPS
from tests.support.loopback import Body, LoopbackServer, ServiceFault, Silence

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(30)]

ITEM = adorm.to_attribute_map(Order(customer_id="c1", order_id="o1", version=1))
MOST_TURNS = 10_000
STILL_TURNS = 300


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


def answer(operation: str, request: Body) -> Body | ServiceFault:
    match operation:
        case "GetItem":
            return {"Item": ITEM}
        case "Query":
            return {
                "Items": [ITEM],
                "Count": 1,
                "LastEvaluatedKey": {name: ITEM[name] for name in ("customer_id", "order_id")},
            }
        case "ListTables":
            return {"TableNames": []}
        case _:
            return {}


class Service:
    """A service under test: where it listens, and how its handlers ended."""

    def __init__(self, dynamodb: LoopbackServer, max_connections: int) -> None:
        self.dynamodb = dynamodb
        self.ends: list[str] = []
        self.ended = asyncio.Event()
        self.port = 0
        self.db = adorm.connect(
            region="eu-central-1", endpoint_url=dynamodb.url, max_connections=max_connections
        )
        self.before: set[asyncio.Task[object]] = set()

    @asynccontextmanager
    async def watched(self) -> AsyncGenerator[None]:
        end = "cancelled"
        try:
            yield
            end = "finished"
        except Exception as error:
            end = type(error).__name__
            raise
        finally:
            self.ends.append(end)
            self.ended.set()

    async def hear_of_an_end(self) -> str:
        await self.ended.wait()
        self.ended.clear()
        return self.ends[-1]

    async def settled(self) -> None:
        """Wait until no task of a request is left, then look at the pool."""
        for _ in range(MOST_TURNS):
            if asyncio.all_tasks() <= self.before:
                break
            await checkpoint()
        assert asyncio.all_tasks() <= self.before
        await check_usable(self.db)


async def read_order(orders: adorm.Table[Order], what: str) -> str:
    if what == "get":
        return (await orders.get("c1", "o1")).order_id
    if what == "create":
        return (await orders.create(Order(customer_id="c1", order_id="o2"))).order_id
    async with orders.query("c1").stream() as rows:
        count = 0
        async for _ in rows:
            count += 1
            if count == 4:
                break
    return str(count)


@asynccontextmanager
async def fastapi(service: Service) -> AsyncGenerator[None]:
    app = FastAPI(lifespan=lifespan(lambda: service.db, models=[Order]))
    app.add_middleware(AdormMiddleware, deadline_s=20)

    @app.get("/{what}")
    async def get(what: str, orders: Annotated[adorm.Table[Order], Depends(table(Order))]) -> str:
        async with service.watched():
            return await read_order(orders, what)

    @app.get("/streamed/{form}")
    async def rows(
        form: str, orders: Annotated[adorm.Table[Order], Depends(table(Order))], padding: int = 0
    ) -> StreamingResponse:
        def line(order: Order) -> str:
            return f"{order.order_id}\n{'x' * padding}"

        async def ahead() -> AsyncIterator[str]:
            async with service.watched(), orders.query("c1").stream() as rows:
                async for order in rows:
                    yield line(order)

        async def on_demand() -> AsyncIterator[str]:
            async with service.watched():
                async for order in orders.query("c1"):
                    yield line(order)

        return StreamingResponse(ahead() if form == "ahead" else on_demand())

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, loop="none"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        while not server.started:  # it tells nobody
            await checkpoint()
        service.port = server.servers[0].sockets[0].getsockname()[1]
        yield
        server.should_exit = True


def aiohttp(*, cancels: bool) -> Callable[[Service], Any]:
    @asynccontextmanager
    async def serve(service: Service) -> AsyncGenerator[None]:
        app = web.Application(middlewares=[with_aiohttp.adorm_middleware(deadline_s=20)])
        app.cleanup_ctx.append(with_aiohttp.adorm_context(lambda: service.db, models=[Order]))

        async def get(request: web.Request) -> web.Response:
            async with service.watched():
                return web.Response(
                    text=await read_order(
                        with_aiohttp.table(request, Order), request.match_info["what"]
                    )
                )

        app.router.add_get("/{what}", get)
        runner = web.AppRunner(app, handler_cancellation=cancels)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            service.port = runner.addresses[0][1]
            yield
        finally:
            await runner.cleanup()

    return serve


@asynccontextmanager
async def serving(
    serve: Callable[[Service], Any], *, max_connections: int = 2
) -> AsyncGenerator[Service]:
    async with AsyncExitStack() as stack:
        dynamodb = await stack.enter_async_context(LoopbackServer(answer))
        service = Service(dynamodb, max_connections)
        await stack.enter_async_context(serve(service))
        await ask(service, "get")
        await service.hear_of_an_end()
        for _ in range(100):
            await checkpoint()
        service.before = asyncio.all_tasks()
        yield service


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")


async def begin(service: Service, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(f"GET /{path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
    return reader, writer


async def ask(service: Service, path: str) -> bytes:
    """The status of a whole request, on a connection of its own."""
    reader, writer = await begin(service, path)
    status = await reader.readline()
    writer.close()
    return status.strip()


# ---- where the server lets the handler go on


@pytest.mark.parametrize("what", ["get", "create", "stream"])
@pytest.mark.parametrize("serve", [fastapi, aiohttp(cancels=False)], ids=["uvicorn", "aiohttp"])
async def test_a_handler_that_is_not_cancelled_finishes_alone(
    serve: Callable[[Service], Any], what: str
) -> None:
    async with serving(serve) as service:
        connections = service.dynamodb.connections
        operation = {"get": "GetItem", "create": "PutItem", "stream": "Query"}[what]
        service.dynamodb.script(operation, Silence())
        before = len(service.dynamodb.requests)
        _, writer = await begin(service, what)
        await service.dynamodb.received(before + 1)
        writer.transport.abort()
        for _ in range(50):
            await checkpoint()
        assert service.ends == ["finished"]
        service.dynamodb.release()
        assert await service.hear_of_an_end() == "finished"
        await service.settled()
        assert service.dynamodb.connections <= connections + (what == "stream")
        assert (await ask(service, "get")).endswith(b"200 OK")


# ---- where it cancels


@pytest.mark.parametrize("what", ["get", "create", "stream"])
async def test_a_cancelled_handler_leaves_nothing_behind(what: str) -> None:
    async with serving(aiohttp(cancels=True)) as service:
        operation = {"get": "GetItem", "create": "PutItem", "stream": "Query"}[what]
        for round_ in range(1, 4):
            service.dynamodb.script(operation, Silence())
            before = len(service.dynamodb.requests)
            _, writer = await begin(service, what)
            await service.dynamodb.received(before + 1)
            writer.transport.abort()
            assert await service.hear_of_an_end() == "cancelled"
            await service.settled()
            assert service.dynamodb.open_connections <= 2
            assert (await ask(service, "get")).endswith(b"200 OK")
            assert await service.hear_of_an_end() == "finished"
            assert service.ends.count("cancelled") == round_


@pytest.mark.parametrize("form", ["ahead", "on-demand"])
async def test_a_streamed_response_ends_with_its_client(form: str) -> None:
    async with serving(fastapi) as service:
        reader, writer = await begin(service, f"streamed/{form}")
        await reader.readuntil(b"o1\n")
        service.dynamodb.script("Query", Silence())
        before = len(service.dynamodb.requests)
        await service.dynamodb.received(before + 1)
        writer.transport.abort()
        assert await service.hear_of_an_end() == "cancelled"
        await service.settled()
        await assert_quiet(service)


@pytest.mark.parametrize("form", ["ahead", "on-demand"])
async def test_a_streamed_response_waits_for_a_slow_client_and_ends_with_it(form: str) -> None:
    async with serving(fastapi) as service:
        reader, writer = await begin(service, f"streamed/{form}?padding=1000000")
        await reader.readuntil(b"o1\n")
        cast("asyncio.ReadTransport", writer.transport).pause_reading()
        sent, still = 0, 0
        while still < STILL_TURNS:  # until the sockets' buffers are full
            still = still + 1 if sent == len(service.dynamodb.requests) else 0
            sent = len(service.dynamodb.requests)
            await checkpoint()
        assert service.ends == ["finished"]
        writer.transport.abort()
        assert await service.hear_of_an_end() == "cancelled"
        await service.settled()
        await assert_quiet(service)


async def assert_quiet(service: Service) -> None:
    """Nothing is sent but what is asked for now."""
    sent = len(service.dynamodb.requests)
    assert (await ask(service, "get")).endswith(b"200 OK")
    assert len(service.dynamodb.requests) == sent + 1


async def test_one_that_goes_away_while_it_waits_in_line_passes_its_turn_on() -> None:
    async with serving(aiohttp(cancels=True), max_connections=1) as service:
        service.dynamodb.script("GetItem", Silence())
        before = len(service.dynamodb.requests)
        first, first_writer = await begin(service, "get")
        await service.dynamodb.received(before + 1)
        _, second = await begin(service, "get")
        third, third_writer = await begin(service, "get")
        await in_line(service.db, 2)
        second.transport.abort()
        assert await service.hear_of_an_end() == "cancelled"
        service.dynamodb.release()
        for reader, writer in ((first, first_writer), (third, third_writer)):
            assert (await reader.readline()).strip().endswith(b"200 OK")
            writer.close()
        await service.settled()
        assert service.dynamodb.connections == 1


async def in_line(db: adorm.Database, count: int) -> None:
    """Wait until so many calls wait for a connection."""
    calls = db._calls
    assert calls is not None
    pool: Any = getattr(calls.transport, "_pool", None)
    for _ in range(MOST_TURNS):
        if len(pool._waiters) == count:
            return
        await checkpoint()
    raise AssertionError(f"{pool!r}")


async def test_clients_that_go_away_at_any_moment_leave_nothing_behind() -> None:
    async with serving(aiohttp(cancels=True)) as service:
        for turns in range(60):
            _, writer = await begin(service, ("get", "create", "stream")[turns % 3])
            for _ in range(turns):
                await checkpoint()
            writer.transport.abort()
        for _ in range(50):
            await checkpoint()
        await service.settled()
        assert "cancelled" in service.ends
        assert service.dynamodb.open_connections <= 2
        assert (await ask(service, "get")).endswith(b"200 OK")
