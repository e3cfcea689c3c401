"""Which texts of a key are read for conditions on its parts.

A range compares the values of a part, and DynamoDB compares the whole text. The ends of the texts
hold every item that is wanted. Where they hold others too, the condition stays in the filter:

- Dates, times, UUIDs and numbers of fixed width are exact. `>` and `<` take the neighbour.
- Texts: `>` and `<` stay in the filter, and so does every range where more text follows: a shorter
  value goes on with that text, so that `p1 x#` stands before `p1#`, though "p1" < "p1 x".
- Texts with `lower` or `upper`: their order is not that of what is stored. All texts that begin
  with the parts before are read, and the filter does the rest.

DynamoDB compares texts by their UTF-8 bytes, which is Python's order, that of code points.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from collections.abc import Callable

from adorm.errors import BadValue, UsageError
from adorm.expressions.comparisons import Between, Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath
from adorm.expressions.functions import BeginsWith, prefix_value
from adorm.expressions.operands import Value
from adorm.query.given_parts import Bound, FieldConditions, GivenParts
from adorm.query.part_neighbours import inclusive_content
from adorm.query.time_units import is_in_order
from adorm.schema.item_keys import KeySide
from adorm.schema.key_texts import Part, successor
from adorm.support.records import Record


class NoTextRange(Exception):
    """A range of a part is no range of texts; the message says what would do."""


class TextRange(Record):
    """Texts of a key from `low` to `high`, both included.

    Args:
        low: "" where there is no lower end.
        high: None where there is no upper end.
        prefix: where all texts that begin so are meant, and only these.
        consumed: the conditions that the range says in full: they need no filter.
        parts_used: how many parts of the template conditions were used for.
    """

    low: str
    high: str | None
    prefix: str | None
    consumed: tuple[Condition, ...]
    parts_used: int

    def condition(self, path: DocumentPath) -> Condition | None:
        """The condition on the key attribute; None where every text is meant."""
        if self.prefix is not None:
            return BeginsWith(path, self.prefix) if self.prefix else None
        low, high = Value(self.low, path), Value(self.high, path)
        if self.high is None:
            return Comparison(path, ">=", low) if self.low else None
        if not self.low:
            return Comparison(path, "<=", high)
        if self.low == self.high:
            return Comparison(path, "=", low)
        return Between(path, low, high)


def text_range(side: KeySide, given: GivenParts, where: str) -> TextRange:
    """The texts of one side of a key: by the longest run of parts that are given by ==, and a range
    on the next part.

    Where no part is given, they are the texts that begin as the template does.

    Args:
        where: the class and the key, for messages: `Order.key`.

    Raises:
        NoTextRange: there is a range on the next part, whose texts are in another order.
        BadValue: a value has no text in the key, or the range is empty.
        UsageError: a value is of another type than the part.
    """
    prefix = ""
    consumed: list[Condition] = []
    used = 0
    for number, segment in enumerate(side.template.segments):
        if isinstance(segment, str):
            prefix += segment
            continue
        text = given.text(segment, side, where)
        if text is None:
            asked = given.of(segment.field)
            if asked.has_range and segment.kind not in ("lower", "upper"):
                following = side.template.segments[number + 1 :]
                is_last = not any(isinstance(each, Part) for each in following)
                return _PartRange(segment, prefix, given, is_last=is_last).range(
                    asked, tuple(consumed), used
                )
            return TextRange(prefix, successor(prefix), prefix, tuple(consumed), used)
        prefix += text
        used += 1
        consumed += consumed_equality(segment, given)
    return TextRange(prefix, prefix, None, tuple(consumed), used)


def consumed_equality(part: Part, given: GivenParts) -> list[Condition]:
    """The `==` on a part, if a key with the part's text says it in full.

    With `lower` and `upper` it compares without case. A piece of a time, and a shard, are those of
    other values too.
    """
    equal = given.of(part.field).equal
    return [] if equal is None or part.kind in ("time", "shard") else [equal]


def said_in_full(lower: Bound | None, upper: Bound | None) -> list[Condition]:
    """The conditions of which these two ends are all that they say."""
    ends = {id(each.condition): each.condition for each in (lower, upper) if each is not None}
    return [
        condition
        for condition in ends.values()
        if not isinstance(condition, Between) or len(ends) == 1
    ]


class _PartRange:
    """A range on one part, after the text of the parts before it.

    Args:
        prefix: the text before the part.
        is_last: whether no part follows.
    """

    def __init__(self, part: Part, prefix: str, given: GivenParts, *, is_last: bool) -> None:
        self._part = part
        self._prefix = prefix
        self._given = given
        self._is_last = is_last

    def range(
        self, asked: FieldConditions, consumed: tuple[Condition, ...], used: int
    ) -> TextRange:
        part = self._part
        problem = order_problem(part)
        if problem is not None:
            raise NoTextRange(problem)
        lower, upper = asked.lower, asked.upper
        if lower is None and upper is None and asked.prefix is not None:
            return self._beginning(asked.prefix, consumed, used + 1)
        if part.kind == "plain" and part.type == "text":
            low, high, is_exact = self._of_text(lower, upper)
        else:
            low, high = self._of_fixed_width(lower, upper)
            is_exact = part.kind != "time"
        if is_exact:
            consumed = (*consumed, *said_in_full(lower, upper))
        return TextRange(low, high, None, consumed, used + 1)

    def _of_text(self, lower: Bound | None, upper: Bound | None) -> tuple[str, str | None, bool]:
        """The ends, and whether they hold nothing else."""
        prefix, end = self._prefix, self._part.end
        text_of = self._text_of()
        least, most = text_of(lower), text_of(upper)
        if most is not None and (not most or (least is not None and least > most)):
            raise self._is_empty(lower, upper)
        low = prefix if least is None else prefix + least
        if most is None:
            high = successor(prefix)
        elif not end:
            high = prefix + most
        else:
            # a value that is a beginning of `most` goes on with what ends it
            ends = [successor(prefix + most[:length] + end) for length in range(1, len(most) + 1)]
            high = None if None in ends else max(text for text in ends if text is not None)
        is_exact = not end and not any(each.is_strict for each in (lower, upper) if each)
        return low, high, is_exact

    def _of_fixed_width(self, lower: Bound | None, upper: Bound | None) -> tuple[str, str | None]:
        part, prefix = self._part, self._prefix
        least = self._fixed_end(lower, is_lower=True)
        most = self._fixed_end(upper, is_lower=False)
        if part.kind == "countdown":
            least, most = most, least
        if least is not None and most is not None and least > most:
            raise self._is_empty(lower, upper)
        low = prefix if least is None else prefix + least
        if most is None:
            return low, successor(prefix)
        if self._is_last:
            return low, prefix + most + part.end
        return low, successor(prefix + most + part.end)

    def _fixed_end(self, bound: Bound | None, *, is_lower: bool) -> str | None:
        """The text of the outermost value that an end takes in; None where it leaves out none."""
        if bound is None:
            return None
        part, given = self._part, self._given
        content = given.content(part, bound.value)
        found = inclusive_content(part, content, bound.is_strict, is_lower=is_lower)
        if found is None:
            raise self._is_empty(*((bound, None) if is_lower else (None, bound)))
        return None if found is ... else given.text_of(part)(found)

    def _text_of(self) -> Callable[[Bound | None], str | None]:
        part, given = self._part, self._given
        write = given.text_of(part)
        return lambda bound: None if bound is None else write(given.content(part, bound.value))

    def _beginning(
        self, asked: BeginsWith, consumed: tuple[Condition, ...], used: int
    ) -> TextRange:
        part = self._part
        if part.tag != "S" or part.kind != "plain":
            raise NoTextRange(
                f"the text of {part.field.name} in the key is not what is stored, so that "
                "begins_with can't look into it: move it to .filter(...)"
            )
        content = prefix_value(asked.path, asked.prefix).get("S")
        if not isinstance(content, str):
            raise UsageError(f"{asked.path} is text, and begins_with was given bytes")
        if not content:
            raise UsageError(
                f"{asked.path} begins with nothing: every item does; leave the condition out"
            )
        # a shorter value goes on with what ends it, which may look like the prefix
        if part.width:
            is_exact = len(content) <= part.width
        else:
            is_exact = not part.end or part.end[0] not in content
        text = self._prefix + content
        if is_exact:
            consumed = (*consumed, asked)
        return TextRange(text, successor(text), text, consumed, used)

    def _is_empty(self, lower: Bound | None, upper: Bound | None) -> BadValue:
        name = f"{self._given.info.name}.{self._part.field.name}"
        ends = [
            f"{comparator}{'' if bound.is_strict else '='} {bound.value!r}"
            for comparator, bound in ((">", lower), ("<", upper))
            if bound is not None
        ]
        return BadValue(f"{name} {' and '.join(ends)}: no value of it is in this range")


def order_problem(part: Part) -> str | None:
    """Why the texts of a part are not in the order of its values; None where they are."""
    name = part.field.name
    written = f"{{{name}:{part.format}}}" if part.format else f"{{{name}}}"
    start = f"{name} is in the key as {written}, and the texts of that are not in its order"
    if part.kind in ("fixed", "countdown"):
        return None
    if part.kind == "time":
        if is_in_order(part):
            return None
        return f"{start}: write the largest unit first, as in {{{name}:%Y-%m-%d}}"
    if part.kind == "shard":
        return f"{start}: .filter(...) takes the range"
    if part.type in ("whole", "epoch"):
        return (
            f"{start}: with a width, as in {{{name}:010d}}, it has ranges; "
            ".filter(...) takes them too"
        )
    if part.type == "decimal":
        return (
            f"{start}: the field alone, as in adorm.key(..., '{{{name}}}', index=...), is stored "
            "as a number and has ranges; .filter(...) takes them too"
        )
    if part.type == "bool":
        return f"{name} is a bool, which has no ranges"
    return None
