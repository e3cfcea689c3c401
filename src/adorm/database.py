"""`Database`: what a user has of one connection to DynamoDB."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from adorm.batch.batches import Batches
from adorm.calls.calls import Calls
from adorm.calls.capacity import collect_capacity
from adorm.calls.opening import LazyCalls
from adorm.clock import current_clock
from adorm.codec.codec import Codec
from adorm.deadlines import remaining_s, stop_if_cancelled
from adorm.dynamodb.operations import Repeat
from adorm.dynamodb.table_names import check_table_name, is_arn
from adorm.errors import DeadlineExceeded, UsageError
from adorm.items.binding import Binding
from adorm.models import model_info
from adorm.retry import DEFAULT_RETRY, RetryPolicy, backoff, unit_random
from adorm.schema.model_types import AttrsLike, DataclassLike
from adorm.single_tables.collections import Collections
from adorm.table import Table
from adorm.tables.tables import Tables
from adorm.transport.base import Answer, AnswerReader, Request, Transport
from adorm.tx.transactions import Transactions

if TYPE_CHECKING:
    from cattrs import Converter

    from adorm.calls.hedge import HedgeFigures, HedgingTransport
    from adorm.calls.pace import RateLimiter
    from adorm.items.key_makers import Keyed
    from adorm.items.operation import Operation
    from adorm.items.raw_binding import KeyPart
    from adorm.migrations.reports import MigrationReport
    from adorm.options import ConnectOptions
    from adorm.raw_tables.raw_table import RawTable
    from adorm.single_tables.keyed_table import KeyedTable

ModelT = TypeVar("ModelT", bound=DataclassLike | AttrsLike)
P = ParamSpec("P")


class Database(LazyCalls, Tables, Transactions, Batches, Collections):
    """A connection to DynamoDB, safe to share among the tasks of one event loop. Made by
    `connect()`.

    It opens at first use; `async with` closes it at the end, `close()` at any time. After that, and
    from a second event loop beside the first, every operation is a `UsageError`. Once its loop is
    closed, as after `asyncio.run`, it opens again in the next loop that uses it. A child process of
    `os.fork` makes connections of its own. If it is garbage-collected with connections open, it
    closes them with a `ResourceWarning`.
    """

    def __init__(
        self, make_transport: Callable[[], Transport], options: ConnectOptions | None = None, /
    ) -> None:
        self._options: ConnectOptions = {} if options is None else options
        super().__init__(make_transport)
        self.clock = self._options.get("clock") or current_clock()
        self.random = self._options.get("random", unit_random)
        self.retry = self._options.get("retry", DEFAULT_RETRY)
        secret = self._options.get("cursor_secret")
        self.cursor_secret = secret.encode() if isinstance(secret, str) else secret
        self._limiter: RateLimiter | None = None
        self._hedging: HedgingTransport | None = None
        self.codec = Codec(self._options.get("datetime_format", "Z"))
        self._source = object()

    def _make_calls(self, transport: Transport) -> Calls:
        limiter = None
        rate_limit, hedge = self._options.get("rate_limit"), self._options.get("hedge")
        if rate_limit is not None:
            from adorm.calls.pace import RateLimiter

            limiter = self._limiter = RateLimiter(rate_limit, self.clock)
        if hedge is not None:
            from adorm.calls.hedge import HedgingTransport

            transport = self._hedging = HedgingTransport(
                transport,
                hedge,
                afford=None if limiter is None else limiter.take_at_hand,
            )
        return Calls(
            transport,
            retry=self.retry,
            clock=self.clock,
            random=self.random,
            hooks=tuple(self._options.get("hooks", ())),
            middleware=tuple(self._options.get("middleware", ())),
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
    def converter(self) -> Converter:
        """This database's cattrs converter: register hooks for types of yours before the first
        operation.

        An unstructure hook gives an attribute value, `{"S": "12.50 EUR"}`; a structure hook takes
        one. No other database sees them.
        """
        return self.codec.converter

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
            return self._open_and_call(
                operation, request, subject=subject, repeat=repeat, retry=retry, read=read
            )
        return calls.call(
            operation, request, subject=subject, repeat=repeat, retry=retry, read=read
        )

    async def _open_and_call(self, operation: str, request: Request, **options: Any) -> Answer:
        calls = await self._open_in_time(operation)
        return await calls.call(operation, request, **options)

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
        """Wait before the next try, by the policy given or the database's, `most_s` at most.

        `attempt` counts from 1.

        Raises:
            DeadlineExceeded: the wait would outlive the deadline.
        """
        wait_s = backoff(attempt, retry or self.retry, self.random())
        delay_s = min(most_s, wait_s)
        left_s = remaining_s()
        if left_s == -math.inf:
            await stop_if_cancelled()
        if delay_s >= left_s:
            raise DeadlineExceeded(
                f"{operation} on {subject}: the wait of {delay_s:.3f} s {why} would outlive the "
                "deadline",
                operation=operation,
                subject=str(subject),
                attempts=attempt,
            )
        await self.clock.sleep(delay_s)

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
        block. `adorm.collect_capacity()` counts all databases.
        """
        return collect_capacity(self._source)

    # ---- tables

    # A model with a key function is both: the first that fits is meant.
    @overload
    def table(
        self, model: type[Keyed[ModelT, P]], /, *, name: str | None = ...
    ) -> KeyedTable[ModelT, P]: ...
    @overload
    def table(self, model: type[ModelT], /, *, name: str | None = ...) -> Table[ModelT]: ...
    def table(self, model: type[Any], /, *, name: str | None = None) -> Any:
        """The model's operations on its table, or on the table `name`.

        Raises:
            UsageError: the class is no model with a key, or no table is known for it.
        """
        binding = self.binding(model, name)
        if binding.info.is_abstract:
            from adorm.single_tables.abstract_table import AbstractTable

            abstract_table: AbstractTable[Any, Any] = AbstractTable(binding)
            return abstract_table
        if binding.info.key is None:
            table: Table[Any] = Table(binding)
            return table
        from adorm.single_tables.keyed_table import KeyedTable

        keyed: KeyedTable[Any, ...] = KeyedTable(binding)
        return keyed

    def raw_table(
        self,
        name: str,
        /,
        *,
        partition_key: KeyPart | None = None,
        sort_key: KeyPart | None = None,
    ) -> RawTable:
        """A table without a model: items are dicts of plain values.

        `await db.raw_table("legacy")` asks DynamoDB for its key; with `partition_key=("pk", str)`
        and, if it has one, `sort_key=("sk", int)` nothing is sent.

        Args:
            name: the table's name in DynamoDB; prefixes of `connect()` are not added.
        """
        from adorm.raw_tables.raw_table import RawTable

        return RawTable(self, check_table_name(name), partition_key, sort_key)

    def auto_migrate(
        self,
        source: type[Any],
        /,
        *,
        to: type[Any] | None = None,
        transform: Callable[[Any], Any] | None = None,
        backup: str | None = None,
        allow: Sequence[str] = (),
    ) -> Operation[MigrationReport]:
        """Create the model's table, or change it to what the model says, as far as that is safe.

        With `transform=` its items are migrated in place after that. With `to=` too they are copied
        to the table of that model, and compared at the end. It deletes nothing and drops no table.

        Args:
            backup: make a backup of this name first. Where there are no backups, it is a copy in a
                table of this name, which must not exist.
            allow: the texts of steps of the plan that are not safe and shall be done, see
                `TablePlan.apply`.

        Raises (when awaited):
            UsageError: the plan has other steps that are not safe; the message has the plan.
            MigrationFailed: an item could not be migrated; the source is as it was.
            AdormError: at the end the target is not equal to the source.
        """
        from adorm.migrations.auto import auto_migrate
        from adorm.migrations.migration import MigrationStep

        return MigrationStep(
            source.__name__,
            lambda: auto_migrate(
                self, source, to=to, transform=transform, backup=backup, allow=allow
            ),
        )

    def binding(self, model: type[Any], name: str | None = None, /) -> Binding:
        info = model_info(model)
        named = name is not None
        if name is None:
            if info.table is None:
                raise UsageError(
                    f"{info.name} names no table: write @adorm.model(table=...), or "
                    f"db.table({info.name}, name=...)"
                )
            name = self._table_name(info.table)
        return Binding(self, info, check_table_name(name), named)

    def _table_name(self, name: str) -> str:
        names = self._options.get("table_names")
        if callable(names):
            return names(name)
        if names is not None and name in names:
            return names[name]
        return name if is_arn(name) else self._options.get("table_prefix", "") + name
