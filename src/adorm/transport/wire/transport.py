"""adorm's own way to DynamoDB: one JSON body, one signature, one pooled connection a call.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import orjson

from adorm.checks import count, seconds
from adorm.clock import SYSTEM_CLOCK, Clock
from adorm.errors import ConnectionFailed, ServiceError, UsageError
from adorm.support.printable_text import shown
from adorm.transport.base import (
    Answer,
    AnswerReader,
    LastCheck,
    PoolFigures,
    Request,
    Transport,
    unsent,
)
from adorm.transport.credentials.credentials import Credentials, CredentialsSource, cached
from adorm.transport.credentials.default_chain import default_credentials
from adorm.transport.wire.answer_parser import Response
from adorm.transport.wire.connector import Connector, tls_context
from adorm.transport.wire.endpoint import Endpoint
from adorm.transport.wire.find_endpoint import find_endpoint, refuse_proxy
from adorm.transport.wire.pool import ConnectionPool
from adorm.transport.wire.request_writer import RequestWriter, json_body, trace_line

if TYPE_CHECKING:
    from adorm.transport.credentials.aws_session import SessionHolder

T = TypeVar("T")

MAX_CRC_DIGITS = 10
"""Of a 32-bit number in decimal."""

NOT_OPEN = "the transport is not open: await open() first"


class WireTransport(Transport):
    """DynamoDB over HTTP, on asyncio's loop or uvloop's. It belongs to the loop it is opened in.

    The arguments are options of `adorm.connect`; `environ` is read instead of `os.environ`.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        credentials: Credentials | CredentialsSource | None = None,
        session: object = None,
        profile: str | None = None,
        max_connections: int = 64,
        connect_timeout_s: float = 5.0,
        read_timeout_s: float = 30.0,
        clock: Clock = SYSTEM_CLOCK,
        environ: Mapping[str, str] | None = None,
        trace_header: Callable[[], str | None] | None = None,
    ) -> None:
        self._region = region
        self._endpoint_url = endpoint_url
        self._environ = os.environ if environ is None else environ
        self._prefer_profile = session is not None

        @cache
        def holder() -> SessionHolder:
            # loaded where the environment does not tell everything
            from adorm.transport.credentials.aws_session import SessionHolder

            return SessionHolder(session, profile)

        self._holder = holder
        self._clock = clock
        self._epoch_s: Callable[[], float] = (
            time.time if clock is SYSTEM_CLOCK else lambda: clock.now().timestamp()
        )
        self._offset_s = 0.0  # how far DynamoDB's clock is ahead of ours
        if credentials is None and (session is not None or profile is not None):
            from adorm.transport.credentials.aws_session import SessionCredentials

            credentials = SessionCredentials(holder=holder())
        self._credentials = cached(
            credentials or default_credentials(self._environ, holder=holder, clock=clock),
            clock,
        )
        self._credential_waits: set[asyncio.Timeout] = set()
        self._max_connections = count("max_connections", max_connections)
        self._connect_timeout_s = seconds("connect_timeout_s", connect_timeout_s)
        self._read_timeout_s = seconds("read_timeout_s", read_timeout_s)
        self._trace_line = trace_line(self._environ, trace_header)
        self._endpoint: Endpoint | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: ConnectionPool | None = None
        self._writer: RequestWriter | None = None
        self._answer_headers: dict[bytes, bytes] = {}
        self._closed = False

    def __repr__(self) -> str:
        endpoint = self._endpoint
        where = "not open" if endpoint is None else f"{endpoint.url} in {endpoint.region}"
        return f"<WireTransport {where}{', closed' if self._closed else ''}>"

    @property
    def region(self) -> str | None:
        """The region that requests are signed for; None before `open`, unless it was given."""
        return self._region if self._endpoint is None else self._endpoint.region

    @property
    def endpoint_url(self) -> str | None:
        """Where requests go; None before `open`, unless it was given."""
        return self._endpoint_url if self._endpoint is None else self._endpoint.url

    def last_request_id(self) -> str | None:
        return self._answer_headers.get(b"x-amzn-requestid", b"").decode("latin-1") or None

    def pool_figures(self) -> PoolFigures | None:
        """What the connections are doing; None before `open` and after `close`."""
        return None if self._pool is None else self._pool.figures()

    async def open(self) -> None:
        """Find region and endpoint, and fetch credentials. No connection is made yet.

        Raises:
            UsageError: no region, no credentials, an endpoint that can't be used, or a proxy that
                the environment asks for.
            ConnectionFailed: the server that gives the credentials does not answer.
        """
        self._check_usable()
        if self._loop is not None:
            return
        endpoint = await self._unless_closed(
            lambda: find_endpoint(
                region=self._region,
                endpoint_url=self._endpoint_url,
                environ=self._environ,
                holder=self._holder,
                prefer_profile=self._prefer_profile,
            )
        )
        refuse_proxy(endpoint, self._environ)
        if "moto" in sys.modules:
            from adorm.transport.wire.mocks import refuse_mock

            refuse_mock(endpoint)
        await self._unless_closed(self._credentials.get)
        tls = tls_context(endpoint.ca_bundle) if endpoint.scheme == "https" else None
        self._check_usable()
        if self._loop is not None:  # another task has opened it meanwhile
            return
        loop = asyncio.get_running_loop()
        connector = Connector(loop, endpoint, tls, self._connect_timeout_s, self._read_timeout_s)
        self._pool = ConnectionPool(connector, loop, max_connections=self._max_connections)
        self._writer = RequestWriter(endpoint, self._trace_line)
        self._endpoint, self._loop = endpoint, loop

    async def send(
        self,
        operation: str,
        request: Request,
        read: AnswerReader | None = None,
        last_check: LastCheck | None = None,
        /,
    ) -> Answer:
        """Send one request once; see `Transport.send`.

        Raises:
            UsageError: the transport is not open, is closed or belongs to another event loop, or
                the request can't be written as JSON.
        """
        pool, writer = self._pool, self._writer
        if (
            pool is None
            or writer is None
            or self._closed
            or asyncio.get_running_loop() is not self._loop
        ):
            self._check_usable()
            raise UsageError(NOT_OPEN)
        start = writer.starts.get(operation) or writer.start(operation)
        body = json_body(operation, request)
        try:
            epoch_s = self._epoch_s()
            credentials = self._credentials.at_hand(epoch_s)
            if credentials is None:
                credentials = await unsent(self._unless_closed(self._credentials.get))
                epoch_s = self._epoch_s()
            connection = pool.take_idle()
            if connection is None:
                connection = await unsent(pool.acquire())
                epoch_s = self._epoch_s()  # the wait may have been long
            try:
                written = writer.write(start, body, credentials, epoch_s + self._offset_s)
                if last_check is not None:
                    last_check()
                response = await connection.exchange(written)
            finally:
                pool.release(connection)
            self._answer_headers = response.headers
            answer = _read_answer(response, read)
            if answer is None:
                raise self._error(operation, request, response, credentials)
            return answer
        except ConnectionFailed as error:
            error.operation = operation
            raise

    async def warm_up(self) -> None:
        """Make a connection for the next call, unless there is an idle one.

        Raises:
            ConnectionFailed: none could be made.
            UsageError: the transport is not open, or belongs to another event loop.
        """
        self._check_usable()
        if self._pool is None:
            raise UsageError(NOT_OPEN)
        self._pool.release(self._pool.take_idle() or await self._pool.acquire())

    def drop_idle(self) -> None:
        """See `Transport.drop_idle`: for a process that was frozen longer than connections live."""
        if self._pool is not None:
            self._pool.drop_idle()

    def forget_credentials(self) -> None:
        """See `Transport.forget_credentials`: for a process that was restored from a snapshot."""
        self._credentials.forget()

    async def close(self) -> None:
        """Close every connection; calls in flight fail. Calling it twice is fine.

        Raises:
            UsageError: called in another event loop than the one it was opened in.
        """
        if self._loop is not None and asyncio.get_running_loop() is not self._loop:
            raise UsageError("the transport belongs to another event loop: close it there")
        self._closed = True
        for wait in self._credential_waits:
            wait.reschedule(0)
        if self._pool is not None:
            await self._pool.close()

    def drop(self) -> bool:
        """See `Transport.drop`: for a transport whose loop or owner is gone."""
        self._closed = True
        return self._pool is not None and self._pool.abandon()

    # ------------------------------------------------------------------ inside

    async def _unless_closed(self, wait: Callable[[], Awaitable[T]]) -> T:
        """Await something that `close` ends."""
        bound = asyncio.timeout(None)
        try:
            async with bound:
                self._credential_waits.add(bound)
                try:
                    return await wait()
                finally:
                    self._credential_waits.discard(bound)
        except TimeoutError as error:
            if not (bound.expired() and self._closed):
                raise
            raise UsageError(
                "the database was closed while this call waited for credentials"
            ) from error

    def _check_usable(self) -> None:
        if self._closed:
            raise UsageError("the database was closed: open a new one")
        if self._loop is not None and asyncio.get_running_loop() is not self._loop:
            raise UsageError("the transport belongs to another event loop: open one in each loop")

    def _error(
        self, operation: str, request: Request, response: Response, credentials: Credentials
    ) -> Exception:
        """The error for an answer with another status than 200. What it says about the clock and
        the credentials is kept for the next request."""
        from adorm.dynamodb.codes import CREDENTIALS_REFUSED
        from adorm.transport.wire.answers import clock_offset_s, error_of_answer

        error = error_of_answer(
            operation,
            response,
            endpoint_url=self.endpoint_url or "",
            secrets=(credentials.session_token, credentials.secret_access_key),
            request=request,
        )
        offset_s = clock_offset_s(error, response, self._clock.now())
        if offset_s is not None:
            self._offset_s = offset_s
        if isinstance(error, ServiceError) and error.code in CREDENTIALS_REFUSED:
            self._credentials.forget(credentials)
        if "moto" in sys.modules and self._endpoint is not None:
            from adorm.transport.wire.mocks import HINT, is_aws, is_mocked

            if is_aws(self._endpoint) and is_mocked():
                error.add_note(HINT)
        return error


