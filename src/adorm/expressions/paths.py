"""Typed paths: what `Order.total` is at run time.

To a type checker `Order.total` has the field's own type, so operands are checked without a plugin.
A `Path` has operators only and no public names, since any name may be a field; `attr(path)` is the
same path with verbs.
"""

from __future__ import annotations

from builtins import set as Set  # noqa: N812  # a method named `set` hides the type in the body of Attr
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Protocol, TypeVar, cast, overload

from adorm.dynamodb.limits import MAX_IN_OPERANDS
from adorm.errors import BadValue, MisusedExpression, UsageError
from adorm.expressions.conditions import (
    BeginsWith,
    Between,
    Comparator,
    Comparison,
    Condition,
    Contains,
    Exists,
    In,
    Measured,
    Operand,
    Size,
    TypeIs,
    Value,
)
from adorm.expressions.document_path import DocumentPath, parse_path
from adorm.expressions.operators import PathOperators, SumOperators
from adorm.expressions.updates import (
    Add,
    Append,
    Arithmetic,
    Clause,
    Delete,
    Remove,
    Set as SetClause,
    SetIfAbsent,
)

T = TypeVar("T")
T1 = TypeVar("T1")
T_co = TypeVar("T_co", covariant=True)


class Path(PathOperators):
    """A document path that reads like the attribute it names: `Order.lines[0].price`."""

    __slots__ = ("_adorm_location",)

    def __init__(self, location: DocumentPath) -> None:
        self._adorm_location = location

    def __getattr__(self, name: str) -> Path:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # protocols that Python looks for, such as __array__
        return Path(self._adorm_location.child(name))

    def __getitem__(self, key: object) -> Path:
        return Path(self._adorm_location.item(key))

    def __lt__(self, other: object) -> Condition:
        return _compare(self._adorm_location, "<", other)

    def __le__(self, other: object) -> Condition:
        return _compare(self._adorm_location, "<=", other)

    def __gt__(self, other: object) -> Condition:
        return _compare(self._adorm_location, ">", other)

    def __ge__(self, other: object) -> Condition:
        return _compare(self._adorm_location, ">=", other)

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # a condition: that is what a path is for
        return _compare(self._adorm_location, "=", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # as __eq__
        return _compare(self._adorm_location, "<>", other)

    __hash__ = object.__hash__

    def __add__(self, other: object) -> Any:
        return _arithmetic(self._adorm_location, "+", other)

    def __radd__(self, other: object) -> Any:
        return Arithmetic(Value(_plain(other), self._adorm_location), "+", self._adorm_location)

    def __sub__(self, other: object) -> Any:
        return _arithmetic(self._adorm_location, "-", other)

    def __rsub__(self, other: object) -> Any:
        return Arithmetic(Value(_plain(other), self._adorm_location), "-", self._adorm_location)

    def __bool__(self) -> NoReturn:
        raise MisusedExpression(
            f"{self!r} is a path, not a value: compare it, as in `{self!r} == True`, and hand the condition to a query"
        )

    def __iter__(self) -> NoReturn:
        raise MisusedExpression(
            f"{self!r} is a path, not a value: it can't be iterated; for membership use attr({self!r}).contains(...)"
        )

    def __contains__(self, _member: object) -> NoReturn:
        raise MisusedExpression(
            f"`in {self!r}` can't become a condition: use attr({self!r}).contains(...)"
        )

    def __len__(self) -> NoReturn:
        raise MisusedExpression(
            f"len({self!r}) can't become a condition: use attr({self!r}).size()"
        )

    def __repr__(self) -> str:
        return str(self._adorm_location)


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


class Attr(PathOperators, Generic[T]):
    """A path with verbs: conditions on it, and clauses that change it. Made by `attr(Order.note)`
    or `path("note")`."""

    __slots__ = ("_subject",)

    def __init__(self, subject: Measured) -> None:
        self._subject = subject

    def _place(self, verb: str) -> DocumentPath:
        if isinstance(self._subject, Size):
            raise UsageError(
                f"{self._subject}: a size can be compared, but {verb} needs the attribute itself"
            )
        return self._subject

    @overload
    def __lt__(self: Attr[Decimal], other: Decimal | int) -> Condition: ...
    @overload
    def __lt__(self, other: T) -> Condition: ...
    def __lt__(self, other: object) -> Condition:
        return _compare(self._subject, "<", other)

    @overload
    def __le__(self: Attr[Decimal], other: Decimal | int) -> Condition: ...
    @overload
    def __le__(self, other: T) -> Condition: ...
    def __le__(self, other: object) -> Condition:
        return _compare(self._subject, "<=", other)

    @overload
    def __gt__(self: Attr[Decimal], other: Decimal | int) -> Condition: ...
    @overload
    def __gt__(self, other: T) -> Condition: ...
    def __gt__(self, other: object) -> Condition:
        return _compare(self._subject, ">", other)

    @overload
    def __ge__(self: Attr[Decimal], other: Decimal | int) -> Condition: ...
    @overload
    def __ge__(self, other: T) -> Condition: ...
    def __ge__(self, other: object) -> Condition:
        return _compare(self._subject, ">=", other)

    @overload  # type: ignore[override]  # a condition: that is what a path is for
    def __eq__(self: Attr[Decimal], other: Decimal | int | None) -> Condition: ...  # type: ignore[overload-overlap]  # Mistyped is for the rest
    @overload
    def __eq__(self, other: T | None) -> Condition: ...  # pyright: ignore[reportOverlappingOverload]  # Mistyped is for the rest
    @overload
    def __eq__(self, other: object) -> Mistyped: ...
    def __eq__(self, other: object) -> Any:
        return _compare(self._subject, "=", other)

    @overload  # type: ignore[override]  # as __eq__
    def __ne__(self: Attr[Decimal], other: Decimal | int | None) -> Condition: ...  # type: ignore[overload-overlap]  # as __eq__
    @overload
    def __ne__(self, other: T | None) -> Condition: ...  # pyright: ignore[reportOverlappingOverload]  # as __eq__
    @overload
    def __ne__(self, other: object) -> Mistyped: ...
    def __ne__(self, other: object) -> Any:
        return _compare(self._subject, "<>", other)

    __hash__ = object.__hash__

    @overload
    def __add__(self: Attr[int], other: int) -> int: ...
    @overload
    def __add__(self: Attr[float], other: float) -> float: ...
    @overload
    def __add__(self: Attr[Decimal], other: Decimal | int) -> Decimal: ...
    def __add__(self, other: object) -> Any:
        return _arithmetic(self._place("+"), "+", other)

    @overload
    def __sub__(self: Attr[int], other: int) -> int: ...
    @overload
    def __sub__(self: Attr[float], other: float) -> float: ...
    @overload
    def __sub__(self: Attr[Decimal], other: Decimal | int) -> Decimal: ...
    def __sub__(self, other: object) -> Any:
        return _arithmetic(self._place("-"), "-", other)

    if not TYPE_CHECKING:  # a checker would have to know what stands on the left

        def __radd__(self, other: object) -> Any:
            place = self._place("+")
            return Arithmetic(Value(_plain(other), place), "+", place)

        def __rsub__(self, other: object) -> Any:
            place = self._place("-")
            return Arithmetic(Value(_plain(other), place), "-", place)

    def __bool__(self) -> NoReturn:
        raise MisusedExpression(
            f"{self!r} is a path, not a value: compare it and hand the condition to a query"
        )

    def __iter__(self) -> NoReturn:
        raise MisusedExpression(
            f"{self!r} is a path, not a value: it can't be iterated; for membership use .contains(...)"
        )

    @overload
    def begins_with(self: Holds[str], prefix: str) -> Condition: ...
    @overload
    def begins_with(self: Attr[bytes], prefix: bytes) -> Condition: ...
    def begins_with(self: Any, prefix: str | bytes) -> Condition:
        """The text, or the bytes, begin with this."""
        return BeginsWith(self._place("begins_with()"), prefix)

    @overload
    def between(self: Attr[Decimal], low: Decimal | int, high: Decimal | int) -> Condition: ...
    @overload
    def between(self, low: T, high: T) -> Condition: ...
    def between(self, low: object, high: object) -> Condition:
        """From low to high, both included.

        Raises:
            BadValue: low is above high; DynamoDB refuses that.
        """
        lower, upper = _operand(self._subject, low), _operand(self._subject, high)
        if isinstance(lower, Value) and isinstance(upper, Value):
            refuse_empty_range(self._subject, lower.value, upper.value)
        return Between(self._subject, lower, upper)

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
                f"{self!r}: is_in() takes 1 to {MAX_IN_OPERANDS} values, not {len(values)}; combine several by or_()"
            )
        return In(self._subject, tuple(_operand(self._subject, value) for value in values))

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
        place = self._place("contains()")
        operand = _operand(place, value)
        return Contains(
            place, Value(value, place, as_element=True) if isinstance(operand, Value) else operand
        )

    def exists(self) -> Condition:
        """The item has the attribute; NULL counts as having it."""
        return Exists(self._place("exists()"), wanted=True)

    def not_exists(self) -> Condition:
        """The item does not have the attribute."""
        return Exists(self._place("not_exists()"), wanted=False)

    def size(self) -> Attr[int]:
        """Characters of a text, bytes of a binary, elements of a set, list or map; to be
        compared."""
        return Attr(Size(self._place("size()")))

    def type_is(
        self, kind: Literal["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"]
    ) -> Condition:
        """The attribute is stored as this DynamoDB type.

        Raises:
            UsageError: no such type.
        """
        if kind not in (
            "S",
            "N",
            "B",
            "BOOL",
            "NULL",
            "SS",
            "NS",
            "BS",
            "L",
            "M",
        ):  # unchecked callers
            raise UsageError(
                f"{self!r}: {kind!r} is no DynamoDB type: S, N, B, BOOL, NULL, SS, NS, BS, L or M"
            )
        return TypeIs(self._place("type_is()"), kind)

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
        place = self._place("set_if_absent()")
        return SetIfAbsent(place, Value(_plain(value), place))

    def remove(self) -> Clause[T]:
        """Take the attribute, list element or map key away."""
        return Remove(self._place("remove()"))

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
        return Add(self._place("add()"), _plain(value))

    def append(self: Attr[list[T1]], values: list[T1]) -> Clause[list[T1]]:
        """Put elements at the end of a list; absent counts as empty."""
        return Append(self._place("append()"), _plain(values), at_front=False)

    def prepend(self: Attr[list[T1]], values: list[T1]) -> Clause[list[T1]]:
        """Put elements at the front of a list; absent counts as empty."""
        return Append(self._place("prepend()"), _plain(values), at_front=True)

    @overload
    def delete(self: Attr[Set[T1]], values: AbstractSet[T1]) -> Clause[Set[T1]]: ...
    @overload
    def delete(self: Attr[frozenset[T1]], values: AbstractSet[T1]) -> Clause[frozenset[T1]]: ...
    def delete(self, values: object) -> Clause[Any]:
        """Take members out of a set."""
        return Delete(self._place("delete()"), _plain(values))

    def __repr__(self) -> str:
        return f"attr({self._subject})"


