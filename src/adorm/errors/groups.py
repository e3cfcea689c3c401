"""Errors of fan-outs: groups of what failed in a scan, a batch, a gather or a handler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from adorm.errors.base import AdormError

if TYPE_CHECKING:
    from adorm.outcomes import Outcome


class FanOutFailed(AdormError, ExceptionGroup[Exception]):
    """Parts of a fan-out failed: the group of their errors, each of its own type, so that `except*
    Throttled` works."""

    def __new__(cls, message: str, errors: Sequence[Exception], **_details: Any) -> Self:
        return super().__new__(cls, message, errors)

    # __new__ passes on what it has no use for
    def __init__(  # pyright: ignore[reportInconsistentConstructor]
        self,
        message: str,
        errors: Sequence[Exception],
        *,
        outcomes: Sequence[Outcome[Any]],
        result: Any = None,
    ) -> None:
        super().__init__(message, errors)
        self.outcomes = outcomes
        """One for each part, in order."""
        self.result = result
        """What was read or written all the same."""

    # typeshed's overloads can't be met by a subclass
    def derive(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, excs: Sequence[Exception], /
    ) -> ExceptionGroup[Exception]:
        part = type(self)(self.message, excs, outcomes=self.outcomes)
        part.__dict__.update(self.__dict__)
        return part


class ScanFailed(FanOutFailed):
    """Segments of a parallel scan failed, or the caller's work on its items did."""

    def __init__(  # pyright: ignore[reportInconsistentConstructor]  # the same
        self,
        message: str,
        errors: Sequence[Exception],
        *,
        outcomes: Sequence[Outcome[Any]],
        result: Any = None,
        checkpoint: str | None = None,
    ) -> None:
        super().__init__(message, errors, outcomes=outcomes, result=result)
        self.checkpoint = checkpoint
        """Where to go on: `scan().resume(checkpoint)`."""


class MigrationFailed(ScanFailed):
    """Items of a migration failed, or its scan did; `result` is the `MigrationReport` so far, and
    `checkpoint` the text of its checkpoint file."""


class BatchFailed(FanOutFailed):
    """Chunks of a batch failed; `result` has what was read or written, and what was not."""


class GatherFailed(FanOutFailed):
    """Operations of a gather failed; `outcomes` has each, in the order in which they were given."""


class StreamFailed(FanOutFailed):
    """Records of a stream were not handled; `outcomes` has each, in the order of the event."""


class SqsFailed(FanOutFailed):
    """Messages of a queue were not handled; `outcomes` has each, in the order of the event."""
