"""Internal: converts SET and REMOVE of an UPDATE to the actions of an update expression.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import attrs

from adorm.memory.errors import EngineError, invalid
from adorm.memory.expressions import nodes as expressions
from adorm.memory.expressions.bindings import Bindings
from adorm.memory.expressions.errors import ExpressionFault
from adorm.memory.expressions.updates import Update, compile_update
from adorm.memory.limits import MAX_EXPRESSION_OPERATORS
from adorm.memory.partiql.literals import literal_value
from adorm.memory.partiql.nodes import (
    Arithmetic,
    Bag,
    Call,
    Constant,
    Ion,
    ListNode,
    Missing,
    Name,
    Node,
    Operation,
    Parameter,
    Path,
    Struct,
)
from adorm.memory.partiql.paths import read_path, unexpected_component
from adorm.memory.partiql.terms import too_many_operators, unrecognized_function
from adorm.memory.values.canonical import Value

SET_FUNCTIONS = ("set_add", "set_delete")


@attrs.frozen
class SetArgument:
    """A parameter that must be a set, and the refusal if it is not."""

    parameter: int
    refusal: str


@attrs.frozen
class UpdateTemplate:
    """An update without its parameters. `:0` is the first parameter, `=0` the first literal."""

    actions: tuple[expressions.Action, ...]
    literals: Mapping[str, Value]
    sets: tuple[SetArgument, ...]

    def bind(self, parameters: Sequence[Value]) -> Update:
        """Return the update with its parameters.

        Raises:
            EngineError: an operand has the wrong type, or two paths overlap.
        """
        for each in self.sets:
            if next(iter(parameters[each.parameter])) not in ("SS", "NS", "BS"):
                raise invalid(each.refusal)
        values = {**self.literals, **{f":{at}": each for at, each in enumerate(parameters)}}
        # The last clause is the one that messages name first.
        actions = tuple(reversed(self.actions))
        try:
            return Update(compile_update(actions, Bindings(_OwnNames(), values)), values)
        except ExpressionFault as fault:
            raise invalid(str(fault)) from fault


class _OwnNames(Mapping[str, str]):
    """Names that stand for themselves: `#a` is a name in a statement, and not a placeholder."""

    def __getitem__(self, name: str) -> str:
        return name

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def read_update(
    assignments: Sequence[tuple[Node, Node]], removals: Sequence[Node]
) -> UpdateTemplate:
    """Convert SET and REMOVE to update actions.

    Raises:
        EngineError: a value is not one that SET can write.
    """
    reader = _AssignmentReader()
    actions = [reader.assignment(path, value) for path, value in assignments]
    actions += [expressions.RemoveAction(expressions.Path(_target(each))) for each in removals]
    return UpdateTemplate(tuple(actions), reader.literals, tuple(reader.sets))


def _target(node: Node) -> expressions.PathElements:
    elements = read_path(node)
    if elements is None:
        raise unexpected_component(node.at.place)
    return elements


class _AssignmentReader:
    """Reads assignments and collects their literals."""

    def __init__(self) -> None:
        self.literals: dict[str, Value] = {}
        self.sets: list[SetArgument] = []
        self._operators = 0

    def assignment(self, target: Node, value: Node) -> expressions.Action:
        """Convert `SET target = value` to an action."""
        elements = _target(target)
        if isinstance(value, Call) and value.function in SET_FUNCTIONS:
            return self._set_function(elements, value)
        return expressions.SetAction(expressions.Path(elements), self._operand(value))

    def _set_function(self, elements: expressions.PathElements, call: Call) -> expressions.Action:
        name = call.function.upper()
        if len(call.arguments) != 2:
            raise invalid(f"{name} must have exactly two arguments at {call.at.place}")
        first, second = call.arguments
        if read_path(first) != elements:
            raise invalid(
                f"The first argument to {name} must equal the assignment value at {call.at.place}"
            )
        refusal = f"The second argument to {name} must be a value with type SET at {first.at.place}"
        if isinstance(second, Parameter):
            self.sets.append(SetArgument(second.index, refusal))
        elif not isinstance(second, Bag):
            raise invalid(refusal)
        members = self._value(second)
        if call.function == "set_add":
            return expressions.AddAction(expressions.Path(elements), members)
        return expressions.DeleteAction(expressions.Path(elements), members)

    def _operand(self, node: Node) -> expressions.Operand:
        match node:
            case Name() | Path():
                return expressions.Path(_target(node))
            case Arithmetic(operators, (first, *others)):
                self._count(len(operators))
                operand = self._operand(first)
                for operator, other in zip(operators, others, strict=True):
                    operand = expressions.Arithmetic(
                        _sign(operator, node), operand, self._operand(other)
                    )
                return operand
            case Call("list_append", arguments):
                return expressions.Call(
                    "list_append", tuple(self._operand(each) for each in arguments)
                )
            case Call():
                raise unrecognized_function(node)
            case Operation(("+" | "-") as operator, (_,)):
                raise sign_of_no_number(operator)
            case Constant() | ListNode() | Struct() | Bag() | Ion() | Parameter():
                return self._value(node)
            case Missing():
                raise invalid("MISSING must be compared using IS operator")
            case _:
                raise invalid(f"Unsupported operator in SET clause at {node.at.place}")

    def _count(self, operators: int) -> None:
        self._operators += operators
        if self._operators > MAX_EXPRESSION_OPERATORS:
            raise too_many_operators()

    def _value(self, node: Node) -> expressions.ValuePlaceholder:
        if isinstance(node, Parameter):
            return expressions.ValuePlaceholder(f":{node.index}")
        name = f"={len(self.literals)}"
        self.literals[name] = literal_value(node)
        return expressions.ValuePlaceholder(name)


def _sign(operator: str, node: Node) -> Literal["+", "-"]:
    if operator == "+":
        return "+"
    if operator == "-":
        return "-"
    raise invalid(f"Unsupported operator in SET clause at {node.at.place}")


def sign_of_no_number(operator: str) -> EngineError:
    """The refusal of a sign before a value that is not a number."""
    return invalid(
        "Incorrect number of operands for operator or function;"
        f" operator or function: {operator}, number of operands: 1"
    )
