"""What leaves deleted items out of queries and scans; see `adorm.items.soft_delete`.

Only reads of models with an `adorm.deleted_at` field load this module.
"""

from __future__ import annotations

from adorm.errors import UsageError
from adorm.expressions.conditions import Condition
from adorm.items.soft_delete import is_live, removed_fields
from adorm.models import ModelInfo
from adorm.query.access import Target
from adorm.schema.fields import Field


def holds_no_deleted(info: ModelInfo, target: Target) -> bool:
    """Whether deleted items are in no case in this index: it has a key that is made of parts."""
    removed = {field.attribute_name for field in removed_fields(info)}
    return target.index is not None and bool(removed & target.key_names)


def deletion_filter(
    info: ModelInfo,
    deleted_at: Field,
    target: Target,
    *,
    shows_deleted: bool,
    hydrates: bool,
    counting: bool,
) -> tuple[Condition, ...]:
    """The filter that leaves out deleted items; empty where there are none, or they are wanted.

    Args:
        shows_deleted: deleted items are wanted.
        hydrates: whole items are read then, which tell whether they are deleted.
        counting: no items are read.

    Raises:
        UsageError: deleted items are wanted, and the index has none; or they are not wanted, and
            the index does not tell which items are deleted.
    """
    name, is_in_parts = deleted_at.attribute_name, holds_no_deleted(info, target)
    if shows_deleted:
        if is_in_parts:
            raise UsageError(
                f"a deleted {info.name} has no key of {target}: read the table by with_deleted()"
            )
        return ()
    if name in target.key_names:
        raise UsageError(
            f"{target} of {info.name} holds deleted items only, as {deleted_at.name} is in its "
            "key: add with_deleted()"
        )
    if not target.missing([name]):
        return (is_live(info, deleted_at),)
    if is_in_parts or (hydrates and not counting):
        return ()
    raise UsageError(
        f"{target} of {info.name} does not hold {deleted_at.name}, so that deleted items can't be "
        "left out: hydrate() reads the whole items, with_deleted() gives deleted ones too, or let "
        f"the index hold {deleted_at.name}"
    )
