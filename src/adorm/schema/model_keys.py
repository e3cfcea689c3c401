"""`ModelKeys`: the keys of a model's table and of its indexes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adorm.schema.fields import Field, Role
from adorm.schema.indexes import GlobalIndex, Index, LocalIndex, key_tag, resolve_indexes
from adorm.schema.structures import Structure

if TYPE_CHECKING:
    from adorm.schema.item_keys import ItemKey


class ModelKeys:
    """The keys of a model."""

    def __init__(self, partition: Field, sort: Field | None, key: ItemKey | None) -> None:
        self.partition = partition
        """The partition key of the table."""
        self.sort = sort
        self.key = key
        """How the table's key is made of parts; None where it is made of plain fields."""
        self.indexes: dict[str, Index] = {}
        """The indexes that its items are in, or may be in."""
        self.index_keys: list[ItemKey] = []
        """Its declared keys of indexes, in the order of their declaration."""
        self.readable_keys: dict[str, tuple[ItemKey, ...]] = {}
        """By index: the keys made of parts by which it can be read, those that are stored anyway
        included."""


def plain_model_keys(
    structure: Structure, indexes: Sequence[GlobalIndex | LocalIndex]
) -> ModelKeys | None:
    """The keys of a model whose key attributes are all fields; None for a class without a key.

    Args:
        indexes: those that the model declares.

    Raises:
        ModelError: there is a mistake in a key or an index.
    """
    fields = {field.role: field for field in structure.fields}
    partition, sort = fields.get(Role.PARTITION_KEY), fields.get(Role.SORT_KEY)
    if partition is None:
        return None
    for field in (partition, sort):
        if field is not None:
            key_tag(structure.name, field, optional=False)
    keys = ModelKeys(partition, sort, None)
    keys.indexes = resolve_indexes(structure.name, structure, partition, sort, indexes)
    return keys
