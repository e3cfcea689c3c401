"""Internal: the terms that a condition may contain, whatever its parameters are.

The service reports these faults, in the order of the text, before it checks the types of operands.
"""

from __future__ import annotations

from collections.abc import Sequence

from adorm.memory.errors import EngineError, invalid
from adorm.memory.limits import MAX_EXPRESSION_OPERATORS
from adorm.memory.partiql.literals import literal_value
from adorm.memory.partiql.nodes import (
    Arithmetic,
    Bag,
    Call,
    Case,
    Constant,
    Ion,
    ListNode,
    Missing,
    Name,
    Node,
    Operation,
    Parameter,
    Path,
    Select,
    Struct,
    TypeTest,
    Where,
)
from adorm.memory.partiql.paths import read_path, unexpected_component
from adorm.memory.partiql.words import CONDITION_FUNCTIONS, TYPE_TAGS


def check_terms(where: Where) -> None:
    """Refuse a condition with an unknown term or with too many operators.

    Raises:
        EngineError: the condition has an unknown term or too many operators.
    """
    if where.operators > MAX_EXPRESSION_OPERATORS:
        raise too_many_operators()
    _check(where.condition)


def too_many_operators() -> EngineError:
    """The refusal of a condition, or of assignments, with too many operators."""
    count = MAX_EXPRESSION_OPERATORS + 1
    return invalid(f"The expression contains too many operators; operator count: {count}")


def _check(node: Node) -> None:
    match node:
        case Name() | Path():
            if read_path(node) is None:
                raise unexpected_component(node.at.place)
        case Constant() | Bag() | Struct() | ListNode() | Ion():
            literal_value(node)
        case Parameter():
            pass
        case TypeTest():
            _check_type_test(node)
        case Call(_, arguments):
            _check_all(arguments)
            if node.function not in CONDITION_FUNCTIONS:
                raise unrecognized_function(node)
        case Operation("in", (operand, ListNode(members))):
            _check_all((operand, *members))
        case Operation(_, operands) | Arithmetic(_, operands):
            _check_all(operands)
        case _:
            raise _no_term(node)


def _check_all(nodes: Sequence[Node]) -> None:
    for each in nodes:
        _check(each)


def _check_type_test(node: TypeTest) -> None:
    if not isinstance(node.operand, Missing):
        _check(node.operand)
    if node.type_name != "MISSING" and node.type_name not in TYPE_TAGS:
        raise invalid(
            f"Unsupported data type for IS operator: {node.type_name}. Supported data types are"
            " [MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]"
            f" at {node.operand.at.place}"
        )


def _no_term(node: Node) -> EngineError:
    if isinstance(node, Missing):
        return invalid("MISSING must be compared using IS operator")
    if isinstance(node, Select | Case):
        return invalid(
            f"Unsupported token in expression: {node.at.text.upper()} at {node.at.place}"
        )
    return unexpected_component(node.at.place)


def unrecognized_function(call: Call) -> EngineError:
    """The refusal of a function that is not allowed at its position."""
    return invalid(f"Unrecognized function: {call.function} at {call.at.place}")
