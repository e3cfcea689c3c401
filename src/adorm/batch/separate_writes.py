"""Writes that are requests of their own, sent side by side as one batch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import attrs

from adorm.batch.batch_options import BatchOptions
from adorm.batch.batch_run import BatchRun
from adorm.calls.capacity import Capacity, counted_in
from adorm.concurrency.pool import Job, run_all
from adorm.items.binding import Connection
from adorm.outcomes import Outcome

T = TypeVar("T")
ValueT = TypeVar("ValueT")


@attrs.frozen(eq=False)
class SeparateWrite(Generic[T]):
    """One request of the batch."""

    label: str
    """The label of its outcome: "Order c1/o1"."""
    send: Callable[[], Awaitable[T]]
    """Writes, and gives the value of the outcome."""
    value_if_applied: T
    """The value of the outcome if the write was applied, and its answer could not be used."""
    items: int = 1
    """How many items it writes."""


@attrs.frozen(eq=False)
class SeparateWrites(Generic[T]):
    """The writes of one batch, after they were sent."""

    run: BatchRun
    outcomes: list[Outcome[T]]
    """One for each write, in order; its value is None if the write was not applied."""
    capacity: Capacity

    @property
    def errors(self) -> list[Exception]:
        return [outcome.error for outcome in self.outcomes if outcome.error is not None]

    @property
    def values(self) -> list[T]:
        """Of the writes that were applied, in order."""
        return [outcome.value for outcome in self.outcomes if outcome.value is not None]

    def not_applied(self, values: Sequence[ValueT]) -> list[ValueT]:
        """Of the values, one for each write, those of the writes that were not applied."""
        pairs = zip(values, self.outcomes, strict=True)
        return [value for value, outcome in pairs if outcome.value is None]

    def check(self, doing: str, result: object) -> None:
        """Raise the error that ends the batch, if there is one: see `BatchRun.check`."""
        self.run.check(doing, self.errors, self.outcomes, result)


async def send_separate_writes(
    connection: Connection, options: BatchOptions, writes: Sequence[SeparateWrite[T]]
) -> SeparateWrites[T]:
    """Send all writes, as the options say. When one fails, those in flight finish, and no other
    begins, unless the options say otherwise. Raises nothing: see `BatchRun.check`."""
    total = sum(write.items for write in writes)
    run = BatchRun(connection, options, total=total, on_failure="drain")
    outcomes = [Outcome[T](write.label) for write in writes]
    capacity = Capacity()

    def job(write: SeparateWrite[T]) -> Job[T]:
        async def send(outcome: Outcome[T]) -> None:
            try:
                with counted_in(capacity):
                    outcome.value = await write.send()
            except Exception as error:
                if getattr(error, "applied", False):
                    outcome.value = write.value_if_applied
                    await run.add_done(write.items)
                raise
            await run.add_done(write.items)

        return send

    jobs = zip(outcomes, map(job, writes), strict=True)
    if writes:
        await run_all(jobs, limit=options.concurrency, on_failure=run.decide)
    return SeparateWrites(run, outcomes, capacity)
