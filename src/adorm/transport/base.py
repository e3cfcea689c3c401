"""What a transport is: it carries one attempt of one operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from adorm.support.records import Record

T = TypeVar("T")

Request = Mapping[str, Any]
"""An operation's parameters as DynamoDB's API names them, `{"TableName": ..., "Key": {"pk": {"S":
...}}}`; B values are `bytes`."""

Answer = dict[str, Any]
"""An operation's answer, parsed; B values are base64 text or `bytes`, readers take either. It
belongs to the caller, who may change it."""

AnswerReader = Callable[[bytes], Answer | None]
"""Reads the bytes of an answer faster than a JSON parser; gives None for an answer that it cannot
read, which is then read as plain JSON."""

LastCheck = Callable[[], None]
"""Called just before a request is written to a connection; raises where it must not be sent."""


class PoolFigures(Record):
    """How many connections and calls a pool has."""

    in_use: int
    """Connections that carry a call or are being made."""
    idle: int
    waiting: int
    """Calls that wait for a connection."""
    limit: int
    """The most connections."""


class Transport:
    """Carries one attempt of one operation. It does not retry, and knows no deadline: cancellation
    ends it.

    After a cancelled or failed `send` the transport can be used as before. Only `send` has to be
    written; the other methods do nothing by default.
    """

    async def send(
        self,
        operation: str,
        request: Request,
        read: AnswerReader | None = None,
        last_check: LastCheck | None = None,
        /,
    ) -> Answer:
        """Send `operation` ("GetItem", "CreateTable", ...) once.

        Args:
            read: for a transport that has the bytes of a good answer (status 200, checksum right):
                it asks `read` first, and parses the JSON itself where that gives None. A transport
                that has no bytes ignores it.
            last_check: for a transport that waits for a connection: it calls this when the wait is
                over, before it writes, and lets its error pass. Other transports ignore it.

        Raises:
            ServiceError: DynamoDB refused the request. The class, `code`, `status`, `request_id`,
                `retry_after_s` and `retryable` are set by `adorm.transport.errors.service_error`.
            ConnectionFailed: no answer, or none that can be read. `maybe_applied` is False only
                where the request certainly did not reach DynamoDB (nothing of it was written to a
                connection).
        """
        raise NotImplementedError(f"{type(self).__name__}.send")

    async def open(self) -> None:
        """Prepare (credentials, endpoint); called once, in the loop that will use it."""

    async def close(self) -> None:
        """Close every connection, before the first await: the caller may be cancelled. Calling it
        twice is fine."""

    def drop(self) -> bool:
        """Close every connection without waiting, from any thread: the loop may be closed already.

        Gives whether there were any.
        """
        return False

    async def warm_up(self) -> None:
        """Make a connection for the next call, where none lies idle."""

    def drop_idle(self) -> None:
        """Close the connections that lie idle. Calls under way keep theirs."""

    def forget_credentials(self) -> None:
        """Fetch new credentials for the next request. Requests under way keep theirs."""

    def pool_figures(self) -> PoolFigures | None:
        """What the connections are doing; None without a pool, before `open` and after `close`."""
        return None

    def last_request_id(self) -> str | None:
        """DynamoDB's id for the request answered last: that of a `send` that has just returned,
        before anything else is awaited. None where it is not known."""
        return None

    @property
    def endpoint_url(self) -> str | None:
        """Where requests go; None where it is not known."""
        return None

    @property
    def region(self) -> str | None:
        """The region that requests are signed for; None where it is not known."""
        return None

    @property
    def engine(self) -> Transport:
        """The transport that sends in the end: a wrapper gives the innermost one inside."""
        return self


class WrappedTransport(Transport):
    """The base of a transport that stands before another: `send` passes everything on, and a
    subclass overrides it.

    `open`, `close` and `engine` are those of the transport inside. `last_request_id` is None: when
    a wrapper's `send` returns, another request may have been answered meanwhile.
    """

    def __init__(self, inner: Transport) -> None:
        self.inner = inner

    async def send(
        self,
        operation: str,
        request: Request,
        read: AnswerReader | None = None,
        last_check: LastCheck | None = None,
        /,
    ) -> Answer:
        return await self.inner.send(operation, request, read, last_check)

    async def open(self) -> None:
        await self.inner.open()

    async def close(self) -> None:
        await self.inner.close()

    @property
    def engine(self) -> Transport:
        """The innermost transport."""
        return self.inner.engine


_UNSENT = "adorm_unsent"


async def unsent(wait: Awaitable[T]) -> T:
    """Await something that comes before a request is written. A cancellation during it is marked,
    so that `is_unsent` knows that nothing was applied."""
    try:
        return await wait
    except asyncio.CancelledError as error:
        setattr(error, _UNSENT, True)
        raise


def is_unsent(error: BaseException | None) -> bool:
    """Whether a cancellation came before a byte of the request was written; False if unknown."""
    return getattr(error, _UNSENT, False)
