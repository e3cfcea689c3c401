"""Which sort keys are read where several models are: the least range that holds all of theirs."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from adorm.codec.codec import Codec
from adorm.expressions.comparisons import Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.operands import Value
from adorm.models import ModelInfo
from adorm.query.fits import NoFit
from adorm.query.given_parts import GivenParts
from adorm.query.key_conditions import key_path, one_condition
from adorm.query.model_filters import ModelFilter
from adorm.query.part_fits import on_path
from adorm.query.part_ranges import NoTextRange, TextRange, consumed_equality, text_range
from adorm.schema.fields import Field
from adorm.schema.item_keys import KeySide
from adorm.single_tables.collection_keys import UsedKey, begins_alike, segments_through


class TogetherKeys:
    """The keys that are read together, and the conditions on them.

    What gives the partition key gives it for all: where that of an order is its customer's,
    `Customer.user_name == "ada"` says `Order.user_name == "ada"` too.

    Args:
        giver: the key whose parts give the partition key.
        used: the keys of all models, `giver` included.
        conditions: those of `where(...)`.
        about: by `id` of a condition: the models that it is about.
    """

    def __init__(
        self,
        giver: UsedKey,
        used: Sequence[UsedKey],
        conditions: Sequence[Condition],
        about: dict[int, tuple[ModelInfo, ...]],
        codec: Codec,
    ) -> None:
        self.giver = giver
        self.used = tuple(used)
        self.codec = codec
        self.conditions = conditions
        self._about = about
        self._given = GivenParts(giver.info, codec, self.own(giver.info))

    def own(self, info: ModelInfo) -> list[Condition]:
        """The conditions that are about a model."""
        return [each for each in self.conditions if info in self._about.get(id(each), ())]

    def uses(self, info: ModelInfo, key: object) -> bool:
        """Whether this key of a model is read."""
        return any(each.info is info and each.key is key for each in self.used)

    def given(self, used: UsedKey, more: Sequence[Condition] = ()) -> GivenParts:
        """The conditions on one key: its model's own, and what the partition key says.

        Args:
            more: conditions that others imply for it.
        """
        own = self.own(used.info)
        known = {path.attribute_name for each in own if (path := key_path(each)) is not None}
        implied: list[Condition] = []
        theirs = self.giver.key.partition.template.parts
        for part, its in zip(used.key.partition.template.parts, theirs, strict=False):
            equal = self._given.of(its.field).equal
            if equal is None or part.field.attribute_name in known:
                continue
            if part.type == its.type:
                implied.append(on_path(equal, used.info.path_of(part.field)))
        return GivenParts(used.info, self.codec, [*own, *implied, *more])

    def is_raw(self, condition: Condition) -> bool:
        """Whether a condition is on a key attribute itself, as it is stored."""
        path = key_path(condition)
        sides = self.giver.key.sides
        return path is not None and any(
            side.is_computed and side.attribute_name == path.attribute_name for side in sides
        )

    def consumes(self, used: UsedKey, condition: Condition) -> bool:
        """Whether the partition key says all that a condition on one of its parts asks for.

        A model may have several keys with such a partition key, as a repository and its forks.
        The conditions by which one of them gives it ask nothing of items under the others.
        """
        giver = self.giver
        if (
            used.info is giver.info
            and used.key is not giver.key
            and self.consumes(giver, condition)
        ):
            return True
        given, theirs = self.given(used), self.giver.key.partition
        side = used.key.partition
        if side.template.alone is not None:
            equal = given.of(side.template.alone).equal
            return equal is not None and equal is condition and self._says_the_same(equal)
        for part, its in zip(side.template.parts, theirs.template.parts, strict=False):
            if any(each is condition for each in consumed_equality(part, given)):
                text = given.text(part, side, str(used))
                return text == self._given.text(its, theirs, str(self.giver))
        return False

    def _says_the_same(self, equal: Comparison) -> bool:
        alone = self.giver.key.partition.template.alone
        mine = None if alone is None else self._given.of(alone).equal
        if mine is None or not isinstance(mine.operand, Value):
            return False
        if not isinstance(equal.operand, Value):
            return False
        return mine.operand.encode(self.codec) == equal.operand.encode(self.codec)


@attrs.frozen(eq=False)
class SortUse:
    """What is asked of the sort key."""

    condition: Condition | None
    range: TextRange | None
    """None where it is no range of texts."""
    parts_used: int
    consumed: dict[UsedKey, frozenset[int]] = attrs.Factory(dict[UsedKey, frozenset[int]])
    """By key: the `id` of each of its conditions that the range says in full."""
    carried_filters: tuple[ModelFilter, ...] = ()
    """For models to which another model's condition was carried over: what the range does not say
    of it."""

    def consumes(self, used: UsedKey, condition: Condition) -> bool:
        """Whether it says all that a condition asks of a model's items."""
        return id(condition) in self.consumed.get(used, frozenset())

    def overlaps(self, other: TextRange | None) -> bool:
        """Whether texts of another range may be in this one."""
        mine = self.range
        if mine is None or other is None:
            return True
        return (mine.high is None or other.low <= mine.high) and (
            other.high is None or mine.low <= other.high
        )


