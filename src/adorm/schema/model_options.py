"""`ModelOptions`: what `@adorm.model(...)` says of a class; and its type attribute."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING

from adorm.errors import ModelError
from adorm.schema.fields import Field, Marker, Role
from adorm.schema.indexes import GlobalIndex, LocalIndex
from adorm.schema.structures import Structure
from adorm.support.records import Record

if TYPE_CHECKING:
    from adorm.schema.single_table import SingleTable

HOOKS = "__adorm_hooks__"
"""On a method that is a hook: the names of its events. On a class that has hooks: its `Hooks`."""


class ModelOptions(Record):
    """The options of the decorator, for the class itself and for its subclasses."""

    table: str | SingleTable | None
    indexes: tuple[GlobalIndex | LocalIndex, ...] | None
    """None: as the base class says."""
    entity: tuple[str, ...] = ()
    """What the type attribute of its items may hold; the first is written."""
    abstract: bool = False
    """Whether only its subclasses have items."""
    unique: tuple[str, ...] | None = None
    """Texts of which no two items may have the same one; None: as the base class says."""

    @property
    def single_table(self) -> SingleTable | None:
        """The table, where it is one of several models."""
        # not by isinstance: a model of a table of its own does not load the class
        return None if isinstance(self.table, str) else self.table

    @property
    def table_name(self) -> str | None:
        """The name of the table; None where the model names none."""
        if self.table is None or isinstance(self.table, str):
            return self.table
        return self.table.name


def has_hooks(cls: type) -> bool:
    """Whether a method of the class or of its bases is a hook, see `adorm.schema.hooks`."""
    for base in cls.__mro__:
        for value in base.__dict__.values():
            # of a static method or class method, `hooks_of` tells the mistake
            is_wrapped = value.__class__ in (staticmethod, classmethod)
            method = value.__func__ if is_wrapped else value
            if method.__class__ is FunctionType and hasattr(method, HOOKS):
                return True
    return False


def with_inherited(given: ModelOptions, inherited: ModelOptions | None, name: str) -> ModelOptions:
    """The options of a class: table and indexes are those of its base where it has none."""
    table, indexes, unique = given.table, given.indexes, given.unique
    if inherited is not None:
        table = inherited.table if table is None else table
        indexes = inherited.indexes if indexes is None else indexes
        unique = inherited.unique if unique is None else unique
    if given.entity and (table is None or isinstance(table, str)):
        raise ModelError(
            f"{name}: entity= is what the type attribute of a SingleTable holds, and the model has "
            "no such table"
        )
    if given.abstract and (table is None or isinstance(table, str)):
        raise ModelError(
            f"{name}: abstract=True is for models of a SingleTable, whose items say of which "
            "subclass they are: write table=, the SingleTable, or leave abstract= out"
        )
    return ModelOptions(table, indexes or (), given.entity or (name,), given.abstract, unique)


def item_entities(
    options: ModelOptions, discriminator: Field | None, type_field: Field | None
) -> tuple[str, ...]:
    """What the type attribute of a model's items may hold, or its discriminator.

    Args:
        discriminator: the field of the model that is one.
        type_field: the table's type attribute, where it is no field.

    Raises:
        ModelError: `entity=` gives several texts, and there is a field for them.
    """
    if type_field is not None:
        return options.entity
    if discriminator is None:
        return ()
    if len(options.entity) > 1:
        raise ModelError(
            f"{discriminator.owner}.{discriminator.name} is the type of an item, and a field has "
            "one value: leave the field out, so that the type can have several texts by entity="
        )
    return (discriminator.default,)


def make_type_field(structure: Structure, options: ModelOptions) -> Field | None:
    """The type attribute of a `SingleTable`, where it is no field of the model.

    Raises:
        ModelError: a field has its attribute name, or the model has another discriminator.
    """
    table = options.single_table
    name = None if table is None else table.type_attribute
    if name is None:
        return None
    for field in structure.fields:
        is_discriminator = field.role is Role.DISCRIMINATOR
        if is_discriminator and field.attribute_name == name:
            return None
        if is_discriminator or field.attribute_name == name:
            raise ModelError(
                f"{structure.name}.{field.name}: {name!r} is the attribute that holds the type of "
                f"each item in {options.table!r}: a discriminator has this attribute name, "
                f"adorm.discriminator(..., name={name!r}), and no other field has it"
            )
    field = Field(
        name, name, str, Marker(Role.DISCRIMINATOR), init=False, default=options.entity[0]
    )
    field.owner = structure.name
    return field
