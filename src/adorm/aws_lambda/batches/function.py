"""The async functions that users write as handlers: how they are checked, and called."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import attrs

from adorm.errors import UsageError

AsyncFunction: TypeAlias = Callable[..., Awaitable[object]]


@attrs.frozen(eq=False)
class HandlerFunction:
    """A handler, called by position. It may leave out arguments at the end."""

    function: AsyncFunction
    argument_count: int
    """How many of the arguments it is called with."""
    needs_db: bool
    """Whether it has a parameter without default for the last argument, `db`."""

    async def __call__(self, *arguments: Any) -> object:
        return await self.function(*arguments[: self.argument_count])


def handler_function(
    function: AsyncFunction, what: str, *, arguments: tuple[str, ...], least: int
) -> HandlerFunction:
    """The handler, checked.

    Args:
        what: what it is, for messages: "a handler of messages".
        arguments: the names of the arguments that a handler may take.
        least: how many of them it has to take.

    Raises:
        UsageError: it is not async, or can't be called with these arguments.
    """
    if not callable(function) or not (
        inspect.iscoroutinefunction(function)
        or inspect.iscoroutinefunction(type(function).__call__)
    ):
        raise UsageError(f"{what} is an async function")
    names = ", ".join(arguments)
    count = required = 0
    for parameter in inspect.signature(function).parameters.values():
        is_required = parameter.default is parameter.empty
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            count += 1
            required += is_required
        elif parameter.kind is parameter.VAR_POSITIONAL:
            count = max(count, len(arguments))
        elif parameter.kind is parameter.KEYWORD_ONLY and is_required:
            raise UsageError(
                f"{what} is called by position, ({names}): {parameter.name} is keyword-only"
            )
    if count < least or required > len(arguments):
        raise UsageError(
            f"{what} takes ({names}), and may leave out those at the end; "
            f"this one takes {max(count, required)}"
        )
    return HandlerFunction(function, min(count, len(arguments)), required == len(arguments))
