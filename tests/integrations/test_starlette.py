"""Plain Starlette, and what is said where a framework is missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import adorm
from adorm.deadlines import remaining_s
from adorm.integrations.aiohttp import adorm_context
from adorm.integrations.starlette import AdormMiddleware, database, lifespan
from tests.integrations.clients import Client, running
from tests.integrations.shop import Order

left_s: list[float] = []


async def get(request: Request) -> Response:
    left_s.append(remaining_s())
    order = await database(request).table(Order).get("c1", request.path_params["order_id"])
    return JSONResponse(adorm.to_plain(order))


async def create(request: Request) -> Response:
    await (
        database(request)
        .table(Order)
        .create(Order(customer_id="c1", order_id=request.path_params["order_id"]))
    )
    return Response(status_code=201)


def application() -> Starlette:
    routes = [Route("/{order_id}", get), Route("/{order_id}", create, methods=["POST"])]
    life = lifespan(lambda: adorm.connect("memory"), models=[Order], ensure_tables=True)
    return Starlette(routes=routes, lifespan=life)


def check(client: Client) -> None:
    assert client.post("/o1").status_code == 201
    assert client.post("/o1").json()["code"] == "already-exists"
    assert client.get("/o1").json()["order_id"] == "o1"
    assert client.get("/none").status_code == 404
    assert 0 < left_s[-1] <= 9


def test_a_starlette_application_is_served_as_fastapis() -> None:
    app = application()
    app.add_middleware(AdormMiddleware, deadline_s=9)
    with running(app) as client:
        check(client)


@pytest.mark.parametrize("inside", [True, False])
def test_it_stands_beside_middleware_that_runs_the_application_in_a_task(inside: bool) -> None:
    async def pass_on(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers["x-seen"] = "yes"
        return response

    app = application()
    if inside:
        app.add_middleware(AdormMiddleware, deadline_s=9)
    app.add_middleware(BaseHTTPMiddleware, dispatch=pass_on)
    if not inside:
        app.add_middleware(AdormMiddleware, deadline_s=9)
    with running(app) as client:
        check(client)
        assert ("x-seen" in client.get("/none").headers) is inside


@pytest.mark.parametrize(
    ("module", "package"),
    [("starlette", "starlette"), ("fastapi", "fastapi"), ("aiohttp", "aiohttp")],
)
def test_a_framework_that_is_not_installed_is_named_with_its_extra(
    module: str, package: str
) -> None:
    code = f"import sys; sys.modules[{package!r}] = None\nimport adorm.integrations.{module}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="src"
    )
    assert done.returncode == 1
    assert f"ImportError: adorm.integrations.{module} needs " in done.stderr
    assert "adorm[" in done.stderr


def test_nothing_of_adorms_own_loads_a_framework() -> None:
    code = (
        "import sys, adorm.integrations.services, adorm.integrations.problems, "
        "adorm.codec.pydantic_schemas, adorm.models\n"
    )
    code += (
        "print({'fastapi', 'starlette', 'pydantic', 'pydantic_core', 'aiohttp'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="src"
    )
    assert done.stdout.strip() == "set()"


def test_arguments_of_the_wrong_kind_are_refused_at_once() -> None:
    for begin in (lifespan, adorm_context):
        wrong: Any = adorm.connect("memory")
        with pytest.raises(adorm.UsageError, match="a function that makes the database"):
            begin(wrong)
        for models in (Order, ["Order"], 5):
            wrong = models
            with pytest.raises(adorm.UsageError, match="a list of model classes"):
                begin(models=wrong)
