"""adorm in an aiohttp.web application: cleanup context, database, problem details, pages.

::

    app = web.Application(middlewares=[adorm_middleware(deadline_s=5)])
    app.cleanup_ctx.append(adorm_context(models=[Order]))


    async def list_orders(request: web.Request) -> web.Response:
        part = paging(request)
        query = table(request, Order).query(request.match_info["customer_id"])
        return page_response(await query.limit(part.limit).page(part.cursor))
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, TypeVar, cast

import orjson

try:
    from aiohttp import web
    from aiohttp.log import server_logger
    from aiohttp.typedefs import Handler, Middleware
except ImportError as error:
    raise ImportError(
        'adorm.integrations.aiohttp needs aiohttp: pip install "adorm[aiohttp]"'
    ) from error

from adorm.connecting import connect as default_connect
from adorm.database import Database
from adorm.errors import ItemDecodeError, UsageError
from adorm.integrations.problems import MEDIA_TYPE, Problem, problem_of
from adorm.integrations.services import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Connect,
    Paging,
    check_limits,
    check_service,
    note_unreadable,
    opened,
    request_deadline,
)
from adorm.items.maps import from_plain, to_plain
from adorm.query.pages import Page
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.table import Table

__all__ = [
    "DATABASE",
    "Paging",
    "adorm_context",
    "adorm_middleware",
    "database",
    "json_body",
    "page_response",
    "paging",
    "table",
]

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
ItemT = TypeVar("ItemT")
BodyT = TypeVar("BodyT")

DATABASE: web.AppKey[Database] = web.AppKey("adorm_database", Database)
"""Where the application keeps its database: `app[DATABASE]`."""


def adorm_context(
    connect: Connect = default_connect,
    *,
    models: Sequence[type[Any]] = (),
    ensure_tables: bool = False,
) -> Callable[[web.Application], AsyncIterator[None]]:
    """One database for the application's life: `app.cleanup_ctx.append(adorm_context(...))`.

    Args:
        connect: makes the database; `adorm.connect` by default.
        models: made ready before the first request, so that it is as fast as the others and a
            mistake in a model stops the start.
        ensure_tables: create their tables where they are missing: for development and tests.

    Raises:
        UsageError: `connect` is no function, or `models` are no list of classes.

    Raises (at the start):
        ModelError, UsageError: a mistake in a model; a table that differs from it.
    """
    check_service(connect, models)

    async def context(app: web.Application) -> AsyncGenerator[None]:
        async with opened(connect, models, ensure_tables=ensure_tables) as db:
            app[DATABASE] = db
            yield

    return context


def database(request: web.Request, /) -> Database:
    """The database of the application that serves this request, or of one around it.

    Raises:
        UsageError: there is none.
    """
    db = request.config_dict.get(DATABASE)
    if db is None:
        raise UsageError(
            "this application has no database: "
            "app.cleanup_ctx.append(adorm.integrations.aiohttp.adorm_context(...))"
        )
    return db


def table(
    request: web.Request, model: type[ModelT], /, *, name: str | None = None
) -> Table[ModelT]:
    """`database(request).table(model)`."""
    return database(request).table(model, name=name)


def adorm_middleware(*, deadline_s: float | None = None) -> Middleware:
    """Answers adorm's errors with problem details, and gives each request a deadline.

    An error of the server's own (500) is logged as aiohttp logs it, with its traceback, and
    answered without any detail. One that comes after the response began is raised on.

    Args:
        deadline_s: `adorm.deadline` around each request but WebSockets. None: no limit.

    Raises:
        UsageError: `deadline_s` is no positive number.
    """
    limit = request_deadline(deadline_s)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if limit is None or request.headers.get("upgrade", "").lower() == "websocket":
                return await handler(request)
            async with limit:
                return await handler(request)
        except Exception as error:
            problem = None if request.writer.output_size else problem_of(error, request.headers)
            if problem is None:
                raise
            if problem.status == 500:
                server_logger.exception("Error handling request from %s", request.remote)
            return _response(problem)

    return middleware


def _response(problem: Problem) -> web.Response:
    return web.Response(body=problem.content(), status=problem.status, headers=problem.headers())


def paging(
    request: web.Request, /, *, default_limit: int = DEFAULT_LIMIT, max_limit: int = MAX_LIMIT
) -> Paging:
    """The query parameters `limit` (1 to `max_limit`) and `cursor`.

    Raises:
        web.HTTPBadRequest: `limit` is no such number.
        UsageError: `default_limit` is below 1 or above `max_limit`.
    """
    check_limits(default_limit, max_limit)
    text = request.query.get("limit", str(default_limit))
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(max_limit))
    if not (is_number and 1 <= int(text) <= max_limit):
        raise _bad_request("bad-limit", f"limit is a whole number from 1 to {max_limit}.")
    return Paging(int(text), request.query.get("cursor"))


async def json_body(request: web.Request, model: type[BodyT], /) -> BodyT:
    """The request's JSON object as an instance of `model`, as `adorm.from_plain` reads it.

    The model is an attrs class, a dataclass or a model of yours.

    Raises:
        web.HTTPBadRequest: it is no JSON object, or does not fit; the problem's detail names the
            place.
    """
    try:
        data = orjson.loads(await request.read())
    except ValueError as error:
        raise _bad_request("bad-body", "The body is no JSON.") from error
    if not isinstance(data, dict):
        raise _bad_request("bad-body", "The body is no JSON object.")
    try:
        return from_plain(model, cast("dict[str, Any]", data))
    except ItemDecodeError as error:
        raise _bad_request("bad-body", f"{error.path}: {error.problem}") from error
    except UsageError as error:  # a validator of the class's own
        raise _bad_request("bad-body", str(error)) from error


def _bad_request(code: str, detail: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(
        text=Problem(400, code, detail).content().decode(), content_type=MEDIA_TYPE
    )


def page_response(page: Page[ItemT], convert: Callable[[ItemT], Any] = to_plain, /) -> web.Response:
    """`{"items": [...], "cursor": "..." or null, "count": 2}`, each item through `convert`; by
    default as `adorm.to_plain` gives it."""
    note_unreadable(page)
    body = {
        "items": [convert(item) for item in page.items],
        "cursor": page.cursor,
        "count": page.count,
    }
    return web.Response(body=orjson.dumps(body), content_type="application/json")
