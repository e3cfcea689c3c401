"""How a migration is run: its sides opened, its state loaded, its protocol chosen."""

from __future__ import annotations

from typing import Any

from adorm.dynamodb.values import AttributeMap
from adorm.errors import UsageError
from adorm.migrations.in_place import InPlace
from adorm.migrations.parts import MigrationParts
from adorm.migrations.reports import MigrationReport
from adorm.migrations.run import Chunk, ProcessChunk, Run, each_item
from adorm.migrations.scans import MigrationScan, migration_scan
from adorm.migrations.server_side import ServerSide
from adorm.migrations.sides import RawSide
from adorm.migrations.state import FailedItems, State, code_digest, failed_keys, load_state
from adorm.migrations.transforms import server_side_steps
from adorm.migrations.writer import Writer
from adorm.query.decoder import fetch_whole


def source_scan(
    migration: MigrationParts[Any, Any], projected: tuple[str, ...] = ()
) -> MigrationScan:
    """The scan of the source, as the clauses say."""
    options = migration.options
    scan = migration_scan(migration.source.binding, projected)
    if options.conditions:
        scan = scan.where(*options.conditions)
    if options.segments is not None:
        scan = scan.segments(options.segments)
    if options.read_units_per_s is not None:
        scan = scan.read_units_per_s(options.read_units_per_s)
    if options.report is not None:
        scan = scan.on_progress(options.report)
    return scan


async def run_migration(migration: MigrationParts[Any, Any]) -> MigrationReport:
    """Go over all items of the source.

    Raises:
        UsageError: the transform does not repeat, or the checkpoint file is another migration's.
        MigrationFailed: an item or a segment failed.
    """
    source, options = migration.source, migration.options
    await source.open()
    names: tuple[str, ...] = ()
    if migration.target is None:
        process, names = _in_place(migration)
        new = State(
            "in place", source.table_name, source.table_name, code_digest(migration.transform)
        )
    else:
        await migration.target.open()
        process, new = _to_new_table(migration)
    run = Run(
        source=source,
        state=load_state(options.checkpoint, new),
        checkpoint_path=options.checkpoint,
        failed_items=None if options.failed is None else FailedItems(options.failed),
        process=process,
        phase="migrate",
    )
    if options.only_failed is not None:
        keys = list(failed_keys(options.only_failed))
        return await run.over_items(await _fetched(migration, keys))
    scan = source_scan(migration, names)
    if run.state.scan is not None:
        scan = scan.resume(run.state.scan)
    return await run.over_scan(scan.stream())


async def _fetched(
    migration: MigrationParts[Any, Any], keys: list[AttributeMap]
) -> list[AttributeMap]:
    source = migration.source
    for key in keys:
        if key.keys() != source.key_names:
            raise UsageError(
                f"{migration.options.only_failed} has keys of another table than "
                f"{source.table_name}"
            )
    return await fetch_whole(source.binding, keys, consistent=True)


def _in_place(migration: MigrationParts[Any, Any]) -> tuple[ProcessChunk, tuple[str, ...]]:
    """What is done with a chunk, and which attributes have to be read; all where none is named."""
    source, options = migration.source, migration.options
    continues = options.failed is not None
    writer = Writer(source.binding.connection, options.write_units_per_s)
    steps = server_side_steps(migration.transform) if isinstance(source, RawSide) else None
    if steps is not None:
        server_side = ServerSide(source, steps, writer)

        async def on_the_server(items: Chunk) -> Any:
            return await each_item(items, server_side.migrate, continues=continues)

        return on_the_server, server_side.names
    in_place = InPlace(source, migration.transform, writer)
    checked = False

    async def process(items: Chunk) -> Any:
        nonlocal checked
        if not checked:
            checked = True  # nothing is awaited before the check of the first chunk is over
            for item in items:
                check_repeats(migration, in_place, item)
        return await each_item(items, in_place.migrate, continues=continues)

    return process, ()


def check_repeats(
    migration: MigrationParts[Any, Any], in_place: InPlace, item: AttributeMap
) -> None:
    """Refuse a transform that makes something else of what it has made.

    Raises:
        UsageError: it does.
    """
    try:
        repeats = in_place.repeats(item)
    except Exception:  # noqa: BLE001  # the item's own migration reports what is wrong with it
        return
    if not repeats:
        source = migration.source
        raise UsageError(
            f"{source.table_name} {source.key_text(source.key_of(item))}: the transform makes "
            "something else of what it has made itself: t(t(x)) has to equal t(x), because a "
            "migration that is run again transforms items again; nothing was written"
        )


def _to_new_table(migration: MigrationParts[Any, Any]) -> tuple[ProcessChunk, State]:
    from adorm.migrations.new_table import NewTable

    new_table = NewTable(migration)
    return new_table.process, new_table.new_state()


async def sync_key(migration: MigrationParts[Any, Any], key: tuple[Any, ...]) -> None:
    """Bring the target's item of a source item to the source's state."""
    from adorm.items.keys import make_key
    from adorm.migrations.new_table import open_new_table

    new_table = await open_new_table(migration)
    binding = migration.source.binding
    await new_table.sync(binding.encode_key(make_key(binding.info, key, {})))
