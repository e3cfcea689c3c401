"""Kinds: models that share a table, told apart by the value of their discriminator.

An item's kind is the value of its discriminator attribute; an item without that attribute may be of
any kind. Reads leave out items of other kinds, and writes have a condition against them. See
`docs/decisions/0029-one-rule-for-siblings.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adorm.codec.codec import Codec
from adorm.dynamodb.values import AttributeMap
from adorm.errors import ItemDecodeError, UsageError
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition, Or
from adorm.expressions.functions import Exists
from adorm.expressions.operands import Value
from adorm.expressions.updates import Clause, Set
from adorm.models import ModelInfo
from adorm.schema.fields import Field


class OtherKind(ItemDecodeError):
    """The item is of another kind. Reads treat it as absent, so that users never get this error."""


def own_kind(info: ModelInfo, discriminator: Field) -> Condition:
    """The item is of the model's kind, or it has no kind, or there is no item."""
    return Or((kind_is(info, discriminator), Exists(info.path_of(discriminator), wanted=False)))


def kind_is(info: ModelInfo, discriminator: Field) -> Comparison:
    """The item is of the model's kind."""
    path = info.path_of(discriminator)
    return Comparison(path, "=", Value(discriminator.default, path))


def is_other_kind(info: ModelInfo, codec: Codec, attribute_map: Mapping[str, Any]) -> bool:
    """Whether the item has a kind, and it is not the model's."""
    field = info.discriminator
    if field is None:
        return False
    stored = attribute_map.get(field.attribute_name)
    return stored is not None and stored != codec.encode_field(field, field.default)


def describe_kind(info: ModelInfo, attribute_map: AttributeMap) -> str:
    """How messages name an item's kind: `kind is "customer", that of Order is "order"`."""
    field = info.discriminator
    if field is None:
        return "it guards a unique value"
    stored: object = attribute_map.get(field.attribute_name, {}).get("S")
    shown = f'"{stored:.60}"' if isinstance(stored, str) else "no text"
    return f'{field.attribute_name} is {shown}, that of {info.name} is "{field.default}"'


def other_kind(info: ModelInfo, key: AttributeMap, attribute_map: AttributeMap) -> OtherKind:
    """The error for an item of another kind."""
    problem = f"an item of another kind: {describe_kind(info, attribute_map)}"
    return OtherKind(problem, model=info.model, key=key, path="$", attribute_map=attribute_map)


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
