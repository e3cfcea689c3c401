"""`UniqueConstraint`: what no two items of a model may have in common.

For each such text an item has a guard: another item of the same table, whose key is the text. See
`adorm.items.guards`. A process whose models have no unique values does not load this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adorm.errors import ModelError
from adorm.schema.fields import Field, Role
from adorm.schema.indexes import key_tag
from adorm.schema.key_texts import Template, parse_template
from adorm.schema.model_keys import ModelKeys
from adorm.schema.model_options import ModelOptions
from adorm.schema.single_table import GUARD_OWNER
from adorm.schema.structures import Structure
from adorm.support.records import Record

UNIQUE = "UNIQUE"
"""What a guard's key begins with, where the model does not give its text."""


class UniqueConstraint(Record):
    """A field, or a text made of fields, of which no two items may have the same one."""

    name: str
    """The name of the field, or the text as it is declared."""
    fields: tuple[Field, ...]
    template: Template | None
    """The text of the guard's key; None where a function gives its end."""
    prefix: str
    """What the text of the guard's key begins with."""
    normalise: Callable[[Any], str] | None
    """The end of the text, of the field's value."""

    @property
    def is_exact(self) -> bool:
        """Whether the text tells the values that it is made of."""
        return self.template is not None and not any(part.loses for part in self.template.parts)


def unique_constraints(
    structure: Structure, options: ModelOptions, keys: ModelKeys, entity: str
) -> tuple[UniqueConstraint, ...]:
    """The constraints of a model: those of its fields, then the texts of the decorator.

    Args:
        entity: the name of its kind in the keys of guards.

    Raises:
        ModelError: the table's partition key is not text, or a field or text can't be unique.
    """
    if options.abstract:
        return ()
    name = structure.name
    constraints = [
        _of_field(structure, field, entity) for field in structure.fields if field.marker.unique
    ]
    constraints += [_of_text(structure, text) for text in options.unique or ()]
    for constraint in constraints:
        for field in constraint.fields:
            if field.role in (Role.VERSION, Role.CREATED_AT, Role.UPDATED_AT):
                raise ModelError(
                    f"{name}.{field.name} is set by each write, so its value can't be unique: "
                    f"take it out of {constraint.name!r}"
                )
    _check_keys(structure, keys)
    return tuple(constraints)


def _of_field(structure: Structure, field: Field, entity: str) -> UniqueConstraint:
    unique = field.marker.unique
    prefix = f"{UNIQUE}#{entity}#{field.name}#"
    if callable(unique):
        return UniqueConstraint(field.name, (field,), None, prefix, unique)
    where = f"{structure.name}.{field.name} is unique"
    text = f"{prefix.replace('{', '{{').replace('}', '}}')}{{{field.name}}}"
    template = parse_template(text, structure, where, table_key=False)
    return UniqueConstraint(field.name, (field,), template, prefix, None)


def _of_text(structure: Structure, text: str) -> UniqueConstraint:
    where = f"{structure.name}, unique"
    template = parse_template(text, structure, where, table_key=False)
    first = template.segments[0]
    if not template.parts or not isinstance(first, str):
        raise ModelError(
            f"{where}: {text!r} is the key of a guard: it begins with a text of its own and has a "
            'field, as in "EMAIL#{email}", so that it is the key of no other item'
        )
    fields = tuple(dict.fromkeys(part.field for part in template.parts))
    return UniqueConstraint(text, fields, template, first, None)


def _check_keys(structure: Structure, keys: ModelKeys) -> None:
    name = structure.name
    if key_tag(name, keys.partition, optional=False) != "S":
        raise ModelError(
            f"{name} has unique values, so the partition key of its table must be text, "
            f"and {keys.partition.attribute_name} is not"
        )
    if keys.sort is not None and key_tag(name, keys.sort, optional=False) is None:
        raise ModelError(
            f"{name} has unique values, so the sort key of its table must be text, a number or "
            f"bytes, and {keys.sort.attribute_name} is stored by a hook"
        )
    names = {field.attribute_name for field in (*structure.fields, keys.partition)}
    if keys.sort is not None:
        names.add(keys.sort.attribute_name)
    if GUARD_OWNER in names:
        raise ModelError(
            f"{name} has unique values, and the items that guard them have an attribute "
            f"{GUARD_OWNER!r}: give the model's own attribute another name by name="
        )
