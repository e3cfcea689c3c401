"""`@adorm.stream_handler`: gives the records of a stream to typed handlers, and tells Lambda which
of them it has to deliver again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast, overload

from adorm.aws_lambda.batches.chains import ChainLink, make_chains
from adorm.aws_lambda.batches.handler import (
    AsyncFunction,
    BatchHandler,
    HandlerFunction,
    handler_function,
)
from adorm.codec.chosen_codec import default_codec
from adorm.dynamodb.table_names import plain_name
from adorm.errors import UsageError
from adorm.streams.batches import BatchOutcome, chains_with_batches, handle_batch
from adorm.streams.change import typed_change
from adorm.streams.record import parse_record, records_of, sequence_number_of
from adorm.streams.registration import HandlerRegistry
from adorm.streams.result import AfterFailure, RecordOutcome, StreamResult
from adorm.streams.typed_handlers import TypedHandler, TypedHandlers

if TYPE_CHECKING:
    from adorm.aws_lambda.batches.handler import HandlerOptions
    from adorm.database import Database
    from adorm.streams.handler_types import Fallback

    class StreamOptions(HandlerOptions[RecordOutcome], total=False):
        """The options of `stream_handler`."""

        after_failure: AfterFailure


class StreamHandler(HandlerRegistry, BatchHandler[RecordOutcome]):
    """Gives the records of a stream to typed handlers; made by `@adorm.stream_handler`.

    Called as a Lambda handler is, `await changes(event, context, db)`. `adorm.StreamHandler(...)`
    makes one without a fallback. The fallback alone, for tests, is `changes.__wrapped__`.
    """

    what = "a stream handler"
    part = "a record of a stream"
    parts = "records"

    def __init__(
        self,
        fallback: Fallback | None = None,
        /,
        *,
        after_failure: AfterFailure = "continue",
        unhandled: Literal["fail", "ignore"] = "fail",
        **options: Unpack[HandlerOptions[RecordOutcome]],
    ) -> None:
        """See `stream_handler` for the options.

        Raises:
            UsageError: an option is wrong, or the fallback is no async function of `(record, db)`.
        """
        if after_failure not in ("continue", "stop_shard"):  # unchecked callers
            raise UsageError(f'after_failure is "continue" or "stop_shard", not {after_failure!r}')
        if unhandled not in ("fail", "ignore"):  # unchecked callers
            raise UsageError(f'unhandled is "fail" or "ignore", not {unhandled!r}')
        super().__init__(**options)
        self._typed_handlers = TypedHandlers()
        self._after_failure: AfterFailure = after_failure
        self._unhandled = unhandled
        self._fallback: HandlerFunction | None = None
        if fallback is not None:
            self._fallback = handler_function(
                fallback, "the fallback of a stream handler", arguments=("record", "db"), least=1
            )
            self._wrap(cast("AsyncFunction", fallback))

    def __repr__(self) -> str:
        handlers = [f"{handler.kind} of {handler.info.name}" for handler in self._typed_handlers]
        name = getattr(self, "__name__", "without fallback")
        return f"<adorm.StreamHandler {name}: {', '.join(handlers) or 'no typed handler'}>"

    # ---- handling

    async def process(
        self, event: Any, db: Database | None = None, *, table_name: str | None = None
    ) -> StreamResult:
        """Handle the records of an event, of GetRecords or of a list; tell what became of each.

        Records of one item are handled in order, one after the other; those of different items side
        by side. What a record's handler raises is in its outcome; later records of the same item
        are not begun. Near the ambient deadline running handlers are cancelled and no other begins.

        Args:
            db: given to the handlers; it also has the names of the tables and the converter hooks.
            table_name: the table of records that do not name theirs, as those of GetRecords.

        Raises:
            UsageError: it is no such event, it has no records, or one of them has no sequence
                number. Nothing was handled.
        """
        records = records_of(event)
        outcomes = [
            _outcome(raw, position, len(records)) for position, raw in enumerate(records, start=1)
        ]
        if db is None and any(function.needs_db for function in self._functions()):
            raise UsageError("a handler takes db: give it, process(event, db)")
        readable = await self._parse(records, outcomes, table_name)
        names: dict[TypedHandler, str] = {}

        def table_of(handler: TypedHandler) -> str:
            name = names.get(handler)
            if name is None:
                name = handler.table_name or (
                    handler.info.table or "" if db is None else db.table(handler.info.model).name
                )
                name = names[handler] = plain_name(name)
            return name

        async def handle(outcome: RecordOutcome) -> object:
            if isinstance(outcome, BatchOutcome):
                await handle_batch(outcome, db, self._report)
                return None
            return await self._handle(outcome, db, table_of)

        out_of_time = await self._run(
            self._chains(readable, table_of),
            handle,
            outcomes,
            stop_after_failure=self._after_failure == "stop_shard",
        )
        return StreamResult(outcomes, out_of_time, self._after_failure)

    async def _parse(
        self, records: Sequence[object], outcomes: Sequence[RecordOutcome], table_name: str | None
    ) -> list[RecordOutcome]:
        """Parse the records into their outcomes; returns those to handle, in the shard's order.

        Nothing is handled that follows a record that can't be read: its item is not known, so that
        a later record may be of the same item.
        """
        pairs = list(zip(outcomes, records, strict=True))
        pairs.sort(key=lambda pair: int(pair[0].sequence_number))
        readable: list[RecordOutcome] = []
        for outcome, raw in pairs:
            try:
                outcome.record = record = parse_record(raw, table_name)
                if record.table_name is None:
                    raise UsageError(
                        "the record does not name its table: process(..., table_name=...)"
                    )
            except UsageError as error:
                outcome.error = error
                await self._report(outcome)
                break
            outcome.label = _label(record.kind, record.table_name, outcome)
            readable.append(outcome)
        return readable

    def _chains(
        self, readable: Sequence[RecordOutcome], table_of: Callable[[TypedHandler], str]
    ) -> list[ChainLink[RecordOutcome]]:
        """The records in chains, one for each item; handlers of batches take several at once."""
        if not any(handler.kind == "BATCH" for handler in self._typed_handlers):
            return make_chains(readable, lambda outcome: outcome.item)
        records: list[tuple[RecordOutcome, TypedHandler | None]] = []
        for outcome in readable:
            handler = self._find_quietly(outcome, table_of)
            is_batch = handler is not None and handler.kind == "BATCH"
            records.append((outcome, handler if is_batch else None))
        return chains_with_batches(records)

    def _find_quietly(
        self, outcome: RecordOutcome, table_of: Callable[[TypedHandler], str]
    ) -> TypedHandler | None:
        """The record's typed handler; None after an error, which `_handle` will raise again."""
        try:
            record = outcome.record
            return None if record is None else self._typed_handlers.find(record, table_of)
        except Exception:  # noqa: BLE001  # of `when`, or two handlers take it
            return None

    async def _handle(
        self, outcome: RecordOutcome, db: Database | None, table_of: Callable[[TypedHandler], str]
    ) -> object:
        record = outcome.record
        if record is None:
            raise UsageError("the record was not read")
        handler = self._typed_handlers.find(record, table_of)
        if handler is not None and handler.kind == "BATCH":
            raise UsageError(
                f"{handler.describe()} has a when= that failed, and took the record when it was "
                "called again"
            )
        if handler is not None:
            info = handler.info
            outcome.model = info.model
            outcome.label = _label(record.kind, info.name, outcome)
            codec = default_codec(info.model) if db is None else db.codec
            change = typed_change(record, info, codec)
            return await handler.function(*handler.images(change.old, change.new), change, db)
        if self._fallback is not None:
            return await self._fallback(record, db)
        if self._unhandled == "ignore":
            return None
        raise UsageError(
            f"no handler takes {record.kind} of table {record.table_name}: register one, decorate "
            'a fallback, or say StreamHandler(unhandled="ignore")'
        )

    def _functions(self) -> Iterator[HandlerFunction]:
        yield from (handler.function for handler in self._typed_handlers)
        if self._fallback is not None:
            yield self._fallback

    def _affected(self, outcome: RecordOutcome) -> Sequence[RecordOutcome]:
        return outcome.pass_error_on() if isinstance(outcome, BatchOutcome) else [outcome]

    def _log_fields(self, outcome: RecordOutcome) -> dict[str, object]:
        model = None if outcome.model is None else outcome.model.__name__
        return {"sequence_number": outcome.sequence_number, "model": model}


