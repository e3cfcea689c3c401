"""`PathOperators` and `SumOperators`: the operators that DynamoDB does not have are refused by
name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from adorm.errors import MisusedExpression


class SumOperators:
    """Refuses every operator of Python that an UpdateExpression has not: all but one + or -."""

    __slots__ = ()

    if not TYPE_CHECKING:  # so that type checkers refuse these operators, too

        def __mul__(self, other: object) -> NoReturn:
            _refuse(f"{_spelled(self)} * {other!r}")

        def __rmul__(self, other: object) -> NoReturn:
            _refuse(f"{other!r} * {_spelled(self)}")

        def __truediv__(self, other: object) -> NoReturn:
            _refuse(f"{_spelled(self)} / {other!r}")

        def __rtruediv__(self, other: object) -> NoReturn:
            _refuse(f"{other!r} / {_spelled(self)}")

        def __floordiv__(self, other: object) -> NoReturn:
            _refuse(f"{_spelled(self)} // {other!r}")

        def __rfloordiv__(self, other: object) -> NoReturn:
            _refuse(f"{other!r} // {_spelled(self)}")

        def __mod__(self, other: object) -> NoReturn:
            _refuse(f"{_spelled(self)} % {other!r}")

        def __rmod__(self, other: object) -> NoReturn:
            _refuse(f"{other!r} % {_spelled(self)}")

        def __pow__(self, other: object, _modulo: Any = None) -> NoReturn:
            _refuse(f"{_spelled(self)} ** {other!r}")

        def __rpow__(self, other: object, _modulo: Any = None) -> NoReturn:
            _refuse(f"{other!r} ** {_spelled(self)}")

        def __neg__(self) -> NoReturn:
            _refuse(f"-{_spelled(self)}")

        def __pos__(self) -> NoReturn:
            _refuse(f"+{_spelled(self)}")

        def __abs__(self) -> NoReturn:
            _refuse(f"abs({_spelled(self)})")


class PathOperators(SumOperators):
    """Refuses `&`, `|` and `~` as well: those combine conditions, and a path is none."""

    __slots__ = ()

    if not TYPE_CHECKING:  # as above

        def __and__(self, _other: object) -> NoReturn:
            _refuse_combining(self)

        __rand__ = __or__ = __ror__ = __and__

        def __invert__(self) -> NoReturn:
            _refuse_combining(self)


def _spelled(operand: SumOperators) -> str:
    return str(operand) if isinstance(operand, PathOperators) else f"({operand})"


def _refuse_combining(path: PathOperators) -> NoReturn:
    raise MisusedExpression(
        f"{path} stands beside &, | or ~ as if it were a condition: they bind more tightly than "
        "comparisons, so put parentheses around each comparison, as in "
        f"(Order.total > 1) & (Order.status == 'open'); for a bool attribute write ({path} == True)"
    )


def _refuse(spelled: str) -> NoReturn:
    raise MisusedExpression(
        f"{spelled}: DynamoDB computes with + and - only, one of them in a .set(path, ...), as in "
        "Order.total + 1; compute the value in Python, and store that"
    )
