"""How a query or scan leaves out items of other models that share the table."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from adorm.codec.codec import Codec
from adorm.errors import UsageError
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.operands import Value
from adorm.items.kinds import kind_is, own_kind
from adorm.models import ModelInfo
from adorm.query.access import Target
from adorm.query.key_conditions import is_equality
from adorm.schema.fields import Field


@attrs.frozen(eq=False)
class KindFilter:
    """What leaves out items of other kinds: a key condition, a filter, or a look at each item that
    was read. All are empty where the model has no discriminator."""

    key: tuple[Condition, ...] = ()
    filter: tuple[Condition, ...] = ()
    after_reading: bool = False


def kind_filter(
    info: ModelInfo,
    codec: Codec,
    target: Target,
    key: Sequence[Condition],
    *,
    is_scan: bool,
    counting: bool = False,
) -> KindFilter:
    """What leaves out items of other kinds in a query with this key condition, or in a scan.

    Args:
        counting: DynamoDB counts the items and sends none, so that adorm can look at none.

    Raises:
        UsageError: the key condition asks for items of another kind, or DynamoDB can't count the
            items of one kind here.
    """
    discriminator = info.discriminator
    if discriminator is None:
        return KindFilter()
    found = _kind_filter(info, discriminator, codec, target, key, is_scan=is_scan)
    if found.after_reading and counting:
        raise UsageError(
            f"{target} of {info.name} can't count items of one kind: DynamoDB filters neither by a "
            "key nor by what an index does not hold; count in the table, or let the index hold the "
            "discriminator beside its keys"
        )
    return found


def _kind_filter(
    info: ModelInfo,
    discriminator: Field,
    codec: Codec,
    target: Target,
    key: Sequence[Condition],
    *,
    is_scan: bool,
) -> KindFilter:
    name = discriminator.attribute_name
    if not target.holds([name]):
        return KindFilter(after_reading=True)
    if is_scan or name not in target.key_names:
        return KindFilter(filter=(own_kind(info, discriminator),))
    on_kind = [
        condition
        for condition in key
        if any(path.attribute_name == name for path in condition.paths())
    ]
    for condition in on_kind:
        _check_kind_condition(info, discriminator, codec, condition)
    if on_kind:
        return KindFilter()
    # DynamoDB takes no filter on a key: the kind has to be the next part of the key condition.
    used = len(key) - len(target.partition)
    is_next = used < len(target.sort) and target.sort[used].attribute_name == name
    if is_next and all(is_equality(condition) for condition in key):
        return KindFilter(key=(kind_is(info, discriminator),))
    return KindFilter(after_reading=True)


def _check_kind_condition(
    info: ModelInfo, discriminator: Field, codec: Codec, condition: Condition
) -> None:
    """Refuse a key condition that asks for anything but the model's own kind.

    Raises:
        UsageError: it does.
    """
    if isinstance(condition, Comparison) and condition.comparator == "=":
        own = codec.encode_field(discriminator, discriminator.default)
        operand = condition.operand
        if isinstance(operand, Value) and operand.encode(codec) == own:
            return
    raise UsageError(
        f'{info.name}.{discriminator.name} is "{discriminator.default}" in each {info.name}: '
        "ask for just that by ==, "
        "and for items of another kind by the table of their own model"
    )
