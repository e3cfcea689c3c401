"""`PathOperators` and `SumOperators`: the operators that DynamoDB does not have are refused by
name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from adorm.errors import MisusedExpression


def _refused(form: str) -> Callable[..., NoReturn]:
    """The method of an operator that DynamoDB does not have; `form` shows its use in the error."""

    def refuse(self: SumOperators, other: object = None, _modulo: object = None) -> NoReturn:
        path = str(self) if isinstance(self, PathOperators) else f"({self})"
        raise MisusedExpression(
            f"{form.format(path=path, other=other)}: DynamoDB computes with + and - only, one of "
            "them in a .set(path, ...), as in Order.total + 1; compute the value in Python, and "
            "store that"
        )

    return refuse


class SumOperators:
    """Refuses every operator of Python that an UpdateExpression has not: all but one + or -."""

    __slots__ = ()

    if not TYPE_CHECKING:  # so that type checkers refuse these operators, too
        __mul__, __rmul__ = _refused("{path} * {other!r}"), _refused("{other!r} * {path}")
        __truediv__, __rtruediv__ = _refused("{path} / {other!r}"), _refused("{other!r} / {path}")
        __floordiv__ = _refused("{path} // {other!r}")
        __rfloordiv__ = _refused("{other!r} // {path}")
        __mod__, __rmod__ = _refused("{path} % {other!r}"), _refused("{other!r} % {path}")
        __pow__, __rpow__ = _refused("{path} ** {other!r}"), _refused("{other!r} ** {path}")
        __neg__, __pos__, __abs__ = (
            _refused("-{path}"),
            _refused("+{path}"),
            _refused("abs({path})"),
        )


class PathOperators(SumOperators):
    """Refuses `&`, `|` and `~` as well: those combine conditions, and a path is none."""

    __slots__ = ()

    if not TYPE_CHECKING:  # as above

        def __and__(self, _other: object = None) -> NoReturn:
            _refuse_combining(self)

        __rand__ = __or__ = __ror__ = __invert__ = __and__


def _refuse_combining(path: PathOperators) -> NoReturn:
    raise MisusedExpression(
        f"{path} stands beside &, | or ~ as if it were a condition: they bind more tightly than "
        "comparisons, so put parentheses around each comparison, as in "
        f"(Order.total > 1) & (Order.status == 'open'); for a bool attribute write ({path} == True)"
    )
