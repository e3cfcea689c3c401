"""`Attr`: a path with verbs, made by `attr(Order.note)`, or by `path("note")` without types."""

from __future__ import annotations

import re

# a method named `set` hides the type in the body of Attr
from builtins import set as Set  # noqa: N812
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar, get_args, overload

from adorm.dynamodb.limits import MAX_IN_OPERANDS, MAX_NESTING
from adorm.dynamodb.values import Tag
from adorm.errors import BadValue, MisusedExpression, UsageError
from adorm.expressions.comparisons import Between, In
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath, Step
from adorm.expressions.functions import BeginsWith, Contains, Exists, TypeIs
from adorm.expressions.operands import Size, Value
from adorm.expressions.paths import (
    ComparedPath,
    measured_of,
    operand_of,
    plain,
    refuse_empty_range,
    set_clause,
    without_size,
)
from adorm.expressions.updates import Add, Append, Clause, Delete, Remove, SetIfAbsent

T = TypeVar("T")
T1 = TypeVar("T1")
T_co = TypeVar("T_co", covariant=True)


class Mistyped:
    """What a checker sees of `attr(path) == value` with a value of another type: no condition, so
    that no query takes it.

    Python tries the comparison from the other side as well, and there any type will do: without
    this, the mistake reads as a bool.
    """


class Holds(Protocol[T_co]):
    """An `Attr` of T_co or of a part of it: a NewType, StrEnum or Literal of text is text, though
    an `Attr` of it is no `Attr[str]`."""

    def remove(self) -> Clause[T_co]: ...