def subject_of(path_like: object) -> Measured:
    """The location behind a path.

    Raises:
        UsageError: it is no path.
    """
    if isinstance(path_like, Path):
        return path_like._adorm_location  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # Path keeps its names free for fields
    if isinstance(path_like, Attr):
        return path_like._subject  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the same family
    raise UsageError(
        f"a path such as Order.total is expected, not {path_like!r}; adorm.path('name') is the untyped one"
    )


def location_of(path_like: object) -> DocumentPath:
    """The location behind a path, sizes refused.

    Raises:
        UsageError: it is no path, or the size of one.
    """
    if isinstance(path_like, Path):
        return path_like._adorm_location  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # as above; never a size
    subject = subject_of(path_like)
    if isinstance(subject, Size):
        raise UsageError(
            f"{subject} is no attribute: sizes can be compared, but neither read nor changed"
        )
    return subject


def selected_locations(paths: tuple[object, ...]) -> tuple[DocumentPath, ...]:
    """The locations that `select` was given.

    Raises:
        UsageError: none, or something that is no path.
    """
    if not paths:
        raise UsageError("select() takes the paths to read, such as Order.order_id")
    return tuple(location_of(path) for path in paths)


def set_clause(target: object, value: object) -> Clause[Any]:
    """`SET target = value`, where value may be another path or a sum."""
    location = location_of(target)
    if not isinstance(value, (SumOperators, Condition, Clause)):
        return SetClause(location, Value(value, location))  # plain, as nearly all are
    if isinstance(value, Arithmetic):
        return SetClause(location, value)
    operand = _operand(location, value)
    if isinstance(operand, Size):
        raise UsageError(f"{operand} can be compared, but not stored")
    return SetClause(location, operand)