def _read_answer(response: Response, read: AnswerReader | None) -> Answer | None:
    """The content of an answer; None if its status is not 200 and the checksum is right.

    Args:
        read: asked before the JSON is parsed; see `Transport.send`.
    """
    status, headers, body = response
    checksum = headers.get(b"x-amz-crc32")
    if checksum is not None and not (
        checksum.isdigit() and len(checksum) <= MAX_CRC_DIGITS and zlib.crc32(body) == int(checksum)
    ):
        raise ConnectionFailed(
            "the answer was damaged on its way: its CRC32 is not the one that its header names",
            maybe_applied=True,
        )
    if status != 200:
        return None
    if read is not None and (answer := read(body)) is not None:
        return answer
    try:
        parsed: Answer = orjson.loads(body)
    except ValueError as error:
        problem = f"the answer is not JSON ({error})"
        if encoding := headers.get(b"content-encoding"):
            encoding_name = shown(encoding.decode("latin-1"))
            problem += f": it is encoded as {encoding_name!r}, which adorm did not ask for"
        raise ConnectionFailed(problem, maybe_applied=True) from error
    if parsed.__class__ is not dict:
        raise ConnectionFailed(
            f"the answer is a JSON {type(parsed).__name__}, not an object", maybe_applied=True
        )
    return parsed