class Attr(ComparedPath, Generic[T]):
    """A path with verbs: conditions on it, and clauses that change it. Made by `attr(Order.note)`
    or `path("note")`."""

    __slots__ = ()

    def _path(self, verb: str) -> DocumentPath:
        return without_size(measured_of(self), verb)

    if TYPE_CHECKING:  # the operators of ComparedPath, with the operands that fit T

        @overload
        def __lt__(self: Attr[Decimal], other: Decimal | int) -> Condition: ...
        @overload
        def __lt__(self, other: T) -> Condition: ...
        def __lt__(self, other: object) -> Condition: ...

        @overload
        def __le__(self: Attr[Decimal], other: Decimal | int) -> Condition: ...
        @overload
        def __le__(self, other: T) -> Condition: ...
        def __le__(self, other: object) -> Condition: ...

        @overload
        def __gt__(self: Attr[Decimal], other: Decimal | int) -> Condition: ...
        @overload
        def __gt__(self, other: T) -> Condition: ...
        def __gt__(self, other: object) -> Condition: ...

        @overload
        def __ge__(self: Attr[Decimal], other: Decimal | int) -> Condition: ...
        @overload
        def __ge__(self, other: T) -> Condition: ...
        def __ge__(self, other: object) -> Condition: ...

        @overload  # type: ignore[override]  # a condition: that is what a path is for
        # Mistyped is for the rest
        def __eq__(  # type: ignore[overload-overlap]
            self: Attr[Decimal], other: Decimal | int | None
        ) -> Condition: ...
        @overload
        # Mistyped is for the rest
        def __eq__(  # pyright: ignore[reportOverlappingOverload]
            self, other: T | None
        ) -> Condition: ...
        @overload
        def __eq__(self, other: object) -> Mistyped: ...
        def __eq__(self, other: object) -> Any: ...

        @overload  # type: ignore[override]  # as __eq__
        # as __eq__
        def __ne__(  # type: ignore[overload-overlap]
            self: Attr[Decimal], other: Decimal | int | None
        ) -> Condition: ...
        @overload
        # as __eq__
        def __ne__(  # pyright: ignore[reportOverlappingOverload]
            self, other: T | None
        ) -> Condition: ...
        @overload
        def __ne__(self, other: object) -> Mistyped: ...
        def __ne__(self, other: object) -> Any: ...

        __hash__ = object.__hash__

        @overload
        def __add__(self: Attr[int], other: int) -> int: ...
        @overload
        def __add__(self: Attr[float], other: float) -> float: ...
        @overload
        def __add__(self: Attr[Decimal], other: Decimal | int) -> Decimal: ...
        def __add__(self, other: object) -> Any: ...

        @overload
        def __sub__(self: Attr[int], other: int) -> int: ...
        @overload
        def __sub__(self: Attr[float], other: float) -> float: ...
        @overload
        def __sub__(self: Attr[Decimal], other: Decimal | int) -> Decimal: ...
        def __sub__(self, other: object) -> Any: ...

    def __bool__(self) -> NoReturn:
        raise MisusedExpression(
            f"{self!r} is a path, not a value: compare it and hand the condition to a query"
        )

    def __iter__(self) -> NoReturn:
        raise MisusedExpression(
            f"{self!r} is a path, not a value: it can't be iterated; "
            "for membership use .contains(...)"
        )

    @overload
    def begins_with(self: Holds[str], prefix: str) -> Condition: ...
    @overload
    def begins_with(self: Attr[bytes], prefix: bytes) -> Condition: ...
    def begins_with(self: Any, prefix: str | bytes) -> Condition:
        """The text, or the bytes, begin with this."""
        return BeginsWith(self._path("begins_with()"), prefix)

    @overload
    def between(self: Attr[Decimal], low: Decimal | int, high: Decimal | int) -> Condition: ...
    @overload
    def between(self, low: T, high: T) -> Condition: ...
    def between(self, low: object, high: object) -> Condition:
        """From low to high, both included.

        Raises:
            BadValue: low is above high; DynamoDB refuses that.
        """
        measured = measured_of(self)
        lower, upper = operand_of(measured, low), operand_of(measured, high)
        if isinstance(lower, Value) and isinstance(upper, Value):
            refuse_empty_range(measured, lower.value, upper.value)
        return Between(measured, lower, upper)

    @overload
    def is_in(self: Attr[Decimal], *values: Decimal | int) -> Condition: ...
    @overload
    def is_in(self, *values: T) -> Condition: ...
    def is_in(self, *values: object) -> Condition:
        """Equal to one of the values, 1 to 100 of them.

        Raises:
            BadValue: none, or more than DynamoDB takes.
        """
        if not 1 <= len(values) <= MAX_IN_OPERANDS:
            raise BadValue(
                f"{self!r}: is_in() takes 1 to {MAX_IN_OPERANDS} values, not {len(values)}; "
                "combine several by or_()"
            )
        measured = measured_of(self)
        return In(measured, tuple([operand_of(measured, value) for value in values]))

    @overload
    def contains(self: Holds[str], value: str) -> Condition: ...
    @overload
    def contains(self: Attr[list[T1]], value: T1) -> Condition: ...
    @overload
    def contains(self: Attr[Set[T1]], value: T1) -> Condition: ...
    @overload
    def contains(self: Attr[frozenset[T1]], value: T1) -> Condition: ...
    @overload
    def contains(self: Attr[tuple[T1, ...]], value: T1) -> Condition: ...
    def contains(self: Any, value: object) -> Condition:
        """A part of the text, an element of the list, a member of the set."""
        path = self._path("contains()")
        operand = operand_of(path, value)
        if isinstance(operand, Value):
            operand = Value(value, path, as_element=True)
        return Contains(path, operand)

    def exists(self) -> Condition:
        """The item has the attribute; NULL counts as having it."""
        return Exists(self._path("exists()"), wanted=True)

    def not_exists(self) -> Condition:
        """The item does not have the attribute."""
        return Exists(self._path("not_exists()"), wanted=False)

    def size(self) -> Attr[int]:
        """Characters of a text, bytes of a binary, elements of a set, list or map; to be
        compared."""
        return Attr(Size(self._path("size()")))

    def type_is(self, kind: Tag) -> Condition:
        """The attribute is stored as this DynamoDB type.

        Raises:
            UsageError: no such type.
        """
        if kind not in get_args(Tag):  # unchecked callers
            raise UsageError(
                f"{self!r}: {kind!r} is no DynamoDB type: S, N, B, BOOL, NULL, SS, NS, BS, L or M"
            )
        return TypeIs(self._path("type_is()"), kind)

    @overload
    def set(self: Attr[Decimal], value: Decimal | int | None) -> Clause[Decimal]: ...
    @overload
    def set(self, value: T | None) -> Clause[T]: ...
    def set(self, value: object) -> Clause[Any]:
        """Store the value, another path's value or a sum; a value stored as absence removes the
        attribute."""
        return set_clause(self, value)

    @overload
    def set_if_absent(self: Attr[Decimal], value: Decimal | int) -> Clause[Decimal]: ...
    @overload
    def set_if_absent(self, value: T) -> Clause[T]: ...
    def set_if_absent(self, value: object) -> Clause[Any]:
        """Store the value where the item does not have the attribute."""
        path = self._path("set_if_absent()")
        return SetIfAbsent(path, Value(plain(value), path))

    def remove(self) -> Clause[T]:
        """Take the attribute, list element or map key away."""
        return Remove(self._path("remove()"))

    @overload
    def add(self: Attr[int], value: int) -> Clause[int]: ...
    @overload
    def add(self: Attr[float], value: float) -> Clause[float]: ...
    @overload
    def add(self: Attr[Decimal], value: Decimal | int) -> Clause[Decimal]: ...
    @overload
    def add(self: Attr[Set[T1]], value: AbstractSet[T1]) -> Clause[Set[T1]]: ...
    @overload
    def add(self: Attr[frozenset[T1]], value: AbstractSet[T1]) -> Clause[frozenset[T1]]: ...
    def add(self, value: object) -> Clause[Any]:
        """Add to a number (absent counts as 0), or members to a set (absent counts as empty)."""
        return Add(self._path("add()"), plain(value))

    def append(self: Attr[list[T1]], values: list[T1]) -> Clause[list[T1]]:
        """Put elements at the end of a list; absent counts as empty."""
        return Append(self._path("append()"), plain(values), at_front=False)

    def prepend(self: Attr[list[T1]], values: list[T1]) -> Clause[list[T1]]:
        """Put elements at the front of a list; absent counts as empty."""
        return Append(self._path("prepend()"), plain(values), at_front=True)

    @overload
    def delete(self: Attr[Set[T1]], values: AbstractSet[T1]) -> Clause[Set[T1]]: ...
    @overload
    def delete(self: Attr[frozenset[T1]], values: AbstractSet[T1]) -> Clause[frozenset[T1]]: ...
    def delete(self, values: object) -> Clause[Any]:
        """Take members out of a set."""
        return Delete(self._path("delete()"), plain(values))

    def __repr__(self) -> str:
        return f"attr({measured_of(self)})"


