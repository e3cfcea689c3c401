"""Handlers as users write them: async, called by position, without the arguments at the end that
they do not want."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from adorm.errors import UsageError

Handler = Callable[..., Awaitable[object]]


@attrs.frozen(eq=False)
class Callee:
    """A handler, and how it is called."""

    function: Handler
    takes: int
    """How many of the arguments on offer it is given."""
    needs_db: bool
    """Whether the last of these, `db`, is one that it can't do without."""

    async def __call__(self, *offered: Any) -> object:
        return await self.function(*offered[: self.takes])


def make_callee(function: Handler, what: str, *, least: int, offered: tuple[str, ...]) -> Callee:
    """Check a handler; `least` of the arguments on offer it has to take.

    Raises:
        UsageError: it is not async, or can't be called with so many of them.
    """
    if not callable(function) or not (
        inspect.iscoroutinefunction(function)
        or inspect.iscoroutinefunction(type(function).__call__)
    ):
        raise UsageError(f"{what} is an async function")
    names = ", ".join(offered)
    count = needed = 0
    for parameter in inspect.signature(function).parameters.values():
        required = parameter.default is parameter.empty
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            count += 1
            needed += required
        elif parameter.kind is parameter.VAR_POSITIONAL:
            count = max(count, len(offered))
        elif parameter.kind is parameter.KEYWORD_ONLY and required:
            raise UsageError(
                f"{what} is called by position, ({names}): {parameter.name} is keyword-only"
            )
    if count < least or needed > len(offered):
        raise UsageError(
            f"{what} takes ({names}), of which those at the end may be left out; this one takes {max(count, needed)}"
        )
    return Callee(function, min(count, len(offered)), needed == len(offered))
