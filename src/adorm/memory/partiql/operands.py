"""Internal: the operands of conditions, and the service's checks of them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions.comparisons import COMPARATORS, ORDERED_TYPES
from adorm.memory.expressions.nodes import PathElements
from adorm.memory.expressions.paths import find_value, path_text
from adorm.memory.partiql.literals import literal_value
from adorm.memory.partiql.nodes import Bag, Constant, ListNode, Node, Parameter, Struct
from adorm.memory.values.canonical import TYPE_NAMES, Value, type_of

Item: TypeAlias = Mapping[str, Any]
Reader: TypeAlias = Callable[[Item], Value | None]

ANY_TYPE = (
    "{S,HDS,N,FS,BS,NULL,DOUBLE,NS,DECIMAL,SS,DECIMALSET,BOOL,HD,DICT,INTSET,M,L,B,FLOAT,INT,"
    "DOUBLESET}"
)
"""The type of a path in messages, which can be any. The order of the service varies; this is one
that was observed."""

_TYPES_IN_MESSAGES = "N,BS,L,B,NULL,M,S,SS,NS,BOOL"


@attrs.frozen
class Operand:
    """One operand of an operator or a function."""

    read: Reader
    """Returns the value for an item; None if the item has none."""
    path: PathElements | None = None
    """The path, if the operand is one."""
    type_name: str | None = None
    """The type tag of the value, if it is the same for all items."""
    value: Value | None = None
    """The value, if it is the same for all items."""


def static_value(node: Node, parameters: Sequence[Value]) -> Value | None:
    """The value of a literal or a parameter; None for any other node."""
    if isinstance(node, Parameter):
        return parameters[node.index]
    if isinstance(node, Constant | ListNode | Struct | Bag):
        return literal_value(node)
    return None


def value_operand(value: Value) -> Operand:
    """Make the operand of a literal or a parameter."""
    return Operand(lambda item: value, None, type_of(value), value)


def path_operand(elements: PathElements) -> Operand:
    """Make the operand of a path."""
    name = elements[0]
    if len(elements) == 1 and isinstance(name, str):
        return Operand(lambda item: item.get(name), elements)
    return Operand(lambda item: find_value(item, elements), elements)


def boolean_operand(test: Callable[[Item], bool]) -> Operand:
    """Make the operand of a condition, whose value is a boolean."""
    return Operand(lambda item: {"BOOL": test(item)}, None, "BOOL")


# ----------------------------------------------------------------------- checks


def incorrect_type(operator: str, type_name: str) -> EngineError:
    """The refusal of an operand whose type the operator or function does not accept."""
    return invalid(
        "Incorrect operand type for operator or function;"
        f" operator or function: {operator}, operand type: {type_name}"
    )


def check_count(function: str, operands: Sequence[object], count: int) -> None:
    """Refuse a function with too few or too many operands.

    Raises:
        EngineError: the number of operands is wrong.
    """
    if len(operands) != count:
        raise invalid(
            "Incorrect number of operands for operator or function;"
            f" operator or function: {function}, number of operands: {len(operands)}"
        )


def check_distinct(operator: str, operands: Sequence[Operand]) -> None:
    """Refuse an operator whose first operand is a path that is also another operand.

    Raises:
        EngineError: the first operand is also another one.
    """
    path = operands[0].path
    if path is not None and any(each.path == path for each in operands[1:]):
        raise invalid(
            "The first operand must be distinct from the remaining operands for this operator or"
            f" function; operator: {operator}, first operand: {path_text(path)}"
        )


def check_types(operator: str, operands: Sequence[Operand]) -> None:
    """Refuse operands whose types the operator or function does not accept.

    Raises:
        EngineError: the operator does not accept the type of an operand.
    """
    if operator in ("attribute_exists", "attribute_not_exists"):
        if operands[0].path is None:
            raise invalid(
                f"Operator or function requires a document path; operator or function: {operator}"
            )
    elif operator == "attribute_type":
        _check_type_name(operands[1])
    elif operator == "begins_with":
        _check_each(operator, operands, frozenset(["S", "B"]))
    elif operator == "size":
        _check_each(operator, operands, _SIZED_TYPES)
    elif operator == "BETWEEN":
        _check_each(operator, operands, ORDERED_TYPES)
        _check_bounds(operands[1].value, operands[2].value)
    elif operator in COMPARATORS and operator not in ("=", "<>"):
        _check_each(operator, operands, ORDERED_TYPES)


_SIZED_TYPES = frozenset(TYPE_NAMES) - {"N", "BOOL", "NULL"}


def _check_each(operator: str, operands: Sequence[Operand], allowed: frozenset[str]) -> None:
    for operand in operands:
        if operand.type_name is not None and operand.type_name not in allowed:
            raise incorrect_type(operator, operand.type_name)


def _check_type_name(operand: Operand) -> None:
    if operand.value is None or operand.type_name != "S":
        raise incorrect_type("attribute_type", operand.type_name or ANY_TYPE)
    name = operand.value["S"]
    if name not in TYPE_NAMES:
        raise invalid(
            f"Invalid attribute type name found; type: {name},"
            f" valid types: {{{_TYPES_IN_MESSAGES}}}"
        )


def _check_bounds(low: Value | None, high: Value | None) -> None:
    if low is None or high is None:
        return
    if type_of(low) != type_of(high):
        rule = "same data type for lower and upper bounds"
    elif COMPARATORS[">"](low, high):
        rule = "upper bound to be greater than or equal to lower bound"
    else:
        return
    raise invalid(
        f"The BETWEEN operator requires {rule}; lower bound operand: AttributeValue:"
        f" {{{_written(low)}}}, upper bound operand: AttributeValue: {{{_written(high)}}}"
    )


def _written(value: Value) -> str:
    ((tag, content),) = value.items()
    return f"{tag}:[{content}]" if tag == "B" else f"{tag}:{content}"
