"""FastAPI: dependencies, pages, problem details, the deadline, by its own test client and by
httpx."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import anyio
import httpx
import pytest
from fastapi import BackgroundTasks, Body, Depends, FastAPI, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

import adorm
from adorm.deadlines import remaining_s
from adorm.integrations.fastapi import (
    AdormMiddleware,
    CursorPage,
    Paging,
    database,
    lifespan,
    paging,
    problems,
    table,
)
from adorm.testing import Faults
from tests.integrations.clients import Client, idle_client, running
from tests.integrations.shop import Line, Order, some_orders

Orders = Annotated[adorm.Table[Order], Depends(table(Order))]
Db = Annotated[adorm.Database, Depends(database)]


class OrderOut(BaseModel):
    id: str
    items: int

    @classmethod
    def of(cls, order: Order) -> OrderOut:
        return cls(id=order.order_id, items=sum(line.quantity for line in order.lines))


class Service:
    """An application on a memory engine with faults, and what its handlers saw."""

    def __init__(self, *, deadline_s: float | None = None) -> None:
        self.faults = Faults()
        self.lives = 0
        self.left_s: list[float] = []
        self.app = self.application(deadline_s)

    def connect(self) -> adorm.Database:
        self.lives += 1
        return adorm.connect("memory", wrap=self.faults)

    def application(self, deadline_s: float | None) -> FastAPI:
        app = FastAPI(lifespan=lifespan(self.connect, models=[Order], ensure_tables=True))
        app.add_middleware(AdormMiddleware, deadline_s=deadline_s)
        app.add_middleware(CORSMiddleware, allow_origins=["*"])
        self.serve_orders(app)
        self.serve_the_rest(app)
        return app

    def serve_orders(self, app: FastAPI) -> None:
        @app.post("/orders", status_code=201, responses=problems(409))
        async def create(order: Annotated[Order, Body()], orders: Orders) -> Order:
            return await orders.create(order)

        @app.get("/orders/{customer_id}/{order_id}", responses=problems(404))
        async def get(customer_id: str, order_id: str, orders: Orders) -> Order:
            return await orders.get(customer_id, order_id)

        @app.get("/orders/{customer_id}")
        async def page(
            customer_id: str,
            orders: Orders,
            wanted: Annotated[Paging, Depends(paging(default_limit=2))],
        ) -> CursorPage[Order]:
            return CursorPage.of(
                await orders.query(customer_id).limit(wanted.limit).page(wanted.cursor)
            )

        @app.get("/summaries/{customer_id}")
        async def summaries(customer_id: str, orders: Orders) -> CursorPage[OrderOut]:
            return CursorPage.of(await orders.query(customer_id).page(), OrderOut.of)

        @app.put("/orders/{customer_id}/{order_id}")
        async def save(order: Annotated[Order, Body()], orders: Orders) -> Order:
            return await orders.save(order)

        @app.post("/both/{customer_id}")
        async def both(customer_id: str, db: Db) -> None:
            async with db.transaction() as tx:
                tx.create(Order(customer_id=customer_id, order_id="o000"))
                tx.create(Order(customer_id=customer_id, order_id="new"))

    def serve_the_rest(self, app: FastAPI) -> None:
        @app.get("/side-by-side/{customer_id}")
        async def side_by_side(customer_id: str, orders: Orders) -> list[Order]:
            async with asyncio.TaskGroup() as tasks:
                found = [
                    tasks.create_task(one(orders, customer_id, number))
                    for number in ("o000", "none")
                ]
            return [each.result() for each in found]

        @app.get("/mistake")
        async def mistake(orders: Orders) -> None:
            await orders.query().where(Order.version == 1)

        @app.get("/stranger")
        async def stranger() -> None:
            raise ZeroDivisionError("a bug of the user's own")

        @app.get("/broken")
        async def broken(orders: Orders) -> StreamingResponse:
            async def rows() -> AsyncGenerator[bytes]:
                yield b"a row\n"
                await orders.get("c1", "none")

            return StreamingResponse(rows())

        @app.get("/background")
        async def background(tasks: BackgroundTasks) -> None:
            async def later() -> None:
                self.left_s.append(remaining_s())

            tasks.add_task(later)
            self.left_s.append(remaining_s())

        @app.websocket("/socket")
        async def socket(socket: WebSocket, orders: Orders) -> None:
            await socket.accept()
            self.left_s.append(remaining_s())
            await socket.send_text((await orders.get("c1", "o000")).status)
            await socket.close()


async def one(orders: adorm.Table[Order], customer_id: str, order_id: str) -> Order:
    return await orders.get(customer_id, order_id)


@pytest.fixture
def service() -> Service:
    return Service(deadline_s=30)


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with running(service.app, raises=False) as client:
        for order in some_orders(5):
            assert client.post("/orders", json=as_json(order)).status_code == 201
        yield client


def as_json(order: Order) -> dict[str, Any]:
    return {
        "customer_id": order.customer_id,
        "order_id": order.order_id,
        "lines": [{"sku": line.sku} for line in order.lines],
    }


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert not any(word in answer.text for word in ("orders", "Order", "c1", "o00"))
    return body


# ---- models and pages


def test_a_model_comes_in_and_goes_out(client: Client) -> None:
    answer = client.get("/orders/c1/o001")
    assert answer.json() == {
        "customer_id": "c1",
        "order_id": "o001",
        "status": "open",
        "lines": [{"sku": "tea", "quantity": 1}],
        "version": 1,
    }
    wrong = client.post(
        "/orders", json={"customer_id": "c1", "order_id": "o9", "lines": [{"quantity": 2}]}
    )
    assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (
        422,
        ["body", "lines", 0, "sku"],
    )


def test_a_list_is_read_page_by_page(client: Client) -> None:
    seen: list[str] = []
    params: dict[str, str] = {}
    counts: list[int] = []
    while True:
        page = client.get("/orders/c1", params=params).json()
        seen += [order["order_id"] for order in page["items"]]
        counts.append(page["count"])
        if page["cursor"] is None:
            break
        params = {"cursor": page["cursor"]}
    assert seen == [f"o{number:03}" for number in range(5)]
    assert counts == [2, 2, 1]


def test_the_limit_has_bounds(client: Client) -> None:
    assert client.get("/orders/c1?limit=100").json()["count"] == 5
    for limit in ("0", "101", "-1", "x", ""):
        assert client.get(f"/orders/c1?limit={limit}").status_code == 422
    for default, most in ((0, 10), (11, 10)):
        with pytest.raises(adorm.UsageError, match="the default not above the most"):
            paging(default_limit=default, max_limit=most)


def test_a_page_of_a_model_of_ones_own(client: Client) -> None:
    assert client.get("/summaries/c1").json()["items"][0] == {"id": "o000", "items": 1}


def test_a_bad_cursor_is_the_clients_mistake(client: Client) -> None:
    other = client.get("/orders/c1").json()["cursor"]
    for customer, cursor in (
        ("c1", "nonsense"),
        ("c2", other),
        ("c1", "x" * 20_000),
        ("c1", "ü"),
        ("c1", ""),
    ):
        assert_problem(
            client.get(f"/orders/{customer}", params={"cursor": cursor}), 400, "bad-cursor"
        )


def test_openapi_describes_models_pages_and_problems(client: Client) -> None:
    told = client.get("/openapi.json").json()
    assert set(told["components"]["schemas"]["Order"]["properties"]) == {
        "customer_id",
        "order_id",
        "status",
        "lines",
        "version",
    }
    assert told["components"]["schemas"]["Order"]["required"] == ["customer_id", "order_id"]
    assert told["components"]["schemas"]["CursorPage_Order_"]["properties"]["items"]["items"] == {
        "$ref": "#/components/schemas/Order"
    }
    operation = told["paths"]["/orders/{customer_id}"]["get"]
    assert {
        each["name"]: each["schema"].get("maximum")
        for each in operation["parameters"]
        if each["in"] == "query"
    } == {
        "limit": 100,
        "cursor": None,
    }
    refused = told["paths"]["/orders/{customer_id}/{order_id}"]["get"]["responses"]["404"]
    assert refused["description"] == "Not Found"
    assert "code" in refused["content"]["application/problem+json"]["schema"]["properties"]


# ---- errors


def test_errors_are_problem_details(client: Client, service: Service) -> None:
    assert_problem(client.get("/orders/c1/none"), 404, "not-found")
    assert_problem(client.post("/orders", json=as_json(some_orders(1)[0])), 409, "already-exists")
    stale = {**as_json(some_orders(1)[0]), "version": 7}
    assert_problem(client.put("/orders/c1/o000", json=stale), 409, "version-conflict")
    assert_problem(
        client.put("/orders/c1/o000", json=stale, headers={"If-Match": '"7"'}),
        412,
        "version-conflict",
    )
    refused = assert_problem(client.post("/both/c1"), 409, "already-exists")
    assert refused["reasons"] == [{"operation": 0, "code": "already-exists"}]
    service.faults.on("GetItem").refuse("ThrottlingException")
    throttled = client.get("/orders/c1/o000")
    assert_problem(throttled, 503, "throttled")
    assert throttled.headers["retry-after"] == "1"


def test_a_group_of_the_users_own_tasks_is_told_by_its_parts(client: Client) -> None:
    assert_problem(client.get("/side-by-side/c1"), 404, "not-found")


def test_a_mistake_of_the_servers_is_500_and_tells_nothing(
    client: Client, service: Service
) -> None:
    assert_problem(client.get("/mistake"), 500, "internal")
    service.faults.on("GetItem").refuse(
        "AccessDeniedException", message="arn:aws:iam::123456789012:role/secret"
    )
    answer = client.get("/orders/c1/o000")
    assert_problem(answer, 500, "internal")
    assert "arn" not in answer.text


def test_a_mistake_of_the_servers_is_raised_on_for_the_log() -> None:
    with (
        running(Service().app) as client,
        pytest.raises(adorm.UsageError, match="no key of Order serves"),
    ):
        client.get("/mistake")


def test_an_error_that_is_not_adorms_stays_the_frameworks(client: Client) -> None:
    answer = client.get("/stranger")
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")


def test_a_write_whose_answer_was_lost_says_so(client: Client, service: Service) -> None:
    service.faults.on("TransactWriteItems").drop(applied=False)
    body = assert_problem(client.post("/both/c9"), 503, "unavailable")
    assert body["maybe_applied"] is True


def test_middleware_around_it_sees_a_response(client: Client) -> None:
    assert (
        client.get("/orders/c1/none", headers={"Origin": "https://shop.example"}).headers[
            "access-control-allow-origin"
        ]
        == "*"
    )


def test_a_handler_of_ones_own_comes_first() -> None:
    service = Service()

    @service.app.exception_handler(adorm.ItemNotFound)
    async def own(_request: Request, _error: Exception) -> JSONResponse:
        return JSONResponse({"gone": True}, 410)

    with running(service.app) as client:
        assert client.get("/orders/c1/none").status_code == 410


def test_an_error_in_the_middle_of_a_response_ends_it() -> None:
    with running(Service().app) as strict, pytest.raises(adorm.ItemNotFound):
        strict.get("/broken")


# ---- the deadline


def test_a_request_that_takes_too_long_is_504(service: Service) -> None:
    service = Service(deadline_s=0.05)
    with running(service.app) as client:
        hold = service.faults.on("GetItem").hold()
        assert_problem(client.get("/orders/c1/o000"), 504, "deadline-exceeded")
        assert hold.waiting == 0


def test_the_deadline_covers_background_tasks_but_no_websocket(
    client: Client, service: Service
) -> None:
    client.get("/background")
    with client.websocket_connect("/socket") as socket:
        assert socket.receive_text() == "open"
    now, later, in_socket = service.left_s
    assert 0 < later <= now <= 30
    assert in_socket == float("inf")


@pytest.mark.parametrize("deadline_s", [0, -1, float("nan"), float("inf"), "1"])
def test_a_deadline_that_is_none_is_refused_at_the_start(deadline_s: float) -> None:
    app = FastAPI()
    app.add_middleware(AdormMiddleware, deadline_s=deadline_s)
    with pytest.raises(adorm.UsageError, match="deadline"):
        idle_client(app).get("/")


# ---- the database's life


def test_each_life_of_the_application_has_its_own_database() -> None:
    service = Service()
    for life in (1, 2):
        with running(service.app) as client:
            assert client.post("/orders", json=as_json(some_orders(1)[0])).status_code == 201
        assert service.lives == life


def test_without_its_lifespan_the_application_says_what_is_missing() -> None:
    with pytest.raises(adorm.UsageError, match="with TestClient"):
        idle_client(Service().app).get("/orders/c1/o000")


def test_a_mistake_in_a_model_stops_the_start() -> None:
    @adorm.model(table="t")
    class Wrong:
        key: str = adorm.partition_key()
        other: Missing  # type: ignore[name-defined]  # noqa: F821  # a mistake on purpose  # pyright: ignore[reportUndefinedVariable]  # the same

    app = FastAPI(lifespan=lifespan(lambda: adorm.connect("memory"), models=[Wrong]))
    with pytest.raises(adorm.ModelError, match="'Missing' can't be resolved"), running(app):
        pass


def test_it_composes_with_a_lifespan_of_ones_own_and_reaches_mounted_applications() -> None:
    ended: list[str] = []

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        async with lifespan(lambda: adorm.connect("memory"), models=[Order], ensure_tables=True)(
            app
        ) as state:
            yield {**state, "mailer": "mine"}
        ended.append("mine")

    inner = FastAPI()

    @inner.get("/count")
    async def count(request: Request, orders: Orders) -> tuple[str, int]:
        return request.state.mailer, len(await orders.scan())

    app = FastAPI(lifespan=life)
    app.mount("/inner", inner)
    with running(app) as client:
        assert client.get("/inner/count").json() == ["mine", 0]
    assert ended == ["mine"]


@pytest.mark.anyio
async def test_a_test_may_bring_its_own_database_and_httpx() -> None:
    service = Service()
    async with adorm.connect("memory") as db:
        await db.create_table(Order)
        await db.table(Order).create(Order(customer_id="c1", order_id="o1", lines=[Line("tea", 3)]))

        async def own() -> adorm.Database:
            return db

        service.app.dependency_overrides[database] = own
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(service.app), base_url="http://test"
        ) as client:
            assert (await client.get("/summaries/c1")).json()["items"] == [{"id": "o1", "items": 3}]
    assert service.lives == 0


@pytest.mark.anyio
async def test_the_lifespan_serves_httpx_too() -> None:
    service = Service()
    async with (
        service.app.router.lifespan_context(service.app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(service.app), base_url="http://test"
        ) as client,
    ):
        answers: list[httpx.Response] = []

        async def create(number: int) -> None:
            answers.append(
                await client.post("/orders", json={"customer_id": "c1", "order_id": f"o{number}"})
            )

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(create, number % 10)
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 10


def test_a_page_that_leaves_out_what_it_cannot_read_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @adorm.model(table="orders")
    class Read:
        order_id: str = adorm.partition_key()

    wrong = adorm.ItemDecodeError(
        "expected a number", model=Read, key={"order_id": {"S": "secret"}}, path="$.total"
    )
    empty: adorm.Page[Read] = adorm.Page([], None, 0, 1, None, [wrong])
    page = CursorPage.of(empty)
    assert page.count == 0
    assert "a page leaves out 1 item(s) that do not fit Read, the first at $.total" in caplog.text
    assert "secret" not in caplog.text
