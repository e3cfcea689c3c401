"""Internal: the bytes that the service counts for an update expression.

The service refuses an update whose expression and values have more than 400 KB together, whatever
the item holds: "Item size to update has exceeded the maximum allowed size". No page of AWS says how
it counts. The authors of dynoxide measured these figures on the service in eu-west-2.
"""

from __future__ import annotations

from collections.abc import Iterable

from adorm.memory.expressions.condition_checks import Values
from adorm.memory.expressions.nodes import (
    Action,
    AddAction,
    Arithmetic,
    Call,
    Operand,
    Path,
    PathElements,
    SetAction,
    ValuePlaceholder,
)
from adorm.memory.values.sizes import text_bytes, value_bytes

_EXPRESSION = 3
_WRITING = 19
_REMOVING = 1
_STEP_TO_TARGET = 4
_PATH_OPERAND = 1
_ELEMENT_OF_OPERAND = 14
_OPERATIONS = {"+": 34, "-": 37, "if_not_exists": 39, "list_append": 37}


def request_bytes(actions: Iterable[Action], values: Values) -> int:
    """The bytes of the bound actions of an update with the values of a request."""
    return _EXPRESSION + sum(_action_bytes(each, values) for each in actions)


def _action_bytes(action: Action, values: Values) -> int:
    target = _target_bytes(action.path.elements)
    if isinstance(action, SetAction):
        return _WRITING + target + _operand_bytes(action.value, values)
    if isinstance(action, AddAction):
        return _WRITING + target + value_bytes(values[action.value.name])
    return _REMOVING + target  # members that DELETE takes out are free


def _target_bytes(elements: PathElements) -> int:
    return sum(map(_element_bytes, elements)) + _STEP_TO_TARGET * (len(elements) - 1)


def _element_bytes(element: str | int) -> int:
    return text_bytes(element) if isinstance(element, str) else len(str(element))


def _operand_bytes(operand: Operand, values: Values) -> int:
    match operand:
        case Path(elements):
            return _PATH_OPERAND + sum(_ELEMENT_OF_OPERAND + _element_bytes(e) for e in elements)
        case ValuePlaceholder(name):
            return value_bytes(values[name])
        case Arithmetic(operator, left, right):
            operands: tuple[Operand, ...] = (left, right)
            return _OPERATIONS[operator] + sum(_operand_bytes(e, values) for e in operands)
        case Call(function, operands):
            return _OPERATIONS[function] + sum(_operand_bytes(e, values) for e in operands)
