"""Internal: computes the values that update actions write, from the item before the update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from adorm.memory.errors import invalid
from adorm.memory.expressions.condition_checks import Values
from adorm.memory.expressions.nodes import Arithmetic, Call, Operand, Path, ValuePlaceholder
from adorm.memory.expressions.paths import find_value
from adorm.memory.values.canonical import Value, canonical_value
from adorm.memory.values.numbers import add_numbers, subtract_numbers

Item: TypeAlias = Mapping[str, Any]
Evaluator: TypeAlias = Callable[[Item, Values], Value]

INCORRECT_TYPE = "An operand in the update expression has an incorrect data type"
MISSING_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"


def evaluator(operand: Operand) -> Evaluator:
    """Compile the value of a SET action to a function of an item and values."""
    match operand:
        case Path(elements):

            def read_path(item: Item, values: Values) -> Value:
                value = find_value(item, elements)
                if value is None:
                    raise invalid(MISSING_ATTRIBUTE)
                return value

            return read_path
        case ValuePlaceholder(name):
            return lambda item, values: values[name]
        case Arithmetic(operator, left, right):
            return _arithmetic(operator, evaluator(left), evaluator(right))
        case Call("if_not_exists", (Path(elements), fallback)):
            return _if_not_exists(Path(elements), evaluator(fallback))
        case Call(_, operands):
            return _list_append(*map(evaluator, operands))


def _arithmetic(operator: str, left: Evaluator, right: Evaluator) -> Evaluator:
    calculate = add_numbers if operator == "+" else subtract_numbers

    def evaluate(item: Item, values: Values) -> Value:
        first, second = left(item, values), right(item, values)
        if "N" not in first or "N" not in second:
            raise invalid(INCORRECT_TYPE)
        return {"N": calculate(first["N"], second["N"])}

    return evaluate


def _if_not_exists(path: Path, fallback: Evaluator) -> Evaluator:
    elements = path.elements

    def evaluate(item: Item, values: Values) -> Value:
        value = find_value(item, elements)
        return fallback(item, values) if value is None else value

    return evaluate


def _list_append(left: Evaluator, right: Evaluator) -> Evaluator:
    def evaluate(item: Item, values: Values) -> Value:
        first, second = left(item, values), right(item, values)
        if "L" not in first or "L" not in second:
            raise invalid(INCORRECT_TYPE)
        return {"L": [*first["L"], *second["L"]]}

    return evaluate


def result_of_add(existing: Value | None, value: Value, mismatch: str) -> Value:
    """The result of ADD: a sum, a union or a longer list; the value itself if there was none.

    Raises:
        EngineError: the types differ (with the text `mismatch`), or the sum is out of range.
    """
    if existing is None:
        return value
    ((tag, content),) = value.items()
    if tag not in existing:
        raise invalid(mismatch)
    if tag == "N":
        return {"N": add_numbers(existing["N"], content)}
    if tag == "L":
        return {"L": [*existing["L"], *content]}
    return canonical_value({tag: {*existing[tag], *content}})


def result_of_delete(existing: Value | None, value: Value, mismatch: str) -> Value | None:
    """The set that DELETE leaves; None if there was no set or no member is left.

    Raises:
        EngineError: the types differ (with the text `mismatch`).
    """
    if existing is None:
        return None
    ((tag, content),) = value.items()
    if tag not in existing:
        raise invalid(mismatch)
    left = [each for each in existing[tag] if each not in content]
    return {tag: left} if left else None
