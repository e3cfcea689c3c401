"""What the planner weighs: what a query asks for, and how one target serves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from adorm.codec.codec import Codec
from adorm.expressions.conditions import Condition
from adorm.query.access import Partition, Target, TimeRange
from adorm.query.key_conditions import key_field, key_path

if TYPE_CHECKING:
    from adorm.schema.item_keys import ItemKey


@attrs.frozen(eq=False, kw_only=True)
class Wanted:
    """What a query asks for."""

    conditions: Sequence[Condition]
    """Of `where`: parts of the key condition or of the filter."""
    filters: Sequence[Condition]
    """Of `filter`: parts of the filter."""
    attribute_names: frozenset[str]
    """What has to be read of each item."""
    index_name: str | None
    """The index that the caller named, one of the model's."""
    index_key: ItemKey | None
    """The key of that index that the caller named, where it has several."""
    in_table_partition: bool
    """The caller gave a partition key of the table, as in `query("c1")`: no index with another
    partition key is meant."""
    hydrates: bool
    """Whole items come from the table: the index needs only keys and what the filter reads."""
    consistent: bool
    """The read is consistent, which no global index offers."""
    with_deleted: bool
    """Deleted items are wanted too, which are in no index whose key is made of parts."""
    codec: Codec
    """How the parts of a key are stored."""


@attrs.frozen(eq=False)
class Fit:
    """A target that serves the query, and how."""

    target: Target
    key: tuple[Condition, ...]
    filter: tuple[Condition, ...]
    fields_used: int
    """How many fields the key condition is on. The fields of a plain partition key count as one,
    because every query of it gives them all."""
    covers: bool
    """Whether the target holds all that has to be read."""
    uses: str
    """The names of what the key condition is on."""
    partitions: tuple[tuple[Partition, ...], ...] = ()
    time_range: TimeRange | None = None
    """Both as in `Access`."""
    only: str = ""
    """The names of the fields that `only=` of the key is on: no part of the key condition."""

    def __str__(self) -> str:
        only = f", and only= of the key is on {self.only}" if self.only else ""
        return f"{self.target}: the key condition is on {self.uses}{only}"


class NoFit(Exception):
    """The target does not serve the query; the message tells why."""


class NoPartition(NoFit):
    """The same, because the conditions do not give the partition key.

    Args:
        advice: what to do about it, where that can be told.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


def check_filter(
    target: Target,
    filters: Sequence[Condition],
    remaining: Sequence[Condition],
    *,
    is_scan: bool = False,
) -> None:
    """Refuse a filter that DynamoDB refuses: on a key of the target, or on an attribute that an
    index does not hold.

    Args:
        filters: those of `.filter(...)`; some of them could be key conditions.
        remaining: these, and the conditions of `.where(...)` that are no key conditions.
        is_scan: a scan filters by keys too.

    Raises:
        NoFit: it is refused.
    """
    for condition in filters:
        if key_field(condition, target) is not None:
            path = condition.paths()[0]
            raise NoFit(
                f"{path} is part of its key, and DynamoDB takes no filter on that: move this "
                "condition from .filter(...) to .where(...), which makes it a key condition"
            )
    paths = [path for condition in remaining for path in condition.paths()]
    for path in paths:
        if path.attribute_name in target.key_names and not is_scan:
            raise NoFit(f"{path} is part of its key, and DynamoDB takes no filter on that")
    missing = target.missing({path.attribute_name for path in paths})
    if missing:
        raise NoFit(f"it does not hold {missing}, which the filter reads")


def advice_on_filter(filters: Sequence[Condition], attribute_names: Sequence[str]) -> str:
    """What to do where a field that lacks a condition has one in `.filter(...)`; else ""."""
    for condition in filters:
        path = key_path(condition)
        if path is not None and path.attribute_name in attribute_names:
            return f"Move {path} from .filter(...), which is no key condition, to .where(...)"
    return ""