def refuse_empty_range(subject: Measured, low: Any, high: Any) -> None:
    """DynamoDB refuses BETWEEN with its ends the wrong way round."""
    try:
        wrong = bool(low > high)
    except TypeError:
        return  # of different types: encoding says so by name
    if wrong:
        raise BadValue(
            f"{subject}: the range from {low!r} to {high!r} is empty; the lower end comes first"
        )


def _operand(subject: Measured, value: Any) -> Operand:
    if isinstance(value, (Path, Attr)):
        return subject_of(cast("object", value))
    return Value(_plain(value), subject)


def _plain(value: object) -> Any:
    """A value, where no part of an expression will do."""
    if isinstance(value, Arithmetic):
        raise UsageError(f"({value}) stands on the value side of .set(path, ...) only")
    if isinstance(value, (Path, Attr, Condition, Clause)):
        raise UsageError(f"a plain value is expected, not {value!r}")
    return value


def _compare(subject: Measured, comparator: Comparator, other: object) -> Condition:
    return Comparison(subject, comparator, _operand(subject, other))


def _arithmetic(left: DocumentPath, operator: Literal["+", "-"], other: object) -> Arithmetic:
    operand = _operand(left, other)
    if isinstance(operand, Size):
        raise UsageError(f"{left} {operator} {operand}: DynamoDB can't compute with sizes")
    plain = operand.value if isinstance(operand, Value) else None
    if isinstance(plain, (str, list, tuple, set, frozenset, dict)):
        raise UsageError(
            f"{left} {operator} {plain!r}: DynamoDB adds numbers only; for lists use append() or prepend(), for sets add()"
        )
    return Arithmetic(left, operator, operand)


def attr(path: T | None, /) -> Attr[T]:
    """The same path with verbs: `attr(Order.note).begins_with("x")`.

    Raises:
        UsageError: it is no path.
    """
    return Attr(subject_of(path))


def not_none(path: T | None, /) -> T:
    """The same path, seen by checkers without its None: `not_none(Order.address).city == "Berlin"`.

    Raises:
        UsageError: it is no path.
    """
    subject_of(path)
    return cast("T", path)


def path(text: str, /) -> Attr[Any]:
    """The untyped way in, in attribute names: `path("lines[0].price")`, `path('labels["a.b"]')`.

    Raises:
        UsageError: the text is no path.
    """
    return Attr(parse_path(text))
