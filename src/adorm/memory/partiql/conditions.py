"""Internal: binds the condition of a statement, checks it and compiles it to a function of an item.

Operators and functions compare two values as in expressions; see
`adorm.memory.expressions.comparisons`.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-functions.conditional.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions.comparisons import (
    COMPARATORS,
    begins_with,
    between,
    contains,
    equal_values,
    size,
)
from adorm.memory.expressions.nodes import PathElements
from adorm.memory.limits import MAX_IN_OPERANDS
from adorm.memory.partiql.assignments import sign_of_no_number
from adorm.memory.partiql.nodes import (
    Arithmetic,
    Call,
    Constant,
    ListNode,
    Missing,
    Node,
    Operation,
    TypeTest,
)
from adorm.memory.partiql.operands import (
    ANY_TYPE,
    Item,
    Operand,
    boolean_operand,
    check_count,
    check_distinct,
    check_types,
    incorrect_type,
    path_operand,
    static_value,
    value_operand,
)
from adorm.memory.partiql.paths import read_path
from adorm.memory.partiql.words import TYPE_TAGS
from adorm.memory.values.canonical import Value

Test: TypeAlias = Callable[[Item], bool]

_FUNCTION_OPERANDS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}


class BoundCondition:
    """A condition with its parameters.

    `attributes` are the top-level attributes that it reads, in the order of the text.
    """

    def __init__(self, test: Test, paths: Sequence[PathElements]) -> None:
        self.matches = test
        self.attributes = tuple(dict.fromkeys(str(path[0]) for path in paths))


def bind_condition(node: Node, parameters: Sequence[Value]) -> BoundCondition:
    """Check the operands of a condition whose terms were checked, and compile it.

    Raises:
        EngineError: an operator or function does not accept one of its operands.
    """
    compiler = _Compiler(parameters)
    if not _is_condition(node) and compiler.operand(node).type_name != "BOOL":
        raise invalid("WHERE clause must contain an expression that resolves to a boolean")
    return BoundCondition(compiler.part(node, "WHERE"), compiler.paths)


def _is_condition(node: Node) -> bool:
    if isinstance(node, Call):
        return node.function != "size"
    return isinstance(node, TypeTest) or (
        isinstance(node, Operation) and node.operator not in ("+", "-")
    )


class _Compiler:
    """Compiles conditions and collects the paths that they read."""

    def __init__(self, parameters: Sequence[Value]) -> None:
        self.parameters = parameters
        self.paths: list[PathElements] = []

    def part(self, node: Node, operator: str) -> Test:
        """Compile an operand of AND, OR or NOT."""
        if _is_condition(node):
            return self._test(node)
        operand = self.operand(node)
        if operand.type_name != "BOOL":
            raise incorrect_type(operator, operand.type_name or ANY_TYPE)
        read = operand.read
        return lambda item: read(item) == {"BOOL": True}

    def _test(self, node: Node) -> Test:
        match node:
            case Operation("not", (condition,)):
                negated = self.part(condition, "NOT")
                return lambda item: not negated(item)
            case Operation("and", conditions):
                return _all([self.part(each, "AND") for each in conditions])
            case Operation("or", conditions):
                return _any([self.part(each, "OR") for each in conditions])
            case Operation("in", (operand, members)):
                return self._in(operand, members)
            case Operation("between", operands):
                return _between(*self._operands("BETWEEN", operands))
            case Operation(operator, operands) if operator in COMPARATORS:
                left, right = self._operands(operator, operands)
                return _compare(operator, left, right)
            case Operation(operator):
                raise _unsupported(operator)
            case TypeTest():
                return self._type_test(node)
            case Call(function):
                return _FUNCTIONS[function](*self._operands(function, node.arguments))
            case _:
                raise _unsupported(node.at.text)

    def _operands(self, operator: str, nodes: Sequence[Node]) -> list[Operand]:
        operands = [self.operand(each) for each in nodes]
        if operator in _FUNCTION_OPERANDS:
            check_count(operator, operands, _FUNCTION_OPERANDS[operator])
        check_distinct(operator, operands)
        check_types(operator, operands)
        return operands

    def _in(self, operand: Node, members: Node) -> Test:
        if not isinstance(members, ListNode):
            type_name = self.operand(members).type_name
            raise incorrect_type("IN", type_name or ANY_TYPE)
        first, *others = self._operands("IN", (operand, *members.members))
        if len(others) > MAX_IN_OPERANDS:
            raise invalid(
                "The IN operator is provided with too many operands;"
                f" number of operands: {len(others)}"
            )
        if not others:
            check_count("IN", (first,), 2)
        readers = [each.read for each in others]
        read = first.read

        def test(item: Item) -> bool:
            value = read(item)
            return any(equal_values(value, each(item)) for each in readers)

        return test

    def _type_test(self, node: TypeTest) -> Test:
        if isinstance(node.operand, Missing):
            operand = Operand(lambda item: None)
        elif isinstance(node.operand, Constant) or read_path(node.operand) is not None:
            operand = self.operand(node.operand)
        else:
            raise invalid(
                "The left hand side argument to IS must be a Variable Reference, Literal, or Path"
            )
        read, wanted = operand.read, not node.negated
        if node.type_name == "MISSING":
            return lambda item: (read(item) is None) is wanted
        tag = TYPE_TAGS[node.type_name]
        return lambda item: (tag in (read(item) or ())) is wanted

    def operand(self, node: Node) -> Operand:
        """Compile an operand of a comparison or a function."""
        value = static_value(node, self.parameters)
        if value is not None:
            return value_operand(value)
        if _is_condition(node):
            return boolean_operand(self._test(node))
        match node:
            case Call("size", arguments):
                (measured,) = self._operands("size", arguments)
                read = measured.read
                return Operand(lambda item: size(read(item)), None, "N")
            case Arithmetic(operators):
                raise _unsupported(operators[-1])
            case Operation(operator):
                raise sign_of_no_number(operator)
            case _:
                path = read_path(node)
                if path is None:
                    raise _unsupported(node.at.text)
                self.paths.append(path)
                return path_operand(path)


def _unsupported(operator: str) -> EngineError:
    return invalid(f"Unsupported operator in Condition Expression. Operator: {operator}")


def _all(tests: list[Test]) -> Test:
    def test(item: Item) -> bool:
        for each in tests:  # noqa: SIM110  # a generator would double the frames of deep nesting
            if not each(item):
                return False
        return True

    return test


def _any(tests: list[Test]) -> Test:
    def test(item: Item) -> bool:
        for each in tests:  # noqa: SIM110  # as above
            if each(item):
                return True
        return False

    return test


def _compare(operator: str, left: Operand, right: Operand) -> Test:
    comparator = COMPARATORS[operator]
    read_left, read_right = left.read, right.read
    return lambda item: comparator(read_left(item), read_right(item))


def _between(operand: Operand, low: Operand, high: Operand) -> Test:
    read, read_low, read_high = operand.read, low.read, high.read
    return lambda item: between(read(item), read_low(item), read_high(item))


def _exists(path: Operand) -> Test:
    read = path.read
    return lambda item: read(item) is not None


def _not_exists(path: Operand) -> Test:
    read = path.read
    return lambda item: read(item) is None


def _has_type(operand: Operand, type_name: Operand) -> Test:
    tag = (type_name.value or {"S": ""})["S"]
    read = operand.read
    return lambda item: tag in (read(item) or ())


def _begins_with(operand: Operand, prefix: Operand) -> Test:
    read, read_prefix = operand.read, prefix.read
    return lambda item: begins_with(read(item), read_prefix(item))


def _contains(operand: Operand, member: Operand) -> Test:
    read, read_member = operand.read, member.read
    return lambda item: contains(read(item), read_member(item))


_FUNCTIONS: dict[str, Callable[..., Test]] = {
    "attribute_exists": _exists,
    "attribute_not_exists": _not_exists,
    "attribute_type": _has_type,
    "begins_with": _begins_with,
    "contains": _contains,
}
