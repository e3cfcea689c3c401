"""`BatchHandler`: what the handlers of streams and of queues have in common."""

from __future__ import annotations

import functools
import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypedDict, TypeVar, cast

import attrs

from adorm.aws_lambda.batches.chains import ChainLink, ChainRunner
from adorm.aws_lambda.batches.result import (
    BatchResponse,
    HandlerOutcome,
    HandlerResult,
    error_for_log,
)
from adorm.checks import count, seconds
from adorm.errors import UsageError

if TYPE_CHECKING:
    from adorm.database import Database


DEFAULT_CONCURRENCY = 16
DEFAULT_STOP_BEFORE_S = 0.5


def check_options(
    concurrency: object, stop_before_s: object = DEFAULT_STOP_BEFORE_S, on_failure: object = None
) -> None:
    """Refuse options of the wrong type, or out of range."""
    count("concurrency", concurrency)
    seconds("stop_before_s", stop_before_s, zero=True)
    if on_failure is not None and not callable(on_failure):
        raise UsageError("on_failure is a function of an outcome, async or not")


AsyncFunction: TypeAlias = Callable[..., Awaitable[object]]


@attrs.frozen(eq=False)
class HandlerFunction:
    """A handler, called by position. It may leave out arguments at the end."""

    function: AsyncFunction
    argument_count: int
    """How many of the arguments it is called with."""
    needs_db: bool
    """Whether it has a parameter without default for the last argument, `db`."""

    async def __call__(self, *arguments: Any) -> object:
        return await self.function(*arguments[: self.argument_count])


def handler_function(
    function: AsyncFunction, what: str, *, arguments: tuple[str, ...], least: int
) -> HandlerFunction:
    """The handler, checked.

    Args:
        what: what it is, for messages: "a handler of messages".
        arguments: the names of the arguments that a handler may take.
        least: how many of them it has to take.
    """
    if not callable(function) or not (
        inspect.iscoroutinefunction(function)
        or inspect.iscoroutinefunction(type(function).__call__)
    ):
        raise UsageError(f"{what} is an async function")
    names = ", ".join(arguments)
    count = required = 0
    for parameter in inspect.signature(function).parameters.values():
        is_required = parameter.default is parameter.empty
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            count += 1
            required += is_required
        elif parameter.kind is parameter.VAR_POSITIONAL:
            count = max(count, len(arguments))
        elif parameter.kind is parameter.KEYWORD_ONLY and is_required:
            raise UsageError(
                f"{what} is called by position, ({names}): {parameter.name} is keyword-only"
            )
    if count < least or required > len(arguments):
        raise UsageError(
            f"{what} takes ({names}), and may leave out those at the end; "
            f"this one takes {max(count, required)}"
        )
    return HandlerFunction(function, min(count, len(arguments)), required == len(arguments))


OutcomeT = TypeVar("OutcomeT", bound=HandlerOutcome)

if TYPE_CHECKING:  # only checkers read it

    class HandlerOptions(TypedDict, Generic[OutcomeT], total=False):
        """The options of every handler of batches, as `sqs_handler` describes them."""

        concurrency: int
        stop_before_s: float
        partial_batches: bool
        on_failure: Callable[[OutcomeT], object] | None


logger = logging.getLogger("adorm")


class BatchHandler(ABC, Generic[OutcomeT]):
    """Called as a Lambda handler is: `await handler(event, context, db)`."""

    __name__: str

    what: ClassVar[str]
    """What it is, in log messages: "a stream handler"."""
    part: ClassVar[str]
    """What it handles, in log messages: "a record of a stream"."""
    parts: ClassVar[str]
    """The plural: "records"."""

    def __init__(
        self,
        *,
        concurrency: int = DEFAULT_CONCURRENCY,
        stop_before_s: float = DEFAULT_STOP_BEFORE_S,
        partial_batches: bool = True,
        on_failure: Callable[[OutcomeT], object] | None = None,
    ) -> None:
        check_options(concurrency, stop_before_s, on_failure)
        self._concurrency = concurrency
        self._stop_before_s = float(stop_before_s)
        self._partial_batches = bool(partial_batches)
        self._on_failure = on_failure

    def _wrap(self, function: AsyncFunction) -> None:
        """Take over name and docstring of the decorated function, which becomes `__wrapped__`."""
        functools.update_wrapper(cast("Callable[..., Any]", self), function, updated=())
        self.__signature__ = inspect.signature(self.__call__)  # not that of the function

    async def __call__(self, event: Any, context: Any, db: Database | None = None) -> BatchResponse:
        """Handle a Lambda event. The answer names what has to be delivered again.

        Raises:
            UsageError: as `process`; the whole batch is delivered again.
            StreamFailed, SqsFailed: with `partial_batches=False`, something is not handled.
        """
        result = await self.process(event, db)
        if not self._partial_batches:
            result.raise_failures()
        return result.response

    @abstractmethod
    async def process(self, event: Any, db: Database | None = None) -> HandlerResult[OutcomeT]:
        """Handle an event, and tell what became of each of its parts."""

    async def _run(
        self,
        chains: Iterable[ChainLink[OutcomeT]],
        handle: Callable[[OutcomeT], Awaitable[object]],
        outcomes: Sequence[OutcomeT],
        *,
        stop_after_failure: bool = False,
    ) -> bool:
        """Handle all parts; whether time ran out. Logs what failed, and calls `on_failure`."""

        async def report(outcome: OutcomeT) -> None:
            for affected in self._affected(outcome):
                await self._report(affected)

        runner = ChainRunner(
            handle,
            report,
            concurrency=self._concurrency,
            stop_after_failure=stop_after_failure,
            stop_before_s=self._stop_before_s,
        )
        for cancelled in await runner.run(chains):
            for outcome in self._affected(cancelled):
                self._log(outcome)
        if runner.out_of_time:
            logger.warning(
                "%s ran out of time: %d of %d %s come again (it stops %g s before the deadline)",
                self.what,
                sum(not outcome.finished for outcome in outcomes),
                len(outcomes),
                self.parts,
                self._stop_before_s,
            )
        return runner.out_of_time

    def _affected(self, outcome: OutcomeT) -> Sequence[OutcomeT]:
        """The outcomes that the error of this one is about."""
        return [outcome]

    def _log_fields(self, outcome: OutcomeT) -> dict[str, object]:
        """What a log record has as attributes beside the error's class."""
        raise NotImplementedError

    def _log(self, outcome: OutcomeT) -> None:
        logger.error(
            "%s failed: %s: %s",
            self.part,
            outcome.label,
            error_for_log(outcome.error),
            extra={**self._log_fields(outcome), "error_type": type(outcome.error).__name__},
        )

    async def _report(self, outcome: OutcomeT) -> None:
        """Log a failure, and call `on_failure`. Never raises."""
        self._log(outcome)
        if self._on_failure is None:
            return
        try:
            returned = self._on_failure(outcome)
            if inspect.isawaitable(returned):
                await returned
        except Exception as error:  # noqa: BLE001  # the hook disturbs nothing
            # Without the traceback and the message, which may hold stored values.
            logger.error(  # noqa: TRY400
                "on_failure of %s failed itself: %s", self.what, type(error).__name__
            )
