"""`Condition`, and how conditions combine: `And`, `Or`, `Not`.

Conditions are key conditions, filters and conditions of writes, before they are text.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import attrs

from adorm.errors import MisusedExpression, UsageError
from adorm.expressions.arithmetic import PathOperators, SumOperators
from adorm.expressions.document_path import DocumentPath, ExpressionPart, example_path
from adorm.expressions.placeholders import Operands, Placeholders, Shape

OR, AND, NOT, COMPARISON, FUNCTION = range(5)
"""How tightly the text of a condition binds. It decides where parentheses stand: DynamoDB refuses
redundant ones. A text in parentheses of its own binds as tightly as a function."""


class Condition(ExpressionPart):
    """Something that is true or false of an item. Combines with `&`, `|`, `~`, or by `and_`, `or_`,
    `not_`.

    A condition does not change. The classes are not frozen all the same: a frozen attrs class takes
    four times as long to make, and each write makes some.
    """

    __slots__ = ()

    def encode_into(self, operands: Operands) -> Shape:
        """Encode the values, in the order of the text, and give the shape."""
        del operands
        raise UsageError(f"{type(self).__name__} is no condition by itself")

    def paths(self) -> Sequence[DocumentPath]:
        """Every path that the condition reads."""
        return ()

    def __and__(self, other: bool | Condition) -> Condition:
        return and_(self, other)

    def __rand__(self, other: bool | Condition) -> Condition:
        return and_(other, self)

    def __or__(self, other: bool | Condition) -> Condition:
        return or_(self, other)

    def __ror__(self, other: bool | Condition) -> Condition:
        return or_(other, self)

    def __invert__(self) -> Condition:
        return not_(self)

    def __bool__(self) -> NoReturn:
        raise MisusedExpression(
            "a condition is not a bool: combine conditions by & | ~ or and_(), or_(), not_(), "
            "not by `and`, `or`, `not`, `in`, `if` or a chain such as 1 < x < 5; "
            "write attr(x).between(...) or attr(x).is_in(...) instead"
        )


@attrs.define(eq=False)
class And(Condition):
    """All of the parts hold; two parts or more, none of them an `And`."""

    parts: tuple[Condition, ...]

    def encode_into(self, operands: Operands) -> Shape:
        parts = tuple([part.encode_into(operands) for part in self.parts])
        return (_write_joined, AND, " AND ", AND, parts)

    def paths(self) -> Sequence[DocumentPath]:
        return [path for part in self.parts for path in part.paths()]


@attrs.define(eq=False)
class Or(Condition):
    """One of the parts holds, or more; two parts or more, none of them an `Or`."""

    parts: tuple[Condition, ...]

    def encode_into(self, operands: Operands) -> Shape:
        parts = tuple([part.encode_into(operands) for part in self.parts])
        return (_write_joined, OR, " OR ", OR, parts)

    def paths(self) -> Sequence[DocumentPath]:
        return [path for part in self.parts for path in part.paths()]


@attrs.define(eq=False)
class Not(Condition):
    """The part does not hold."""

    part: Condition

    def encode_into(self, operands: Operands) -> Shape:
        return (_write_not, NOT, self.part.encode_into(operands))

    def paths(self) -> Sequence[DocumentPath]:
        return self.part.paths()


def _write_joined(
    placeholders: Placeholders, word: str, strength: int, parts: tuple[Shape, ...]
) -> str:
    texts: list[str] = []
    for part in parts:
        text = placeholders.write(part)
        texts.append(f"({text})" if part[1] <= strength else text)
        if len(texts) > 1:
            placeholders.count_operator()
    return word.join(texts)


def _write_not(placeholders: Placeholders, part: Shape) -> str:
    placeholders.count_operator()
    text = placeholders.write(part)
    # DynamoDB needs no parentheses around a comparison, but a reader does: `NOT a = b`.
    return f"NOT {text}" if part[1] >= FUNCTION else f"NOT ({text})"


def condition(candidate: object, model: Any = None) -> Condition:
    """The condition itself, after a look whether it is one. The model is for messages."""
    if isinstance(candidate, Condition):
        return candidate
    if isinstance(candidate, bool):
        raise UsageError(
            f"a condition is expected, not {candidate}: were two plain values compared, "
            f"instead of a path such as {example_path(model)}?"
        )
    if isinstance(candidate, PathOperators):
        raise UsageError(
            f"a condition is expected, not {candidate!r}; "
            f"for a bool attribute write `{candidate!r} == True`"
        )
    if isinstance(candidate, (int, float)):
        raise UsageError(
            f"a condition is expected, not {candidate!r}: & and | bind more tightly than "
            "comparisons, so put parentheses around each comparison, as in "
            f"({example_path(model)} == ...) & (...)"
        )
    shown = f"({candidate})" if isinstance(candidate, SumOperators) else repr(candidate)
    raise UsageError(
        f"{shown} is no condition: compare a path with a value, as in "
        f"{example_path(model)} == ..., or use adorm.raw(...)"
    )


def conditions(candidates: Iterable[object], model: Any = None) -> tuple[Condition, ...]:
    """The conditions, each checked; an `And` among them is replaced by its parts. The model is for
    messages."""
    found: list[Condition] = []
    for candidate in candidates:
        checked = condition(candidate, model)
        found.extend(checked.parts if isinstance(checked, And) else (checked,))
    return tuple(found)


def and_(*parts: bool | Condition) -> Condition:
    """All of the conditions hold. Of one condition it is that condition.

    Raises:
        UsageError: none is given, or one is no condition.
    """
    flat = conditions(parts)
    if not flat:
        raise UsageError("and_() takes at least one condition")
    return flat[0] if len(flat) == 1 else And(flat)


def or_(*parts: bool | Condition) -> Condition:
    """At least one of the conditions holds. Of one condition it is that condition.

    Raises:
        UsageError: none is given, or one is no condition.
    """
    flat: list[Condition] = []
    for candidate in parts:
        checked = condition(candidate)
        flat.extend(checked.parts if isinstance(checked, Or) else (checked,))
    if not flat:
        raise UsageError("or_() takes at least one condition")
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def not_(part: bool | Condition, /) -> Condition:
    """The condition does not hold; to a checker `~(Order.total > 10)` is an int, so this is the way
    to say it.

    Raises:
        UsageError: it is no condition.
    """
    inner = condition(part)
    return inner.part if isinstance(inner, Not) else Not(inner)
