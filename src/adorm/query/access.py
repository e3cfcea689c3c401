"""Where a query or scan reads: the table or one of its indexes, and by which conditions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from adorm.dynamodb.values import AttributeValue
from adorm.expressions.conditions import Condition
from adorm.models import ModelInfo
from adorm.schema.fields import Field
from adorm.schema.indexes import Index

if TYPE_CHECKING:
    from adorm.schema.item_keys import ItemKey


@attrs.frozen(eq=False)
class Target:
    """The table, or one of its indexes, with its key fields."""

    index: Index | None
    """None: the table."""
    partition: tuple[Field, ...]
    sort: tuple[Field, ...]
    key: ItemKey | None = None
    """The model's key that is made of parts, by which it is read; None where the key attributes are
    plain fields."""

    @property
    def key_names(self) -> frozenset[str]:
        """The attribute names of its key fields."""
        return frozenset(field.attribute_name for field in (*self.partition, *self.sort))

    @property
    def is_global(self) -> bool:
        """Whether it is a global index, which DynamoDB reads only eventually consistent."""
        return self.index is not None and self.index.is_global

    def missing(self, attribute_names: Iterable[str]) -> str:
        """Those of the attributes that it does not hold, as text: `city, total`."""
        if self.index is None:
            return ""
        return ", ".join(sorted(name for name in attribute_names if not self.index.holds(name)))

    def __str__(self) -> str:
        if self.index is None:
            return "the table"
        name = f"index {self.index.name!r}"
        if self.key is None or self.key.name == self.index.name:
            return name
        return f"{name} ({self.key.name})"


def target_of(info: ModelInfo, index_name: str | None) -> Target:
    """The model's table, or one of its indexes; the name has to be one of `info.indexes`."""
    if index_name is None:
        return Target(None, (info.partition,), () if info.sort is None else (info.sort,))
    index = info.indexes[index_name]
    return Target(index, index.partition, index.sort)


@attrs.frozen(eq=False)
class Partition:
    """One of several partitions that a query reads."""

    text: str
    """Its partition key."""
    key: tuple[Condition, ...]
    filter: tuple[Condition, ...]


@attrs.frozen(eq=False)
class TimeRange:
    """A range of a field whose pieces of time are partitions."""

    field: Field
    lower: tuple[str, AttributeValue]
    """`>` or `>=`, and the end."""
    upper: tuple[str, AttributeValue]


@attrs.frozen(eq=False)
class Access:
    """How a query or scan reads: from where, by which key condition, and through which filter."""

    target: Target
    key: tuple[Condition, ...]
    """The parts of the key condition, joined by AND; empty for a scan."""
    filter: tuple[Condition, ...]
    """The parts of the filter, joined by AND."""
    reason: str
    """Why this target, for `explain()`."""
    partitions: tuple[tuple[Partition, ...], ...] = ()
    """Where several partitions are read: groups of them, to be read one group after the other in
    the order of their sort keys; those of one group side by side, merged by the sort key. `key` and
    `filter` are those of the first partition then."""
    time_range: TimeRange | None = None
    """The range that says which partitions are read, where they are pieces of time."""
