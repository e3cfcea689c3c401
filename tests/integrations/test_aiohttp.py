"""aiohttp: the cleanup context, the middleware and pages, by aiohttp's own test client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

import adorm
from adorm.deadlines import remaining_s
from adorm.integrations.aiohttp import (
    DATABASE,
    adorm_context,
    adorm_middleware,
    database,
    page_response,
    paging,
    table,
)
from adorm.testing import Faults
from tests.integrations.shop import Order, some_orders

pytestmark = pytest.mark.anyio

Client = TestClient[web.Request, web.Application]


class Service:
    """An application on a memory engine with faults, and what its handlers saw."""

    def __init__(self, *, deadline_s: float | None = None) -> None:
        self.faults = Faults()
        self.left_s: list[float] = []
        self.app = web.Application(middlewares=[adorm_middleware(deadline_s=deadline_s)])
        self.app.cleanup_ctx.append(
            adorm_context(
                lambda: adorm.connect("memory", wrap=self.faults),
                models=[Order],
                ensure_tables=True,
            )
        )
        inner = web.Application()
        inner.router.add_get("/count", self.count)
        self.app.add_subapp("/inner", inner)
        self.app.router.add_get("/orders/{customer_id}/{order_id}", self.get)
        self.app.router.add_get("/orders/{customer_id}", self.page)
        self.app.router.add_get("/ids/{customer_id}", self.ids)
        self.app.router.add_post("/orders/{customer_id}/{order_id}", self.create)
        self.app.router.add_put("/orders/{customer_id}/{order_id}", self.save)
        self.app.router.add_get("/mistake", self.mistake)
        self.app.router.add_get("/stranger", self.stranger)
        self.app.router.add_get("/refused", self.refused)
        self.app.router.add_get("/broken", self.broken)
        self.app.router.add_get("/group/{customer_id}", self.group)
        self.app.router.add_get("/socket", self.socket)

    async def get(self, request: web.Request) -> web.Response:
        self.left_s.append(remaining_s())
        order = await table(request, Order).get(
            request.match_info["customer_id"], request.match_info["order_id"]
        )
        return web.json_response(adorm.to_plain(order))

    async def page(self, request: web.Request) -> web.Response:
        wanted = paging(request, default_limit=2)
        query = table(request, Order).query(request.match_info["customer_id"]).limit(wanted.limit)
        return page_response(await query.page(wanted.cursor))

    async def ids(self, request: web.Request) -> web.Response:
        return page_response(
            await table(request, Order).query(request.match_info["customer_id"]).page(),
            lambda order: order.order_id,
        )

    async def create(self, request: web.Request) -> web.Response:
        order = await table(request, Order).create(order_of(request))
        return web.json_response(adorm.to_plain(order), status=201)

    async def save(self, request: web.Request) -> web.Response:
        order = order_of(request)
        order.version = int(await request.text())
        await table(request, Order).save(order)
        return web.Response()

    async def count(self, request: web.Request) -> web.Response:
        return web.json_response(await database(request).table(Order).scan().count())

    async def mistake(self, request: web.Request) -> web.Response:
        await table(request, Order).query().where(Order.version == 1)
        return web.Response()

    async def stranger(self, request: web.Request) -> web.Response:
        raise ZeroDivisionError("a bug of the user's own")

    async def refused(self, request: web.Request) -> web.Response:
        raise web.HTTPForbidden

    async def broken(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"a row\n")
        await table(request, Order).get("c1", "none")
        return response

    async def group(self, request: web.Request) -> web.Response:
        orders = table(request, Order)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(one(orders, request.match_info["customer_id"], "none"))
        return web.Response()

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.left_s.append(remaining_s())
        await socket.close()
        return socket


def order_of(request: web.Request) -> Order:
    return Order(
        customer_id=request.match_info["customer_id"], order_id=request.match_info["order_id"]
    )


async def one(orders: adorm.Table[Order], customer_id: str, order_id: str) -> Order:
    return await orders.get(customer_id, order_id)


@asynccontextmanager
async def served(service: Service) -> AsyncGenerator[Client]:
    async with TestClient(TestServer(service.app)) as client:
        for order in some_orders(5):
            await service.app[DATABASE].table(Order).create(order)
        yield client


@pytest.fixture
def service() -> Service:
    return Service(deadline_s=30)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[Client]:
    async with served(service) as client:
        yield client


async def assert_problem(answer: ClientResponse, status: int, code: str) -> dict[str, Any]:
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    text = await answer.text()
    body: dict[str, Any] = await answer.json(content_type=None)
    assert (body["status"], body["code"]) == (status, code)
    assert not any(word in text for word in ("orders", "Order", "c1", "o00"))
    return body


async def test_a_list_is_read_page_by_page(client: Client) -> None:
    seen: list[str] = []
    params: dict[str, str] = {}
    while True:
        page = await (await client.get("/orders/c1", params=params)).json()
        seen += [order["order_id"] for order in page["items"]]
        assert page["count"] == len(page["items"]) <= 2
        if page["cursor"] is None:
            break
        params = {"cursor": page["cursor"]}
    assert seen == [f"o{number:03}" for number in range(5)]
    assert (await (await client.get("/ids/c1")).json())["items"] == seen


async def test_the_limit_has_bounds(client: Client) -> None:
    assert (await (await client.get("/orders/c1?limit=100")).json())["count"] == 5
    for limit in ("0", "101", "-1", "x", "", "٣", "9" * 5000):
        answer = await client.get("/orders/c1", params={"limit": limit})
        body = await assert_problem(answer, 400, "bad-limit")
        assert body["detail"] == "limit is a whole number from 1 to 100."
    with pytest.raises(adorm.UsageError, match="the default not above the most"):
        paging(make_mocked_request("GET", "/"), default_limit=11, max_limit=10)


async def test_errors_are_problem_details(client: Client, service: Service) -> None:
    await assert_problem(await client.get("/orders/c1/none"), 404, "not-found")
    await assert_problem(await client.post("/orders/c1/o000"), 409, "already-exists")
    await assert_problem(await client.put("/orders/c1/o000", data=b"7"), 409, "version-conflict")
    await assert_problem(
        await client.put("/orders/c1/o000", data=b"7", headers={"IF-MATCH": '"7"'}),
        412,
        "version-conflict",
    )
    await assert_problem(await client.get("/orders/c1?cursor=nonsense"), 400, "bad-cursor")
    await assert_problem(await client.get("/group/c1"), 404, "not-found")
    service.faults.on("GetItem").refuse("ThrottlingException")
    throttled = await client.get("/orders/c1/o000")
    await assert_problem(throttled, 503, "throttled")
    assert throttled.headers["Retry-After"] == "1"


async def test_a_mistake_of_the_servers_is_logged_and_tells_nothing(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    await assert_problem(await client.get("/mistake"), 500, "internal")
    (record,) = [record for record in caplog.records if record.name == "aiohttp.server"]
    assert record.exc_info is not None
    assert record.exc_info[0] is adorm.UsageError


async def test_other_errors_stay_aiohttps(client: Client) -> None:
    assert (await client.get("/stranger")).status == 500
    assert (await client.get("/refused")).status == 403


async def test_an_error_in_the_middle_of_a_response_ends_the_connection(client: Client) -> None:
    answer = await client.get("/broken")
    assert answer.status == 200
    with pytest.raises(Exception, match=r"payload|Connection|TransferEncoding"):
        await answer.read()


async def test_a_request_that_takes_too_long_is_504() -> None:
    service = Service(deadline_s=0.2)
    async with served(service) as client:
        hold = service.faults.on("GetItem").hold()
        await assert_problem(await client.get("/orders/c1/o000"), 504, "deadline-exceeded")
        assert hold.waiting == 0


async def test_each_request_has_the_whole_deadline_and_a_websocket_none(
    client: Client, service: Service
) -> None:
    for _ in range(2):
        await client.get("/orders/c1/o000")
    socket = await client.ws_connect("/socket")
    await socket.receive()
    await socket.close()
    first, second, in_socket = service.left_s
    assert 0 < first <= 30
    assert 0 < second <= 30
    assert in_socket == float("inf")
    with pytest.raises(adorm.UsageError, match="deadline_s=0"):
        adorm_middleware(deadline_s=0)


async def test_a_subapplication_sees_the_database_of_the_one_around_it(client: Client) -> None:
    assert await (await client.get("/inner/count")).json() == 5


async def test_the_database_is_closed_with_the_application(service: Service) -> None:
    async with served(service):
        db = service.app[DATABASE]
    with pytest.raises(adorm.UsageError, match="closed"):
        await db.table(Order).get("c1", "o1")


async def test_without_a_database_the_application_says_what_is_missing() -> None:
    with pytest.raises(adorm.UsageError, match="cleanup_ctx"):
        database(make_mocked_request("GET", "/"))


async def test_a_test_may_bring_its_own_database() -> None:
    service = Service()
    service.app.cleanup_ctx.clear()
    async with adorm.connect("memory") as db:
        await db.create_table(Order)
        service.app[DATABASE] = db
        async with TestClient(TestServer(service.app)) as client:
            assert (await client.post("/orders/c1/o1")).status == 201
