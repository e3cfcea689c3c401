"""`make_item_key`: a declared key, read with the fields of its class."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any

from adorm.errors import ModelError
from adorm.schema.fields import Field, Marker, Role
from adorm.schema.item_keys import ItemKey, KeySide, distinct_parts
from adorm.schema.key_declarations import KeyDeclaration
from adorm.schema.key_functions import read_key_function
from adorm.schema.key_membership import read_only
from adorm.schema.key_texts import Template, parse_template
from adorm.schema.names import unknown_field
from adorm.schema.structures import Structure
from adorm.schema.types import split_optional, type_name, unwrap


def make_item_key(
    structure: Structure,
    declaration: KeyDeclaration,
    attribute_names: tuple[str, str | None],
    *,
    given_sides: Mapping[str, KeySide] | None = None,
) -> ItemKey:
    """Read a declared key.

    Args:
        attribute_names: of the partition key and of the sort key of the table or index.
        given_sides: sides that need no text, by attribute name: those of the table's own key.

    Raises:
        ModelError: there is a mistake in it.
    """
    where = f"{structure.name}.{declaration.name}"
    parameters: tuple[str, ...] | None = None
    texts = declaration.texts
    if declaration.function is not None:
        read, parameters = read_key_function(declaration.function, where)
        texts = (read[0], read[1] if len(read) > 1 else None)
    is_table_key = declaration.index is None
    sides: list[KeySide] = []
    made: list[KeySide] = []
    target = "the table" if is_table_key else f"index {declaration.index!r}"
    for attribute_name, text, kind in zip(
        attribute_names, texts, ("partition key", "sort key"), strict=True
    ):
        if attribute_name is None:
            if text is not None:
                raise ModelError(f"{where} has a text for a sort key, and {target} has none")
            continue
        given = (given_sides or {}).get(attribute_name)
        if text is None:
            if given is None:
                raise ModelError(
                    f"{where} has no text for the {kind} of {target}, {attribute_name}: "
                    "give one for each"
                )
            sides.append(given)
            continue
        if given is not None and not is_table_key:
            raise ModelError(
                f"{where}: {attribute_name} is an attribute of the table's key, which has its text "
                "already: leave this one out"
            )
        template = parse_template(text, structure, where, table_key=is_table_key)
        role = Role.PARTITION_KEY if kind == "partition key" else Role.SORT_KEY
        made.append(make_side(structure, attribute_name, template, role, declaration))
        sides.append(made[-1])
    only = read_only(structure, declaration.only, where)
    if only and not any(side.is_computed for side in made):
        raise ModelError(
            f"{where}: only= leaves out items by leaving out a text of the key, and this key is "
            "made of fields alone, which all items have: write a text beside one of them"
        )
    parts: list[Field] | None = None
    if parameters is not None:
        parts = _check_parameters(structure, where, parameters, sides)
        _check_annotations(declaration.function, where, parts)
    sort = sides[1] if len(sides) > 1 else None
    return ItemKey(declaration.name, declaration.index, sides[0], sort, parts=parts, only=only)


def make_side(
    structure: Structure,
    attribute_name: str,
    template: Template,
    role: Role,
    declaration: KeyDeclaration | None = None,
    *,
    name: str | None = None,
) -> KeySide:
    """One attribute of a key that is made by a template.

    Args:
        role: the attribute's role in the table; for a key of an index it says nothing.
        name: the field name of the attribute, where the class names it.
    """
    is_index_key = declaration is not None and declaration.index is not None
    marker = Marker(Role.ATTRIBUTE if is_index_key else role)
    alone = template.alone
    kind: Any = str
    if alone is not None:
        if alone.attribute_name == attribute_name:
            alone.is_key = True
            return KeySide(alone, template)
        kind = alone.type if is_index_key else split_optional(alone.type)[0]
        marker = Marker(marker.role, datetime_format=alone.marker.datetime_format)
    elif is_index_key and declaration is not None:
        is_sparse = bool(declaration.only) or any(part.is_optional for part in template.parts)
        kind = str | None if is_sparse else str
    if attribute_name in {field.attribute_name for field in structure.fields}:
        raise ModelError(
            f"{structure.name}: {attribute_name!r} is the attribute of a key that is made of "
            f"{template.text!r}, and of a field: give the field another name"
        )
    field = Field(name or attribute_name, attribute_name, kind, marker, init=False)
    field.owner, field.is_key, field.attribute_name = structure.name, True, attribute_name
    return KeySide(field, template)


def _check_parameters(
    structure: Structure, where: str, parameters: Sequence[str], sides: Sequence[KeySide]
) -> list[Field]:
    """The fields that a key function's parameters name, each of which the texts have to use."""
    used = {field.name for field in distinct_parts(sides)}
    fields: list[Field] = []
    for name in parameters:
        field = structure.by_name.get(name)
        if field is None:
            raise ModelError(f"{where}: {unknown_field(structure.name, name, structure.by_name)}")
        if name not in used:
            raise ModelError(
                f"{where} takes {name!r} and does not use it in its texts: two items that differ "
                "in it would have one key"
            )
        fields.append(field)
    return fields


def _check_annotations(function: Any, where: str, parts: Sequence[Field]) -> None:
    """Refuse a key function that annotates a part with another type than the field has.

    An annotation that names something that can't be found is passed over.
    """
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError, SyntaxError):
        return
    for part in parts:
        hint = hints.get(part.name)
        if hint is not None and unwrap(hint) != unwrap(part.type):
            raise ModelError(
                f"{where}: the part {part.name} is {type_name(hint)} in the function, and the "
                f"field is {type_name(part.type)}: give both one type"
            )
