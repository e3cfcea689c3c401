"""The middleware layer: functions that may change a request before it is sent."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from adorm.deadlines import within_deadline
from adorm.errors import UsageError
from adorm.transport.base import Answer, Request

if TYPE_CHECKING:
    from adorm.calls.call import Call, Step

Middleware: TypeAlias = Callable[[str, Request], Request | Awaitable[Request]]
"""`(operation, request)` gives the request to send, the same or another; it may be async."""


class MiddlewareChain:
    """The middleware of one database, run once for each call, in the order given."""

    def __init__(self, middleware: Sequence[Middleware]) -> None:
        self._middleware = tuple(middleware)

    async def call(self, call: Call, next_step: Step) -> Answer:
        """The layer around a call.

        Raises:
            UsageError: a middleware gave something that is no request.
            DeadlineExceeded: the deadline passed while a middleware ran.
        """
        operation, request = call.operation, call.request
        update = request.get("UpdateExpression")
        for middleware in self._middleware:
            result: Any = middleware(operation, request)
            if inspect.isawaitable(result):
                doing = "a middleware ran, before anything was sent"
                async with within_deadline(doing, operation=operation):
                    result = await result
            if not isinstance(result, Mapping):
                raise UsageError(
                    f"{operation}: a middleware gives the request to send, a dict, "
                    f"not {type(result).__name__}: {middleware!r}"
                )
            request = cast("Request", result)  # DynamoDB judges what is in it
        other_update = operation == "UpdateItem" and request.get("UpdateExpression") != update
        call.change(request, other_update=other_update)
        return await next_step(call)
