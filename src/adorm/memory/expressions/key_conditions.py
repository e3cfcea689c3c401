"""Internal: key conditions of a query: comparisons of attributes with values, joined with AND.

They have the grammar of conditions and are first checked as conditions. The query then checks which
attributes are keys.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions.bindings import Bindings
from adorm.memory.expressions.condition_checks import ConditionChecker, ValueCheck, Values
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
from adorm.memory.values.canonical import Value

_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""The operator with its operands exchanged: `:v < a` is `a > :v`."""


class KeyComparison(NamedTuple):
    """The comparison of one key attribute.

    `operator` is one of `=`, `<`, `<=`, `>`, `>=`, `BETWEEN` (two values) and `begins_with`.
    """

    operator: str
    values: tuple[Value, ...]


class KeyCondition:
    """The comparisons of a query by attribute, in the order of the text."""

    __slots__ = ("comparisons",)

    def __init__(self, comparisons: Mapping[str, KeyComparison]) -> None:
        self.comparisons = comparisons


class CompiledKeyCondition:
    """A key condition with its names bound, without the values of a request."""

    __slots__ = ("_comparisons", "checks")

    def __init__(
        self, comparisons: Mapping[str, tuple[str, list[str]]], checks: list[ValueCheck]
    ) -> None:
        self._comparisons = comparisons
        self.checks = tuple(checks)

    def with_values(self, values: Values) -> KeyCondition:
        """The key condition with the values of one request."""
        return KeyCondition(
            {
                name: KeyComparison(operator, tuple(values[each] for each in placeholders))
                for name, (operator, placeholders) in self._comparisons.items()
            }
        )


class BoundKeyCondition(NamedTuple):
    """A key condition that is correct as a condition. It may still be wrong for a query."""

    node: ConditionNode
    checks: list[ValueCheck]


def bind_key_condition(node: ConditionNode, bindings: Bindings) -> BoundKeyCondition:
    """Bind a key condition to the names of a request and check it as a condition.

    Raises:
        ExpressionFault: the condition breaks a rule; `condition_checks` lists them.
    """
    checker = ConditionChecker(bindings, of_key=True)
    return BoundKeyCondition(checker.bind(node), checker.checks)


def compile_key_condition(bound: BoundKeyCondition) -> CompiledKeyCondition:
    """Check the rules that a query has for key conditions beyond those of a condition.

    Raises:
        EngineError: an operator is not allowed in a key condition, an attribute is repeated, or an
            operand is not an attribute or not a value.
    """
    comparisons: dict[str, tuple[str, list[str]]] = {}
    for part in _parts(bound.node):
        name, operator, placeholders = _key_comparison(part)
        if name in comparisons:
            raise _refusal("KeyConditionExpressions must only contain one condition per key")
        comparisons[name] = operator, placeholders
    return CompiledKeyCondition(comparisons, bound.checks)


def _parts(node: ConditionNode) -> Iterator[ConditionNode]:
    """The conditions between the ANDs, at any nesting of parentheses."""
    if isinstance(node, And):
        for part in node.parts:
            yield from _parts(part)
    else:
        yield node


def _key_comparison(node: ConditionNode) -> tuple[str, str, list[str]]:
    """The attribute, the operator and the value placeholders of one condition."""
    match node:
        case Comparison(operator, left, right) if operator != "<>":
            name, values = _name_and_values((left, right))
            return name, operator if isinstance(left, Path) else _MIRRORED[operator], values
        case Between(operand, low, high):
            return _key_first("BETWEEN", operand, low, high)
        case Call("begins_with", (operand, prefix)):
            return _key_first("begins_with", operand, prefix)
        case Comparison(operator):
            raise _invalid_operator(operator)
        case Call(function):
            raise _invalid_operator(function)
        case And() | Or() | Not() | In():
            raise _invalid_operator(type(node).__name__.upper())


def _key_first(operator: str, key: Operand, *others: Operand) -> tuple[str, str, list[str]]:
    if not isinstance(key, Path):
        raise _invalid_condition(
            f"{operator} operator must have the key attribute as its first operand"
        )
    name, values = _name_and_values((key, *others))
    return name, operator, values


def _name_and_values(operands: Sequence[Operand]) -> tuple[str, list[str]]:
    name: str | None = None
    values: list[str] = []
    for operand in operands:
        if isinstance(operand, ValuePlaceholder):
            values.append(operand.name)
        elif not isinstance(operand, Path):
            raise _refusal("KeyConditionExpressions cannot contain nested operations")
        elif name is not None:
            raise _invalid_condition("Multiple attribute names used in one condition")
        elif len(operand.elements) > 1:
            raise _refusal("KeyConditionExpressions cannot have conditions on nested attributes")
        else:
            (name,) = map(str, operand.elements)
    if name is None:
        raise _invalid_condition("No key attribute specified")
    return name, values


def _invalid_operator(operator: str) -> EngineError:
    return _refusal(f"Invalid operator used in KeyConditionExpression: {operator}")


def _invalid_condition(what: str) -> EngineError:
    return _refusal(f"Invalid condition in KeyConditionExpression: {what}")


def _refusal(message: str) -> EngineError:
    return invalid(f"Invalid KeyConditionExpression: {message}", old=message)
