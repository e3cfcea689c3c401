"""The partitions that conditions on the parts of a partition key ask for: one, or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product

from adorm.errors import BadValue
from adorm.expressions.conditions import Condition
from adorm.query.access import TimeRange
from adorm.query.given_parts import GivenParts
from adorm.query.part_neighbours import inclusive_content
from adorm.query.part_ranges import consumed_equality, said_in_full
from adorm.query.time_units import moment_text, moments, unit_of
from adorm.schema.item_keys import KeySide
from adorm.schema.key_texts import Part
from adorm.support.records import Record

MAX_PARTITIONS = 1000


class Group(Record):
    """Partitions of one piece of time.

    Args:
        texts: a partition key for each shard.
        inside: by `id`, the conditions that every item in them meets.
    """

    texts: tuple[str, ...]
    inside: frozenset[int]


class PartitionTexts(Record):
    """The partitions to read.

    Args:
        groups: in the order of time.
        consumed: the conditions that need no filter.
        names: of what the conditions are on.
        condition: the condition on the partition key, in the place of `groups`.
        time_range: the range that the pieces of time are taken from.
    """

    groups: tuple[Group, ...]
    consumed: tuple[Condition, ...]
    names: tuple[str, ...]
    condition: Condition | None = None
    time_range: TimeRange | None = None


class NoPartitionTexts(Record):
    """The conditions do not give the partitions: why, and for want of which parts."""

    problem: str
    missing: tuple[Part, ...]


def partition_texts(
    side: KeySide, given: GivenParts, where: str
) -> PartitionTexts | NoPartitionTexts:
    """The partitions that the conditions ask for.

    Args:
        side: a partition key that is no field alone.
        where: the class and the key, for messages: `Order.key`.

    Raises:
        BadValue: a value has no text in the key.
        UsageError: a value is of another type than its part.
    """
    parts = side.template.parts
    texts = {part: given.text(part, side, where) for part in parts}
    lacking = [part for part in parts if texts[part] is None]
    times = [part for part in lacking if part.kind == "time"]
    shards = [part for part in lacking if part.kind == "shard"]
    missing = [part for part in lacking if part not in times and part not in shards]
    if missing:
        names = list(dict.fromkeys(part.field.name for part in missing))
        verb = "is" if len(names) == 1 else "are"
        problem = f"{' and '.join(names)} {verb} not given by =="
        return NoPartitionTexts(problem, tuple(missing))
    times_read = _times_read(times, given) if times else _TimesRead((None,), None, None, None)
    if isinstance(times_read, NoPartitionTexts):
        return times_read
    numbers = [[str(number) for number in range(part.shards)] for part in shards]
    choices = [dict(zip(shards, choice, strict=True)) for choice in product(*numbers)]
    moments_read = times_read.moments
    if len(moments_read) * len(choices) > MAX_PARTITIONS:
        return _too_many(lacking)
    groups: list[Group] = []
    for number, moment in enumerate(moments_read):
        of_time = {} if moment is None else {part: moment_text(part)(moment) for part in times}
        is_end = (number == 0, number == len(moments_read) - 1)
        group_texts = [_text(side, {**texts, **of_time, **choice}) for choice in choices]
        groups.append(Group(tuple(group_texts), times_read.inside(*is_end)))
    consumed = [each for part in parts for each in consumed_equality(part, given)]
    used = dict.fromkeys(part.field.name for part in parts if part not in shards)
    time_range = times_read.time_range
    return PartitionTexts(tuple(groups), tuple(consumed), tuple(used), None, time_range)


class _TimesRead(Record):
    """The pieces of time to read, in order.

    Args:
        moments: one of each piece; None where no part of the key is a piece of a time.
        lower, upper: the conditions that only the first and the last piece need as a filter.
    """

    moments: tuple[datetime | None, ...]
    lower: Condition | None
    upper: Condition | None
    time_range: TimeRange | None

    def inside(self, is_first: bool, is_last: bool) -> frozenset[int]:
        """By `id`, the conditions that every item of a piece meets."""
        ends = {id(each) for each in (self.lower, self.upper) if each is not None}
        needed = {id(self.lower)} if is_first else set[int]()
        return frozenset(ends - needed - ({id(self.upper)} if is_last else set()))


def _times_read(times: Sequence[Part], given: GivenParts) -> _TimesRead | NoPartitionTexts:
    field, part = times[0].field, times[0]
    name = field.name
    others = [each.field.name for each in times if each.field is not field]
    if others:
        return NoPartitionTexts(f"{name} and {others[0]} are both not given by ==", tuple(times))
    unit = unit_of(times)
    if unit is None:
        return NoPartitionTexts(
            f"{name} is not given by ==, and no range of it says which of the partitions "
            f"{_written(times)} are meant, as their texts come again",
            tuple(times),
        )
    asked = given.of(field)
    lower, upper = asked.lower, asked.upper
    if lower is None or upper is None:
        lacks = "a range with two ends" if lower is upper else "the other end of its range"
        return NoPartitionTexts(
            f"each {unit} of {name} is a partition of its own: give {name} by ==, or {lacks}",
            tuple(times),
        )
    contents = [given.content(part, end.value) for end in (lower, upper)]
    low = inclusive_content(part, contents[0], lower.is_strict, is_lower=True)
    high = inclusive_content(part, contents[1], upper.is_strict, is_lower=False)
    found = None
    if isinstance(low, str) and isinstance(high, str):
        found = moments(times, low, high, most=MAX_PARTITIONS)
        if found is None:
            return _too_many(times)
    if not found:
        raise BadValue(
            f"{given.info.name}.{name}: the range from {lower.value!r} to {upper.value!r} is "
            "empty; the lower end comes first"
        )
    full = said_in_full(lower, upper)
    return _TimesRead(
        tuple(found),
        lower.condition if lower.condition in full else None,
        upper.condition if upper.condition in full else None,
        TimeRange(
            field,
            (">" if lower.is_strict else ">=", {part.tag: contents[0]}),
            ("<" if upper.is_strict else "<=", {part.tag: contents[1]}),
        ),
    )


def _written(parts: Sequence[Part]) -> str:
    """The parts as they are written in a template."""
    return " and ".join(f"{{{part.field.name}:{part.format}}}" for part in parts)


def _text(side: KeySide, texts: Mapping[Part, str | None]) -> str:
    return "".join(
        segment if isinstance(segment, str) else texts[segment] or ""
        for segment in side.template.segments
    )


def _too_many(parts: Sequence[Part]) -> NoPartitionTexts:
    return NoPartitionTexts(
        f"the range has more than {MAX_PARTITIONS:,} partitions {_written(parts)}, and each is a "
        "query of its own: take a smaller range",
        tuple(parts),
    )
