"""One run of a batch: its progress, what the failure of a chunk means, and the error at the end."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

from adorm.batch.batch_options import BatchOptions
from adorm.concurrency.pool import OnFailure
from adorm.concurrency.report import fan_out_error
from adorm.errors import BatchFailed, UsageError
from adorm.items.binding import Connection
from adorm.outcomes import Outcome, Progress

T = TypeVar("T")


class BatchRun:
    """One run of a batch: counts what is done, and calls the caller's functions."""

    def __init__(
        self,
        connection: Connection,
        options: BatchOptions,
        *,
        total: int | None,
        on_failure: Literal["stop", "drain"],
    ) -> None:
        self._clock = connection.clock
        self._options = options
        self._total = total
        self._on_failure: OnFailure = on_failure
        self._started_s = self._clock.monotonic()
        self._hook_stopped = False
        self._done = 0
        self.callback_error: Exception | None = None
        """What a function of the caller's raised; it ends the batch."""

    async def add_done(self, count: int) -> None:
        """Count so many more items as done, and call `on_progress`."""
        self._done += count
        on_progress = self._options.on_progress
        if on_progress is None or not count or self.callback_error is not None:
            return
        elapsed_s = self._clock.monotonic() - self._started_s
        try:
            returned = on_progress(Progress(self._done, self._total, elapsed_s))
            if inspect.isawaitable(returned):
                await returned
        except Exception as error:
            self.callback_error = error
            raise

    async def decide(self, outcome: Outcome[Any]) -> OnFailure:
        """What the failure of a chunk means for the others. Never raises."""
        hook = self._options.on_chunk_error
        if self.callback_error is not None:
            return self._on_failure
        if hook is None:
            return "continue" if self._options.collects_errors else self._on_failure
        try:
            decision = hook(outcome)
            if inspect.isawaitable(decision):
                decision = await decision
            if decision not in ("stop", "continue"):
                raise UsageError(
                    'the function given to on_chunk_error() returns "stop" or "continue", '
                    f"not {decision!r}"
                )
        except Exception as error:  # noqa: BLE001  # raised by `check`, when all tasks have ended
            self.callback_error = error
            return self._on_failure
        if decision == "continue":
            return "continue"
        self._hook_stopped = True
        return self._on_failure

    def check(
        self, doing: str, errors: Sequence[Exception], outcomes: Sequence[Outcome[Any]], result: Any
    ) -> None:
        """Raise the error that ends the batch, if there is one.

        Args:
            doing: "batch get from orders".

        Raises:
            BatchFailed, DeadlineExceeded: chunks failed; it has `result` and the outcomes.
            UsageError: all that went wrong is one mistake of the caller's.
            Exception: what a function of the caller's raised.
        """
        if self.callback_error is not None:
            raise self.callback_error
        options = self._options
        raises = self._hook_stopped if options.on_chunk_error is not None else bool(errors)
        if errors and raises and not options.collects_errors:
            raise fan_out_error(
                BatchFailed,
                doing,
                outcomes,
                errors=errors,
                parts="chunks",
                mistake_alone=True,
                result=result,
            )


def chunk_outcomes(count: int, value: Callable[[], T]) -> list[Outcome[T]]:
    """One for each chunk, in order: "chunk 1 of 3"."""
    return [Outcome(f"chunk {number} of {count:,}", value()) for number in range(1, count + 1)]
