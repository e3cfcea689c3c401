"""Internal: checks the names, values and operands of a condition.

The service checks one comparison or function after the other, in the order of the text. For each it
checks that names and values are defined, then the number of operands, then that a path is not
compared with itself, then the types of the operands. The types of values are checked again for each
request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from adorm.memory.expressions.bindings import Bindings
from adorm.memory.expressions.comparisons import COMPARATORS, ORDERED_TYPES
from adorm.memory.expressions.condition_parser import FUNCTIONS
from adorm.memory.expressions.errors import ExpressionFault
from adorm.memory.expressions.nodes import (
    And,
    Between,
    Call,
    Comparison,
    ConditionNode,
    In,
    Not,
    Operand,
    Or,
    Path,
    ValuePlaceholder,
)
from adorm.memory.expressions.paths import path_text
from adorm.memory.limits import MAX_IN_OPERANDS
from adorm.memory.values.canonical import TYPE_NAMES, Value, base64_text, type_of

Values: TypeAlias = Mapping[str, Value]
ValueCheck: TypeAlias = Callable[[Values], None]
"""Raises `ExpressionFault` if the values of a request have the wrong types."""

_TYPES_IN_MESSAGES = "B,NULL,SS,BOOL,L,BS,N,NS,S,M"
_TYPES_WITHOUT_VALUE = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
_WITHOUT_SIZE = frozenset(["N", "BOOL", "NULL"])


class ConditionChecker:
    """Binds a condition to a request and collects the checks that depend on values."""

    def __init__(self, bindings: Bindings, *, of_key: bool = False) -> None:
        self.bindings = bindings
        self._of_key = of_key
        self.checks: list[ValueCheck] = []
        self.paths: list[Path] = []

    def bind(self, node: ConditionNode) -> ConditionNode:
        """Return the condition with attribute names in place of placeholders.

        Raises:
            ExpressionFault: the condition breaks a rule; the docstring of the module lists them.
        """
        match node:
            case And(parts):
                return And(tuple(self.bind(each) for each in parts))
            case Or(parts):
                return Or(tuple(self.bind(each) for each in parts))
            case Not(condition):
                return Not(self.bind(condition))
            case Comparison(operator, left, right):
                return Comparison(operator, *self._bind_operands(operator, left, right))
            case Between(operand, low, high):
                return Between(*self._bind_operands("BETWEEN", operand, low, high))
            case In(operand, candidates):
                first, *others = self._bind_operands("IN", operand, *candidates)
                return In(first, tuple(others))
            case Call(function, operands):
                return Call(function, self._bind_operands(function, *operands))

    def _bind_operands(self, operator: str, *operands: Operand) -> tuple[Operand, ...]:
        bound = tuple(self._bind_operand(each) for each in operands)
        for operand in bound:
            if isinstance(operand, Call):
                _check_count(operand.function, operand.operands)
        _check_count(operator, bound)
        _check_distinct(operator, bound)
        for operand in bound:
            if isinstance(operand, Call):
                self._check_types("size", operand.operands)
        self._check_types(operator, bound)
        return bound

    def _bind_operand(self, operand: Operand) -> Operand:
        if isinstance(operand, Path):
            self.paths.append(path := self.bindings.path(operand))
            return path
        if isinstance(operand, ValuePlaceholder):
            return self.bindings.value(operand)
        if isinstance(operand, Call):  # `size`, whose operand is never a function
            return Call(
                operand.function, tuple(self._bind_operand(each) for each in operand.operands)
            )
        raise ExpressionFault(f"The operand is no operand of a condition: {operand}")

    def _check_types(self, operator: str, operands: Sequence[Operand]) -> None:
        if operator in ("attribute_exists", "attribute_not_exists"):
            if not isinstance(operands[0], Path):
                raise ExpressionFault(
                    "Operator or function requires a document path; "
                    f"operator or function: {operator}"
                )
        elif operator == "begins_with":
            self._check_each(operator, operands, lambda tag: tag in ("S", "B"))
        elif operator == "size":
            self._check_each(operator, operands, lambda tag: tag not in _WITHOUT_SIZE)
        elif operator == "attribute_type":
            self._check_type_name(operands[1])
        elif operator in COMPARATORS and operator not in ("=", "<>"):
            self._check_each(operator, operands, ORDERED_TYPES.__contains__)
        elif operator == "BETWEEN":
            self._check_between(operands)

    def _check_between(self, operands: Sequence[Operand]) -> None:
        """Check the operands of BETWEEN.

        A key condition checks their types first. Other conditions first check that both bounds have
        one type.
        """
        bounds = [each.name for each in operands[1:] if isinstance(each, ValuePlaceholder)]
        if len(bounds) == 2 and not self._of_key:
            self._check(_same_type_check(*bounds))
        self._check_each("BETWEEN", operands, ORDERED_TYPES.__contains__)
        if len(bounds) == 2:
            self._check(_same_type_check(*bounds))
            self._check(_order_check(*bounds))

    def _check_each(
        self, operator: str, operands: Sequence[Operand], allowed: Callable[[str], bool]
    ) -> None:
        for operand in operands:
            if isinstance(operand, ValuePlaceholder):
                self._check(_type_check(operator, operand.name, allowed))
            elif isinstance(operand, Call) and not allowed("N"):
                raise incorrect_type(operator, "N")

    def _check_type_name(self, operand: Operand) -> None:
        if isinstance(operand, Path):
            raise incorrect_type("attribute_type", _TYPES_WITHOUT_VALUE)
        if not isinstance(operand, ValuePlaceholder):
            raise incorrect_type("attribute_type", "N")
        name = operand.name

        def check(values: Values) -> None:
            ((tag, content),) = values[name].items()
            if tag != "S":
                raise incorrect_type("attribute_type", tag)
            if content not in TYPE_NAMES:
                raise ExpressionFault(
                    f"Invalid attribute type name found; type: {content}, "
                    f"valid types: {{{_TYPES_IN_MESSAGES}}}"
                )

        self._check(check)

    def _check(self, check: ValueCheck) -> None:
        check(self.bindings.values)
        self.checks.append(check)


def _check_count(operator: str, operands: Sequence[Operand]) -> None:
    if operator == "IN" and len(operands) > MAX_IN_OPERANDS + 1:
        raise ExpressionFault(
            "The IN operator is provided with too many operands; "
            f"number of operands: {len(operands) - 1}"
        )
    check_operand_count(operator, operands, FUNCTIONS)


def check_operand_count(
    function: str, operands: Sequence[Operand], functions: Mapping[str, int]
) -> None:
    """Refuse a function with too few or too many operands. Operators always have the right number.

    Raises:
        ExpressionFault: the number of operands is wrong.
    """
    if len(operands) != functions.get(function, len(operands)):
        raise ExpressionFault(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {function}, number of operands: {len(operands)}"
        )


def _check_distinct(operator: str, operands: Sequence[Operand]) -> None:
    first = operands[0]
    if isinstance(first, Path) and first in operands[1:]:
        raise ExpressionFault(
            "The first operand must be distinct from the remaining operands for this operator or "
            f"function; operator: {operator}, first operand: {path_text(first.elements)}"
        )


def _type_check(operator: str, name: str, allowed: Callable[[str], bool]) -> ValueCheck:
    def check(values: Values) -> None:
        tag = type_of(values[name])
        if not allowed(tag):
            raise incorrect_type(operator, tag)

    return check


def incorrect_type(operator: str, type_name: str) -> ExpressionFault:
    """The refusal of an operand whose type the operator or function does not accept."""
    return ExpressionFault(
        "Incorrect operand type for operator or function; "
        f"operator or function: {operator}, operand type: {type_name}"
    )


def _same_type_check(low: str, high: str) -> ValueCheck:
    def check(values: Values) -> None:
        if type_of(values[low]) != type_of(values[high]):
            raise BadBounds("same data type for lower and upper bounds", low, high, values)

    return check


def _order_check(low: str, high: str) -> ValueCheck:
    def check(values: Values) -> None:
        if COMPARATORS[">"](values[low], values[high]):
            rule = "upper bound to be greater than or equal to lower bound"
            raise BadBounds(rule, low, high, values)

    return check


class BadBounds(ExpressionFault):
    """Bounds of BETWEEN that do not go together. `as_sent` shows them as in the request."""

    def __init__(self, rule: str, low: str, high: str, values: Values) -> None:
        self._rule, self._low, self._high = rule, low, high
        super().__init__(self._text(values))

    def as_sent(self, values: Values) -> ExpressionFault:
        """The same fault with the values of the request, whose numbers are not canonical."""
        return ExpressionFault(self._text(values))

    def _text(self, values: Values) -> str:
        return (
            f"The BETWEEN operator requires {self._rule}; "
            f"lower bound operand: AttributeValue: {_value_text(values[self._low])}, "
            f"upper bound operand: AttributeValue: {_value_text(values[self._high])}"
        )


def _value_text(value: Value) -> str:
    """A value as the service's messages show it: `{S:text}`."""
    ((tag, content),) = value.items()
    match tag:
        case "L":
            shown = f"[{', '.join(map(_value_text, content))}]"
        case "M":
            members = (f"{name}={_value_text(each)}" for name, each in content.items())
            shown = f"{{{', '.join(members)}}}"
        case "SS" | "NS" | "BS":
            members = (f'"{base64_text(each)}"' for each in content)
            shown = f"[{', '.join(members)}]"
        case "BOOL" | "NULL":
            shown = str(content).lower()
        case _:
            shown = base64_text(content)
    return f"{{{tag}:{shown}}}"
