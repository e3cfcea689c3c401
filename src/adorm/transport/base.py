"""What a transport is: one attempt of one operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from adorm.dynamodb.limits import TOKEN_LIFE_S

T = TypeVar("T")

Request = Mapping[str, Any]
"""An operation's parameters as DynamoDB's API names them, `{"TableName": ..., "Key": {"pk": {"S":
...}}}`; B values are `bytes`."""

Answer = dict[str, Any]
"""An operation's answer, parsed; B values are base64 text or `bytes`, readers take either. It is
the caller's, who may take it apart."""


class ReadRequest(dict[str, Any]):
    """A request that knows a faster way to read its answer.

    A transport that has the answer's bytes may ask `parse`, which gives None where they are to be
    read as plain JSON; one that has not, or does not care, takes it for the dict that it is.
    """

    __slots__ = ("parse",)

    def __init__(self, request: Request, parse: Callable[[bytes], Answer | None]) -> None:
        super().__init__(request)
        self.parse = parse


TOKEN = "ClientRequestToken"  # noqa: S105  # a parameter's name

TOKEN_USE_S = 540.0
"""For so long after the first attempt a request is sent again under its token: a minute less, for
the way."""

TOO_OLD = (
    f"its token is older than {TOKEN_USE_S / 60:g} minutes, and DynamoDB forgets one after {TOKEN_LIFE_S / 60:g}: "
    "sent again it could be applied a second time"
)


class Tokened(dict[str, Any]):
    """A request that was sent before, under an idempotency token that DynamoDB will forget.

    Who sends it asks `is_in_time` at the last moment, for the wait for a connection may have been
    long.
    """

    __slots__ = ("is_in_time",)

    def __init__(self, request: Request, is_in_time: Callable[[], bool]) -> None:
        super().__init__(request)
        self.is_in_time = is_in_time


class Transport(Protocol):
    """Carries one attempt of one operation. It does not retry, and knows no deadline: cancellation
    ends it.

    After a cancelled or failed `send` the transport is as usable as before.
    """

    async def send(self, operation: str, request: Request, /) -> Answer:
        """Send `operation` ("GetItem", "CreateTable", ...) once.

        Raises:
            ServiceError: DynamoDB said no. The class, `code`, `status`, `request_id`,
                `retry_after_s` and `retryable` are set by `adorm.transport.errors.service_error`.
            ConnectionFailed: no answer, or none that can be read. `maybe_applied` is False only
                where the request certainly did not reach DynamoDB (nothing of it was written to a
                connection).
        """
        ...

    async def open(self) -> None:
        """Prepare (credentials, endpoint); called once, in the loop that will use it."""
        ...

    async def close(self) -> None:
        """Let go of every connection, before the first await: who closes may be cancelled. Calling
        it twice is fine."""
        ...


_UNSENT = "adorm_unsent"


async def unsent(wait: Awaitable[T]) -> T:
    """Await what comes before a request is written. A cancellation out of it is marked: of a write,
    nothing was applied."""
    try:
        return await wait
    except asyncio.CancelledError as error:
        setattr(error, _UNSENT, True)
        raise


def is_unsent(error: BaseException | None) -> bool:
    """Whether a cancellation came before anything of the request was written; False where nobody
    knows."""
    return getattr(error, _UNSENT, False)
