"""`orders.migrate(fix)` and `old.migrate_to(new, split)`: all items of a table are changed, or
copied to another one, while others go on writing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar

import attrs

from adorm.checks import count, number
from adorm.errors import UsageError
from adorm.items.operation import Operation
from adorm.migrations.parts import MigrationParts
from adorm.migrations.reports import DryRun, MigrationReport, Verification
from adorm.migrations.sides import ModelSide, Side
from adorm.migrations.state import FilePath
from adorm.outcomes import Progress
from adorm.segments.checkpoints import MAX_SEGMENTS

if TYPE_CHECKING:
    from adorm.migrations.stream_handler import MigrationStreamHandler

SourceT = TypeVar("SourceT")
TargetT = TypeVar("TargetT")
ResultT = TypeVar("ResultT")


@attrs.define(eq=False, repr=False)
class MigrationStep(Operation[ResultT]):
    """A step of a migration, to be awaited."""

    _name: str
    _compute: Callable[[], Coroutine[Any, Any, ResultT]]

    @property
    def model_name(self) -> str:
        return self._name

    async def _run(self) -> ResultT:
        return await self._compute()


@attrs.define(eq=False, repr=False)
class Migration(
    MigrationParts[SourceT, TargetT], Operation[MigrationReport], Generic[SourceT, TargetT]
):
    """A migration in place, or to a new table. Awaited, it goes over all items of the source.

    It may be run beside writers, at any time, and again. In place a write of anyone else is never
    lost; to a new table it writes and deletes only items that it has written itself and that no
    one has changed since. See `docs/guide/migrations.md`.

    Raises (when awaited):
        UsageError: the transform makes something else when it is called again; or the checkpoint
            file is one of another migration.
        MigrationFailed: an item or a segment failed.
    """

    @property
    def model_name(self) -> str:
        return self.source.table_name

    def _with(self, **changed: Any) -> Self:
        return attrs.evolve(self, options=attrs.evolve(self.options, **changed))

    # ---- clauses

    def where(self, *conditions: object) -> Self:
        """Migrate only items that meet the conditions; DynamoDB charges for reading the others."""
        return self._with(conditions=(*self.options.conditions, *conditions))

    def segments(self, n: int | Literal["auto"], /) -> Self:
        """Read this many segments side by side. See `Scan.segments`.

        Raises:
            UsageError: it is neither a whole number from 1 to 10,000 nor "auto".
        """
        if n != "auto":
            count('segments(), which also takes "auto"', n, most=MAX_SEGMENTS)
        return self._with(segments=n)

    def offline(self) -> Self:
        """Copy by BatchWriteItem, without conditions and checks: for a source and a target that
        nobody else writes meanwhile.

        Raises:
            UsageError: this is a migration in place, which has no such way.
        """
        if self.target is None:
            raise UsageError("offline() is for a migration to another table: migrate_to(...)")
        return self._with(is_offline=True)

    def units_per_s(self, *, read: float | None = None, write: float | None = None) -> Self:
        """Consume at most this many read and write units a second, by waiting between requests.

        Only scans count as reading; None is no limit.

        Raises:
            UsageError: one is not positive, or infinite.
        """
        for name, units in (("read", read), ("write", write)):
            if units is not None:
                number(f"units_per_s({name}=)", units, kind="units, ")
        return self._with(read_units_per_s=read, write_units_per_s=write)

    def checkpoint(self, path: FilePath, /) -> Self:
        """Keep in this file how far the migration has come, and go on where the file says.

        The file is replaced as a whole after each page.
        """
        return self._with(checkpoint=Path(path))

    def failed(self, path: FilePath, /) -> Self:
        """Go on after an item that can't be migrated, and append it to this file as a JSON line.

        Without it the first such item ends the migration.
        """
        return self._with(failed=Path(path))

    def only_failed(self, path: FilePath, /) -> Self:
        """Migrate only the items whose keys are in a file of `failed(path)`, as they are now."""
        return self._with(only_failed=Path(path))

    def on_progress(self, report: Callable[[Progress], object], /) -> Self:
        """Call `report`, sync or async, with a `Progress` after each page."""
        return self._with(report=report)

    # ---- what it does

    async def _run(self) -> MigrationReport:
        from adorm.migrations.runs import run_migration

        return await run_migration(self)

    def _step(self, compute: Callable[[], Coroutine[Any, Any, ResultT]]) -> MigrationStep[ResultT]:
        return MigrationStep(self.model_name, compute)

    def dry_run(self, items: int = 100, /) -> Operation[DryRun[SourceT, TargetT]]:
        """What the migration would do with the first items that it finds. It writes nothing.

        Raises:
            UsageError: the number is not positive.
        """
        from adorm.migrations.dry_run import dry_run

        count("dry_run()", items, most=1_000_000)
        return self._step(lambda: dry_run(self, items))

    def sync(self, *key: Any) -> Operation[None]:
        """Bring the target's item of one source item, given by its key, to the source's state.

        For code that writes the source and then tells the migration. Order, repetition and
        concurrency of such calls do not matter.

        Raises:
            UsageError: this is a migration in place.
        """
        from adorm.migrations.runs import sync_key

        self._checked_target("sync()")
        return self._step(lambda: sync_key(self, key))

    def verify(
        self, *, mend: bool = False, mismatches: FilePath | None = None
    ) -> Operation[Verification]:
        """Compare source and target in both directions.

        The migration is complete when it found nothing to mend after the last writer moved.

        Args:
            mend: bring what differs to the source's state.
            mismatches: a file to which each difference is appended as a JSON line.

        Raises:
            UsageError: this is a migration in place.
        """
        from adorm.migrations.verify import verify

        self._checked_target("verify()")
        path = None if mismatches is None else Path(mismatches)
        return self._step(lambda: verify(self, mend=mend, mismatches=path))

    def finish(self) -> Operation[int]:
        """Take the stamps off the items that the migration has written, by one write each; gives
        their number. After it no item of the target is the migration's any more.

        Raises:
            UsageError: this is a migration in place.
        """
        from adorm.migrations.finish import finish

        self._checked_target("finish()")
        return self._step(lambda: finish(self))

    def stream_handler(self) -> MigrationStreamHandler:
        """A Lambda handler for the source's stream, which brings each changed item to the target.

        Failed records are answered as `batchItemFailures`; switch `ReportBatchItemFailures` on.

        Raises:
            UsageError: this is a migration in place.
        """
        from adorm.migrations.stream_handler import MigrationStreamHandler

        self._checked_target("stream_handler()")
        return MigrationStreamHandler(self)

    def _checked_target(self, what: str) -> None:
        if self.target is None:
            raise UsageError(f"{what} is for a migration to another table: migrate_to(...)")


def migration_to(
    source: Side[SourceT], target: Side[TargetT], transform: Callable[[SourceT], TargetT | None]
) -> Migration[SourceT, TargetT]:
    """The migration of the items of a table to another one.

    Raises:
        UsageError: the target's model has unique values; or both tables are the same.
    """
    if isinstance(target, ModelSide) and (info := target.binding.info).unique:
        raise UsageError(
            f"{info.name} has unique values: a migration to its table does not write their guards; "
            "migrate to a model without them, and add the guards by repair()"
        )
    return Migration(source, target, transform)
