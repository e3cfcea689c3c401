"""`ModelKeys`: the keys of a model's table and of its indexes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adorm.errors import ModelError
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

    def prepare_deletion(self, cls: type, deleted_at: Field, *, is_shared: bool) -> None:
        """Check the keys of a model whose items are deleted softly, and let its indexes hold the
        time of the deletion, by which reads leave out deleted items.

        An index with a key that is made of parts needs no such time: a deleted item is not in it.

        Args:
            is_shared: the table is one of several models, which says itself what its indexes hold.

        Raises:
            ModelError: the key of an index is made of the time of the deletion, or an abstract
                model that the class inherits from, and that reads its items, has no such field.
        """
        for base in cls.__mro__[1:]:
            options = base.__dict__.get("__adorm_options__")
            if (
                options is not None
                and options.abstract
                and deleted_at.name
                not in (field.name for field in base.__dict__["__attrs_attrs__"])
            ):
                raise ModelError(
                    f"{cls.__name__}.{deleted_at.name}: {base.__name__} is abstract and reads the "
                    f"items of {cls.__name__} too: declare the field there, so that it leaves out "
                    "deleted ones"
                )
        for key in self.index_keys:
            if deleted_at in key.fields:
                raise ModelError(
                    f"{cls.__name__}.{key.name}: a deleted item has no keys of indexes that are "
                    f"made of parts, so none of them is made of {deleted_at.name}: for a list of "
                    "deleted items give the model a GlobalIndex on that field"
                )
        for index in self.indexes.values():
            held = index.projection
            if (
                isinstance(held, tuple)
                and not is_shared
                and not index.holds(deleted_at.attribute_name)
            ):
                index.projection = (*held, deleted_at)

    def template_fields(self) -> list[Field]:
        """The fields that keys of parts are made of, and the attributes of these keys."""
        made = self.index_keys if self.key is None else [self.key, *self.index_keys]
        sides = [side.field for key in made for side in key.sides]
        return [*sides, *(field for key in made for field in key.fields)]


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
