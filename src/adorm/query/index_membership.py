"""Which items of a model are in an index, by one of the keys that are made of parts.

An item has no key of an index where a part is None, or where `only=` does not hold. Of several keys
of one index the first that applies is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adorm.expressions.comparisons import Comparison, In
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.functions import BeginsWith, Exists
from adorm.expressions.operands import Value
from adorm.models import ModelInfo
from adorm.query.fits import NoFit
from adorm.query.given_parts import GivenParts
from adorm.schema.fields import Field
from adorm.schema.item_keys import ItemKey, KeySide
from adorm.schema.types import split_optional


def check_holds_all(key: ItemKey, siblings: Sequence[ItemKey], given: GivenParts) -> None:
    """Refuse a key that some of the wanted items may lack.

    Args:
        siblings: all keys of the index, in the order of their declaration.

    Raises:
        NoFit: the conditions do not say that every wanted item has this key.
    """
    is_declared = key in given.info.index_keys
    name = f"{given.info.name}.{key.name}" if is_declared else repr(key.name)
    lacking = [field.name for field in key.parts if _may_lack(field, given)]
    if lacking:
        raise NoFit(
            f"items without {' and '.join(lacking)} are not in it: "
            f"name it by .index({name}) if that is meant"
        )
    for field, values in key.only.items():
        if not _is_one_of(field, values, given):
            raise NoFit(
                f"only items whose {field.name} is {_listed(values)} are in it: ask for that by "
                f"==, or name it by .index({name})"
            )
    for earlier in siblings:
        if earlier is key:
            return
        if not can_not_apply(earlier, given):
            raise NoFit(
                f"items with {given.info.name}.{earlier.name} are in it by that key: "
                f"name it by .index({name}) if only the others are meant"
            )


def _may_lack(field: Field, given: GivenParts) -> bool:
    """Whether an item that meets the conditions may have nothing there."""
    if not split_optional(field.type)[1] and not field.marker.omit_empty:
        return False
    if given.of(field).all:
        return False
    return not any(
        isinstance(condition, Exists) and condition.wanted and _is_on(condition.path, field)
        for condition in given.conditions
    )


def _is_one_of(field: Field, values: Iterable[object], given: GivenParts) -> bool:
    """Whether every item that meets the conditions has one of these values there."""
    allowed = tuple(values)
    return any(
        all(value in allowed for value in asked)
        for condition in given.conditions
        if (asked := _asked_values(condition, field)) is not None
    )


def _asked_values(condition: Condition, field: Field) -> list[object] | None:
    """The values that `==` or `is_in` asks of the field; None for another condition."""
    if isinstance(condition, Comparison) and condition.comparator == "=":
        operands = [condition.operand]
    elif isinstance(condition, In):
        operands = list(condition.operands)
    else:
        return None
    if not _is_on(condition.measured, field):
        return None
    values = [operand.value for operand in operands if isinstance(operand, Value)]
    return values if len(values) == len(operands) else None


def can_not_apply(key: ItemKey, given: GivenParts) -> bool:
    """Whether no item that meets the conditions has this key."""
    for field in key.parts:
        for condition in given.conditions:
            is_absent = (
                isinstance(condition, Exists)
                and not condition.wanted
                and _is_on(condition.path, field)
            )
            if is_absent or _asked_values(condition, field) == [None]:
                return True
    for field, values in key.only.items():
        for condition in given.conditions:
            asked = _asked_values(condition, field)
            if asked is not None and not any(value in values for value in asked):
                return True
    return False


def implied_conditions(key: ItemKey, given: GivenParts) -> list[Condition]:
    """The conditions that hold for every item with this key, because of its `only=`."""
    return [
        condition
        for field, values in key.only.items()
        for condition in given.conditions
        if (asked := _asked_values(condition, field)) is not None
        and set(map(repr, values)) <= set(map(repr, asked))
    ]


def may_be_confused(key: ItemKey, siblings: Sequence[ItemKey]) -> bool:
    """Whether an item that is in the index by another of its keys may have a text of this one."""
    return any(
        other is not key
        and all(
            _have_a_common_text(mine, its) for mine, its in zip(key.sides, other.sides, strict=True)
        )
        for other in siblings
    )


def filter_of_scan(info: ModelInfo, key: ItemKey) -> tuple[Condition, ...]:
    """What leaves out items that are in an index by another of the model's keys, as far as the
    beginnings of the texts tell. A scan takes a filter on keys, which a query does not."""
    if len(info.readable_keys.get(key.index or "", ())) < 2:
        return ()
    return tuple(
        BeginsWith(info.path_of(side.field), start)
        for side in key.sides
        if (start := side.template.literal_start)
    )


def _have_a_common_text(one: KeySide, other: KeySide) -> bool:
    """Whether both templates may make one text, as far as their beginnings tell."""
    beginnings = [side.template.literal_start for side in (one, other)]
    shorter, longer = sorted(beginnings, key=len)
    return longer.startswith(shorter)


def _is_on(measured: object, field: Field) -> bool:
    return (
        isinstance(measured, DocumentPath)
        and measured.is_top_level
        and measured.attribute_name == field.attribute_name
    )


def _listed(values: Iterable[object]) -> str:
    return " or ".join(map(repr, values))
