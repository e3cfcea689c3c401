"""How a query or scan leaves out the items of other models in its table."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from adorm.codec import Codec
from adorm.errors import UsageError
from adorm.expressions.conditions import Comparison, Condition, Value
from adorm.items.kinds import kind_is, own_kind
from adorm.models import ModelInfo
from adorm.query.planner import Candidate
from adorm.schema.fields import Field


@attrs.frozen(eq=False)
class Telling:
    """How a read leaves out others: by its key condition, by its filter, or after reading."""

    key: tuple[Condition, ...] = ()
    filter: tuple[Condition, ...] = ()
    after_reading: bool = False


def telling(
    info: ModelInfo,
    codec: Codec,
    access: Candidate,
    key: Sequence[Condition],
    *,
    is_scan: bool,
    counting: bool = False,
) -> Telling:
    """How a query with this key condition, or a scan, leaves out items of other kinds.

    Raises:
        UsageError: the key condition asks for items of another kind, or items of one kind can't be
            counted.
    """
    discriminator = info.discriminator
    if discriminator is None:
        return Telling()
    told = _telling(info, discriminator, codec, access, key, is_scan=is_scan)
    if told.after_reading and counting:
        raise UsageError(
            f"{access} of {info.name} can't count items of one kind: DynamoDB filters neither by a "
            "key nor by what an index does not hold; count in the table, or let the index hold the "
            "discriminator beside its keys"
        )
    return told


def _telling(
    info: ModelInfo,
    discriminator: Field,
    codec: Codec,
    access: Candidate,
    key: Sequence[Condition],
    *,
    is_scan: bool,
) -> Telling:
    name = discriminator.attribute_name
    if not access.holds([name]):
        return Telling(after_reading=True)
    if is_scan or name not in access.key_names:
        return Telling(filter=(own_kind(info, discriminator),))
    asked = [
        condition
        for condition in key
        if any(location.attribute_name == name for location in condition.locations())
    ]
    for condition in asked:
        check_kind_condition(info, discriminator, codec, condition)
    if asked:
        return Telling()
    # DynamoDB takes no filter on a key: it has to be the key condition's next part.
    used = len(key) - len(access.partition)
    equal = all(
        isinstance(condition, Comparison) and condition.comparator == "=" for condition in key
    )
    if equal and used < len(access.sort) and access.sort[used].attribute_name == name:
        return Telling(key=(kind_is(info, discriminator),))
    return Telling(after_reading=True)


def check_kind_condition(
    info: ModelInfo, discriminator: Field, codec: Codec, condition: Condition
) -> None:
    """Refuse a key condition that asks for anything but the model's own kind.

    Raises:
        UsageError: it does.
    """
    own = codec.encode_field(discriminator, discriminator.default)
    if (
        isinstance(condition, Comparison)
        and condition.comparator == "="
        and isinstance(condition.operand, Value)
        and condition.operand.encode(codec) == own
    ):
        return
    raise UsageError(
        f'{info.name}.{discriminator.name} is "{discriminator.default}" in each {info.name}: '
        "ask for just that by ==, "
        "and for items of another kind by the table of their own model"
    )
