"""The options of `@adorm.lambda_handler`, and what is refused of them at once."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, cast

from adorm.connecting import connect as connect_database
from adorm.database import Database
from adorm.errors import UsageError

T = TypeVar("T")

Connect: TypeAlias = Mapping[str, object] | Callable[[], Database | Awaitable[Database]]
"""Options of `adorm.connect`, or a function that makes a database."""


def checked_function(function: Callable[..., T]) -> Callable[..., T]:
    """Refuse a handler that can't be called with (event, context, db); gives it back."""
    given: object = function
    if not callable(given) or inspect.isclass(given) or inspect.isasyncgenfunction(given):
        raise UsageError(
            "@adorm.lambda_handler stands above `async def handler(event, context, db)`, not "
            f"{given!r}"
        )
    try:
        inspect.signature(given, follow_wrapped=False).bind(None, None, None)
    except TypeError as error:
        raise UsageError(
            f"the handler {getattr(given, '__qualname__', given)!s} has to take (event, context, "
            f"db): {error}"
        ) from error
    except ValueError:
        pass  # it does not tell its parameters
    return function


def checked_models(models: Sequence[type[Any]]) -> tuple[type[Any], ...]:
    """Refuse what is no list of classes; gives them as a tuple."""
    if isinstance(models, str) or not isinstance(models, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UsageError(
            f"lambda_handler(models=...) takes a list of model classes, not {type(models).__name__}"
        )
    for each in models:
        if not isinstance(each, type):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
            raise UsageError(f"lambda_handler(models=...) takes model classes, not {each!r}")
    return tuple(models)


def connected(options: Mapping[str, object] | None) -> Database:
    """A database by the options; nothing is sent or looked up yet."""
    if options is not None and not isinstance(options, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UsageError(
            "lambda_handler(connect=...) takes options of adorm.connect as a dict, or a "
            f"function, not {type(options).__name__}"
        )
    try:
        return connect_database(**cast("dict[str, Any]", dict(options or {})))
    except TypeError as error:
        raise UsageError(f"lambda_handler(connect=...): {error}") from error
