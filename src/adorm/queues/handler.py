"""`@adorm.sqs_handler`: the messages of a batch side by side, and to SQS those that have to come
again."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, cast, overload

import attrs

from adorm.errors import DeadlineExceeded, SqsFailed, UsageError
from adorm.outcomes import Outcome
from adorm.queues.message import SqsMessage, messages_of
from adorm.streams.calling import Handler, make_callee
from adorm.streams.options import DEFAULT_CONCURRENCY, DEFAULT_STOP_BEFORE_S, check_options, tell
from adorm.streams.ordered import OrderedRun, in_chains
from adorm.streams.result import BatchResponse, shown_error

if TYPE_CHECKING:
    from adorm.database import Database

    Work = (
        Callable[[SqsMessage], Awaitable[object]]
        | Callable[[SqsMessage, Database], Awaitable[object]]
    )
    """What handles one message: `async def work(message, db)`, of which `db` may be left out."""

logger = logging.getLogger("adorm")


@attrs.define(eq=False, repr=False, kw_only=True)
class MessageOutcome(Outcome[Any]):
    """What became of one message. `value` is what the function returned; `error` is None too where
    it was not begun."""

    message: SqsMessage

    def __repr__(self) -> str:
        """Without what was returned, and without the error's words: both may hold values."""
        became = (
            "finished"
            if self.finished
            else "not handled"
            if self.error is None
            else type(self.error).__name__
        )
        return f"<adorm.MessageOutcome {self.label}: {became}>"


@attrs.frozen(eq=False)
class SqsResult:
    """What became of each message of a batch."""

    outcomes: Sequence[MessageOutcome]
    """One for each message, in the order of the event."""
    out_of_time: bool
    """Whether messages were cut off or not begun as the deadline was near."""

    @property
    def failures(self) -> list[MessageOutcome]:
        """Those that failed; what was not begun behind them is not among these."""
        return [outcome for outcome in self.outcomes if outcome.error is not None]

    @property
    def to_repeat(self) -> list[str]:
        """The ids of the messages that have to come again: they failed, were cut off or not
        begun."""
        return [outcome.message.message_id for outcome in self.outcomes if not outcome.finished]

    @property
    def response(self) -> BatchResponse:
        """What Lambda is answered.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
        """
        return {
            "batchItemFailures": [{"itemIdentifier": message_id} for message_id in self.to_repeat]
        }

    def raise_failures(self) -> None:
        """Make an error of what failed, was cut off or not begun.

        Raises:
            SqsFailed: that happened; the group of the errors, with the outcomes.
        """
        unfinished = len(self.to_repeat)
        if not unfinished:
            return
        errors = [outcome.error for outcome in self.outcomes if outcome.error is not None]
        if not errors:  # nothing else leaves messages behind
            errors = [DeadlineExceeded("too little time was left to begin")]
        raise SqsFailed(
            f"{unfinished} of {len(self.outcomes)} messages are not handled",
            errors,
            outcomes=self.outcomes,
            result=self,
        )


