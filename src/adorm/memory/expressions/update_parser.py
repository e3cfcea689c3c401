"""Internal: the parser of updates: SET, REMOVE, ADD and DELETE, each at most once.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from typing import Literal

from adorm.memory.expressions import condition_parser
from adorm.memory.expressions.lru_cache import cached_by_text
from adorm.memory.expressions.nodes import (
    Action,
    AddAction,
    Arithmetic,
    Call,
    DeleteAction,
    Operand,
    RemoveAction,
    SetAction,
    ValuePlaceholder,
)
from adorm.memory.expressions.parser import Parser, Steps, run

FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
"""The functions of a SET action, and the number of operands of each. Case matters."""

_CONDITION_FUNCTIONS = frozenset(condition_parser.FUNCTIONS)


@cached_by_text
def parse_update(text: str) -> tuple[Action, ...]:
    """Parse the actions of an update, in the order of the text.

    Raises:
        ExpressionFault: the text has a syntax error, exceeds a limit, uses a reserved word or an
            unknown function, or repeats a section.
    """
    return _UpdateParser(text).parse()


class _UpdateParser(Parser):
    keywords = frozenset(["SET", "REMOVE", "ADD", "DELETE"])
    fault_order = ("operators", "parentheses", "reserved", "function", "misuse", "section", "path")

    def parse(self) -> tuple[Action, ...]:
        actions: list[Action] = []
        seen: set[str] = set()
        while True:
            section = self.token.text.upper()
            if self.token.kind != "identifier" or section not in self.keywords:
                raise self.syntax_error()
            if section in seen:
                self.keep_fault(
                    "section",
                    f'The "{section}" section can only be used once in an update expression;',
                )
            seen.add(section)
            self.at += 1
            actions.append(self._action(section))
            while self.at_symbol(","):
                self.at += 1
                actions.append(self._action(section))
            if self.at == len(self.tokens) - 1:
                break
        self.raise_faults()
        return tuple(actions)

    def _action(self, section: str) -> Action:
        path = self.take_path()
        if section == "SET":
            self.take_symbol("=")
            return SetAction(path, run(self._value()))
        if section == "REMOVE":
            return RemoveAction(path)
        if self.token.kind != "value":
            raise self.syntax_error()
        value = ValuePlaceholder(self.token.text)
        self.at += 1
        return AddAction(path, value) if section == "ADD" else DeleteAction(path, value)

    def _value(self) -> Steps:
        """Parse the value of SET: an operand, or the sum or difference of two."""
        left = yield self._operand()
        if not (self.at_symbol("+") or self.at_symbol("-")):
            return left
        operator: Literal["+", "-"] = "+" if self.token.text == "+" else "-"
        self.at += 1
        self.count_operator()
        return Arithmetic(operator, left, (yield self._operand()))

    def _operand(self) -> Steps:
        if self.at_symbol("("):
            return (yield self.take_group(self._value()))
        if self.token.kind == "value":
            self.at += 1
            return ValuePlaceholder(self.tokens[self.at - 1].text)
        if self.token.kind == "identifier" and self.tokens[self.at + 1].text == "(":
            return (yield self._call())
        return self.take_path()

    def _call(self) -> Steps:
        function = self.token.text
        if function in _CONDITION_FUNCTIONS:
            self.keep_fault(
                "misuse",
                f"The function is not allowed in an update expression; function: {function}",
            )
        elif function not in FUNCTIONS:
            self.keep_fault("function", f"Invalid function name; function: {function}")
        self.count_operator()
        self.at += 1
        self.take_symbol("(")
        operands = [(yield self._operand())]
        while self.at_symbol(","):
            self.at += 1
            operands.append((yield self._operand()))
        self.take_symbol(")")
        return Call(function, tuple(self._nested(each) for each in operands))

    def _nested(self, operand: Operand) -> Operand:
        """Return an operand of a function. `list_append` is a fault there."""
        if isinstance(operand, Call) and operand.function == "list_append":
            self.keep_fault(
                "misuse",
                "The function is not allowed to be used this way in an expression; "
                f"function: {operand.function}",
            )
        return operand
