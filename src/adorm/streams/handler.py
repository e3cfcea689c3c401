"""`@adorm.stream_handler`: records of a stream to typed handlers, and to Lambda what has to come
again."""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from adorm.codec.codec import default_codec
from adorm.errors import UsageError
from adorm.streams.batches import BatchOutcome, handle_batch, in_batches, spread
from adorm.streams.calling import Callee, Handler, make_callee
from adorm.streams.change import typed_change
from adorm.streams.options import DEFAULT_CONCURRENCY, DEFAULT_STOP_BEFORE_S, check_options, tell
from adorm.streams.ordered import OrderedRun, RecordOutcome, Step, in_chains, item_of_outcome
from adorm.streams.record import parse_record, records_of, sequence_number_of
from adorm.streams.registration import Handlers
from adorm.streams.result import AfterFailure, BatchResponse, StreamResult, shown_error
from adorm.streams.routes import Route
from adorm.tables.names import plain_name

if TYPE_CHECKING:
    from adorm.database import Database
    from adorm.streams.signatures import Fallback

logger = logging.getLogger("adorm")


class StreamHandler(Handlers):
    """Takes the records of a stream to the handlers registered for their models; made by
    `@adorm.stream_handler`.

    Called as a Lambda handler is, `await changes(event, context, db)`. `adorm.StreamHandler(...)`
    itself is one without a fallback. The fallback alone, for tests, is `changes.__wrapped__`.
    """

    def __init__(
        self,
        fallback: Fallback | None = None,
        /,
        *,
        concurrency: int = DEFAULT_CONCURRENCY,
        after_failure: AfterFailure = "continue",
        unhandled: Literal["fail", "ignore"] = "fail",
        stop_before_s: float = DEFAULT_STOP_BEFORE_S,
        partial_batches: bool = True,
        on_failure: Callable[[RecordOutcome], object] | None = None,
    ) -> None:
        """See `stream_handler` for the options.

        Raises:
            UsageError: an option that is none, or a fallback that is no async function of `(record,
                db)`.
        """
        if after_failure not in ("continue", "stop_shard"):  # unchecked callers
            raise UsageError(f'after_failure is "continue" or "stop_shard", not {after_failure!r}')
        if unhandled not in ("fail", "ignore"):  # unchecked callers
            raise UsageError(f'unhandled is "fail" or "ignore", not {unhandled!r}')
        check_options(concurrency, stop_before_s, on_failure)
        super().__init__()
        self._fallback: Callee | None = None
        self._concurrency = concurrency
        self._after_failure: AfterFailure = after_failure
        self._unhandled = unhandled
        self._stop_before_s = float(stop_before_s)
        self._partial_batches = bool(partial_batches)
        self._on_failure = on_failure
        if fallback is not None:
            self._fallback = make_callee(
                fallback, "the fallback of a stream handler", least=1, offered=("record", "db")
            )
            functools.update_wrapper(
                cast("Callable[..., Any]", self), cast("Handler", fallback), updated=()
            )
            self.__signature__ = inspect.signature(
                self.__call__
            )  # its own, not that of the fallback in `__wrapped__`

    def __repr__(self) -> str:
        handlers = ", ".join(f"{route.kind} of {route.info.name}" for route in self._routes)
        return f"<adorm.StreamHandler {getattr(self, '__name__', 'without fallback')}: {handlers or 'no typed handler'}>"

    # ---- handling

    async def __call__(self, event: Any, context: Any, db: Database | None = None) -> BatchResponse:
        """Handle a Lambda event; the answer names the records that have to come again.

        Raises:
            UsageError: as of `process`; the whole batch comes again.
            StreamFailed: with `partial_batches=False`, a record is not handled.
        """
        result = await self.process(event, db)
        if not self._partial_batches:
            result.raise_failures()
        return result.response

    async def process(
        self, event: Any, db: Database | None = None, *, table_name: str | None = None
    ) -> StreamResult:
        """Handle the records of an event, of an answer of GetRecords, or in a list, and tell what
        became of each.

        Records of one item in order, one after the other; those of different items side by side.
        What a record's handler raises is in its outcome; later records of the same item are not
        begun. Near the ambient deadline handlers that run are cancelled and no other begins.

        Args:
            db: for the handlers, and where the tables' names and the converter hooks come from.
            table_name: of records that do not name their table, as those of GetRecords.

        Raises:
            UsageError: it is no such event, it has no records, or one of them has no sequence
                number; nothing was handled.
        """
        records = records_of(event)
        outcomes = [
            self._outcome(raw, position, len(records)) for position, raw in enumerate(records, 1)
        ]
        if db is None and any(callee.needs_db for callee in self._callees()):
            raise UsageError("a handler takes db: give it, process(event, db)")
        ordered = sorted(outcomes, key=lambda outcome: int(outcome.sequence_number))
        readable = ordered
        for position, (outcome, raw) in enumerate(_with_raw(ordered, outcomes, records)):
            try:
                outcome.record = record = parse_record(raw, table_name)
                if record.table_name is None:
                    raise UsageError(
                        "the record does not name its table: process(..., table_name=...)"
                    )
                outcome.label = f"{record.kind} of {record.table_name}, sequence number {record.sequence_number}"
            except UsageError as error:
                # Whose item it is of is not known: what follows might be the next change of the
                # same.
                outcome.error = error
                await self._note(outcome)
                readable = ordered[:position]
                break
        tables: dict[Route, str] = {}

        def table_of(route: Route) -> str:
            name = tables.get(route)
            if name is None:
                name = route.table_name or (
                    route.info.table or "" if db is None else db.table(route.info.model).name
                )
                name = tables[route] = plain_name(name)
            return name

        async def handle(outcome: RecordOutcome) -> object:
            if isinstance(outcome, BatchOutcome):
                await handle_batch(outcome, db, self._note)
                return None
            return await self._handle(outcome, db, table_of)

        async def note(outcome: RecordOutcome) -> None:
            for each in spread(outcome):
                await self._note(each)

        run = OrderedRun(
            handle,
            note,
            concurrency=self._concurrency,
            stop_after_failure=self._after_failure == "stop_shard",
            stop_before_s=self._stop_before_s,
        )
        for cut in await run.run(self._with_batches(readable, table_of)):
            for outcome in spread(cut):
                self._log(outcome)
        if run.out_of_time:
            left = sum(not outcome.finished for outcome in outcomes)
            logger.warning(
                "a stream handler ran out of time: %d of %d records come again (it stops %g s before the deadline)",
                left,
                len(outcomes),
                self._stop_before_s,
            )
        return StreamResult(outcomes, self._after_failure, run.out_of_time)

    def _outcome(self, raw: object, position: int, count: int) -> RecordOutcome:
        number = sequence_number_of(raw)
        if number is None:
            problem = f"record {position} of {count} can't be named to Lambda, so nothing was handled and the whole batch fails"
            try:
                parse_record(raw)
            except UsageError as reason:
                raise UsageError(f"{problem}: {reason}") from reason
            raise UsageError(problem)
        return RecordOutcome(f"sequence number {number}", sequence_number=number)

    def _with_batches(
        self, readable: Sequence[RecordOutcome], table_of: Callable[[Route], str]
    ) -> list[Step[RecordOutcome]]:
        """What is begun first, of each item; a step may stand for all records that a handler of
        batches takes."""
        if not any(route.kind == "BATCH" for route in self._routes):
            return in_chains(readable, item_of_outcome)
        taken: list[tuple[RecordOutcome, Route | None]] = []
        for outcome in readable:
            route = None
            if outcome.record is not None:
                with contextlib.suppress(
                    Exception
                ):  # what `when` raises, or that two take it, is told when the record's turn comes
                    route = self._routes.find(outcome.record, table_of)
            taken.append((outcome, route if route is not None and route.kind == "BATCH" else None))
        return in_batches(taken)

    async def _handle(
        self, outcome: RecordOutcome, db: Database | None, table_of: Callable[[Route], str]
    ) -> object:
        record = outcome.record
        if record is None:
            raise UsageError("the record was not read")
        route = self._routes.find(record, table_of)
        if route is not None and route.kind == "BATCH":
            raise UsageError(
                f"{route.describe()} has a when= that failed, and took the record when it was asked again"
            )
        if route is not None:
            outcome.model = route.info.model
            outcome.label = (
                f"{record.kind} of {route.info.name}, sequence number {record.sequence_number}"
            )
            change = typed_change(
                record, route.info, default_codec(route.info.model) if db is None else db.codec
            )
            return await route.callee(*route.arguments(change.old, change.new), change, db)
        if self._fallback is not None:
            return await self._fallback(record, db)
        if self._unhandled == "ignore":
            return None
        raise UsageError(
            f"no handler takes {record.kind} of table {record.table_name}: register one, decorate a fallback, or say "
            'StreamHandler(unhandled="ignore")'
        )

    def _callees(self) -> Iterator[Callee]:
        yield from (route.callee for route in self._routes)
        if self._fallback is not None:
            yield self._fallback

    async def _note(self, outcome: RecordOutcome) -> None:
        """Log a failure and tell the hook. Never raises."""
        self._log(outcome)
        await tell(self._on_failure, outcome, "a stream handler")

    def _log(self, outcome: RecordOutcome) -> None:
        logger.error(
            "a record of a stream failed: %s: %s",
            outcome.label,
            shown_error(outcome.error),
            extra={
                "sequence_number": outcome.sequence_number,
                "model": None if outcome.model is None else outcome.model.__name__,
                "error_type": type(outcome.error).__name__,
            },
        )