def _label(kind: str, of: str, outcome: RecordOutcome) -> str:
    return f"{kind} of {of}, sequence number {outcome.sequence_number}"


def _outcome(raw: object, position: int, count: int) -> RecordOutcome:
    """The outcome of a record, before it is parsed.

    Raises:
        UsageError: it has no sequence number.
    """
    number = sequence_number_of(raw)
    if number is not None:
        return RecordOutcome(f"sequence number {number}", sequence_number=number)
    problem = (
        f"record {position} of {count} can't be named to Lambda, so nothing was handled "
        "and the whole batch fails"
    )
    try:
        parse_record(raw)
    except UsageError as reason:
        raise UsageError(f"{problem}: {reason}") from reason
    raise UsageError(problem)


@overload
def stream_handler(fallback: Fallback, /) -> StreamHandler: ...
@overload
def stream_handler(**options: Unpack[StreamOptions]) -> Callable[[Fallback], StreamHandler]: ...
def stream_handler(
    fallback: Fallback | None = None, /, **options: Unpack[StreamOptions]
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
    lost. If it can't be set, say `partial_batches=False`.

    Args:
        concurrency: the most records handled at a time, of as many items; 16 by default.
        after_failure: "continue" (default) handles the records of other items in the batch;
            "stop_shard" begins nothing that follows a failed record, for Lambda begins again there
            in any case.
        stop_before_s: how long before the ambient deadline running handlers are cancelled, so that
            there is time to answer; 0.5 s by default.
        partial_batches: False raises `StreamFailed` if a record failed, and the whole batch is
            delivered again; True by default.
        on_failure: a function, which may be async, called with the outcome of each record that
            failed. What it raises is logged. It does not get records that were cancelled because
            the deadline was near.

    Raises:
        UsageError: an option is wrong, or the function has other parameters.
    """
    decorate = partial(StreamHandler, **options)
    return decorate if fallback is None else decorate(fallback)
