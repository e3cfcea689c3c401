"""Typed paths: what `Order.total` is at run time.

To a type checker `Order.total` has the field's own type, so operands are checked without a plugin.
A `Path` has operators only and no public names, since any name may be a field; `attr(path)` is the
same path with verbs (`adorm.expressions.attr`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, cast

from adorm.errors import BadValue, MisusedExpression, UsageError
from adorm.expressions.arithmetic import PathOperators, Sum
from adorm.expressions.comparisons import Comparator, Comparison
from adorm.expressions.conditions import Condition
from adorm.expressions.document_path import DocumentPath, ExpressionPart, example_path
from adorm.expressions.operands import Measured, Operand, Size, Value
from adorm.expressions.updates import Clause, Set, SetOperand, SetPart

T = TypeVar("T")


def _comparing(comparator: Comparator) -> Callable[[ComparedPath, object], Condition]:
    """The method that makes a condition of a path and an operand."""

    def compare(self: ComparedPath, other: object) -> Condition:
        measured = measured_of(self)
        return Comparison(measured, comparator, operand_of(measured, other))

    return compare


class ComparedPath(PathOperators):
    """What `Path` and `Attr` have in common: comparisons make conditions, `+` and `-` make sums."""

    __slots__ = ("_adorm_measured",)

    def __init__(self, measured: Measured) -> None:
        self._adorm_measured = measured

    if not TYPE_CHECKING:  # `Attr` tells type checkers which operands fit
        __lt__, __le__ = _comparing("<"), _comparing("<=")
        __gt__, __ge__ = _comparing(">"), _comparing(">=")
        __eq__, __ne__ = _comparing("="), _comparing("<>")
        __hash__ = object.__hash__

        def __add__(self, other: object) -> Any:
            return _sum(without_size(self._adorm_measured, "+"), "+", other)

        def __radd__(self, other: object) -> Any:
            path = without_size(self._adorm_measured, "+")
            return Sum(Value(plain(other), path), "+", path)

        def __sub__(self, other: object) -> Any:
            return _sum(without_size(self._adorm_measured, "-"), "-", other)

        def __rsub__(self, other: object) -> Any:
            path = without_size(self._adorm_measured, "-")
            return Sum(Value(plain(other), path), "-", path)


class Path(ComparedPath):
    """A document path that reads like the attribute it names: `Order.lines[0].price`."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Path:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # protocols that Python looks for, such as __array__
        return Path(document_path_of(self).child(name))

    def __getitem__(self, key: object) -> Path:
        return Path(document_path_of(self).item(key))

    def __bool__(self) -> NoReturn:
        raise MisusedExpression(
            f"{self!r} is a path, not a value: compare it, as in `{self!r} == True`, "
            "and hand the condition to a query"
        )

    def __iter__(self) -> NoReturn:
        raise MisusedExpression(
            f"{self!r} is a path, not a value: it can't be iterated; "
            f"for membership use attr({self!r}).contains(...)"
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
        return str(self._adorm_measured)


def measured_of(path_like: object, model: Any = None) -> Measured:
    """The document path, or the size of one, behind a `Path` or `Attr`. `model` is for messages."""
    if isinstance(path_like, ComparedPath):
        # a path has no public names: any may be a field
        return path_like._adorm_measured  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    raise UsageError(
        f"a path such as {example_path(model)} is expected, not {path_like!r}; "
        "adorm.path('name') is the untyped one"
    )


def document_path_of(path_like: object, model: Any = None) -> DocumentPath:
    """The document path behind a `Path` or `Attr`; a size is refused. `model` is for messages."""
    measured = measured_of(path_like, model)
    if isinstance(measured, Size):
        raise UsageError(
            f"{measured} is no attribute: sizes can be compared, but neither read nor changed"
        )
    return measured


def without_size(measured: Measured, verb: str) -> DocumentPath:
    """The document path that `verb` needs."""
    if isinstance(measured, Size):
        raise UsageError(
            f"{measured}: a size can be compared, but {verb} needs the attribute itself"
        )
    return measured


def selected_paths(paths: tuple[object, ...], model: Any) -> tuple[DocumentPath, ...]:
    """The document paths that `select` was given. The model is for messages."""
    if not paths:
        raise UsageError(f"select() takes the paths to read, such as {example_path(model)}")
    return tuple([document_path_of(path, model) for path in paths])


def set_clause(target: object, value: object) -> Clause[Any]:
    """`SET target = value`, where value may be another path or a sum."""
    path = document_path_of(target)
    if not isinstance(value, ExpressionPart):
        return Set(path, value) if path.is_field else SetPart(path, value)
    if isinstance(value, Sum):
        return SetOperand(path, value)
    operand = measured_of(value) if isinstance(value, ComparedPath) else plain(value)
    if isinstance(operand, Size):
        raise UsageError(f"{operand} can be compared, but not stored")
    return SetOperand(path, operand)


def refuse_empty_range(measured: Measured, low: Any, high: Any) -> None:
    """Refuse a range whose ends stand the wrong way round, as DynamoDB does."""
    try:
        wrong = bool(low > high)
    except TypeError:
        return  # of different types: encoding says so by name
    if wrong:
        raise BadValue(
            f"{measured}: the range from {low!r} to {high!r} is empty; the lower end comes first"
        )


def operand_of(like: Measured, value: object) -> Operand:
    """The operand that stands beside a path: another path, or a value stored as `like` is."""
    if isinstance(value, ComparedPath):
        return measured_of(cast("object", value))
    return Value(plain(value), like)


def plain(value: object) -> Any:
    """The value itself, after a look whether it is a part of an expression."""
    if isinstance(value, Sum):
        raise UsageError(f"({value}) stands on the value side of .set(path, ...) only")
    if isinstance(value, ExpressionPart):
        raise UsageError(f"a plain value is expected, not {value!r}")
    return value


def _sum(left: DocumentPath, operator: Literal["+", "-"], other: object) -> Sum:
    operand = operand_of(left, other)
    if isinstance(operand, Size):
        raise UsageError(f"{left} {operator} {operand}: DynamoDB can't compute with sizes")
    value = operand.value if isinstance(operand, Value) else None
    if isinstance(value, (str, list, tuple, set, frozenset, dict)):
        remedy = f".set({left}, ...) with the whole value"
        if isinstance(value, (list, tuple)):
            remedy = f".append({left}, [...]) for a list"
        elif isinstance(value, (set, frozenset)):
            verb = "delete" if operator == "-" else "add"
            remedy = f".apply(attr({left}).{verb}({{...}})) for a set"
        raise UsageError(f"{left} {operator} {value!r}: DynamoDB adds numbers only; use {remedy}")
    return Sum(left, operator, operand)


def not_none(path: T | None, /) -> T:
    """The same path, seen by checkers without its None: `not_none(Order.address).city == "Berlin"`.

    Raises:
        UsageError: it is no path.
    """
    measured_of(path)
    return cast("T", path)
