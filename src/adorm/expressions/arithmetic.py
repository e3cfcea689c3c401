"""`Sum`: one addition or subtraction, on the value side of a SET. Other operators are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import attrs

from adorm.dynamodb.values import AttributeValue
from adorm.errors import MisusedExpression, UsageError
from adorm.expressions.document_path import DocumentPath, ExpressionPart
from adorm.expressions.operands import NUMBERS, Value, check_stored_as, encode_operand
from adorm.expressions.placeholders import (
    VALUE,
    Encoder,
    Operands,
    OperandShape,
    Placeholders,
    Shape,
)
from adorm.schema.fields import Role


def _refused(form: str) -> Callable[..., NoReturn]:
    """The method of an operator that DynamoDB does not have; `form` shows its use in the error."""

    def refuse(self: SumOperators, other: object = None, _modulo: object = None) -> NoReturn:
        shown = str(self) if isinstance(self, PathOperators) else f"({self})"
        side: object = self
        if isinstance(self, Sum):
            side = self.right if isinstance(self.left, Value) else self.left
        raise MisusedExpression(
            f"{form.format(path=shown, other=other)}: DynamoDB computes with + and - only, one of "
            f"them in a .set(path, ...), as in {side} + 1; compute the value in Python, and "
            "store that"
        )

    return refuse


class SumOperators(ExpressionPart):
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
        f"({path} == ...) & (...); for a bool attribute write ({path} == True)"
    )


@attrs.frozen(eq=False)
class Sum(SumOperators):
    """`path + value` or `path - value`, on the value side of a set."""

    left: DocumentPath | Value
    operator: Literal["+", "-"]
    right: DocumentPath | Value

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"

    def encode_into(self, operands: Operands) -> Shape:
        """Encode the values, and give the shape."""
        for side in (self.left, self.right):
            check_stored_as(side, NUMBERS, f"{self.operator} computes with", operands.encoder)
        left, right = _encode_side(self.left, operands), _encode_side(self.right, operands)
        return (_write_sum, 0, left, self.operator, right)

    def _refuse(self) -> None:
        raise UsageError(
            f"({self}) stands on the value side of .set(path, ...) only: DynamoDB compares "
            "attributes and values, not sums; there, put the arithmetic on the plain value"
        )

    def __lt__(self, other: object) -> bool:
        self._refuse()
        return False

    __le__ = __gt__ = __ge__ = __lt__
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        self._refuse()
        return False

    def __add__(self, other: object) -> Any:
        raise UsageError(f"({self}) + ...: DynamoDB's SET takes one addition or subtraction")

    __sub__ = __radd__ = __rsub__ = __add__


def _encode_side(side: DocumentPath | Value, operands: Operands) -> OperandShape:
    if isinstance(side, Value):
        amount = encode_seconds(side, operands.encoder)
        if amount is not None:
            operands.values.append(amount)
            return VALUE
    return encode_operand(side, operands)


def _write_sum(
    placeholders: Placeholders, left: OperandShape, operator: str, right: OperandShape
) -> str:
    return f"{placeholders.operand(left)} {operator} {placeholders.operand(right)}"


def encode_seconds(value: Value, encoder: Encoder) -> AttributeValue | None:
    """The number of seconds that is added to a ttl, which may be negative as a ttl itself may not.
    None for any other value.
    """
    field, number = getattr(value.like, "field", None), value.value
    if field is None or field.role is not Role.TTL or not isinstance(number, int):
        return None
    encoder.encode_field(field, abs(number))
    return encoder.encode_value(int, number)
