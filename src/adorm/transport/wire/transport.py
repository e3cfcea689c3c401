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
from typing import Any, TypeVar, cast

import orjson

from adorm.clock import SYSTEM_CLOCK, Clock
from adorm.dynamodb.codes import CREDENTIALS_REFUSED
from adorm.dynamodb.values import base64_text
from adorm.errors import ConnectionFailed, UsageError
from adorm.support.shown import shown
from adorm.transport.base import Answer, AnswerReader, LastCheck, Request, Transport, unsent
from adorm.transport.credentials.aws_session import SessionCredentials, SessionHolder
from adorm.transport.credentials.cache import CredentialsCache, cached
from adorm.transport.credentials.credentials import Credentials, CredentialsSource
from adorm.transport.credentials.default_chain import default_credentials
from adorm.transport.wire.answer_parser import Response
from adorm.transport.wire.connector import Connector, tls_context
from adorm.transport.wire.endpoint import Endpoint
from adorm.transport.wire.error_answers import clock_offset_s, error_of_answer
from adorm.transport.wire.find_endpoint import find_endpoint
from adorm.transport.wire.pool import ConnectionPool, PoolFigures
from adorm.transport.wire.proxies import refuse_proxy
from adorm.transport.wire.sigv4 import Signer
from adorm.transport.wire.trace_header import trace_line

T = TypeVar("T")

CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET_PREFIX = "DynamoDB_20120810."

MOST_CRC_DIGITS = 10