def sort_use(keys: TogetherKeys) -> SortUse:
    """The condition on the sort key: the least range that holds the items of all models.

    Raises:
        NoFit: DynamoDB can't be asked for what is asked of it.
    """
    sides = [(each, each.key.sort) for each in keys.used]
    sorts = [(each, side) for each, side in sides if side is not None]
    if not sorts:
        return SortUse(None, None, 0)
    path = keys.giver.info.path_of(sorts[0][1].field)
    raw = [each for each in keys.conditions if keys.is_raw(each) and _is_on(each, sorts[0][1])]
    if raw:
        condition = one_condition(sorts[0][1].field, raw)
        if condition is None:
            raise NoFit(f"a key condition can't say all that is asked of {path}")
        return SortUse(condition, None, 1)
    asked = _asked(keys, sorts)
    alone = [side.template.alone for _, side in sorts]
    if any(field is not None for field in alone):
        return _of_fields(keys, sorts, asked)
    more = {} if asked is None else _carried(keys, sorts, asked)
    ranges: dict[UsedKey, TextRange] = {}
    for each, side in sorts:
        try:
            given = keys.given(each, more.get(each, ()))
            ranges[each] = text_range(side, given, str(each))
        except NoTextRange as problem:
            raise NoFit(str(problem)) from problem
    whole = _hull(list(ranges.values()))
    consumed = {
        each: frozenset(map(id, found.consumed)) if _is_same(found, whole) else frozenset[int]()
        for each, found in ranges.items()
    }
    left = [
        ModelFilter((each.info,), condition)
        for each, conditions in more.items()
        for condition in conditions
        if id(condition) not in consumed[each]
    ]
    used = 0 if asked is None else len(asked.conditions)
    return SortUse(whole.condition(path), whole, used, consumed, tuple(left))


def own_range(keys: TogetherKeys, used: UsedKey) -> TextRange | None:
    """The sort keys of a model in the partition that is read; None where they are no texts."""
    side = used.key.sort
    if side is None or side.template.alone is not None:
        return None
    try:
        return text_range(side, keys.given(used), str(used))
    except NoTextRange:
        return None


@attrs.frozen(eq=False)
class _Asked:
    """The conditions on parts of the sort key, by the key of one model that they are on."""

    used: UsedKey
    side: KeySide
    conditions: list[Condition]
    fields: list[Field]


def _is_on(condition: Condition, side: KeySide) -> bool:
    path = key_path(condition)
    return path is not None and path.attribute_name == side.attribute_name


