"""The one error for a fan-out of which parts failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adorm.errors import DeadlineExceeded, FanOutFailed, UsageError
from adorm.outcomes import Outcome

MAX_ERRORS_IN_MESSAGE = 3


def fan_out_error(
    group: Callable[..., FanOutFailed],
    doing: str,
    outcomes: Sequence[Outcome[Any]],
    *,
    errors: Sequence[Exception] | None = None,
    parts: str = "parts",
    hint: str = ".outcomes has each, .result what was done",
    mistake_alone: bool = False,
    **details: Any,
) -> Exception:
    """The error to raise when parts of a fan-out failed.

    - `DeadlineExceeded` if a deadline passed in one of them.
    - With `mistake_alone`, the first error by itself if all of them are a `UsageError`: the caller
      made one mistake, and each part says the same.
    - Else the group of all errors.

    Args:
        group: the class of the group: `BatchFailed`.
        doing: "batch get from orders".
        outcomes: one for each part, in order.
        errors: all that went wrong; by default the errors of the outcomes.
        parts: what the outcomes are, for the message: "chunks".
        hint: what the error tells besides, for the message.
        details: further attributes of the error: `result`, `checkpoint`.
    """
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if errors is None:
        errors = [outcome.error for outcome in failed if outcome.error is not None]
    late = next((error for error in errors if isinstance(error, DeadlineExceeded)), None)
    if late is not None:
        failure = DeadlineExceeded(
            f"{doing}: {late}; {hint}",
            operation=late.operation,
            subject=late.subject,
            attempts=late.attempts,
            maybe_applied=any(getattr(error, "maybe_applied", False) for error in errors),
            outcomes=outcomes,
            **details,
        )
        failure.__cause__ = late
        return failure
    if mistake_alone and all(isinstance(error, UsageError) for error in errors):
        return errors[0]
    listed = "; ".join(map(_shown, failed[:MAX_ERRORS_IN_MESSAGE]))
    more = len(failed) - MAX_ERRORS_IN_MESSAGE
    rest = f"; and {more:,} more" if more > 0 else ""
    count = f"{len(failed):,} of {len(outcomes):,} {parts} failed"
    return group(f"{doing}: {count} ({listed}{rest}); {hint}", errors, outcomes=outcomes, **details)


def _shown(outcome: Outcome[Any]) -> str:
    """The label and the error, which may name the part already: "BatchGetItem on orders, chunk 1 of
    3: ..."."""
    error = str(outcome.error)
    return error if outcome.label in error else f"{outcome.label}: {error}"
