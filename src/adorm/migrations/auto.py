"""`db.auto_migrate(...)`: a table is brought to its model, or its items to another table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adorm.errors import AdormError, ServiceError, UsageError
from adorm.items.raw_binding import RawBinding
from adorm.migrations.migration import Migration, migration_to
from adorm.migrations.reports import MigrationReport
from adorm.migrations.sides import ModelSide, RawSide
from adorm.migrations.state import State
from adorm.tables.tables import Tables

NO_BACKUPS = "UnknownOperationException"
"""The code with which an engine without backups refuses them."""


async def auto_migrate(
    db: Tables,
    source: type[Any],
    *,
    to: type[Any] | None,
    transform: Callable[[Any], Any] | None,
    backup: str | None,
    allow: Sequence[str],
) -> MigrationReport:
    """Bring the table of a model to what the model says, then its items to those of another one.

    Raises:
        UsageError: a step is dangerous and not in `allow`, or the arguments do not go together.
        MigrationFailed: an item could not be migrated.
        AdormError: the target is not equal to the source at the end.
    """
    if to is not None and transform is None:
        raise UsageError(f"auto_migrate(..., to={to.__name__}) needs transform=")
    if backup is not None:
        await _back_up(db, source, backup)
    if to is None:
        await _bring_table(db, source, allow)
        if transform is None:
            name = db.binding(source).table_name
            return State("", name, name, "").report()
        in_place: Migration[Any, Any] = Migration(ModelSide(db.binding(source)), None, transform)
        return await in_place.segments("auto")
    await _bring_table(db, to, allow)
    old: ModelSide[Any] = ModelSide(db.binding(source))
    new: ModelSide[Any] = ModelSide(db.binding(to))
    if transform is None or old.table_name == new.table_name:
        raise UsageError(
            f"{source.__name__} and {to.__name__} have the same table, {old.table_name}: "
            "table.migrate(...) changes items in place"
        )
    migration = migration_to(old, new, transform).segments("auto")
    report = await migration
    check = await migration.verify(mend=True)
    if not check.equal:
        check = await migration.verify()
    if not check.equal:
        raise AdormError(
            f"the migration of {old.table_name} to {new.table_name} is not complete: {check}; "
            "others write to the source: call verify(mend=True) once they have stopped"
        )
    return report


async def _bring_table(db: Tables, model: type[Any], allow: Sequence[str]) -> None:
    """Create the table, or do the safe steps of its plan.

    Raises:
        UsageError: the plan has steps that are not safe; nothing was changed.
    """
    if not await db.table_exists(model):
        await db.create_table(model)
        return
    plan = await db.diff(model)
    refused = [
        step
        for step in plan.steps
        if step.kind == "impossible" or (step.kind == "danger" and step.text not in allow)
    ]
    if refused:
        texts = ", ".join(repr(step.text) for step in refused)
        raise UsageError(
            f"auto_migrate does only what is safe, and these steps are not: {texts}; name a danger "
            f"in allow=[...]\n{plan}"
        )
    known = {step.text for step in plan.steps}
    if not plan.is_empty:
        await plan.apply(allow=[text for text in allow if text in known])


async def _back_up(db: Tables, model: type[Any], name: str) -> None:
    """Back the table up; where there are no backups, copy it to a table that does not exist yet.

    Raises:
        UsageError: there is a table of that name.
    """
    try:
        await db.back_up(model, name)
    except ServiceError as error:
        if error.code != NO_BACKUPS:
            raise
    else:
        return
    if await db.table_exists(name):
        raise UsageError(
            f"the backup would be a copy in table {name}, which exists: take another name, or "
            "delete that table"
        )
    await db.create_table(model, name=name)
    binding = db.binding(model)

    def side(table_name: str) -> RawSide:
        async def key() -> RawBinding:
            return RawBinding(db, binding.info, table_name, named=True)

        return RawSide(table_name, key)

    await migration_to(side(binding.table_name), side(name), dict).offline().segments("auto")