class WireTransport(Transport):
    """DynamoDB over HTTP, on asyncio (uvloop too).

    Args:
        region: "eu-central-1"; by default from the environment or the profile.
        endpoint_url: `http://localhost:8000`; by default AWS's own for the region, or what
            environment or profile name.
        credentials: `Credentials`, or a source of them; by default those of the environment or the
            container, else aiobotocore's chain.
        session: an aiobotocore or aioboto3 session to take credentials, region and endpoint from.
        profile: a name from the AWS configuration files, instead of AWS_PROFILE or the default one.
        max_connections: how many calls can be in flight at once; the rest wait in line.
        connect_timeout_s: for name lookup, TCP and TLS together.
        read_timeout_s: the longest silence of the server, while it takes the request and until its
            answer is complete.
        clock: the time of day that requests are signed with.
        environ: instead of `os.environ`.
        trace_header: gives the `X-Amzn-Trace-Id` of each request, or None; by default, inside
            Lambda, what the environment says.

    It belongs to the event loop that it is opened in.
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
        if max_connections < 1:
            raise UsageError(f"max_connections must be at least 1, not {max_connections}")
        if not (connect_timeout_s > 0 and read_timeout_s > 0):
            raise UsageError("connect_timeout_s and read_timeout_s must be above 0 seconds")
        self._region = region
        self._endpoint_url = endpoint_url
        self._environ = os.environ if environ is None else environ
        self._prefer_profile = session is not None
        self._holder = SessionHolder(session, profile)
        self._clock = clock
        self._epoch_s: Callable[[], float] = (
            time.time if clock is SYSTEM_CLOCK else lambda: clock.now().timestamp()
        )
        if credentials is None and (session is not None or profile is not None):
            credentials = SessionCredentials(holder=self._holder)
        self._credentials: CredentialsCache = cached(
            credentials or default_credentials(self._environ, holder=self._holder, clock=clock),
            clock,
        )
        self._max_connections = max_connections
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._offset_s = 0.0
        self._targets: dict[str, str] = {}
        self._endpoint: Endpoint | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: ConnectionPool | None = None
        self._signer: Signer | None = None
        self._waits: set[asyncio.Timeout] = set()
        """For credentials; `close` ends them."""
        self._trace_line = trace_line(self._environ, trace_header)
        self._answer_headers: dict[bytes, bytes] = {}
        self._head = ""
        self._closed = False

    def __repr__(self) -> str:
        where = (
            "not open"
            if self._endpoint is None
            else f"{self._endpoint.url} in {self._endpoint.region}"
        )
        return f"<WireTransport {where}{', closed' if self._closed else ''}>"

    @property
    def region(self) -> str | None:
        """The region requests are signed for; None before `open`, unless it was given."""
        return self._region if self._endpoint is None else self._endpoint.region

    @property
    def endpoint_url(self) -> str | None:
        """Where requests go; None before `open`, unless it was given."""
        return self._endpoint_url if self._endpoint is None else self._endpoint.url

    def last_request_id(self) -> str | None:
        """DynamoDB's id for the request answered last: that of a `send` that has just returned,
        before anything else is awaited."""
        return self._answer_headers.get(b"x-amzn-requestid", b"").decode("latin-1") or None

    def pool_figures(self) -> PoolFigures | None:
        """What the connections are doing; None before `open` and after `close`."""
        return None if self._pool is None else self._pool.figures()

    async def open(self) -> None:
        """Find region and endpoint, and fetch credentials. No connection is made yet.

        Raises:
            UsageError: no region, no credentials, an endpoint that is none, or a proxy that the
                environment asks for.
            ConnectionFailed: whoever hands out the credentials does not answer.
        """
        self._check_open()
        loop = asyncio.get_running_loop()
        if self._loop is not None:
            self._check_loop()
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
        self._check_open()
        if self._loop is not None:  # another task was faster
            self._check_loop()
            return
        connector = Connector(loop, endpoint, tls, self._connect_timeout_s, self._read_timeout_s)
        self._pool = ConnectionPool(connector, loop, max_connections=self._max_connections)
        self._signer = Signer(
            region=endpoint.region,
            host=endpoint.authority,
            path=endpoint.path,
            headers={"content-type": CONTENT_TYPE},
        )
        self._head = (
            f"POST {endpoint.path} HTTP/1.1\r\nhost: {endpoint.authority}\r\n"
            f"content-type: {CONTENT_TYPE}\r\nuser-agent: adorm\r\nx-amz-target: "
        )
        self._endpoint = endpoint
        self._loop = loop

    async def send(
        self,
        operation: str,
        request: Request,
        read: AnswerReader | None = None,
        last_check: LastCheck | None = None,
        /,
    ) -> Answer:
        """Send one request once; see `adorm.transport.base.Transport`.

        Raises:
            UsageError: it was closed, belongs to another event loop, or the request can't be
                written as JSON.
        """
        pool, signer = self._pool, self._signer
        if (
            pool is None
            or signer is None
            or self._closed
            or asyncio.get_running_loop() is not self._loop
        ):
            self._check_loop()
            raise UsageError("the transport is not open: await open() first")
        target = self._targets.get(operation) or self._target(operation)
        try:
            body = orjson.dumps(request, default=_plain)
        except TypeError as error:
            raise UsageError(
                f"{operation}: the request can't be written as JSON: {error}"
            ) from error
        try:
            epoch_s = self._epoch_s()
            credentials = self._credentials.at_hand(epoch_s)
            if credentials is None:
                credentials = await unsent(self._unless_closed(self._credentials.get))
                epoch_s = self._epoch_s()
            connection = pool.take_idle()
            if connection is None:
                connection = await unsent(pool.acquire())
                epoch_s = self._epoch_s()  # signed only now: the wait may have been long
            try:
                timestamp = signer.timestamp(int(epoch_s + self._offset_s))
                token = credentials.session_token
                head = (
                    f"{self._head}{target}\r\nx-amz-date: {timestamp}\r\n"
                    f"authorization: {signer.authorization(credentials, target, body, timestamp)}\r\n"
                    f"{f'x-amz-security-token: {token}{CRLF}' if token else ''}"
                    f"{'' if self._trace_line is None else self._trace_line()}content-length: {len(body)}\r\n\r\n"
                )
                if last_check is not None:
                    last_check()
                response = await connection.exchange(head.encode() + body)
            finally:
                pool.release(connection)
            return self._read(operation, request, response, credentials, read)
        except ConnectionFailed as error:
            error.operation = operation
            raise

    async def warm_up(self) -> None:
        """Make a connection for the next call, where none lies idle.

        Raises:
            ConnectionFailed: none could be made.
            UsageError: the transport is not open, or belongs to another event loop.
        """
        self._check_loop()
        if self._pool is None:
            raise UsageError("the transport is not open: await open() first")
        self._pool.release(self._pool.take_idle() or await self._pool.acquire())

    def drop_idle(self) -> None:
        """Close the connections that lie idle, as after the process was frozen for longer than they
        live. Calls under way keep theirs."""
        if self._pool is not None:
            self._pool.drop_idle()

    def forget_credentials(self) -> None:
        """Fetch new credentials for the next request, as after a snapshot was restored. Requests
        under way keep theirs."""
        self._credentials.forget()

    async def close(self) -> None:
        """Close every connection. Calls in flight fail. Calling it twice is fine.

        Raises:
            UsageError: called in another event loop than the one it was opened in.
        """
        if self._loop is not None and asyncio.get_running_loop() is not self._loop:
            raise UsageError("the transport belongs to another event loop: close it there")
        self._closed = True
        for wait in self._waits:
            wait.reschedule(0)
        if self._pool is not None:
            await self._pool.close()

    def drop(self) -> bool:
        """Close every connection without waiting, from any thread: where its loop is closed, or
        nobody is left to close it.

        Gives whether there were any.
        """
        self._closed = True
        return self._pool is not None and self._pool.abandon()

    # ------------------------------------------------------------------ inside

    async def _unless_closed(self, wait: Callable[[], Awaitable[T]]) -> T:
        """Await something that `close` ends.

        Raises:
            UsageError: it was closed meanwhile.
        """
        bound = asyncio.timeout(None)
        try:
            async with bound:
                self._waits.add(bound)
                try:
                    return await wait()
                finally:
                    self._waits.discard(bound)
        except TimeoutError as error:
            if not (bound.expired() and self._closed):
                raise
            raise UsageError(
                "the database was closed while this call waited for credentials"
            ) from error

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the database was closed: open a new one")

    def _check_loop(self) -> None:
        self._check_open()
        if self._loop is not None and asyncio.get_running_loop() is not self._loop:
            raise UsageError("the transport belongs to another event loop: open one in each loop")

    def _target(self, operation: str) -> str:
        if not (operation.isascii() and operation.isalnum()):
            raise UsageError(f"not the name of an operation: {operation!r}")
        return self._targets.setdefault(operation, TARGET_PREFIX + operation)

    def _read(
        self,
        operation: str,
        request: Request,
        response: Response,
        credentials: Credentials,
        read: AnswerReader | None,
    ) -> Answer:
        status, headers, body = response
        self._answer_headers = headers
        checksum = headers.get(b"x-amz-crc32")
        if checksum is not None and not (
            checksum.isdigit()
            and len(checksum) <= MOST_CRC_DIGITS
            and zlib.crc32(body) == int(checksum)
        ):
            raise ConnectionFailed(
                "the answer was damaged on its way: its CRC32 is not the one announced",
                maybe_applied=True,
            )
        if status != 200:
            raise self._refused(operation, request, response, credentials)
        if read is not None and (parsed := read(body)) is not None:
            return parsed
        try:
            answer: object = orjson.loads(body)
        except ValueError as error:
            problem = f"the answer is not JSON ({error})"
            if encoding := headers.get(b"content-encoding"):
                problem += (
                    f": it came as {shown(encoding.decode('latin-1'))!r}, which was not asked for"
                )
            raise ConnectionFailed(problem, maybe_applied=True) from error
        if not isinstance(answer, dict):
            raise ConnectionFailed(
                f"the answer is a JSON {type(answer).__name__}, not an object", maybe_applied=True
            )
        return cast(Answer, answer)

    def _refused(
        self, operation: str, request: Request, response: Response, credentials: Credentials
    ) -> Exception:
        secrets = (credentials.session_token, credentials.secret_access_key)
        error = error_of_answer(
            operation,
            response,
            endpoint_url=self.endpoint_url or "",
            secrets=secrets,
            request=request,
        )
        offset_s = clock_offset_s(error, response, self._clock.now())
        if offset_s is not None:
            self._offset_s = offset_s
        if getattr(error, "code", None) in CREDENTIALS_REFUSED:
            self._credentials.forget(credentials)
        if "moto" in sys.modules:
            from adorm.transport.wire.mocks import HINT, is_aws, is_mocked

            if self._endpoint is not None and is_aws(self._endpoint) and is_mocked():
                error.add_note(HINT)
        return error


CRLF = "\r\n"


def _plain(value: Any) -> Any:
    """What orjson can't write by itself: binary values become base64 text, as DynamoDB's JSON wants
    them."""
    if isinstance(value, bytes | bytearray):
        return base64_text(value)
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # of whatever it is, orjson judges
    raise TypeError(f"a {type(value).__qualname__} is not an attribute value")
