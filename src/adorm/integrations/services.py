"""What the services of every framework share: their database, and pages over HTTP."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import attrs

from adorm.database import Database
from adorm.deadlines import deadline
from adorm.errors import UsageError
from adorm.models import model_info
from adorm.query.pages import Page

logger = logging.getLogger("adorm")

DEFAULT_LIMIT = 25
MAX_LIMIT = 100

Connect = Callable[[], Database]
"""Makes a service's database each time it starts: `lambda: adorm.connect(region="eu-west-1")`."""


@attrs.frozen
class Paging:
    """The part of a list that a client wants: at most `limit` items after `cursor`."""

    limit: int
    cursor: str | None = None


def check_service(connect: object, models: object) -> None:
    """Refuse a `connect` that is no function, and `models` that are no list of classes."""
    if not callable(connect):
        raise UsageError(
            f"connect={type(connect).__name__}: a function that makes the database, `lambda: "
            "adorm.connect(...)`"
        )
    if not isinstance(models, Sequence) or not all(
        isinstance(model, type) for model in cast("Sequence[object]", models)
    ):
        raise UsageError("models: a list of model classes, [Order, Payment]")


@asynccontextmanager
async def opened(
    connect: Connect, models: Sequence[type[Any]], *, ensure_tables: bool
) -> AsyncGenerator[Database]:
    """A database whose models are ready, closed at the end."""
    async with connect() as db:
        for model in models:
            model_info(model)
            db.codec.prepare(model)
        if ensure_tables:
            for model in models:
                await db.ensure_table(model)
        yield db


def request_deadline(deadline_s: float | None) -> deadline | None:
    """The deadline of each request; None for none."""
    if deadline_s is None:
        return None
    made = deadline(deadline_s)
    if made.seconds <= 0 or math.isinf(made.seconds):
        raise UsageError(
            f"deadline_s={deadline_s!r}: seconds above 0 for each request, or None for no limit"
        )
    return made


def note_unreadable(page: Page[Any]) -> None:
    """Log the items that a page leaves out: the client does not see them."""
    if page.errors:
        first = page.errors[0]
        logger.warning(
            "a page leaves out %d item(s) that do not fit %s, the first at %s",
            len(page.errors),
            first.model.__name__,
            first.path,
        )


def check_limits(default_limit: int, max_limit: int) -> None:
    """Refuse limits that no page can keep."""
    if not 1 <= default_limit <= max_limit:
        raise UsageError(
            f"default_limit={default_limit!r}, max_limit={max_limit!r}: 1 or more, and the "
            "default not above the most"
        )
