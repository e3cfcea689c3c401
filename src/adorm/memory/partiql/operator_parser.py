"""Internal: the parser of operators and their operands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from adorm.memory.errors import EngineError
from adorm.memory.partiql.nodes import (
    Arithmetic,
    Constant,
    ListNode,
    Node,
    Operation,
    TypeTest,
)
from adorm.memory.partiql.token_reader import TokenReader
from adorm.memory.partiql.tokens import Token, not_well_formed
from adorm.memory.partiql.words import (
    ADDITION,
    COMPARISON,
    INFIX,
    MULTIPLICATION,
    NOT,
    TYPES,
)

MAX_TERM_NESTING = 64
"""The deepest nesting of parentheses, literals and subscripts. The service has no such limit except
its own stack."""


class OperatorParser(TokenReader, ABC):
    """Parses terms with operators between them; a subclass parses the terms."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        super().__init__(tokens)
        self.nesting = 0
        """The number of expressions around the next token."""
        self._chained = 0

    @abstractmethod
    def path_or_term(self) -> Node:
        """Parse a term and the steps of the path that begins with it."""

    def expression(self, above: int = 0) -> Node:
        """Parse a term and every operator that binds more strongly than `above`, with its operands.

        Raises:
            EngineError: the next token can't begin an expression, or the nesting is too deep.
        """
        self.nesting += 1
        if self.nesting > MAX_TERM_NESTING:
            raise _too_deep()
        left = self._unary()
        compares = False
        while self.head.kind == "operator" and INFIX.get(self.head.text, 0) > above:
            left = self._infix(left)
            if isinstance(left, Arithmetic) or left.at.text in ("and", "or"):
                continue
            if compares:
                self._count_chained()
            compares = True
        self.nesting -= 1
        return left

    def _count_chained(self) -> None:
        """Refuse a statement with too many comparisons of comparisons, such as `a = b = c`."""
        self._chained += 1
        if self._chained > MAX_TERM_NESTING:
            raise _too_deep()

    def _infix(self, left: Node) -> Node:
        operator = self.take()
        word = operator.text
        if word in ("is", "is_not"):
            return TypeTest(left, self._type_name(), word == "is_not", operator)
        if word in ("in", "not_in") and self.is_symbol("(") and not self._is_subquery():
            opening = self.take()
            members = self.comma_list(self.expression)
            self.take_symbol(")", "RIGHT_PAREN")
            return _infix_operation(operator, (left, ListNode(members, opening)))
        right = self._right_side(INFIX[word])
        if word in ("between", "not_between"):
            self.take_keyword("and")
            if self.at_end():
                raise not_well_formed("Expected expression after AND")
            return _infix_operation(operator, (left, right, self.expression(COMPARISON)))
        if word in ("like", "not_like") and self.is_keyword("escape"):
            self.take()
            if self.at_end():
                raise not_well_formed("Expected expression after ESCAPE")
            return _infix_operation(operator, (left, right, self.expression(COMPARISON)))
        if word in ("and", "or"):
            return _chain(operator, left, right)
        if INFIX[word] in (ADDITION, MULTIPLICATION):
            return _arithmetic(operator, left, right)
        return _infix_operation(operator, (left, right))

    def _is_subquery(self) -> bool:
        return self.following().kind == "keyword" and self.following().text == "select"

    def _right_side(self, precedence: int) -> Node:
        if self.at_end():
            raise not_well_formed("Missing right-hand side expression of infix operator")
        return self.expression(precedence)

    def _unary(self) -> Node:
        """Parse a term with the NOTs and signs before it.

        Any number of them adds no nesting.
        """
        first = self.head
        signs: list[str] = []
        while self.head.kind == "operator" and self.head.text in ("+", "-", "not"):
            if self.head.text == "not":
                operand = self._negated()
                return operand if not signs else Operation(signs[0], (operand,), first)
            signs.append(self.take().text)
        term = self.path_or_term()
        if not signs:
            return term
        if not (isinstance(term, Constant) and "N" in term.value):
            return Operation(signs[0], (term,), first)
        if signs.count("-") % 2 == 0:
            return term
        number: str = term.value["N"]
        return Constant({"N": number[1:] if number[0] == "-" else f"-{number}"}, term.at)

    def _negated(self) -> Node:
        first = self.head
        times = 0
        while self.head.kind == "operator" and self.head.text == "not":
            self.take()
            times += 1
        operand = self.expression(NOT)
        for _ in range(2 if times % 2 == 0 else 1):
            operand = Operation("not", (operand,), first)
        return operand

    def _type_name(self) -> str:
        token = self.head
        known = TYPES.get(token.text) if token.kind in ("keyword", "null", "missing") else None
        if known is None:
            raise not_well_formed("Expected type name")
        self.take()
        if self.is_symbol("("):
            self.take()
            lengths = self.comma_list(self.expression)
            self.take_symbol(")", "RIGHT_PAREN")
            if len(lengths) > known[1]:
                raise not_well_formed(
                    f"is type argument {token.text} must have arity of 0..{known[1]}"
                )
            if not all(isinstance(each, Constant) and "N" in each.value for each in lengths):
                raise not_well_formed("Type parameter must be an unsigned integer literal")
        return known[0]


def _too_deep() -> EngineError:
    return not_well_formed("Too many levels of nesting")


def _infix_operation(operator: Token, operands: tuple[Node, ...]) -> Node:
    """Make an operation. A NOT before the operator becomes the NOT of the operation without it."""
    word, negated = operator.text, operator.text.startswith("not_")
    operation = Operation(word.removeprefix("not_"), operands, operator)
    return Operation("not", (operation,), operator) if negated else operation


def _chain(operator: Token, left: Node, right: Node) -> Node:
    """Join two sides with AND or OR; a side with the same operator adds its operands."""
    operands: list[Node] = []
    for side in (left, right):
        if isinstance(side, Operation) and side.operator == operator.text:
            operands += side.operands
        else:
            operands.append(side)
    return Operation(operator.text, tuple(operands), operator)


def _arithmetic(operator: Token, left: Node, right: Node) -> Node:
    if isinstance(left, Arithmetic):
        return Arithmetic((*left.operators, operator.text), (*left.operands, right), operator)
    return Arithmetic((operator.text,), (left, right), operator)