def _asked(keys: TogetherKeys, sorts: Sequence[tuple[UsedKey, KeySide]]) -> _Asked | None:
    """The conditions on the parts of the sort keys; None where there are none.

    Raises:
        NoFit: they are on parts of several models.
    """
    found: list[_Asked] = []
    for used, side in sorts:
        partition = [part.field for part in used.key.partition.template.parts]
        fields = {
            part.field.attribute_name: part.field
            for part in side.template.parts
            if part.field not in partition
        }
        conditions = [
            each
            for each in keys.own(used.info)
            if (path := key_path(each)) is not None and path.attribute_name in fields
        ]
        if conditions:
            names = [path.attribute_name for each in conditions if (path := key_path(each))]
            on = [fields[name] for name in dict.fromkeys(names)]
            found.append(_Asked(used, side, conditions, on))
    if not found:
        return None
    most = max(found, key=lambda each: len(each.conditions))
    for each in found:
        if not set(map(id, each.conditions)) <= set(map(id, most.conditions)):
            raise NoFit(
                f"parts of the sort key are given by {most.used} and by {each.used}: give them by "
                "one of the two"
            )
    return most


def _carried(
    keys: TogetherKeys, sorts: Sequence[tuple[UsedKey, KeySide]], asked: _Asked
) -> dict[UsedKey, list[Condition]]:
    """The conditions on the sort key for the other models, whose sort keys begin alike.

    Raises:
        NoFit: one of them begins otherwise.
    """
    segments = segments_through(asked.side.template, asked.fields)
    carried: dict[UsedKey, list[Condition]] = {}
    for used, side in sorts:
        if not begins_alike(asked.side.template, side.template, segments):
            names = " and ".join(f"{asked.used.info.name}.{each.name}" for each in asked.fields)
            raise NoFit(
                f"{names} is in its sort key {asked.side.template.text!r}, and that of "
                f"{used.info.name}, {side.template.text!r}, does not begin so: move the condition "
                "to .filter(...)"
            )
        own = set(map(id, keys.own(used.info)))
        for condition in asked.conditions:
            if id(condition) not in own:
                field = _counterpart(condition, asked.side, side)
                path = used.info.path_of(field)
                carried.setdefault(used, []).append(on_path(condition, path))
    return carried


def _counterpart(condition: Condition, side: KeySide, other: KeySide) -> Field:
    """The field that stands in the other side where the condition's field stands in this one."""
    path = key_path(condition)
    for part, its in zip(side.template.parts, other.template.parts, strict=False):
        if path is not None and part.field.attribute_name == path.attribute_name:
            return its.field
    raise NoFit(f"{path} is no part of {other.template.text!r}")


def _of_fields(
    keys: TogetherKeys, sorts: Sequence[tuple[UsedKey, KeySide]], asked: _Asked | None
) -> SortUse:
    """The condition where a sort key is a field alone, which is stored as the field is.

    Raises:
        NoFit: a condition can't be carried over to the other models.
    """
    if asked is None:
        return SortUse(None, None, 0)
    field = asked.side.template.alone
    for used, side in sorts:
        if field is None or side.template.shape != asked.side.template.shape:
            names = " and ".join(f"{asked.used.info.name}.{each.name}" for each in asked.fields)
            raise NoFit(
                f"{names} is in its sort key {asked.side.template.text!r}, and that of "
                f"{used.info.name} is {side.template.text!r}: move the condition to .filter(...)"
            )
    condition = None if field is None else one_condition(field, asked.conditions)
    if condition is None:
        raise NoFit("a key condition can't say all that is asked of the sort key")
    path = keys.giver.info.path_of(asked.side.field)
    said = frozenset(map(id, asked.conditions))
    return SortUse(on_path(condition, path), None, 1, {each: said for each, _ in sorts})


def _hull(ranges: Sequence[TextRange]) -> TextRange:
    """The least range that holds all of them."""
    first = ranges[0]
    if all(_is_same(each, first) for each in ranges):
        return first
    low = min(each.low for each in ranges)
    highs = [each.high for each in ranges]
    high = None if None in highs else max(each for each in highs if each is not None)
    return TextRange(low, high, None, (), 0)


def _is_same(one: TextRange, other: TextRange) -> bool:
    return (one.low, one.high, one.prefix) == (other.low, other.high, other.prefix)
