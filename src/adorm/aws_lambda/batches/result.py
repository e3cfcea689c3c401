"""What became of each part of a batch, and the answer to Lambda."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import attrs

from adorm.errors import AdormError, DeadlineExceeded, FanOutFailed
from adorm.outcomes import Outcome

OutcomeT_co = TypeVar("OutcomeT_co", bound="HandlerOutcome", covariant=True)

BatchResponse: TypeAlias = dict[str, list[dict[str, str]]]
"""`{"batchItemFailures": [{"itemIdentifier":
"49590338271490256608559692538361571095921575989136588898"}]}`"""


class HandlerOutcome(Outcome[Any]):
    """What became of one record or message. `value` is what its handler returned."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Without the value, and without the error's message: both may hold stored values."""
        if self.finished:
            ended = "finished"
        else:
            ended = "not handled" if self.error is None else type(self.error).__name__
        return f"<adorm.{type(self).__name__} {self.label}: {ended}>"


@attrs.frozen(eq=False)
class HandlerResult(Generic[OutcomeT_co]):
    """What became of each part of a batch."""

    failure: ClassVar[type[FanOutFailed]]
    """The class of the error that `raise_failures` raises."""
    parts: ClassVar[str]
    """What the parts are, in messages: "records"."""

    outcomes: Sequence[OutcomeT_co]
    """One for each part, in the order of the event."""
    out_of_time: bool
    """Whether some were cancelled, or not begun, because the deadline was near."""

    @property
    def failures(self) -> list[OutcomeT_co]:
        """Those that failed. Those that were not begun because of them are not among these."""
        return [outcome for outcome in self.outcomes if outcome.error is not None]

    @property
    def to_repeat(self) -> list[str]:
        """The ids, as Lambda knows them, of all that has to be delivered again."""
        raise TypeError(f"{type(self).__name__} has no ids")

    @property
    def response(self) -> BatchResponse:
        """The answer to Lambda."""
        return {"batchItemFailures": [{"itemIdentifier": each} for each in self.to_repeat]}

    def raise_failures(self) -> None:
        """Raise an error if something failed, was cancelled, or was not begun.

        Raises:
            StreamFailed: records of a stream; a group of the errors, with the outcomes.
            SqsFailed: the same for messages of a queue.
        """
        unfinished = sum(not outcome.finished for outcome in self.outcomes)
        if not unfinished:
            return
        errors: list[Exception] = [each.error for each in self.failures if each.error is not None]
        if not errors:  # only a deadline leaves parts that have not failed
            errors = [DeadlineExceeded("too little time was left to begin")]
        raise self.failure(
            f"{unfinished} of {len(self.outcomes)} {self.parts} are not handled",
            errors,
            outcomes=self.outcomes,
            result=self,
        )


def error_for_log(error: Exception | None) -> str:
    """The error's class, and the path in an item that it is about. Not its message, which may hold
    stored values."""
    path = getattr(error, "path", None) if isinstance(error, AdormError) else None
    return f"{type(error).__name__} at {path}" if isinstance(path, str) else type(error).__name__
