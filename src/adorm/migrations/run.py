"""`Run`: one run over the items of a source, with its checkpoint file and its failed items."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from adorm.concurrency.pool import run_all
from adorm.concurrency.report import fan_out_error
from adorm.dynamodb.values import AttributeMap
from adorm.errors import (
    AdormError,
    ItemDecodeError,
    MigrationFailed,
    UsageError,
    ValidationFailed,
)
from adorm.migrations.reports import MigrationReport, Result
from adorm.migrations.sides import Side
from adorm.migrations.state import FailedItems, State
from adorm.outcomes import Outcome
from adorm.segments.checkpoints import Ticket
from adorm.segments.stream import ScanStream

CHUNKS_AT_A_TIME = 4
"""A chunk is what was decoded of one page at a time: at most 64 items."""
ITEMS_AT_A_TIME = 16

OF_THE_ITEM = (UsageError, ItemDecodeError, ValidationFailed)
"""Errors of adorm's that say that one item can't be migrated."""

Chunk = Sequence[AttributeMap]
ProcessChunk = Callable[[Chunk], Awaitable[Sequence[Outcome[Result]]]]
"""Does the work on some items; gives an outcome for each, in order."""


async def each_item(
    items: Chunk, work: Callable[[AttributeMap], Awaitable[Result]], *, continues: bool
) -> list[Outcome[Result]]:
    """Await the work for every item, some at a time.

    Args:
        continues: whether the others go on where an item fails; else no other begins.
    """

    async def job(outcome: Outcome[Result], *, item: AttributeMap) -> None:
        outcome.value = await work(item)

    outcomes = [Outcome[Result]("an item") for _ in items]
    jobs = [
        (outcome, partial(job, item=item)) for outcome, item in zip(outcomes, items, strict=True)
    ]
    await run_all(jobs, limit=ITEMS_AT_A_TIME, on_failure="continue" if continues else "drain")
    return outcomes


@attrs.define(eq=False)
class Run:
    """A run of a migration."""

    source: Side[Any]
    state: State
    checkpoint_path: Path | None
    failed_items: FailedItems | None
    process: ProcessChunk
    phase: str
    """"migrate" or "sync": what is written to the file of failed items."""
    failures: list[Outcome[Any]] = attrs.field(factory=list[Outcome[Any]], init=False)

    async def over_scan(self, stream: ScanStream[AttributeMap]) -> MigrationReport:
        """Go over all items of a scan.

        Raises:
            MigrationFailed: a segment or an item failed.
        """
        async with stream:
            workers = [Outcome[None]("migration") for _ in range(CHUNKS_AT_A_TIME)]
            work = partial(self._work, stream)
            await run_all(
                [(worker, work) for worker in workers],
                limit=CHUNKS_AT_A_TIME,
                on_failure="drain",
            )
            self.state.scan = stream.checkpoint()
            self.state.save(self.checkpoint_path)
            unexpected = [each for each in workers if each.error is not None]
            for each in unexpected:
                if isinstance(each.error, UsageError):
                    raise each.error
            if self.failures or stream.failed or unexpected:
                outcomes = [*stream.outcomes, *self.failures, *unexpected]
                raise self._failure(outcomes)
        return self.state.report()

    async def _work(self, stream: ScanStream[AttributeMap], _outcome: Outcome[None]) -> None:
        while not self.failures and (taken := await stream.take_all()) is not None:
            await self.chunk([item for item, _ in taken], [ticket for _, ticket in taken])
            self.state.scan = stream.checkpoint()
            self.state.save(self.checkpoint_path)

    async def over_items(self, items: Chunk) -> MigrationReport:
        """Go over these items.

        Raises:
            MigrationFailed: an item failed.
        """
        await self.chunk(items, [])
        if self.failures:
            raise self._failure(self.failures)
        return self.state.report()

    async def chunk(self, items: Chunk, tickets: Sequence[Ticket]) -> None:
        """Do the work on a chunk, count what came of it, and move the checkpoint past it."""
        outcomes = await self.process(items)
        for number, (item, outcome) in enumerate(zip(items, outcomes, strict=True)):
            if outcome.error is not None and not self._passes(item, outcome):
                key = self.source.key_text(self.source.key_of(item))
                self.failures.append(
                    Outcome(f"{self.source.table_name} {key}", item, outcome.error)
                )
                continue
            if outcome.error is None and outcome.value is None:
                continue  # it was not begun
            self._count(outcome)
            if tickets:
                tickets[number].end()

    def _passes(self, item: AttributeMap, outcome: Outcome[Result]) -> bool:
        """Whether the run goes on after an item that failed: then it is in the file."""
        error = outcome.error
        if self.failed_items is None or error is None:
            return False
        if isinstance(error, AdormError) and not isinstance(error, OF_THE_ITEM):
            return False  # not the item is wrong, but the connection, the deadline or the table
        self.failed_items.add(self.source.key_of(item), item, error, self.phase)
        return True

    def _count(self, outcome: Outcome[Result]) -> None:
        counts = self.state.counts
        counts.read += 1
        if outcome.error is not None:
            counts.failed += 1
            return
        name = outcome.value
        if name is not None:
            setattr(counts, name, getattr(counts, name) + 1)

    def _failure(self, outcomes: Sequence[Outcome[Any]]) -> Exception:
        return fan_out_error(
            MigrationFailed,
            f"migration of {self.source.table_name}",
            outcomes,
            hint="the same call with the same checkpoint file goes on; failed(path) passes over "
            "items that fail",
            result=self.state.report(),
            checkpoint=self.state.text(),
        )
