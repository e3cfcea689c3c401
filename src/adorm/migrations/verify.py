"""`verify()`: source and target of a migration compared in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adorm.dynamodb.values import AttributeMap
from adorm.migrations.new_table import NewTable, open_new_table
from adorm.migrations.parts import MigrationParts
from adorm.migrations.reports import Verification
from adorm.migrations.runs import source_scan
from adorm.migrations.scans import migration_scan
from adorm.migrations.stamps import json_line, key_identity

if TYPE_CHECKING:
    from adorm.migrations.scans import MigrationScan

CHUNK = 64


async def verify(
    migration: MigrationParts[Any, Any], *, mend: bool, mismatches: Path | None
) -> Verification:
    """Go over the source, then over the target.

    Raises:
        ScanFailed, ServiceError, ConnectionFailed, DeadlineExceeded: reading or mending failed.
    """
    new_table = await open_new_table(migration)
    check = _Check(new_table, mend=mend, mismatches=mismatches)
    await _over(source_scan(migration), check.forward)
    target_scan = migration_scan(new_table.target.binding)
    options = migration.options
    if options.segments is not None:
        target_scan = target_scan.segments(options.segments)
    if options.read_units_per_s is not None:
        target_scan = target_scan.read_units_per_s(options.read_units_per_s)
    await _over(target_scan, check.backward)
    return Verification(
        source_items=check.source_items,
        target_items=check.target_items,
        equal=not (check.missing or check.stale or check.orphans),
        missing=check.missing,
        stale=check.stale,
        orphans=check.orphans,
        foreign=check.foreign,
        mended=check.mended,
    )


async def _over(scan: MigrationScan, look_at: Any) -> None:
    """Give the items of a scan to a function, some at a time."""
    async with scan.stream() as stream:
        while (batch := await stream.take_some()) is not None:
            await look_at(batch[0])
        if stream.failed:
            raise stream.failure()


class _Check:
    def __init__(self, new_table: NewTable, *, mend: bool, mismatches: Path | None) -> None:
        self._new_table = new_table
        self._mends = mend
        self._mismatches = mismatches
        self.source_items = self.target_items = 0
        self.missing = self.stale = self.orphans = self.foreign = self.mended = 0

    async def forward(self, sources: Sequence[AttributeMap]) -> None:
        """Look for the copies of some source items."""
        new_table = self._new_table
        source, target = new_table.source, new_table.target
        self.source_items += len(sources)
        copies = [(item, new_table.wanted(item)) for item in sources]
        pairs = [(item, copy) for item, copy in copies if copy is not None]
        found = await new_table.read_all(target, [target.key_of(copy) for _, copy in pairs])
        for item, copy in pairs:
            key = target.key_of(copy)
            there = found.get(key_identity(key))
            if there is not None and new_table.is_copy(there, copy):
                continue
            if there is not None and new_table.stamp_of(there) is None:
                continue  # foreign: it is counted on the way back
            kind = "missing" if there is None else "stale"
            setattr(self, kind, getattr(self, kind) + 1)
            await self._mend(kind, source.key_of(item), key)

    async def backward(self, items: Sequence[AttributeMap]) -> None:
        """Look for the sources of some items of the target."""
        new_table = self._new_table
        source, target = new_table.source, new_table.target
        self.target_items += len(items)
        stamps = [(item, new_table.stamp_of(item)) for item in items]
        own = [(item, stamp) for item, stamp in stamps if stamp is not None]
        self.foreign += len(items) - len(own)
        keys = {key_identity(stamp.source_key): stamp.source_key for _, stamp in own}
        found = await new_table.read_all(source, list(keys.values()))
        for item, stamp in own:
            wanted = new_table.wanted(found.get(key_identity(stamp.source_key)))
            key = target.key_of(item)
            if wanted is None or key_identity(target.key_of(wanted)) != key_identity(key):
                self.orphans += 1
                await self._mend("orphan", stamp.source_key, key)

    async def _mend(self, kind: str, source_key: AttributeMap, target_key: AttributeMap) -> None:
        if self._mismatches is not None:
            self._note(self._mismatches, kind, source_key, target_key)
        if self._mends:
            result = await self._new_table.reconcile(source_key, target_key)
            self.mended += result in ("changed", "gone")

    @staticmethod
    def _note(path: Path, kind: str, source_key: AttributeMap, target_key: AttributeMap) -> None:
        with path.open("ab") as file:
            file.write(json_line(kind=kind, source=source_key, target=target_key))
