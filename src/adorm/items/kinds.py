"""Kinds: models that share a table, told apart by the value of their discriminator.

The discriminator is a field of the model, or the type attribute of a `SingleTable`. An item without
that attribute may be of any kind; in a `SingleTable` it is of a model that makes such keys. Reads
leave out items of other kinds, and writes have a condition against them. See
`docs/decisions/0029-one-rule-for-siblings.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError, UsageError
from adorm.expressions.comparisons import Comparison, In
from adorm.expressions.conditions import And, Condition, Or
from adorm.expressions.functions import BeginsWith, Exists
from adorm.expressions.operands import Value
from adorm.expressions.updates import Clause, Set
from adorm.models import ModelInfo, model_info
from adorm.schema.fields import Field
from adorm.schema.single_table import DEFAULT_TYPE_ATTRIBUTE, GUARD_OWNER, GUARD_TYPE, HASHED_PREFIX

if TYPE_CHECKING:
    from adorm.codec.item_models import ItemModels
    from adorm.schema.single_table import SingleTable


class OtherKind(ItemDecodeError):
    """The item is of another kind. Reads treat it as absent, so that users never get this error."""


def own_kind(info: ModelInfo, discriminator: Field) -> Condition:
    """The item is of the model's kind, or it has no kind, or there is no item."""
    return Or((kind_is(info, discriminator), Exists(info.path_of(discriminator), wanted=False)))


def kind_is(info: ModelInfo, discriminator: Field) -> Condition:
    """The item is of the model's kind. It may have several names, as after a renaming."""
    path = info.path_of(discriminator)
    entities = info.item_models.entities if info.is_abstract else info.entities
    if len(entities) == 1:
        return Comparison(path, "=", Value(entities[0], path))
    return In(path, tuple(Value(entity, path) for entity in entities))


def write_conditions(info: ModelInfo, discriminator: Field) -> tuple[Condition, ...]:
    """The condition of a write against items of other kinds.

    There is none where no other model of a `SingleTable` makes a key that such a write can meet,
    and no guard of a unique value has one.
    """
    if info.single_table is not None and not may_meet_siblings(info):
        return ()
    return (own_kind(info, discriminator),)


def may_meet_siblings(info: ModelInfo) -> bool:
    """Whether one of its keys can be that of an item of another model of its `SingleTable`, or of a
    guard there."""
    table = info.single_table
    if table is None:
        return False
    known: tuple[int, bool] | None = info.siblings
    if known is None or known[0] != table.revision:
        from adorm.schema.table_models import may_have_equal_keys, may_have_key_of_guard

        own = info.item_models.models
        others = [model_info(cls) for cls in table.models]
        met = any(other not in own and may_have_equal_keys(info, other) for other in others)
        guards = {each.prefix for other in others for each in other.unique}
        if guards:
            guards.add(HASHED_PREFIX)
        met = met or any(may_have_key_of_guard(info, start) for start in guards)
        known = info.siblings = table.revision, met
    return known[1]


def own_key(info: ModelInfo, except_for: Iterable[str] = ()) -> tuple[Condition, ...]:
    """Conditions that all keys of a model of a `SingleTable` meet, and few others.

    Args:
        except_for: attribute names that the request can have no such condition on.
    """
    found: list[Condition] = []
    if info.key is not None and not info.is_abstract:
        for side in info.key.sides:
            start = side.template.literal_start
            if start and side.attribute_name not in except_for:
                found.append(BeginsWith(info.path_of(side.field), start))
    return tuple(found)


def own_items(info: ModelInfo, except_for: Iterable[str]) -> tuple[Condition, ...]:
    """The filter that leaves out items of other models, of a model in a `SingleTable`.

    Args:
        except_for: names of key attributes, which the filter of a query can't read.
    """
    by_key = own_key(info, except_for)
    discriminator = info.discriminator
    if discriminator is None:
        return by_key
    absent = Exists(info.path_of(discriminator), wanted=False)
    untyped = And((absent, *by_key)) if by_key else absent
    return (Or((kind_is(info, discriminator), untyped)),)


def is_other_kind(info: ModelInfo, codec: Codec, attribute_map: Mapping[str, Any]) -> bool:
    """Whether the item has a kind, and it is not the model's.

    In a `SingleTable` an item without one is of another kind if its key is not one of the model's.
    """
    field = info.discriminator
    if field is None and is_guard(info, attribute_map):
        return True
    if info.single_table is not None:
        return info.item_models.find(attribute_map) is None
    if field is None:
        return False
    stored = attribute_map.get(field.attribute_name)
    return stored is not None and stored != codec.encode_field(field, field.default)


def is_guard(info: ModelInfo, attribute_map: Mapping[str, Any]) -> bool:
    """Whether the item is the guard of a unique value, see `adorm.items.guards`."""
    name = guard_type_attribute(info)
    return GUARD_OWNER in attribute_map and attribute_map.get(name) == {"S": GUARD_TYPE}


def guard_type_attribute(info: ModelInfo) -> str:
    """The attribute by which a guard is told from items of the model."""
    field = info.discriminator
    return DEFAULT_TYPE_ATTRIBUTE if field is None else field.attribute_name


def describe_kind(info: ModelInfo, attribute_map: AttributeMap) -> str:
    """How messages name an item's kind: `kind is "customer", that of Order is "order"`."""
    field = info.discriminator
    if info.unique and is_guard(info, attribute_map):
        return "it guards a unique value"
    if field is None or (info.single_table and field.attribute_name not in attribute_map):
        return f"its key is none of {info.name}"
    stored: object = attribute_map.get(field.attribute_name, {}).get("S")
    shown = f'"{stored:.60}"' if isinstance(stored, str) else "no text"
    own = " or ".join(f'"{each}"' for each in info.item_models.entities)
    return f"{field.attribute_name} is {shown}, that of {info.name} is {own}"


def other_kind(info: ModelInfo, key: AttributeMap, attribute_map: AttributeMap) -> OtherKind:
    """The error for an item of another kind."""
    problem = f"an item of another kind: {describe_kind(info, attribute_map)}"
    return OtherKind(problem, model=info.model, key=key, path="$", attribute_map=attribute_map)


def models_in(table: SingleTable) -> ItemModels[ModelInfo]:
    """All models of a table that have items of their own."""
    from adorm.codec.item_models import ItemModels

    return ItemModels([model_info(cls) for cls in table.models], table.type_attribute)


def decode_sibling(info: ModelInfo, codec: Codec, attribute_map: AttributeMap) -> Any:
    """An item of another model of the `SingleTable`, as an instance of its own class.

    It is None where its model is not known, or where it does not fit that.
    """
    if info.single_table is None:
        return None
    found = models_in(info.single_table).find(attribute_map)
    if found is None:
        return None
    try:
        return codec.decode(found.model, attribute_map)
    except DecodeFailure:
        return None


def check_clauses(
    info: ModelInfo, discriminator: Field, codec: Codec, clauses: tuple[Clause[Any], ...]
) -> None:
    """Refuse a clause that would give an item another kind."""
    own = codec.encode_field(discriminator, discriminator.default)
    for clause in clauses:
        if clause.path.attribute_name != discriminator.attribute_name:
            continue
        if isinstance(clause, Set) and Value(clause.value, clause.path).encode(codec) == own:
            continue
        raise UsageError(
            f"{info.name}.{discriminator.name} is the kind of an item, "
            f'and is "{discriminator.default}" in each {info.name}: '
            "delete the item and create it as one of the other model"
        )
