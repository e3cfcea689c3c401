"""`template_model_keys`: the keys of a model that makes a key of parts, or shares its table.

A process whose models have plain keys does not load this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from adorm.errors import ModelError
from adorm.schema.fields import Field, Role
from adorm.schema.indexes import (
    GlobalIndex,
    Index,
    LocalIndex,
    check_index,
    key_tag,
    resolve_indexes,
)
from adorm.schema.item_key_texts import make_item_key, make_side
from adorm.schema.item_keys import ItemKey, KeySide
from adorm.schema.key_declarations import (
    KeyDeclaration,
    KeyField,
    declared_key_fields,
    declared_keys,
)
from adorm.schema.key_functions import read_key_function
from adorm.schema.key_texts import parse_template
from adorm.schema.model_keys import ModelKeys
from adorm.schema.single_table import DEFAULT_PARTITION, DEFAULT_SORT, SingleTable
from adorm.schema.structures import Structure

DeclaredIndex: TypeAlias = GlobalIndex | LocalIndex


def template_model_keys(
    cls: type,
    structure: Structure,
    table: str | SingleTable | None,
    indexes: Sequence[DeclaredIndex],
    type_field: Field | None,
) -> ModelKeys | None:
    """The keys of a model; None for a class without a key, which is a nested value.

    Args:
        indexes: those that the model itself declares.
        type_field: the field or attribute that holds its entity, where items have one.

    Raises:
        ModelError: there is a mistake in a key or an index.
    """
    declared = declared_keys(cls)
    keys = _table_key(cls, structure, table, declared)
    if keys is None:
        if declared:
            raise ModelError(
                f"{structure.name} declares {', '.join(declared)} and no key of its table: add "
                'one, such as key = adorm.key("ORDER#{order_id}", "ORDER")'
            )
        return None
    on_index: dict[str, list[KeyDeclaration]] = {}
    for declaration in declared.values():
        if declaration.index is not None:
            on_index.setdefault(declaration.index, []).append(declaration)
    shared = table.indexes if isinstance(table, SingleTable) else {}
    for index in indexes:
        check_index(structure.name, index)
    own = {index.name: index for index in indexes}
    for name in on_index:
        if name not in shared and name not in own:
            known = ", ".join([*shared, *own]) or "none"
            raise ModelError(
                f"{structure.name}.{on_index[name][0].name} is a key of index {name!r}, which its "
                f"table does not have; its indexes are {known}"
            )
    plain = [index for name, index in own.items() if name not in on_index and name not in shared]
    if len(own) < len(indexes):
        raise ModelError(f"{structure.name}: two of its indexes have one name")
    for name, index in own.items():
        if name in shared and (index != shared[name] or name not in on_index):
            raise ModelError(
                f"{structure.name}: its table has an index {name!r} already: declare its key by "
                f'adorm.key(..., index="{name}"), without the index'
            )
    discriminators = [each for each in structure.fields if each.role is Role.DISCRIMINATOR]
    entity_field = type_field or next(iter(discriminators), None)
    by_attributes = {**shared, **{name: own[name] for name in on_index if name in own}}
    for name, index in by_attributes.items():
        _add_index(keys, structure, index, on_index.get(name, []), entity_field)
    keys.indexes.update(
        resolve_indexes(structure.name, structure, keys.partition, keys.sort, plain)
    )
    if entity_field is not None and isinstance(table, SingleTable):
        for index in plain:
            _hold(keys.indexes[index.name], entity_field)
    return keys


def _hold(index: Index, field: Field) -> None:
    """Let an index that holds a list of attributes hold this one too."""
    if not isinstance(index.projection, str) and field not in index.projection:
        index.projection = (*index.projection, field)


def _table_key(
    cls: type,
    structure: Structure,
    table: str | SingleTable | None,
    declared: Mapping[str, KeyDeclaration],
) -> ModelKeys | None:
    """The key of the table, without the indexes."""
    fields = {field.role: field for field in structure.fields}
    partition, sort = fields.get(Role.PARTITION_KEY), fields.get(Role.SORT_KEY)
    templates = declared_key_fields(cls)
    of_table = [each for each in declared.values() if each.index is None]
    names: tuple[str, str | None] = (DEFAULT_PARTITION, DEFAULT_SORT)
    name = structure.name
    if isinstance(table, SingleTable):
        names = (table.partition, table.sort)
    if len(of_table) > 1:
        raise ModelError(
            f"{name} declares {len(of_table)} keys of its table, "
            f"{', '.join(each.name for each in of_table)}; an item has one"
        )
    if of_table:
        if templates or partition is not None or sort is not None:
            raise ModelError(
                f"{name} declares its key by adorm.key and by the marker of a field too: "
                "give one of them"
            )
        declaration = of_table[0]
        if not isinstance(table, SingleTable) and declaration.function is None:
            names = (names[0], names[1] if declaration.texts[1] is not None else None)
        key = _declared(structure, declaration, names, is_single=isinstance(table, SingleTable))
        return ModelKeys(key.partition.field, None if key.sort is None else key.sort.field, key)
    if templates:
        return _of_key_fields(structure, templates, table, partition, sort)
    if partition is None:
        return None
    for field in (partition, sort):
        if field is not None:
            key_tag(name, field, optional=False)
    if isinstance(table, SingleTable):
        own = (partition.attribute_name, None if sort is None else sort.attribute_name)
        if own != (table.partition, table.sort):
            raise ModelError(
                f"{name}: the key of {table!r} is {names[0]} and {names[1]}, and that of the model "
                f"is {own[0]} and {own[1]}: give the fields these names by name=, or declare the "
                "key by adorm.key"
            )
    return ModelKeys(partition, sort, None)


def _declared(
    structure: Structure,
    declaration: KeyDeclaration,
    names: tuple[str, str | None],
    *,
    is_single: bool,
) -> ItemKey:
    """The key of the table by `adorm.key`. Outside of a `SingleTable` a key function says by the
    number of its texts whether there is a sort key."""
    if is_single or declaration.function is None:
        return make_item_key(structure, declaration, names)
    texts, _ = read_key_function(declaration.function, f"{structure.name}.{declaration.name}")
    return make_item_key(structure, declaration, (names[0], names[1] if len(texts) > 1 else None))


def _of_key_fields(
    structure: Structure,
    templates: Mapping[str, KeyField],
    table: str | SingleTable | None,
    partition: Field | None,
    sort: Field | None,
) -> ModelKeys:
    """The key of a model that declares `partition_key(template=...)` or `sort_key(template=...)`.

    One of the two may be a plain field.
    """
    name = structure.name
    sides: dict[bool, KeySide] = {}
    naming = getattr(structure.cls, "__adorm_naming__", str)
    for template in templates.values():
        if template.is_sort in sides or (sort if template.is_sort else partition) is not None:
            kind = "sort" if template.is_sort else "partition"
            raise ModelError(f"{name} has two {kind} keys; it can have one")
        where = f"{name}.{template.name}"
        parsed = parse_template(template.template, structure, where, table_key=True)
        attribute_name = template.attribute_name or naming(template.name)
        role = Role.SORT_KEY if template.is_sort else Role.PARTITION_KEY
        sides[template.is_sort] = make_side(
            structure, attribute_name, parsed, role, name=template.name
        )
    for field, is_sort in ((partition, False), (sort, True)):
        if field is not None:
            key_tag(name, field, optional=False)
            alone = parse_template(f"{{{field.name}}}", structure, name, table_key=True)
            sides[is_sort] = KeySide(field, alone)
    if False not in sides:
        raise ModelError(f"{name} has no partition key: mark one field with adorm.partition_key()")
    key = ItemKey("key", None, sides[False], sides.get(True))
    made = ModelKeys(key.partition.field, None if key.sort is None else key.sort.field, key)
    own = (made.partition.attribute_name, None if made.sort is None else made.sort.attribute_name)
    if isinstance(table, SingleTable) and own != (table.partition, table.sort):
        raise ModelError(
            f"{name}: the key of {table!r} is {table.partition} and {table.sort}, and that of the "
            f"model is {own[0]} and {own[1]}: name them so by name="
        )
    return made


def _add_index(
    keys: ModelKeys,
    structure: Structure,
    index: DeclaredIndex,
    declarations: Sequence[KeyDeclaration],
    type_field: Field | None,
) -> None:
    """Add an index whose key is named by attributes, if items of the model can be in it."""
    given = _given_sides(keys, structure)
    names = _index_attributes(keys, structure, index)
    if declarations:
        made = _declared_index_keys(structure, index, names, declarations, given)
        keys.index_keys += made
    else:
        found = [given.get(name) for side in names for name in side]
        if not all(found):
            return  # no item of the model has all of its key attributes
        partitions, sorts = ([given[name] for name in side] for side in names)
        made = _implied_key(index.name, partitions, sorts)
    if made:
        partition_fields: tuple[Field, ...] = (made[0].partition.field,)
        sort_fields: tuple[Field, ...] = () if made[0].sort is None else (made[0].sort.field,)
        keys.readable_keys[index.name] = tuple(made)
    else:
        partition_fields = tuple(given[name].field for name in names[0])
        sort_fields = tuple(given[name].field for name in names[1])
    keys.indexes[index.name] = Index(
        index.name,
        isinstance(index, GlobalIndex),
        partition_fields,
        sort_fields,
        _projection(structure, index, type_field),
        (keys.partition,) if keys.sort is None else (keys.partition, keys.sort),
    )


def _given_sides(keys: ModelKeys, structure: Structure) -> dict[str, KeySide]:
    """Attributes that items have anyway, by name: those of the table's key, and the fields."""
    given: dict[str, KeySide] = {}
    for field in structure.fields:
        try:
            alone = parse_template(f"{{{field.name}}}", structure, structure.name, table_key=False)
        except ModelError:
            continue  # it is no text, number or bytes, so that it can't be a key
        given[field.attribute_name] = KeySide(field, alone)
    if keys.key is not None:
        given.update({side.attribute_name: side for side in keys.key.sides})
    return given