class SqsHandler:
    """Gives each message of a batch to an async function; made by `@adorm.sqs_handler`.

    Called as a Lambda handler is, `await work(event, context, db)`. The function itself, for tests,
    is `work.__wrapped__`.
    """

    __name__: str
    __wrapped__: Work

    def __init__(
        self,
        function: Work,
        /,
        *,
        concurrency: int = DEFAULT_CONCURRENCY,
        stop_before_s: float = DEFAULT_STOP_BEFORE_S,
        partial_batches: bool = True,
        on_failure: Callable[[MessageOutcome], object] | None = None,
    ) -> None:
        """See `sqs_handler` for the options.

        Raises:
            UsageError: an option that is none, or no async function of `(message, db)`.
        """
        check_options(concurrency, stop_before_s, on_failure)
        self._callee = make_callee(
            function, "a handler of messages", least=1, offered=("message", "db")
        )
        self._concurrency = concurrency
        self._stop_before_s = float(stop_before_s)
        self._partial_batches = bool(partial_batches)
        self._on_failure = on_failure
        functools.update_wrapper(
            cast("Callable[..., Any]", self), cast("Handler", function), updated=()
        )
        self.__signature__ = inspect.signature(self.__call__)  # its own, not that of the function

    def __repr__(self) -> str:
        return f"<adorm.SqsHandler {getattr(self, '__name__', 'without name')}>"

    async def __call__(self, event: Any, context: Any, db: Database | None = None) -> BatchResponse:
        """Handle a Lambda event; the answer names the messages that have to come again.

        Raises:
            UsageError: as of `process`; the whole batch comes again.
            SqsFailed: with `partial_batches=False`, a message is not handled.
        """
        result = await self.process(event, db)
        if not self._partial_batches:
            result.raise_failures()
        return result.response

    async def process(self, event: Any, db: Database | None = None) -> SqsResult:
        """Handle the messages of an event, or of a list of its records, and tell what became of
        each.

        Side by side, those of one group of a FIFO queue one after the other: after a failure the
        rest of the group is not begun. Near the ambient deadline what runs is cancelled and nothing
        else begins.

        Raises:
            UsageError: it is no such event, or one of its records is no message; nothing was
                handled.
        """
        messages = messages_of(event)
        if db is None and self._callee.needs_db:
            raise UsageError("the handler takes db: give it, process(event, db)")
        outcomes = [
            MessageOutcome(label=f"message {message.message_id}", message=message)
            for message in messages
        ]

        async def handle(outcome: MessageOutcome) -> object:
            return await self._callee(outcome.message, db)

        run = OrderedRun(
            handle,
            self._note,
            concurrency=self._concurrency,
            stop_after_failure=False,
            stop_before_s=self._stop_before_s,
        )
        if outcomes:
            for outcome in await run.run(in_chains(outcomes, _chain)):
                self._log(outcome)
        if run.out_of_time:
            logger.warning(
                "a handler of messages ran out of time: %d of %d messages come again (it stops %g s before the deadline)",
                sum(not outcome.finished for outcome in outcomes),
                len(outcomes),
                self._stop_before_s,
            )
        return SqsResult(outcomes, run.out_of_time)

    async def _note(self, outcome: MessageOutcome) -> None:
        """Log a failure and tell the hook. Never raises."""
        self._log(outcome)
        await tell(self._on_failure, outcome, "a handler of messages")

    def _log(self, outcome: MessageOutcome) -> None:
        logger.error(
            "a message of a queue failed: %s: %s",
            outcome.label,
            shown_error(outcome.error),
            extra={
                "message_id": outcome.message.message_id,
                "error_type": type(outcome.error).__name__,
            },
        )


def _chain(outcome: MessageOutcome) -> object:
    """What is the same for messages that have to be handled one after the other."""
    message = outcome.message
    return (message.queue_name, message.group_id) if message.is_fifo else id(outcome)


@overload
def sqs_handler(function: Work, /) -> SqsHandler: ...
@overload
def sqs_handler(
    *,
    concurrency: int = ...,
    stop_before_s: float = ...,
    partial_batches: bool = ...,
    on_failure: Callable[[MessageOutcome], object] | None = ...,
) -> Callable[[Work], SqsHandler]: ...
def sqs_handler(
    function: Work | None = None,
    /,
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    stop_before_s: float = DEFAULT_STOP_BEFORE_S,
    partial_batches: bool = True,
    on_failure: Callable[[MessageOutcome], object] | None = None,
) -> SqsHandler | Callable[[Work], SqsHandler]:
    """Make a handler of SQS batches of an async function that handles one message.

    ::

        @adorm.sqs_handler
        async def work(message: adorm.SqsMessage, db: adorm.Database) -> None:
            await db.table(Order).create(Order(**message.json()))


        handler = adorm.lambda_handler(models=[Order])(work)

    Messages run side by side, those of one group of a FIFO queue in order. What fails is named in
    the answer, and SQS sends just that again. The event source mapping needs
    `ReportBatchItemFailures`: without it Lambda takes the answer for success, and what failed is
    lost; say `partial_batches=False` there.

    Args:
        concurrency: messages at a time.
        stop_before_s: how long before the ambient deadline what runs is cancelled, so that there is
            time to answer.
        partial_batches: False raises `SqsFailed` where a message failed, and the whole batch comes
            again.
        on_failure: called with the outcome of each message that failed, may be async; what it
            raises is logged. What time cut off is not told to it.

    Raises:
        UsageError: an option that is none, or a function that is not of this form.
    """

    def decorate(function: Work) -> SqsHandler:
        return SqsHandler(
            function,
            concurrency=concurrency,
            stop_before_s=stop_before_s,
            partial_batches=partial_batches,
            on_failure=on_failure,
        )

    return decorate if function is None else decorate(function)
