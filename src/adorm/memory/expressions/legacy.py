"""Internal: converts legacy parameters, such as `Expected`, to the same objects as expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adorm.memory.errors import EngineError, invalid, invalid_in_envelope, invalid_value
from adorm.memory.expressions.comparisons import COMPARATORS
from adorm.memory.expressions.conditions import CompiledCondition, Condition, condition_test
from adorm.memory.expressions.key_conditions import KeyComparison, KeyCondition
from adorm.memory.expressions.nodes import (
    Action,
    AddAction,
    And,
    Between,
    Call,
    Comparison,
    ConditionNode,
    DeleteAction,
    In,
    Not,
    Or,
    Path,
    RemoveAction,
    SetAction,
    ValuePlaceholder,
)
from adorm.memory.expressions.projections import Projection
from adorm.memory.expressions.updates import CompiledUpdate, Update
from adorm.memory.values.canonical import Item, Value, canonical_value, type_of

_NO_ARGUMENT = frozenset(["NULL", "NOT_NULL"])
_COMPARATORS = {"EQ": "=", "NE": "<>", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_SCALARS = frozenset(["S", "N", "B"])

_OPERATORS = frozenset(
    [*_COMPARATORS, *_NO_ARGUMENT, "BETWEEN", "IN", "BEGINS_WITH", "CONTAINS", "NOT_CONTAINS"]
)

_ARGUMENT_TYPES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(["LT", "LE", "GT", "GE", "IN", "BETWEEN"], _SCALARS),
    "BEGINS_WITH": frozenset(["S", "B"]),
    **dict.fromkeys(["CONTAINS", "NOT_CONTAINS"], _SCALARS | {"BOOL", "NULL"}),
}
"""The types that an operator accepts; EQ and NE accept all."""

_KEY_OPERATORS = {
    **{each: symbol for each, symbol in _COMPARATORS.items() if each != "NE"},
    "BETWEEN": "BETWEEN",
    "BEGINS_WITH": "begins_with",
}
"""The operators of a key condition by their legacy name. A query refuses other operators once it
knows its table; until then they keep their legacy names."""

_ACTIONS = frozenset(["PUT", "ADD", "DELETE"])
_ADDED_TYPES = frozenset(["N", "SS", "NS", "BS", "L"])
_DELETED_TYPES = frozenset(["SS", "NS", "BS"])


def check_conditional_operator(request: Mapping[str, Any], conditions: str) -> None:
    """Refuse a `ConditionalOperator` without at least two conditions to join.

    Args:
        request: the request.
        conditions: the name of the parameter that holds the conditions.

    Raises:
        EngineError: fewer than two conditions, or an unknown operator.
    """
    operator = request.get("ConditionalOperator")
    if operator is None:
        return
    count = len(request.get(conditions, ()))
    if not count:
        message = "ConditionalOperator cannot be used without Filter or Expected"
    elif count == 1:
        message = (
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )
    elif operator not in ("AND", "OR"):
        message = "Failed to satisfy constraint: Member must satisfy enum value set: [ALL, OR]"
    else:
        return
    raise invalid_in_envelope(message)


def expected(request: Mapping[str, Any]) -> Condition | None:
    """Convert `Expected` and `ConditionalOperator` of PutItem, UpdateItem and DeleteItem.

    Raises:
        EngineError: members contradict each other, or arguments have the wrong number or type.
    """
    try:
        return _expected(request.get("Expected") or {}, request.get("ConditionalOperator"))
    except EngineError as error:
        error.enveloped = not error.message.startswith("Supplied AttributeValue")
        raise


def _expected(conditions: Mapping[str, Any], conditional_operator: str | None) -> Condition | None:
    read = {name: _expectation(name, each) for name, each in conditions.items()}
    return _condition(read, conditional_operator)


def _expectation(name: str, condition: Mapping[str, Any]) -> tuple[str, list[Item]]:
    """Return the operator of one expectation and its arguments."""
    value, listed = condition.get("Value"), condition.get("AttributeValueList")
    operator, exists = condition.get("ComparisonOperator"), condition.get("Exists")
    attribute = f"for Attribute: {name}"
    if value is not None and listed is not None:
        raise invalid_value(f"Value and AttributeValueList cannot be used together {attribute}")
    if operator is not None:
        if exists is not None:
            raise invalid_value(
                f"Exists and ComparisonOperator cannot be used together {attribute}"
            )
        if value is None and listed is None and operator in _OPERATORS - _NO_ARGUMENT:
            raise invalid_value(
                "Value or AttributeValueList must be used with ComparisonOperator: "
                f"{operator} {attribute}"
            )
        operands = listed if listed is not None else [] if value is None else [value]
        arguments = [canonical_value(each) for each in operands]
        _check_arguments(operator, arguments)
        return operator, arguments
    if listed is not None:
        raise invalid_value(
            f"AttributeValueList can only be used with a ComparisonOperator {attribute}"
        )
    if exists is False:
        if value is not None:
            raise invalid_value(f"Value cannot be used when Exists is false {attribute}")
        return "NULL", []
    if value is None:
        shown = "null" if exists is None else "true"
        raise invalid_value(f"Value must be provided when Exists is {shown} {attribute}")
    return "EQ", [canonical_value(value)]


def filter_condition(request: Mapping[str, Any], parameter: str) -> Condition | None:
    """Convert `QueryFilter` or `ScanFilter`, with `ConditionalOperator`.

    Raises:
        EngineError: arguments have the wrong number or type.
    """
    return _condition(
        _read_conditions(request.get(parameter, {})), request.get("ConditionalOperator")
    )


def key_condition(conditions: Mapping[str, Any]) -> KeyCondition:
    """Convert `KeyConditions` of a query.

    Raises:
        EngineError: arguments have the wrong number or type.
    """
    return KeyCondition(
        {
            name: KeyComparison(_KEY_OPERATORS.get(operator, operator), tuple(arguments))
            for name, (operator, arguments) in _read_conditions(conditions).items()
        }
    )


def attributes_to_get(request: Mapping[str, Any]) -> Projection | None:
    """Convert `AttributesToGet`.

    Raises:
        EngineError: an attribute is repeated.
    """
    names: Sequence[str] | None = request.get("AttributesToGet")
    if names is None:
        return None
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise invalid_value(f"Duplicate value in attribute name: {name}")
        seen.add(name)
    return Projection(Path((name,)) for name in names)


def attribute_updates(request: Mapping[str, Any]) -> Update | None:
    """Convert `AttributeUpdates` of UpdateItem.

    Raises:
        EngineError: an action lacks its value, or its value has a wrong type.
    """
    updates: Mapping[str, Any] | None = request.get("AttributeUpdates")
    if updates is None:
        return None
    values: Item = {
        name: canonical_value(each["Value"]) for name, each in updates.items() if "Value" in each
    }
    actions: list[Action] = []
    if any(each.get("Action", "PUT") not in _ACTIONS for each in updates.values()):
        raise invalid_in_envelope(
            "Member must satisfy enum value set: [ADD, DELETE, PUT]' for Action"
        )
    for name, update in updates.items():
        action = update.get("Action", "PUT")
        path = Path((name,))
        if name not in values:
            if action != "DELETE":
                raise invalid_value(
                    "Only DELETE action is allowed when no attribute value is specified"
                )
            actions.append(RemoveAction(path))
            continue
        value = ValuePlaceholder(name)
        tag = type_of(values[name])
        if action == "PUT":
            actions.append(SetAction(path, value))
        elif action == "ADD":
            if tag not in _ADDED_TYPES:
                raise invalid_value(f"ADD action is not supported for the type {tag}")
            actions.append(AddAction(path, value))
        else:
            if tag not in _DELETED_TYPES:
                raise invalid_value(f"DELETE action with value is not supported for the type {tag}")
            actions.append(DeleteAction(path, value))
    return Update(CompiledUpdate(actions, (), "Type mismatch for attribute to update"), values)


def _read_conditions(conditions: Mapping[str, Any]) -> dict[str, tuple[str, list[Item]]]:
    """Return the operator and the arguments of each condition of a filter."""
    read = {
        name: (
            each["ComparisonOperator"],
            [canonical_value(value) for value in each.get("AttributeValueList", ())],
        )
        for name, each in conditions.items()
    }
    for operator, arguments in read.values():
        _check_arguments(operator, arguments)
    return read


def _check_arguments(operator: str, arguments: Sequence[Value]) -> None:
    if operator not in _OPERATORS:
        raise invalid_value("Invalid comparison operator")
    count = len(arguments)
    if operator in _NO_ARGUMENT:
        right = count == 0
    elif operator == "BETWEEN":
        right = count == 2
    else:
        right = count > 0 if operator == "IN" else count == 1
    if not right:
        raise invalid_value(f"Invalid number of argument(s) for the {operator} ComparisonOperator")
    tags = [type_of(each) for each in arguments]
    wrong = next((tag for tag in tags if tag not in _ARGUMENT_TYPES.get(operator, tags)), None)
    if len(set(tags)) > 1 and (operator != "IN" or wrong is None):
        raise invalid_value("AttributeValues inside AttributeValueList must be of same type")
    if wrong is not None:
        raise invalid_value(
            f"ComparisonOperator {operator} is not valid for {wrong} AttributeValue type"
        )
    if operator == "BETWEEN" and COMPARATORS[">"](*arguments):
        raise invalid(
            "The BETWEEN condition was provided a range where the lower bound is greater than "
            "the upper bound"
        )


def _condition(
    conditions: Mapping[str, tuple[str, list[Item]]], conditional_operator: str | None
) -> Condition | None:
    if not conditions:
        return None
    values: Item = {}
    parts: list[ConditionNode] = []
    for name, (operator, arguments) in conditions.items():
        operands = [ValuePlaceholder(f"{len(values) + at}") for at in range(len(arguments))]
        values.update(zip((each.name for each in operands), arguments, strict=True))
        parts.append(_node(operator, Path((name,)), operands))
    node = Or(tuple(parts)) if conditional_operator == "OR" else And(tuple(parts))
    compiled = CompiledCondition(condition_test(node), frozenset(conditions), frozenset(), [])
    return Condition(compiled, values)


def _node(operator: str, path: Path, operands: Sequence[ValuePlaceholder]) -> ConditionNode:
    match operator:
        case "NULL":
            return Call("attribute_not_exists", (path,))
        case "NOT_NULL":
            return Call("attribute_exists", (path,))
        case "BETWEEN":
            return Between(path, operands[0], operands[1])
        case "IN":
            return In(path, tuple(operands))
        case "BEGINS_WITH":
            return Call("begins_with", (path, operands[0]))
        case "CONTAINS":
            return Call("contains", (path, operands[0]))
        case "NOT_CONTAINS":  # false where the attribute is missing, as CONTAINS is
            exists = Call("attribute_exists", (path,))
            return And((exists, Not(Call("contains", (path, operands[0])))))
        case _:
            return Comparison(_COMPARATORS[operator], path, operands[0])