def _index_attributes(
    keys: ModelKeys, structure: Structure, index: DeclaredIndex
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The attribute names of an index's partition and sort key."""
    if isinstance(index, GlobalIndex):
        return index.partition, index.sort
    if keys.sort is None:
        raise ModelError(
            f"{structure.name}: index {index.name!r}: a local index needs a table with a sort key"
        )
    return (keys.partition.attribute_name,), index.sort


def _declared_index_keys(
    structure: Structure,
    index: DeclaredIndex,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    declarations: Sequence[KeyDeclaration],
    given: Mapping[str, KeySide],
) -> list[ItemKey]:
    partitions, sorts = names
    partition, *more = partitions
    if more or len(sorts) > 1:
        raise ModelError(
            f"{structure.name}.{declarations[0].name}: index {index.name!r} has several attributes "
            "in its partition key or sort key, which are fields of the model: it needs no text"
        )
    computed = {name: side for name, side in given.items() if side.template.alone is None}
    own_key = {name: side for name, side in given.items() if side.field.is_key} | computed
    made = [
        make_item_key(
            structure,
            declaration,
            (partition, next(iter(sorts), None)),
            given_sides=own_key,
        )
        for declaration in declarations
    ]
    for earlier, later in pairwise(made):
        if not earlier.is_sparse and not any(part.marker.omit_empty for part in earlier.parts):
            raise ModelError(
                f"{structure.name}.{earlier.name} always comes first, so no item has "
                f"{structure.name}.{later.name}: of several keys of an index the first that "
                f"applies is written. Declare {later.name} before it, or give {earlier.name} an "
                "only= or an optional part"
            )
    for later in made[1:]:  # all keys of an index write the same attributes
        for side, first in zip(later.sides, made[0].sides, strict=True):
            if side.field is not first.field and (side.field.type != first.field.type):
                first.field.type = str | None
    return made


def _implied_key(
    name: str, partitions: Sequence[KeySide], sorts: Sequence[KeySide]
) -> list[ItemKey]:
    """The key of an index that is made of attributes which items have anyway.

    It is empty where all of them are plain fields: then it is an index on fields.
    """
    sides = [*partitions, *sorts]
    if len(partitions) > 1 or len(sorts) > 1:
        return []
    if not any(side.is_computed for side in sides):
        return []
    return [ItemKey(name, name, partitions[0], sorts[0] if sorts else None)]


def _projection(
    structure: Structure, index: DeclaredIndex, type_field: Field | None
) -> Literal["ALL", "KEYS_ONLY"] | tuple[Field, ...]:
    if isinstance(index.projection, str):
        return index.projection
    by_attribute = {field.attribute_name: field for field in structure.fields}
    included = [
        by_attribute.get(name) or Field(name, name, Any, init=False) for name in index.projection
    ]
    if type_field is not None and type_field not in included:
        included.append(type_field)
    return tuple(included)
