"""Internal: compiles conditions and filters to one function of an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from adorm.memory.expressions.bindings import Bindings
from adorm.memory.expressions.comparisons import (
    COMPARATORS,
    Comparator,
    begins_with,
    between,
    contains,
    equal_values,
    size,
)
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
from adorm.memory.expressions.paths import find_value, top_level, top_level_of_nested
from adorm.memory.values.canonical import Value

Item: TypeAlias = Mapping[str, Any]
Reader: TypeAlias = Callable[[Item, Values], Value | None]
Test: TypeAlias = Callable[[Item, Values], bool]


class CompiledCondition:
    """A condition with its names bound, without the values of a request."""

    __slots__ = ("attributes", "checks", "nested_attributes", "test")

    def __init__(
        self,
        test: Test,
        attributes: frozenset[str],
        nested: frozenset[str],
        checks: list[ValueCheck],
    ) -> None:
        self.test = test
        self.attributes = attributes
        self.nested_attributes = nested
        self.checks = tuple(checks)


class Condition:
    """A condition of one request.

    `attributes` are the top-level attributes that it reads. `nested_attributes` are those that it
    reads by a longer path, such as `a.b` or `a[0]`.
    """

    __slots__ = ("_test", "_values", "attributes", "nested_attributes")

    def __init__(self, compiled: CompiledCondition, values: Values) -> None:
        self._test = compiled.test
        self._values = values
        self.attributes = compiled.attributes
        self.nested_attributes = compiled.nested_attributes

    def matches(self, item: Item) -> bool:
        """Whether the condition holds for an item; pass `{}` for a missing item."""
        return self._test(item, self._values)


def compile_condition(node: ConditionNode, bindings: Bindings) -> CompiledCondition:
    """Bind a condition to the names of a request, check it and compile it.

    Raises:
        ExpressionFault: the condition breaks a rule; `condition_checks` lists them.
    """
    checker = ConditionChecker(bindings)
    bound = checker.bind(node)
    return CompiledCondition(
        condition_test(bound),
        top_level(checker.paths),
        top_level_of_nested(checker.paths),
        checker.checks,
    )


def condition_test(node: ConditionNode) -> Test:
    """Compile a bound condition to a function of an item and values."""
    match node:
        case And(parts):
            return _all([condition_test(each) for each in parts])
        case Or(parts):
            return _any([condition_test(each) for each in parts])
        case Not(condition):
            return _not(condition_test(condition))
        case Comparison(operator, left, right):
            return _compare(COMPARATORS[operator], _reader(left), _reader(right))
        case Between(operand, low, high):
            return _between(_reader(operand), _reader(low), _reader(high))
        case In(operand, candidates):
            return _in(_reader(operand), [_reader(each) for each in candidates])
        case Call(function, operands):
            return _FUNCTIONS[function](*(_reader(each) for each in operands))


def _reader(operand: Operand) -> Reader:
    if isinstance(operand, ValuePlaceholder):
        return _value_reader(operand.name)
    if isinstance(operand, Path):
        return _path_reader(operand)
    if isinstance(operand, Call):
        return _size_reader(_reader(operand.operands[0]))
    raise TypeError(operand)


def _value_reader(name: str) -> Reader:
    return lambda item, values: values[name]


def _path_reader(path: Path) -> Reader:
    elements = path.elements
    name = elements[0]
    if len(elements) == 1 and isinstance(name, str):
        return lambda item, values: item.get(name)
    return lambda item, values: find_value(item, elements)


def _size_reader(operand: Reader) -> Reader:
    return lambda item, values: size(operand(item, values))


def _all(tests: list[Test]) -> Test:
    def test(item: Item, values: Values) -> bool:
        for each in tests:  # noqa: SIM110  # a generator would double the frames of deep nesting
            if not each(item, values):
                return False
        return True

    return test


def _any(tests: list[Test]) -> Test:
    def test(item: Item, values: Values) -> bool:
        for each in tests:  # noqa: SIM110  # as above
            if each(item, values):
                return True
        return False

    return test


def _not(condition: Test) -> Test:
    return lambda item, values: not condition(item, values)


def _compare(comparator: Comparator, left: Reader, right: Reader) -> Test:
    return lambda item, values: comparator(left(item, values), right(item, values))


def _between(operand: Reader, low: Reader, high: Reader) -> Test:
    return lambda item, values: between(
        operand(item, values), low(item, values), high(item, values)
    )


def _in(operand: Reader, candidates: list[Reader]) -> Test:
    def test(item: Item, values: Values) -> bool:
        value = operand(item, values)
        return any(equal_values(value, each(item, values)) for each in candidates)

    return test


def _exists(path: Reader) -> Test:
    return lambda item, values: path(item, values) is not None


def _not_exists(path: Reader) -> Test:
    return lambda item, values: path(item, values) is None


def _has_type(operand: Reader, type_name: Reader) -> Test:
    def test(item: Item, values: Values) -> bool:
        value, name = operand(item, values), type_name(item, values)
        return value is not None and name is not None and name["S"] in value

    return test


def _begins_with(operand: Reader, prefix: Reader) -> Test:
    return lambda item, values: begins_with(operand(item, values), prefix(item, values))


def _contains(operand: Reader, member: Reader) -> Test:
    return lambda item, values: contains(operand(item, values), member(item, values))


_FUNCTIONS: Mapping[str, Callable[..., Test]] = {
    "attribute_exists": _exists,
    "attribute_not_exists": _not_exists,
    "attribute_type": _has_type,
    "begins_with": _begins_with,
    "contains": _contains,
}
