"""How a batch is carried out, and the clauses that set it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Self, TypeAlias, TypeVar

import attrs

from adorm.batch.concurrency import DEFAULT_CONCURRENCY, checked_concurrency
from adorm.items.retriable import Retriable
from adorm.outcomes import Outcome, Progress

ResultT = TypeVar("ResultT")

OnProgress: TypeAlias = Callable[[Progress], object]
"""Gets how far the batch has come. May be async."""
Decision: TypeAlias = Literal["stop", "continue"]
OnChunkError: TypeAlias = Callable[[Outcome[Any]], Decision | Awaitable[Decision]]
"""Gets the outcome of a chunk that failed for good, and decides whether the others go on. May be
async."""


@attrs.frozen(eq=False)
class BatchOptions:
    """How a batch is carried out."""

    concurrency: int = DEFAULT_CONCURRENCY
    """The most requests in flight."""
    on_progress: OnProgress | None = None
    on_chunk_error: OnChunkError | None = None
    collects_errors: bool = False
    """Try everything, and raise nothing."""


class BatchClauses:
    """The clauses that set a batch's options."""

    __slots__ = ()

    def _with_options(self, **options: Any) -> Self:
        raise TypeError(f"{type(self).__name__} has no options")

    def concurrency(self, chunks: int, /) -> Self:
        """Have at most this many requests in flight; 8 by default.

        Raises:
            UsageError: it is not a whole number from 1 to 10,000.
        """
        return self._with_options(concurrency=checked_concurrency(chunks))

    def on_progress(self, report: OnProgress, /) -> Self:
        """Call a function, which may be async, with a `Progress` after each answer.

        `Progress.total` is None where it is not known: in a block, and for an async iterable. What
        the function raises ends the batch, and is raised as it is.
        """
        return self._with_options(on_progress=report)

    def on_chunk_error(self, hook: OnChunkError, /) -> Self:
        """Call a function, async or not, with the `Outcome` of each chunk that failed for good.

        It returns "stop", or "continue" to go on with the others.

        If it always returned "continue", nothing is raised, and the result has the `.errors`. What
        the function raises ends the batch, and is raised as it is.
        """
        return self._with_options(on_chunk_error=hook)

    def collect_errors(self) -> Self:
        """Try everything and raise nothing: the result's `.errors` has what failed, `.unprocessed`
        what was not done."""
        return self._with_options(collects_errors=True)


@attrs.define(eq=False, repr=False)
class BatchOperation(BatchClauses, Retriable[ResultT]):
    """What all batches that can be awaited have in common."""

    _batch_options: BatchOptions = attrs.field(
        default=BatchOptions(), kw_only=True, alias="batch_options"
    )

    def _with_options(self, **options: Any) -> Self:
        return attrs.evolve(self, batch_options=attrs.evolve(self._batch_options, **options))


@attrs.define(eq=False, repr=False)
class BatchOfPuts(BatchOperation[ResultT]):
    """What the batches that store instances have in common."""

    _keeps_timestamps: bool = attrs.field(default=False, kw_only=True, alias="keeps_timestamps")

    def keep_timestamps(self) -> Self:
        """Store `created_at` and `updated_at` as the instances have them, as an import does.

        By default they are the times of writes.
        """
        return attrs.evolve(self, keeps_timestamps=True)
