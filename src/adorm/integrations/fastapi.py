"""adorm in a FastAPI application: lifespan, dependencies, pages with cursors, problem details.

::

    app = FastAPI(lifespan=lifespan(models=[Order]))
    app.add_middleware(AdormMiddleware, deadline_s=5)
    Orders = Annotated[Table[Order], Depends(table(Order))]
    Part = Annotated[Paging, Depends(paging())]


    @app.get("/customers/{customer_id}/orders")
    async def list_orders(customer_id: str, orders: Orders, part: Part) -> CursorPage[Order]:
        query = orders.query(customer_id).limit(part.limit)
        return CursorPage.of(await query.page(part.cursor))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar, overload

try:
    from fastapi import Depends, Query
    from pydantic import BaseModel
    from starlette.requests import HTTPConnection
except ImportError as error:
    raise ImportError(
        'adorm.integrations.fastapi needs FastAPI: pip install "adorm[fastapi]"'
    ) from error

from adorm.database import Database
from adorm.integrations import starlette
from adorm.integrations.problems import MEDIA_TYPE
from adorm.integrations.services import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Paging,
    check_limits,
    note_unreadable,
)
from adorm.integrations.starlette import AdormMiddleware, lifespan
from adorm.query.pages import Page
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.table import Table

__all__ = [
    "AdormMiddleware",
    "CursorPage",
    "Paging",
    "database",
    "lifespan",
    "paging",
    "problems",
    "table",
]

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
ItemT = TypeVar("ItemT")
MadeT = TypeVar("MadeT")
OutT = TypeVar("OutT")


async def database(connection: HTTPConnection) -> Database:
    """A dependency: `db: Annotated[Database, Depends(database)]`.

    Raises:
        UsageError: the application's lifespan did not run.
    """
    return starlette.database(connection)


def table(
    model: type[ModelT], /, *, name: str | None = None
) -> Callable[..., Awaitable[Table[ModelT]]]:
    """A dependency: `orders: Annotated[Table[Order], Depends(table(Order))]`. Where `database` is
    overridden, so is this."""

    async def get_table(db: Annotated[Database, Depends(database)]) -> Table[ModelT]:
        return db.table(model, name=name)

    return get_table


def paging(
    *, default_limit: int = DEFAULT_LIMIT, max_limit: int = MAX_LIMIT
) -> Callable[..., Awaitable[Paging]]:
    """A dependency for the query parameters `limit` (1 to `max_limit`) and `cursor`: `page:
    Annotated[Paging, Depends(paging())]`.

    Raises:
        UsageError: `default_limit` is below 1 or above `max_limit`.
    """
    check_limits(default_limit, max_limit)

    async def get_paging(
        limit: int = Query(default_limit, ge=1, le=max_limit, description="how many items at most"),
        cursor: str | None = Query(None, description="where to go on: `cursor` of the page before"),
    ) -> Paging:
        return Paging(limit, cursor)

    return get_paging


class CursorPage(BaseModel, Generic[OutT]):
    """One page of a list. `cursor` goes on after it and is null at the end; a page may be empty and
    have one."""

    items: list[OutT]
    cursor: str | None
    count: int

    @overload
    @classmethod
    def of(cls, page: Page[ItemT], /) -> CursorPage[ItemT]: ...
    @overload
    @classmethod
    def of(cls, page: Page[ItemT], convert: Callable[[ItemT], MadeT], /) -> CursorPage[MadeT]: ...
    @classmethod
    def of(cls, page: Page[Any], convert: Callable[[Any], Any] | None = None, /) -> CursorPage[Any]:
        """The page that a query gave, each item through `convert` where one is given."""
        note_unreadable(page)
        items = page.items if convert is None else [convert(item) for item in page.items]
        return CursorPage[Any](items=items, cursor=page.cursor, count=page.count)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: `@app.get(..., responses=problems(404, 409))`."""
    content = {MEDIA_TYPE: {"schema": _PROBLEM}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "maybe_applied": {"type": "boolean"},
        "reasons": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"operation": {"type": "integer"}, "code": {"type": "string"}},
            },
        },
    },
}
