"""adorm in a Starlette application: lifespan, database, problem details, deadlines.

::

    app = Starlette(routes=..., lifespan=lifespan(models=[Order]))
    app.add_middleware(AdormMiddleware, deadline_s=5)


    async def get_order(request: Request) -> Response:
        order = await database(request).table(Order).get(request.path_params["order_id"])
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

try:
    from starlette.datastructures import Headers
    from starlette.requests import HTTPConnection
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
except ImportError as error:
    raise ImportError(
        'adorm.integrations.starlette needs Starlette: pip install starlette, or "adorm[fastapi]"'
    ) from error

from adorm.connecting import connect as default_connect
from adorm.database import Database
from adorm.errors import UsageError
from adorm.integrations.problems import problem_of
from adorm.integrations.services import Connect, check_service, opened, request_deadline

__all__ = ["AdormMiddleware", "database", "lifespan"]

STATE = "adorm_database"
"""Where the database is: in `app.state`, and in the state of the lifespan, which mounted
applications see too."""

Lifespan = Callable[[Any], AbstractAsyncContextManager[dict[str, Any]]]


def lifespan(
    connect: Connect = default_connect,
    *,
    models: Sequence[type[Any]] = (),
    ensure_tables: bool = False,
) -> Lifespan:
    """One database for the application's life: `Starlette(lifespan=lifespan(...))`, and so FastAPI.

    With a lifespan of your own, enter this one in it, and yield its state with your own::

        @asynccontextmanager
        async def life(app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
            async with lifespan(models=[Order])(app) as state, Mailer() as mailer:
                yield {**state, "mailer": mailer}

    Args:
        connect: makes the database, anew each time the application starts; `adorm.connect` by
            default.
        models: made ready before the first request, so that it is as fast as the others and a
            mistake in a model stops the start.
        ensure_tables: create their tables where they are missing: for development and tests.

    Raises:
        UsageError: `connect` is no function, or `models` are no list of classes.

    Raises (at the start):
        ModelError, UsageError: a mistake in a model; a table that differs from it.
    """
    check_service(connect, models)

    @asynccontextmanager
    async def life(app: Any) -> AsyncGenerator[dict[str, Any]]:
        async with opened(connect, models, ensure_tables=ensure_tables) as db:
            setattr(app.state, STATE, db)
            try:
                yield {STATE: db}
            finally:
                delattr(app.state, STATE)

    return life


def database(connection: HTTPConnection, /) -> Database:
    """The database of the application that serves this request or WebSocket.

    Raises:
        UsageError: its lifespan did not run.
    """
    scope = connection.scope
    db: Database | None = scope.get("state", {}).get(STATE)
    if db is None and "app" in scope:
        db = getattr(scope["app"].state, STATE, None)
    if db is None:
        raise UsageError(
            "this application has no database: give it "
            "lifespan=adorm.integrations.starlette.lifespan(...), and in tests run it: `with "
            "TestClient(app)`, or `async with app.router.lifespan_context(app)`"
        )
    return db


class AdormMiddleware:
    """Answers adorm's errors with problem details, and gives each request a deadline. Plain ASGI,
    for HTTP only.

    It stands in the task of the request itself. An error of the server's own (500) is answered and
    then raised on, so that the server logs it; so is one that comes after the response began.
    Handlers registered by `exception_handler` come before it. Middleware added later stands around
    it: add CORS and the like after this one.

    Args:
        deadline_s: `adorm.deadline` around the whole request: its streamed response and background
            tasks too. None: no limit.

    Raises:
        UsageError: `deadline_s` is no positive number.
    """

    def __init__(self, app: ASGIApp, *, deadline_s: float | None = None) -> None:
        self.app = app
        self._deadline = request_deadline(deadline_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = False

        async def watched(message: Message) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        try:
            if self._deadline is None:
                await self.app(scope, receive, watched)
            else:
                async with self._deadline:
                    await self.app(scope, receive, watched)
        except Exception as error:
            problem = None if began else problem_of(error, Headers(scope=scope))
            if problem is None:
                raise
            answer = Response(problem.content(), problem.status, problem.headers())
            await answer(scope, receive, send)
            if problem.status == 500:
                raise