def _with_raw(
    ordered: Sequence[RecordOutcome], outcomes: Sequence[RecordOutcome], records: Sequence[object]
) -> list[tuple[RecordOutcome, object]]:
    raws = {id(outcome): raw for outcome, raw in zip(outcomes, records, strict=True)}
    return [(outcome, raws[id(outcome)]) for outcome in ordered]


@overload
def stream_handler(fallback: Fallback, /) -> StreamHandler: ...
@overload
def stream_handler(
    *,
    concurrency: int = ...,
    after_failure: AfterFailure = ...,
    stop_before_s: float = ...,
    partial_batches: bool = ...,
    on_failure: Callable[[RecordOutcome], object] | None = ...,
) -> Callable[[Fallback], StreamHandler]: ...
def stream_handler(
    fallback: Fallback | None = None,
    /,
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    after_failure: AfterFailure = "continue",
    stop_before_s: float = DEFAULT_STOP_BEFORE_S,
    partial_batches: bool = True,
    on_failure: Callable[[RecordOutcome], object] | None = None,
) -> StreamHandler | Callable[[Fallback], StreamHandler]:
    """Make a stream handler of an async function, which gets what no typed handler takes.

    ::

        @adorm.stream_handler
        async def changes(record: adorm.StreamRecord, db: adorm.Database) -> None: ...


        @changes.insert(Order)
        async def created(
            order: Order, change: adorm.StreamChange[Order], db: adorm.Database
        ) -> None: ...


        handler = adorm.lambda_handler(models=[Order])(changes)

    Each record is handled at least once, those of one item in order. The event source mapping needs
    `ReportBatchItemFailures`: without it Lambda takes the answer for success, and what failed is
    lost; say `partial_batches=False` there.

    Args:
        concurrency: records at a time, of as many items.
        after_failure: "continue" handles what other items have in the batch; "stop_shard" begins
            nothing that follows a failed record, as Lambda begins again there anyway.
        stop_before_s: how long before the ambient deadline handlers are cancelled, so that there is
            time to answer.
        partial_batches: False raises `StreamFailed` where a record failed, and the whole batch
            comes again.
        on_failure: called with the outcome of each record that failed, may be async; what it raises
            is logged. What time cut off is not told to it.

    Raises:
        UsageError: an option that is none, or a function that is not of this form.
    """

    def decorate(fallback: Fallback) -> StreamHandler:
        return StreamHandler(
            fallback,
            concurrency=concurrency,
            after_failure=after_failure,
            stop_before_s=stop_before_s,
            partial_batches=partial_batches,
            on_failure=on_failure,
        )

    return decorate if fallback is None else decorate(fallback)
