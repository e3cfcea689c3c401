"""Internal: checks the names, values, paths and operands of an update.

The service checks the whole expression for undefined names, then for undefined values, then for
overlapping paths. Then it checks the operands of ADD and DELETE, and last those of functions, `+`
and `-`. The types of values are checked again for each request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adorm.memory.expressions.bindings import Bindings
from adorm.memory.expressions.condition_checks import (
    ValueCheck,
    Values,
    check_operand_count,
    incorrect_type,
)
from adorm.memory.expressions.errors import ExpressionFault
from adorm.memory.expressions.nodes import (
    Action,
    AddAction,
    Arithmetic,
    Call,
    DeleteAction,
    Operand,
    Path,
    RemoveAction,
    SetAction,
    ValuePlaceholder,
)
from adorm.memory.expressions.paths import refuse_overlaps
from adorm.memory.expressions.update_parser import FUNCTIONS
from adorm.memory.values.canonical import type_of

_ADDED_TYPES = frozenset(["N", "SS", "NS", "BS"])
_DELETED_TYPES = frozenset(["SS", "NS", "BS"])

_ADD_TYPE_NAMES = {"S": "STRING", "N": "NUMBER", "B": "Binary", "L": "LIST", "M": "MAP"}
"""The type names in refusals of ADD and DELETE; other types are written as their tags."""


class UpdateChecker:
    """Binds an update to a request and collects the checks that depend on values."""

    def __init__(self, bindings: Bindings) -> None:
        self.bindings = bindings
        self.checks: list[ValueCheck] = []

    def bind(self, actions: Sequence[Action]) -> tuple[Action, ...]:
        """Return the actions with attribute names in place of placeholders.

        Raises:
            ExpressionFault: the update breaks a rule; the docstring of the module lists them.
        """
        operands = [leaf for action in actions for leaf in leaves(action)]
        for leaf in operands:
            if isinstance(leaf, Path):
                self.bindings.path(leaf)
        for leaf in operands:
            if isinstance(leaf, ValuePlaceholder):
                self.bindings.value(leaf)
        bound = tuple(self._bind_action(each) for each in actions)
        refuse_overlaps(each.path for each in bound)
        for action in bound:
            if isinstance(action, AddAction | DeleteAction):
                self._check(_set_operand_check(action))
        for action in bound:
            if isinstance(action, SetAction):
                self._check_operand(action.value)
        return bound

    def _bind_action(self, action: Action) -> Action:
        path = self.bindings.path(action.path)
        match action:
            case SetAction(_, value):
                return SetAction(path, self._bind_operand(value))
            case RemoveAction():
                return RemoveAction(path)
            case AddAction(_, value):
                return AddAction(path, value)
            case DeleteAction(_, value):
                return DeleteAction(path, value)

    def _bind_operand(self, operand: Operand) -> Operand:
        match operand:
            case Path():
                return self.bindings.path(operand)
            case ValuePlaceholder():
                return operand
            case Arithmetic(operator, left, right):
                return Arithmetic(operator, self._bind_operand(left), self._bind_operand(right))
            case Call(function, operands):
                return Call(function, tuple(map(self._bind_operand, operands)))

    def _check_operand(self, operand: Operand) -> None:
        if isinstance(operand, Arithmetic):
            self._check_operand(operand.left)
            self._check_operand(operand.right)
            self._check_types(operand.operator, "N", (operand.left, operand.right))
        elif isinstance(operand, Call):
            for each in operand.operands:
                self._check_operand(each)
            check_operand_count(operand.function, operand.operands, FUNCTIONS)
            if operand.function == "list_append":
                self._check_types("list_append", "L", operand.operands)
            elif not isinstance(operand.operands[0], Path):
                raise ExpressionFault(
                    "Operator or function requires a document path; "
                    f"operator or function: {operand.function}"
                )

    def _check_types(self, operator: str, tag: str, operands: Sequence[Operand]) -> None:
        for operand in operands:
            if isinstance(operand, ValuePlaceholder):
                self._check(_operand_check(operator, tag, operand.name))

    def _check(self, check: ValueCheck) -> None:
        check(self.bindings.values)
        self.checks.append(check)


def leaves(action: Action) -> Iterator[Path | ValuePlaceholder]:
    """All paths and values of an action, in the order of the text."""
    yield action.path
    if isinstance(action, AddAction | DeleteAction):
        yield action.value
    if not isinstance(action, SetAction):
        return
    waiting = [action.value]
    while waiting:
        operand = waiting.pop()
        match operand:
            case Path() | ValuePlaceholder():
                yield operand
            case Arithmetic(_, left, right):
                waiting += (right, left)
            case Call(_, operands):
                waiting += reversed(operands)


def _set_operand_check(action: AddAction | DeleteAction) -> ValueCheck:
    adds = isinstance(action, AddAction)
    allowed = _ADDED_TYPES if adds else _DELETED_TYPES
    name = action.value.name

    def check(values: Values) -> None:
        tag = type_of(values[name])
        if tag not in allowed:
            raise ExpressionFault(
                "Incorrect operand type for operator or function; "
                f"operator: {'ADD' if adds else 'DELETE'}, "
                f"operand type: {_ADD_TYPE_NAMES.get(tag, tag)}, typeSet: ALLOWED_FOR_ADD_OPERAND"
            )

    return check


def _operand_check(operator: str, wanted: str, name: str) -> ValueCheck:
    def check(values: Values) -> None:
        tag = type_of(values[name])
        if tag != wanted:
            raise incorrect_type(operator, tag)

    return check
