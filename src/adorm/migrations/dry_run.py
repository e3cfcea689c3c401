"""What a migration would do with some items, without writing."""

from __future__ import annotations

from typing import Any

from adorm.dynamodb.values import AttributeMap
from adorm.migrations.in_place import InPlace
from adorm.migrations.items import is_same_item, is_same_value
from adorm.migrations.parts import MigrationParts
from adorm.migrations.reports import DryRun, Sample
from adorm.migrations.runs import source_scan
from adorm.migrations.writer import Writer

MAX_SAMPLES = 20


async def dry_run(migration: MigrationParts[Any, Any], items: int) -> DryRun[Any, Any]:
    """Transform the first items that a scan finds, and count what would be done.

    Raises:
        ScanFailed, ServiceError, ConnectionFailed, DeadlineExceeded: the scan failed.
    """
    await migration.source.open()
    if migration.target is not None:
        await migration.target.open()
    trial = _Trial(migration)
    for stored in await source_scan(migration).limit(items):
        trial.look_at(stored)
    return DryRun(
        would_change=trial.would_change,
        unchanged=trial.unchanged,
        dropped=trial.dropped,
        failed=trial.failed,
        not_repeatable=trial.not_repeatable,
        samples=trial.samples,
    )


class _Trial:
    def __init__(self, migration: MigrationParts[Any, Any]) -> None:
        self._migration = migration
        self._source = migration.source
        writer = Writer(self._source.binding.connection, None)
        self._in_place = InPlace(self._source, migration.transform, writer)
        self.would_change = self.unchanged = self.dropped = self.failed = 0
        self.samples: list[Sample[Any, Any]] = []
        self.not_repeatable: list[Sample[Any, Any]] = []

    def look_at(self, stored: AttributeMap) -> None:
        """Count one item."""
        before: Any = stored
        try:
            before = self._source.decode(stored)
            after = self._migration.transform(self._source.decode(stored))
            if after is None:
                self.dropped += 1
                return
            target, repeats = self._target(stored, after)
        # the transform is the caller's: whatever it raises is counted
        except Exception as error:  # noqa: BLE001
            self.failed += 1
            self._keep(Sample(before, None, {}, error))
            return
        changes = {
            name: (stored.get(name), target.get(name))
            for name in {**stored, **target}
            if not is_same_value(stored.get(name), target.get(name))
        }
        sample = Sample(before, after, changes, None)
        if not repeats:
            self.not_repeatable.append(sample)
        if self._migration.target is None and not changes:
            self.unchanged += 1
        else:
            self.would_change += 1
            self._keep(sample)

    def _target(self, stored: AttributeMap, after: Any) -> tuple[AttributeMap, bool]:
        """What would be stored, and whether the transform repeats."""
        side = self._migration.target
        if side is None:
            wanted = self._source.encode(after)
            return self._in_place.changed_item(stored, wanted), self._in_place.repeats(stored)
        target = side.encode(after)
        again = self._migration.transform(self._source.decode(stored))
        return target, again is not None and is_same_item(target, side.encode(again))

    def _keep(self, sample: Sample[Any, Any]) -> None:
        if len(self.samples) < MAX_SAMPLES:
            self.samples.append(sample)
