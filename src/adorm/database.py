"""`connect()` and `Database`: the facade on top."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

from adorm.batch.facade import Batches
from adorm.calls import Calls
from adorm.cancel_scopes import stop_if_cancelled
from adorm.capacity import collect_capacity
from adorm.clock import Clock, current_clock, use_clock
from adorm.codec import Codec
from adorm.deadlines import current_limit, remaining_s
from adorm.errors import AdormError, DeadlineExceeded, UsageError
from adorm.gather.facade import Gathers
from adorm.models import model_info
from adorm.query.binding import Binding
from adorm.query.model_types import AttrsLike, DataclassLike
from adorm.retry import DEFAULT_RETRY, Repeat, RetryPolicy, backoff, unit_random
from adorm.table import Table
from adorm.tables.facade import TableCare
from adorm.tables.limits import check_table_name
from adorm.transport.base import Answer, Request, Transport
from adorm.tx.facade import Transactions

if TYPE_CHECKING:
    from cattrs import Converter

    from adorm.call_hooks import CallHooks
    from adorm.hedging import Hedge, HedgeFigures, HedgingTransport
    from adorm.rate_limit import AdaptiveRateLimit, RateLimiter
    from adorm.transport.credentials import Credentials, CredentialsSource
    from adorm.watched_calls import Middleware

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)

DEFAULT_MAX_CONNECTIONS = 64
CLOSE_TIMEOUT_S = 5.0


class Database(TableCare, Transactions, Batches, Gathers):
    """A connection to DynamoDB, safe to share among the tasks of one event loop. Made by `connect()`.

    It opens at first use; `async with` closes it at the end, `close()` at any time. After that, and from a second event loop, every
    operation is a `UsageError`.
    """

    def __init__(
        self,
        make_transport: Callable[[], Transport],
        *,
        retry: RetryPolicy = DEFAULT_RETRY,
        clock: Clock | None = None,
        random: Callable[[], float] = unit_random,
        hooks: Sequence[CallHooks] = (),
        middleware: Sequence[Middleware] = (),
        table_names: Mapping[str, str] | Callable[[str], str] | None = None,
        table_prefix: str = "",
        cursor_secret: str | bytes | None = None,
        rate_limit: AdaptiveRateLimit | None = None,
        hedge: Hedge | None = None,
    ) -> None:
        self._make_transport = make_transport
        self._retry = retry
        self._clock = clock or current_clock()
        self._random = random
        self._hooks = tuple(hooks)
        self._middleware = tuple(middleware)
        self._table_names = table_names
        self._table_prefix = table_prefix
        self._cursor_secret = cursor_secret.encode() if isinstance(cursor_secret, str) else cursor_secret
        self._rate_limit = rate_limit
        self._limiter: RateLimiter | None = None
        self._hedge = hedge
        self._hedging: HedgingTransport | None = None
        self._codec = Codec()
        self._source = object()
        self._calls: Calls | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Lock | None = None
        self._opening_bound: asyncio.Timeout | None = None
        self._failed_openings = 0
        self._opening_failure: AdormError | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._calls is not None else "not open yet"
        return f"<adorm.Database, {state}>"

    # ---- its life

    @property
    def closed(self) -> bool:
        """Whether it was closed, and every operation is refused."""
        return self._closed

    async def __aenter__(self) -> Self:
        if self._closed:
            raise _closed()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection. Operations under way fail, writes among them with `maybe_applied`; closing twice is fine.

        Raises:
            UsageError: called in another event loop than the one it was opened in.
        """
        if self._calls is not None and self._loop is not asyncio.get_running_loop():
            raise _foreign_loop()
        self._closed = True
        opening, self._opening_bound = self._opening_bound, None
        if opening is not None and self._loop is asyncio.get_running_loop():
            opening.reschedule(0)
        calls, self._calls = self._calls, None
        if calls is not None:
            await _close(calls.transport)

    async def warm_up(self) -> None:
        """Do what the first call would have to: `open()`, and make one connection, where the engine makes any.

        Raises:
            UsageError: no region, no credentials; the database is closed, or used from another event loop.
            ConnectionFailed, DeadlineExceeded: it failed, and the next call tries again. Making the connection is bounded by its own
                timeout of 5 s, not by `adorm.deadline`.
        """
        await self.open()
        warm_up: Callable[[], Awaitable[None]] | None = getattr(self._engine(), "warm_up", None)
        if warm_up is not None:
            await warm_up()

    async def open(self) -> None:
        """Look up region, endpoint and credentials now, as the first call would; no connection is made.

        Raises: as `warm_up`.
        """
        if self._calls is None or self._loop is not asyncio.get_running_loop():
            await self._open_in_time("open")

    def drop_idle_connections(self) -> None:
        """Close the connections that lie idle, as after the process was frozen for long. Calls under way keep theirs."""
        drop_idle: Callable[[], None] | None = getattr(self._engine(), "drop_idle", None)
        if drop_idle is not None:
            drop_idle()

    def forget_credentials(self) -> None:
        """Fetch credentials anew for the next request, as after a snapshot was restored. Requests under way keep theirs."""
        forget: Callable[[], None] | None = getattr(self._engine(), "forget_credentials", None)
        if forget is not None:
            forget()

    def _engine(self) -> object:
        """What sends in the end; None before it is open."""
        if self._calls is None:
            return None
        from adorm.call_details import engine_of

        return engine_of(self._calls.transport)

    async def _open_in_time(self, operation: str) -> Calls:
        limit = current_limit()
        if limit is None:
            return await self._open()
        bound = asyncio.timeout(max(limit.remaining_s(), 0.0))
        try:
            async with bound:
                return await self._open()
        except TimeoutError:
            if not bound.expired():
                raise
        raise DeadlineExceeded(
            f"{operation}: the deadline of {limit.seconds:g} s passed while the database was opened: region and credentials looked up",
            operation=operation,
        )

    async def _open(self) -> Calls:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise _closed()
        if self._loop is None or (self._calls is None and self._loop.is_closed()):
            self._loop, self._opening = loop, asyncio.Lock()
        if self._loop is not loop:
            raise _foreign_loop()
        if self._opening is None:
            raise _closed()
        failures = self._failed_openings
        async with self._opening:
            if self._closed:
                raise _closed()
            if self._failed_openings != failures and self._opening_failure is not None:
                # While this call waited, another one tried: a hundred calls at once are not to ask in vain a hundred times.
                from adorm.transport.credentials import another_like

                raise another_like(self._opening_failure) from self._opening_failure
            if self._calls is None:
                self._calls = self._make_calls(await self._opened_transport())
            return self._calls

    async def _opened_transport(self) -> Transport:
        transport = self._make_transport()
        bound = asyncio.timeout(None)  # `close` lets it run out
        try:
            async with bound:
                self._opening_bound = bound
                await transport.open()
        except AdormError as error:
            self._failed_openings += 1
            self._opening_failure = error
            raise
        except TimeoutError:
            if not (self._closed and bound.expired()):
                raise
        finally:
            self._opening_bound = None
        if self._closed:  # meanwhile, and `close` did not know of this transport
            await _close(transport)
            raise _closed()
        return transport

    def _make_calls(self, transport: Transport) -> Calls:
        limiter = None
        if self._rate_limit is not None:
            from adorm.rate_limit import RateLimiter

            limiter = self._limiter = RateLimiter(self._rate_limit, self._clock)
        if self._hedge is not None:
            from adorm.hedging import HedgingTransport

            transport = self._hedging = HedgingTransport(transport, self._hedge, afford=None if limiter is None else limiter.take_at_hand)
        return Calls(
            transport,
            retry=self._retry,
            clock=self._clock,
            random=self._random,
            hooks=self._hooks,
            middleware=self._middleware,
            source=self._source,
            limiter=limiter,
        )

    # ---- what limits its calls

    @property
    def rate_limits(self) -> Mapping[str, float]:
        """The rates in force by `rate_limit=`, in requests a second: `{"orders writes": 70.0, "orders/by-status reads": 12.5}`."""
        return {} if self._limiter is None else self._limiter.rates

    @property
    def hedge_figures(self) -> HedgeFigures:
        """What `hedge=` did since the database was opened: reads, those sent twice, those that the second request won."""
        from adorm.hedging import HedgeFigures

        return HedgeFigures() if self._hedging is None else self._hedging.figures

    # ---- what operations need

    @property
    def clock(self) -> Clock:
        """Where timestamps and waits come from."""
        return self._clock

    @property
    def codec(self) -> Codec:
        """How values of this database are stored."""
        return self._codec

    @property
    def converter(self) -> Converter:
        """This database's cattrs converter: register hooks for types of yours before the first operation.

        An unstructure hook gives an attribute value, `{"S": "12.50 EUR"}`; a structure hook takes one. No other database sees them.
        """
        return self._codec.converter

    @property
    def cursor_secret(self) -> bytes | None:
        """What cursors are signed with."""
        return self._cursor_secret

    def call(
        self, operation: str, request: Request, *, subject: object = None, repeat: Repeat | None = None, retry: RetryPolicy | None = None
    ) -> Coroutine[Any, Any, Answer]:
        """Send any operation of DynamoDB's, `("GetItem", {"TableName": ..., "Key": {...}})`, and give its answer as it came.

        Retried, bounded by the deadline and counted as everything else; `repeat` says what an ambiguous failure means for it.

        Raises:
            UsageError: the database is closed, or used from another event loop than the one it was opened in.
            ServiceError, ConnectionFailed, DeadlineExceeded: it failed.
        """
        calls = self._calls
        if calls is None or self._loop is not asyncio.get_running_loop():
            return self._open_and_call(operation, request, subject, repeat, retry)
        return calls.call(operation, request, subject=subject, repeat=repeat, retry=retry)

    async def _open_and_call(
        self, operation: str, request: Request, subject: object, repeat: Repeat | None, retry: RetryPolicy | None
    ) -> Answer:
        calls = await self._open_in_time(operation)
        return await calls.call(operation, request, subject=subject, repeat=repeat, retry=retry)

    async def back_off(
        self,
        attempt: int,
        /,
        *,
        operation: str,
        subject: object,
        why: str = "for what DynamoDB left unprocessed",
        most_s: float = math.inf,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Wait before the next try, by the policy given or the database's; `attempt` counts from 1, no wait is longer than `most_s`.

        Raises:
            DeadlineExceeded: the wait would outlive the deadline.
        """
        delay_s = min(most_s, backoff(attempt, retry or self._retry, self._random()))
        left_s = remaining_s()
        if left_s == -math.inf:
            await stop_if_cancelled()
        if delay_s >= left_s:
            raise DeadlineExceeded(
                f"{operation} on {subject}: the wait of {delay_s:.3f} s {why} would outlive the deadline",
                operation=operation,
                subject=str(subject),
                attempts=attempt,
            )
        await self._clock.sleep(delay_s)

    def remaining_s(self) -> float:
        """Seconds left for calls here; `inf` without a deadline, 0 or less when the time is over.

        By `adorm.deadline` (inside a Lambda handler Lambda's time less the reserve) and by the anyio cancel scopes around.
        """
        return remaining_s()

    def capacity(self) -> collect_capacity:
        """Count what the calls of this database consume, in a block: `async with db.capacity() as used: ...`.

        `used`, an `adorm.Capacity`, has the units in all, by table, by index and by operation, and estimates their price. Blocks nest;
        tasks started inside count; it stays as it is after the block. `adorm.capacity.collect_capacity()` counts all databases.
        """
        return collect_capacity(self._source)

    # ---- tables

    def table(self, model: type[ModelT], /, *, name: str | None = None) -> Table[ModelT]:
        """The model's operations on its table; `name` is the table's, in the place of the model's own.

        Raises:
            UsageError: the class is no model with a key, or no table is known for it.
        """
        return Table(self._binding(model, name))

    def _binding(self, model: type[Any], name: str | None = None, /) -> Binding:
        info = model_info(model)
        named = name is not None
        if name is None:
            if info.table is None:
                raise UsageError(f"{info.name} names no table: write @adorm.model(table=...), or db.table({info.name}, name=...)")
            name = self._table_name(info.table)
        return Binding(self, info, check_table_name(name), named)

    def _table_name(self, name: str) -> str:
        if callable(self._table_names):
            return self._table_names(name)
        if self._table_names is not None and name in self._table_names:
            return self._table_names[name]
        return self._table_prefix + name


async def _close(transport: Transport) -> None:
    bound = asyncio.timeout(CLOSE_TIMEOUT_S)
    try:
        async with bound:
            await transport.close()
    except TimeoutError:
        if not bound.expired():
            raise
        logging.getLogger("adorm").warning("%r did not close within %g s", type(transport).__name__, CLOSE_TIMEOUT_S)


def _foreign_loop() -> UsageError:
    return UsageError("this database belongs to another event loop: connect() once in each loop, and close it there")


def _closed() -> UsageError:
    return UsageError("this database is closed: connect() makes a new one")


def _is_clock(candidate: object) -> bool:
    return all(callable(getattr(candidate, name, None)) for name in ("now", "monotonic", "sleep"))


def _are_hooks(candidate: object) -> bool:
    if candidate == ():
        return True
    from adorm.call_hooks import CallHooks

    return isinstance(candidate, Sequence) and all(isinstance(hook, CallHooks) for hook in cast("Sequence[object]", candidate))


def _is_rate_limit(candidate: object) -> bool:
    if candidate is None:
        return True
    from adorm.rate_limit import AdaptiveRateLimit

    return isinstance(candidate, AdaptiveRateLimit)


def _is_hedge(candidate: object) -> bool:
    if candidate is None:
        return True
    from adorm.hedging import Hedge

    return isinstance(candidate, Hedge)


def _are_functions(candidate: object) -> bool:
    return isinstance(candidate, Sequence) and all(callable(each) for each in cast("Sequence[object]", candidate))


def _are_credentials(candidate: object) -> bool:
    if candidate is None:
        return True
    from adorm.transport.credentials import Credentials

    return isinstance(candidate, Credentials) or inspect.iscoroutinefunction(getattr(candidate, "load", None))


_TEXT_OR_NONE: tuple[Callable[[object], bool], str] = (lambda value: value is None or isinstance(value, str), "text")
_OPTION_TYPES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "region": _TEXT_OR_NONE,
    "endpoint_url": _TEXT_OR_NONE,
    "profile": _TEXT_OR_NONE,
    "credentials": (_are_credentials, "adorm.Credentials or an object with load()"),
    "retry": (lambda value: isinstance(value, RetryPolicy), "an adorm.RetryPolicy"),
    "max_connections": (lambda value: type(value) is int, "a positive whole number"),
    "table_names": (lambda value: value is None or isinstance(value, Mapping) or callable(value), "a dict or a function"),
    "table_prefix": (lambda value: isinstance(value, str), "text, empty for none"),
    "cursor_secret": (lambda value: value is None or isinstance(value, (str, bytes)), "text or bytes"),
    "hooks": (_are_hooks, "a list of adorm.CallHooks"),
    "middleware": (_are_functions, "a list of functions"),
    "trace_header": (lambda value: value is None or callable(value), "a function"),
    "clock": (lambda value: value is None or _is_clock(value), "an object with now(), monotonic() and sleep()"),
    "random": (callable, "a function"),
    "rate_limit": (_is_rate_limit, "an adorm.AdaptiveRateLimit"),
    "hedge": (_is_hedge, "an adorm.Hedge"),
    "wrap": (lambda value: value is None or callable(value), "a function of a transport"),
}
"""Of each option whether a value is of its type, and what that is."""


def _check_types(**options: object) -> None:
    """Values may be secret: only their types are told."""
    for name, value in options.items():
        fits, wanted = _OPTION_TYPES[name]
        if not fits(value):
            raise UsageError(f"connect({name}=...) takes {wanted}, not {_kind_of(value)}")


def _kind_of(value: object) -> str:
    if value is None:
        return "None"
    kind = type(value).__name__
    if not isinstance(value, (list, tuple)):
        return kind
    kinds = {f"type[{each.__name__}]" if isinstance(each, type) else type(each).__name__ for each in cast("Sequence[object]", value)}
    return f"a {kind} of {', '.join(sorted(kinds))}" if kinds else f"an empty {kind}"


def _check_together(where: str | None, **chosen: object) -> None:
    """Refuse options that exclude each other."""
    given = [name for name, value in chosen.items() if value is not None]
    if where is not None and where != "memory":
        raise UsageError(f'connect() takes "memory" or nothing by position, not {where!r}; an endpoint is endpoint_url=...')
    if where == "memory" and given:
        raise UsageError(f'connect("memory") reaches nothing outside: take {", ".join(given)} away')
    if "client" in given and len(given) > 1:
        raise UsageError(f"a client brings its own {', '.join(name for name in given if name != 'client')}: take them away")
    if "session" in given and "profile" in given:
        raise UsageError("a session has its own profile: give one of them")
    others = [name for name in ("session", "profile") if name in given]
    if "credentials" in given and others:
        raise UsageError(f"credentials= come in the place of those of a {others[0]}: give one of them")


def connect(
    where: Literal["memory"] | None = None,
    /,
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    profile: str | None = None,
    session: Any = None,
    credentials: Credentials | CredentialsSource | None = None,
    client: Any = None,
    retry: RetryPolicy = DEFAULT_RETRY,
    max_connections: int = DEFAULT_MAX_CONNECTIONS,
    table_names: Mapping[str, str] | Callable[[str], str] | None = None,
    table_prefix: str = "",
    cursor_secret: str | bytes | None = None,
    hooks: Sequence[CallHooks] = (),
    rate_limit: AdaptiveRateLimit | None = None,
    hedge: Hedge | None = None,
    middleware: Sequence[Middleware] = (),
    trace_header: Callable[[], str | None] | None = None,
    clock: Clock | None = None,
    random: Callable[[], float] = unit_random,
    wrap: Callable[[Transport], Transport] | None = None,
) -> Database:
    """A database; nothing is sent or looked up before its first use.

    Args:
        where: "memory" for a DynamoDB inside the process, each connection its own.
        region, endpoint_url: where to; by default what the environment or the profile says.
        profile: a profile of the shared AWS configuration.
        session: an aiobotocore or aioboto3 session to take credentials, region and endpoint from.
        credentials: `adorm.Credentials`, or a source of them such as `adorm.AssumedRole`; several databases may share a source.
        client: an entered aiobotocore or aioboto3 DynamoDB client to send everything by; it stays the caller's to close.
        retry: how failures are retried.
        max_connections: connections at most; further calls wait in a fair queue.
        table_names: table names by the models' names for them, or a function; for stages such as `{"orders": "orders-dev"}`.
        table_prefix: put before every name that `table_names` does not give.
        cursor_secret: signs cursors, so that a client can't forge one; 16 bytes or more.
        rate_limit: slow down by oneself where DynamoDB throttles, table by table; None for never.
        hedge: send reads that take unusually long a second time; None for never.
        hooks: called before and after each call and each attempt: `adorm.OpenTelemetry()`, `adorm.LogCalls()`, or your own.
        middleware: functions, async ones too, that are given each call's operation and request, in this order, and give the request
            to send.
        trace_header: gives the `X-Amzn-Trace-Id` of each request, or None. Inside Lambda requests have the one of the invocation anyway.
        clock, random: where time and jitter come from, for tests.
        wrap: given the engine before it is opened, gives what stands before it: `adorm.testing.Faults`, `adorm.testing.Recorder`, or a
            function that puts one around the other. This connection's clock is the current one meanwhile.

    Raises:
        UsageError: options that exclude each other, or one of the wrong type.
    """
    _check_together(
        where, client=client, session=session, profile=profile, credentials=credentials, region=region, endpoint_url=endpoint_url
    )
    if client is not None and trace_header is not None:
        raise UsageError("a client brings its own trace_header: take it away")
    if endpoint_url == "":
        raise UsageError("endpoint_url is empty, and to take AWS in its place could be a costly surprise: give a URL, or leave it out")
    _check_types(
        region=region,
        endpoint_url=endpoint_url,
        profile=profile,
        credentials=credentials,
        retry=retry,
        max_connections=max_connections,
        table_names=table_names,
        table_prefix=table_prefix,
        cursor_secret=cursor_secret,
        hooks=hooks,
        rate_limit=rate_limit,
        hedge=hedge,
        middleware=middleware,
        trace_header=trace_header,
        clock=clock,
        random=random,
        wrap=wrap,
    )
    if max_connections < 1:
        raise UsageError(f"max_connections is a positive whole number, not {max_connections!r}")
    if callable(table_names) and table_prefix:
        raise UsageError("table_names is a function and gives the whole name: take table_prefix away")
    if cursor_secret is not None and len(cursor_secret) < 16:
        raise UsageError("cursor_secret is too short to protect anything: 16 bytes or more, from secrets.token_bytes()")
    used_clock = clock or current_clock()

    def make_engine() -> Transport:
        if where == "memory":
            from adorm.transport.memory import MemoryTransport

            return MemoryTransport()
        if client is not None:
            from adorm.transport.client import ClientTransport

            return ClientTransport(client)
        from adorm.transport.wire import WireTransport

        return WireTransport(
            region=region,
            endpoint_url=endpoint_url,
            profile=profile,
            session=session,
            credentials=credentials,
            max_connections=max_connections,
            clock=used_clock,
            trace_header=trace_header,
        )

    def make_transport() -> Transport:
        if wrap is None:
            return make_engine()
        with use_clock(used_clock):
            return wrap(make_engine())

    return Database(
        make_transport,
        retry=retry,
        clock=used_clock,
        random=random,
        hooks=hooks,
        middleware=middleware,
        table_names=table_names,
        table_prefix=table_prefix,
        cursor_secret=cursor_secret,
        rate_limit=rate_limit,
        hedge=hedge,
    )
