"""SQS: `@adorm.sqs_handler` handles the messages of a batch side by side.

Its answer tells SQS which of them it has to deliver again.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack, cast, overload

import attrs
import orjson

from adorm.aws_lambda.batches.chains import make_chains
from adorm.aws_lambda.batches.handler import AsyncFunction, BatchHandler, handler_function
from adorm.aws_lambda.batches.result import HandlerOutcome, HandlerResult
from adorm.errors import SqsFailed, UsageError

if TYPE_CHECKING:
    from adorm.aws_lambda.batches.handler import HandlerOptions
    from adorm.database import Database

    MessageFunction: TypeAlias = """(
        Callable[[SqsMessage], Awaitable[object]]
        | Callable[[SqsMessage, Database], Awaitable[object]]
    )"""
    """Handles one message: `async def work(message, db)`, which may leave out `db`."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen(eq=False)
class SqsMessage:
    """One message of a queue, as Lambda gives it to a function."""

    message_id: str
    body: str = attrs.field(repr=False)
    group_id: str | None
    """Its message group; None if the queue is no FIFO queue and the sender named none."""
    receive_count: int
    """How often it was received: 1 the first time, 0 if the record does not say."""
    sent_at: datetime | None
    """When it was sent, in UTC, to the millisecond; None if the record does not say."""
    queue_name: str | None
    """From the ARN of the event's source; None if the record does not say."""
    attributes: Mapping[str, Any] = attrs.field(repr=False)
    """Those of SQS itself, `{"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183",
    ...}`."""
    message_attributes: Mapping[str, Any] = attrs.field(repr=False)
    """The sender's own, `{"kind": {"dataType": "String", "stringValue": "paid"}}`."""
    raw: Mapping[str, Any] = attrs.field(repr=False)
    """The record as it came."""

    @property
    def is_fifo(self) -> bool:
        """Whether its queue keeps the order of each message group."""
        return self.queue_name is not None and self.queue_name.endswith(".fifo")

    def json(self) -> Any:
        """The body, parsed as JSON.

        Raises:
            UsageError: it is no JSON. The error shows no part of the body.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise UsageError(
                f"the body of message {self.message_id} is no JSON: "
                f"it ends, or has a mistake, at character {error.pos}"
            ) from None


def messages_of(event: object) -> list[SqsMessage]:
    """The messages of a Lambda event, or of a list of records."""
    records: object = event
    if isinstance(event, Mapping):
        records = cast("Mapping[str, object]", event).get("Records")
    if not isinstance(records, Sequence) or isinstance(records, str | bytes):
        raise UsageError(
            'no event of a queue: a dict with "Records", or a list of records, is expected'
        )
    count = len(cast("Sequence[object]", records))
    return [
        _message(raw, number, count)
        for number, raw in enumerate(cast("Sequence[object]", records), start=1)
    ]


def _message(raw: object, number: int, count: int) -> SqsMessage:
    record = _map(raw)
    message_id, body = record.get("messageId"), record.get("body")
    if not isinstance(message_id, str) or not message_id or not isinstance(body, str):
        source = record.get("eventSource") or record.get("EventSource")
        foreign = f" of {source}" if isinstance(source, str) and source != "aws:sqs" else ""
        raise UsageError(
            f"record {number} of {count}{foreign} is no message of a queue: it has no messageId "
            "or no body, so nothing was handled and the whole batch fails"
        )
    attributes = _map(record.get("attributes"))
    arn, group = record.get("eventSourceARN"), attributes.get("MessageGroupId")
    return SqsMessage(
        message_id,
        body,
        group if isinstance(group, str) else None,
        _whole(attributes.get("ApproximateReceiveCount")) or 0,
        _moment(_whole(attributes.get("SentTimestamp"))),
        arn.rsplit(":", 1)[-1] if isinstance(arn, str) and arn else None,
        attributes,
        _map(record.get("messageAttributes")),
        record,
    )


def _map(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _whole(value: object) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _moment(milliseconds: int | None) -> datetime | None:
    try:
        return None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


@attrs.define(eq=False, repr=False, kw_only=True)
class MessageOutcome(HandlerOutcome):
    """What became of one message. `value` is what the function returned; `error` is None if the
    message was handled, or not begun."""

    message: SqsMessage


@attrs.frozen(eq=False)
class SqsResult(HandlerResult[MessageOutcome]):
    """What became of each message of a batch: `outcomes`, in the order of the event.

    `response` is the answer to Lambda:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """

    failure = SqsFailed
    parts = "messages"

    @property
    def to_repeat(self) -> list[str]:
        """The ids of the messages that have to be delivered again: they failed, were cancelled or
        not begun."""
        return [outcome.message.message_id for outcome in self.outcomes if not outcome.finished]


class SqsHandler(BatchHandler[MessageOutcome]):
    """Gives each message of a batch to an async function; made by `@adorm.sqs_handler`.

    Called as a Lambda handler is, `await work(event, context, db)`. The function itself, for tests,
    is `work.__wrapped__`.
    """

    __wrapped__: MessageFunction

    what = "a handler of messages"
    part = "a message of a queue"
    parts = "messages"

    def __init__(
        self, function: MessageFunction, /, **options: Unpack[HandlerOptions[MessageOutcome]]
    ) -> None:
        """See `sqs_handler` for the options.

        Raises:
            UsageError: an option is wrong, or this is no async function of `(message, db)`.
        """
        super().__init__(**options)
        self._function = handler_function(function, self.what, arguments=("message", "db"), least=1)
        self._wrap(cast("AsyncFunction", function))

    def __repr__(self) -> str:
        return f"<adorm.SqsHandler {getattr(self, '__name__', 'without name')}>"

    async def process(self, event: Any, db: Database | None = None) -> SqsResult:
        """Handle the messages of an event, or of a list of its records; tell what became of each.

        Messages are handled side by side, those of one group of a FIFO queue one after the other:
        after a failure the rest of the group is not begun. Near the ambient deadline running
        functions are cancelled and no other begins.

        Raises:
            UsageError: it is no such event, or one of its records is no message. Nothing was
                handled.
        """
        messages = messages_of(event)
        if db is None and self._function.needs_db:
            raise UsageError("the handler takes db: give it, process(event, db)")
        outcomes = [
            MessageOutcome(label=f"message {message.message_id}", message=message)
            for message in messages
        ]

        async def handle(outcome: MessageOutcome) -> object:
            return await self._function(outcome.message, db)

        out_of_time = await self._run(make_chains(outcomes, _chain_of), handle, outcomes)
        return SqsResult(outcomes, out_of_time)

    def _log_fields(self, outcome: MessageOutcome) -> dict[str, object]:
        return {"message_id": outcome.message.message_id}


def _chain_of(outcome: MessageOutcome) -> Hashable:
    """The same for messages that have to be handled one after the other."""
    message = outcome.message
    return (message.queue_name, message.group_id) if message.is_fifo else id(outcome)


@overload
def sqs_handler(function: MessageFunction, /) -> SqsHandler: ...
@overload
def sqs_handler(
    **options: Unpack[HandlerOptions[MessageOutcome]],
) -> Callable[[MessageFunction], SqsHandler]: ...
def sqs_handler(
    function: MessageFunction | None = None, /, **options: Unpack[HandlerOptions[MessageOutcome]]
) -> SqsHandler | Callable[[MessageFunction], SqsHandler]:
    """Make a handler of SQS batches of an async function that handles one message.

    ::

        @adorm.sqs_handler
        async def work(message: adorm.SqsMessage, db: adorm.Database) -> None:
            await db.table(Order).create(Order(**message.json()))


        handler = adorm.lambda_handler(models=[Order])(work)

    Messages are handled side by side, those of one group of a FIFO queue in order. The answer names
    what failed, and SQS delivers only that again. The event source mapping needs
    `ReportBatchItemFailures`: without it Lambda takes the answer for success, and what failed is
    lost. If it can't be set, say `partial_batches=False`.

    Args:
        concurrency: the most messages handled at a time; 16 by default.
        stop_before_s: how long before the ambient deadline running functions are cancelled, so that
            there is time to answer; 0.5 s by default.
        partial_batches: False raises `SqsFailed` if a message failed, and the whole batch is
            delivered again; True by default.
        on_failure: a function, which may be async, called with the outcome of each message that
            failed. What it raises is logged. It does not get messages that were cancelled because
            the deadline was near.

    Raises:
        UsageError: an option is wrong, or the function has other parameters.
    """
    decorate = partial(SqsHandler, **options)
    return decorate if function is None else decorate(function)