def attr(path: T | None, /) -> Attr[T]:
    """The same path with verbs: `attr(Order.note).begins_with("x")`.

    Raises:
        UsageError: it is no path.
    """
    return Attr(measured_of(path))


def path(text: str, /) -> Attr[Any]:
    """The untyped way in, in attribute names: `path("lines[0].price")`, `path('labels["a.b"]')`.

    Raises:
        UsageError: the text is no path.
    """
    return Attr(parse_path(text))


MAX_KEPT = 512
"""The untyped paths that are kept, of all that a process uses."""

_PIECE = re.compile(
    r"""(?P<name>[^.\[\]"']+)|\[(?P<index>\d+)\]|\["(?P<key>[^"]*)"\]"""
    r"""|\['(?P<key2>[^']*)'\]|(?P<dot>\.)"""
)


def parse_path(text: str) -> DocumentPath:
    """An untyped path from `dotted.name[0]`; a name with a dot in it is written `labels["a.b"]`."""
    # callers without a checker
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(f"a path is text such as 'lines[0].price', not {text!r}")
    return _parse(str.__str__(text))


@lru_cache(maxsize=MAX_KEPT)
def _parse(text: str) -> DocumentPath:
    steps: list[Step] = []
    position, after_dot = 0, True
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None or (piece["dot"] is not None and after_dot):
            raise UsageError(
                f"no path: {text!r}, at position {position}; "
                "write it like 'lines[0].price' or 'labels[\"a.b\"]'"
            )
        position = piece.end()
        if piece["dot"] is not None:
            after_dot = True
            continue
        if piece["name"] is not None:
            if not after_dot:
                raise UsageError(f"no path: {text!r}: a dot is missing before {piece['name']!r}")
            steps.append(piece["name"])
        elif piece["index"] is not None:
            steps.append(int(piece["index"]))
        else:
            steps.append(piece["key"] if piece["key"] is not None else piece["key2"])
            if not steps[-1]:
                raise UsageError(f"no path: {text!r}: DynamoDB's maps have no empty keys")
        after_dot = False
    if not steps or after_dot or isinstance(steps[0], int):
        raise UsageError(
            f"no path: {text!r}; it starts with an attribute name, and ends with a name, key or "
            "index"
        )
    if len(steps) > MAX_NESTING:
        raise UsageError(f"{text!r}: a document path has at most {MAX_NESTING} levels")
    return DocumentPath(None, tuple(steps), Any, None, text, is_kept=True)
