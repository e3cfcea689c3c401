"""`ItemKey`: a key of a table or of an index that a model makes of its fields.

A plain key is a field. A key made of parts is a template for each of its attributes, such as
`CUSTOMER#{user_name}`. The attributes themselves are no fields of the model; each has a `Field` of
its own here, so that whatever reads and writes keys treats both kinds alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adorm.schema.fields import Field
from adorm.schema.types import split_optional
from adorm.support.records import Record

if TYPE_CHECKING:
    from adorm.schema.key_texts import Template

COMPUTED = "__adorm_computed__"
"""On a model: its `ComputedAttributes`, where it has any."""


class KeySide(Record):
    """One attribute of a key, and the template that it is made by."""

    field: Field
    """The key attribute. It is a field of the model where `template` is that field alone and has
    its attribute name."""
    template: Template

    @property
    def attribute_name(self) -> str:
        """The name of the key attribute."""
        return self.field.attribute_name

    @property
    def is_computed(self) -> bool:
        """Whether the attribute is stored beside the model's fields, and is none of them."""
        return self.template.alone is not self.field


class ItemKey:
    """A key that is made of parts: of the table, or of one index."""

    def __init__(
        self,
        name: str,
        index: str | None,
        partition: KeySide,
        sort: KeySide | None,
        *,
        parts: Sequence[Field] | None = None,
        only: Mapping[Field, tuple[object, ...]] | None = None,
    ) -> None:
        self.name = name
        """Its name in the class: `key`, `by_status`."""
        self.index = index
        """The name of the index; None for the key of the table."""
        self.partition = partition
        self.sort = sort
        self.sides = (partition,) if sort is None else (partition, sort)
        self.only = only or {}
        """Fields with the values that an item in the index has; empty: every item whose parts are
        there is in it."""
        self.parts = tuple(distinct_parts(self.sides) if parts is None else parts)
        """The fields that it is made of, each once, in the order of the key's parameters."""
        self.fields = frozenset((*self.parts, *self.only))
        """All fields that decide about it."""
        self.memo: dict[Any, Any] = {}
        """Where other modules keep what they have made of it."""
        self.is_sparse = bool(self.only) or any(split_optional(part.type)[1] for part in self.parts)
        """Whether an item may have no such key."""


class ComputedAttributes:
    """The attributes of an item that are no fields: keys made of parts, and the type."""

    def __init__(
        self,
        key: ItemKey | None,
        index_keys: Sequence[ItemKey],
        type_field: Field | None,
        entities: Sequence[str] = (),
    ) -> None:
        self.key = key
        """The table's; None where it is made of plain fields."""
        self.index_keys = tuple(index_keys)
        """In the order of their declaration. Of several keys of one index the first that applies
        is written."""
        self.type_field = type_field
        """The attribute that holds the entity, which is the field's default; None where there is
        none, or where it is a field of the model."""
        self.entities = tuple(entities)
        """What it may hold."""
        sides = [side for key_ in (key, *index_keys) if key_ is not None for side in key_.sides]
        computed = {side.attribute_name: side.field for side in sides if side.is_computed}
        if type_field is not None:
            computed[type_field.attribute_name] = type_field
        self.fields: Mapping[str, Field] = computed
        """Each of these attributes once, by attribute name."""
        self.choose: Callable[[Mapping[str, Any]], type[Any] | None] | None = None
        """Of an abstract model: gives the subclass that an item is of."""


def computed_attributes(cls: Any) -> ComputedAttributes | None:
    """The computed attributes of a class; None where it has none."""
    found: ComputedAttributes | None = cls.__dict__.get(COMPUTED)
    return found


def distinct_parts(sides: Iterable[KeySide]) -> list[Field]:
    """The fields of the sides' parts, each once, in order."""
    return list(dict.fromkeys(part.field for side in sides for part in side.template.parts))
