"""`Database`: the facade on top."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import warnings
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from adorm.batch.facade import Batches
from adorm.batch.gather import Gathers
from adorm.calls.calls import Calls
from adorm.calls.capacity import collect_capacity
from adorm.clock import Clock, current_clock
from adorm.codec.codec import Codec
from adorm.deadlines import remaining_s, within_deadline
from adorm.dynamodb.operations import Repeat
from adorm.errors import AdormError, DeadlineExceeded, UsageError
from adorm.items.binding import Binding
from adorm.models import model_info
from adorm.retry import DEFAULT_RETRY, RetryPolicy, backoff, unit_random
from adorm.schema.fields import DatetimeFormat
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.support.cancel_scopes import stop_if_cancelled
from adorm.support.forks import forks
from adorm.table import Table
from adorm.tables.facade import TableCare
from adorm.tables.names import check_table_name, is_arn
from adorm.transport.base import Answer, AnswerReader, Request, Transport
from adorm.tx.facade import Transactions

if TYPE_CHECKING:
    from cattrs import Converter

    from adorm.calls.hedge import Hedge, HedgeFigures, HedgingTransport
    from adorm.calls.hooks import CallHooks
    from adorm.calls.middleware import Middleware
    from adorm.calls.pace import AdaptiveRateLimit, RateLimiter

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)

CLOSE_TIMEOUT_S = 5.0


class Database(TableCare, Transactions, Batches, Gathers):
    """A connection to DynamoDB, safe to share among the tasks of one event loop. Made by
    `connect()`.

    It opens at first use; `async with` closes it at the end, `close()` at any time. After that, and
    from a second event loop beside the first, every operation is a `UsageError`. Once its loop is
    closed, as after `asyncio.run`, it opens anew in the next loop that uses it. A child process of
    `os.fork` makes connections of its own. Dropped with connections open it warns, and closes them.
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
        datetime_format: DatetimeFormat = "Z",
    ) -> None:
        self._make_transport = make_transport
        self._retry = retry
        self._clock = clock or current_clock()
        self._random = random
        self._hooks = tuple(hooks)
        self._middleware = tuple(middleware)
        self._table_names = table_names
        self._table_prefix = table_prefix
        self._cursor_secret = (
            cursor_secret.encode() if isinstance(cursor_secret, str) else cursor_secret
        )
        self._rate_limit = rate_limit
        self._limiter: RateLimiter | None = None
        self._hedge = hedge
        self._hedging: HedgingTransport | None = None
        self._codec = Codec(datetime_format)
        self._source = object()
        self._calls: Calls | None = None
        self._forks = forks()
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

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection. Operations under way fail, writes among them with
        `maybe_applied`; closing twice is fine.

        Raises:
            UsageError: called in another event loop than the one it was opened in, and that one is
                not closed.
        """
        if self._calls is not None and self._loop is not asyncio.get_running_loop():
            if not self._is_left():
                raise _foreign_loop()
            self._drop()
        self._closed = True
        opening, self._opening_bound = self._opening_bound, None
        if opening is not None and self._loop is asyncio.get_running_loop():
            opening.reschedule(0)
        calls, self._calls = self._calls, None
        if calls is not None:
            await _close(calls.transport)

    def _is_left(self) -> bool:
        """Whether the loop that it was opened in is gone: closed, or the parent's, in a process
        that was forked."""
        return self._loop is not None and (self._loop.is_closed() or self._forks != forks())

    def _drop(self) -> bool:
        """Let go of the transport, without waiting; gives whether connections were open."""
        engine, self._calls = self._engine(), None
        return engine is not None and engine.drop()

    def __del__(self) -> None:
        if (
            getattr(self, "_calls", None) is None or sys.is_finalizing()
        ):  # closed, never opened, or not even made
            return
        state = repr(self)
        if self._drop():
            warnings.warn(
                f"{state} was dropped without close(): its connections are closed now",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    async def warm_up(self) -> None:
        """Do what the first call would have to: `open()`, and make one connection, where the engine
        makes any.

        Raises:
            UsageError: no region, no credentials; the database is closed, or used from another
                event loop.
            ConnectionFailed, DeadlineExceeded: it failed, and the next call tries again. Making the
                connection is bounded by its own timeout of 5 s, not by `adorm.deadline`.
        """
        await self.open()
        if (engine := self._engine()) is not None:
            await engine.warm_up()

    async def open(self) -> None:
        """Look up region, endpoint and credentials now, as the first call would; no connection is
        made.

        Raises: as `warm_up`.
        """
        if self._calls is None or self._loop is not asyncio.get_running_loop():
            await self._open_in_time("open")

    def drop_idle_connections(self) -> None:
        """Close the connections that lie idle, as after the process was frozen for long. Calls
        under way keep theirs."""
        if (engine := self._engine()) is not None:
            engine.drop_idle()

    def forget_credentials(self) -> None:
        """Fetch credentials anew for the next request, as after a snapshot was restored. Requests
        under way keep theirs."""
        if (engine := self._engine()) is not None:
            engine.forget_credentials()

    def _engine(self) -> Transport | None:
        """What sends in the end; None before it is open."""
        return None if self._calls is None else self._calls.transport.engine

    async def _open_in_time(self, operation: str) -> Calls:
        _running_loop()
        doing = "the database was opened: region and credentials looked up"
        async with within_deadline(doing, operation=operation):
            return await self._open()

    async def _open(self) -> Calls:
        loop = _running_loop()
        if self._closed:
            raise _closed()
        if self._loop is not loop:
            if self._loop is not None and not self._is_left():
                raise _foreign_loop()
            if self._calls is not None:
                self._drop()
            self._loop, self._forks, self._opening = loop, forks(), asyncio.Lock()
        if self._opening is None:
            raise _closed()
        failures = self._failed_openings
        async with self._opening:
            if self._closed:
                raise _closed()
            if self._failed_openings != failures and self._opening_failure is not None:
                # While this call waited, another one tried: a hundred calls at once are not to ask
                # in vain a hundred times.
                from adorm.transport.errors import another_like

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
            from adorm.calls.pace import RateLimiter

            limiter = self._limiter = RateLimiter(self._rate_limit, self._clock)
        if self._hedge is not None:
            from adorm.calls.hedge import HedgingTransport

            transport = self._hedging = HedgingTransport(
                transport, self._hedge, afford=None if limiter is None else limiter.take_at_hand
            )
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
        """The rates in force by `rate_limit=`, in requests a second: `{"orders writes": 70.0,
        "orders/by-status reads": 12.5}`."""
        return {} if self._limiter is None else self._limiter.rates

    @property
    def hedge_figures(self) -> HedgeFigures:
        """What `hedge=` did since the database was opened: reads, those sent twice, those that the
        second request won."""
        from adorm.calls.hedge import HedgeFigures

        return HedgeFigures() if self._hedging is None else self._hedging.figures

    # ---- what operations need

    @property
    def clock(self) -> Clock:
        """Where timestamps and waits come from."""
        return self._clock

    @property
    def random(self) -> Callable[[], float]:
        """Gives numbers from 0 to 1, for the jitter of waits."""
        return self._random

    @property
    def codec(self) -> Codec:
        """How values of this database are stored."""
        return self._codec

    @property
    def converter(self) -> Converter:
        """This database's cattrs converter: register hooks for types of yours before the first
        operation.

        An unstructure hook gives an attribute value, `{"S": "12.50 EUR"}`; a structure hook takes
        one. No other database sees them.
        """
        return self._codec.converter

    @property
    def retry(self) -> RetryPolicy:
        """How calls are retried that bring no policy of their own."""
        return self._retry

    @property
    def cursor_secret(self) -> bytes | None:
        """What cursors are signed with."""
        return self._cursor_secret

    def call(
        self,
        operation: str,
        request: Request,
        *,
        subject: object = None,
        repeat: Repeat | None = None,
        retry: RetryPolicy | None = None,
        read: AnswerReader | None = None,
    ) -> Coroutine[Any, Any, Answer]:
        """Send any operation of DynamoDB's, `("GetItem", {"TableName": ..., "Key": {...}})`, and
        give its answer as it came.

        Retried, bounded by the deadline and counted as everything else; `repeat` says what an
        ambiguous failure means for it. `read` may parse the bytes of a good answer, and gives None
        where it can't.

        Raises:
            UsageError: the database is closed, or used from another event loop than the one it was
                opened in.
            ServiceError, ConnectionFailed, DeadlineExceeded: it failed.
        """
        calls = self._calls
        if calls is None or self._loop is not asyncio.get_running_loop():
            return self._open_and_call(operation, request, subject, repeat, retry, read)
        return calls.call(
            operation, request, subject=subject, repeat=repeat, retry=retry, read=read
        )

    async def _open_and_call(
        self,
        operation: str,
        request: Request,
        subject: object,
        repeat: Repeat | None,
        retry: RetryPolicy | None,
        read: AnswerReader | None,
    ) -> Answer:
        calls = await self._open_in_time(operation)
        return await calls.call(
            operation, request, subject=subject, repeat=repeat, retry=retry, read=read
        )

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
        """Wait before the next try, by the policy given or the database's; `attempt` counts from 1,
        no wait is longer than `most_s`.

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

        By `adorm.deadline` (inside a Lambda handler Lambda's time less the reserve) and by the
        anyio cancel scopes around.
        """
        return remaining_s()

    def capacity(self) -> collect_capacity:
        """Count what the calls of this database consume, in a block: `async with db.capacity() as
        used: ...`.

        `used`, an `adorm.Capacity`, has the units in all, by table, by index and by operation, and
        estimates their price. Blocks nest; tasks started inside count; it stays as it is after the
        block. `adorm.capacity.collect_capacity()` counts all databases.
        """
        return collect_capacity(self._source)

    # ---- tables

    def table(self, model: type[ModelT], /, *, name: str | None = None) -> Table[ModelT]:
        """The model's operations on its table; `name` is the table's, in the place of the model's
        own.

        Raises:
            UsageError: the class is no model with a key, or no table is known for it.
        """
        return Table(self._binding(model, name))

    def _binding(self, model: type[Any], name: str | None = None, /) -> Binding:
        info = model_info(model)
        named = name is not None
        if name is None:
            if info.table is None:
                raise UsageError(
                    f"{info.name} names no table: write @adorm.model(table=...), or db.table({info.name}, name=...)"
                )
            name = self._table_name(info.table)
        return Binding(self, info, check_table_name(name), named)

    def _table_name(self, name: str) -> str:
        if callable(self._table_names):
            return self._table_names(name)
        if self._table_names is not None and name in self._table_names:
            return self._table_names[name]
        return name if is_arn(name) else self._table_prefix + name


async def _close(transport: Transport) -> None:
    bound = asyncio.timeout(CLOSE_TIMEOUT_S)
    try:
        async with bound:
            await transport.close()
    except TimeoutError:
        if not bound.expired():
            raise
        logging.getLogger("adorm").warning(
            "%r did not close within %g s", type(transport).__name__, CLOSE_TIMEOUT_S
        )


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError as error:
        raise UsageError(
            "adorm runs on asyncio, and no event loop of asyncio runs here, as under trio: with anyio take the backend asyncio"
        ) from error


def _foreign_loop() -> UsageError:
    return UsageError(
        "this database belongs to another event loop, which is not closed: connect() once in each of the loops, and close it there"
    )


def _closed() -> UsageError:
    return UsageError("this database is closed: connect() makes a new one")
