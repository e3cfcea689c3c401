"""Internal: the parser of conditions, filters and key conditions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from adorm.memory.expressions.lru_cache import cached_by_text
from adorm.memory.expressions.nodes import (
    And,
    Arithmetic,
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
from adorm.memory.expressions.parser import Parser, Steps, run

COMPARATORS = frozenset(["=", "<>", "<", "<=", ">", ">="])

FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
"""The functions of a condition, and the number of operands of each. Case matters."""

_UPDATE_FUNCTIONS = frozenset(["if_not_exists", "list_append"])


@cached_by_text
def parse_condition(text: str) -> ConditionNode:
    """Parse a condition.

    Raises:
        ExpressionFault: the text has a syntax error, exceeds a limit, uses a reserved word or
            misuses a function.
    """
    return _ConditionParser(text).parse()


class _ConditionParser(Parser):
    keywords = frozenset(["AND", "OR", "NOT", "BETWEEN", "IN"])
    fault_order = ("operators", "parentheses", "function", "misuse", "reserved", "path", "operand")

    def parse(self) -> ConditionNode:
        condition = run(self._either())
        self.take_end()
        found = self._condition(condition)
        self.raise_faults()
        return found

    # A rule below returns a condition or an operand: `(a) = :v` begins like `(a = :v)`, and only
    # what follows the parenthesis tells them apart.

    def _either(self) -> Steps:
        parts = [(yield self._both())]
        while self.at_keyword("OR"):
            parts.append(self._condition(parts.pop()))
            self.at += 1
            self.count_operator()
            parts.append(self._condition((yield self._both())))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Steps:
        parts = [(yield self._negation())]
        while self.at_keyword("AND"):
            parts.append(self._condition(parts.pop()))
            self.at += 1
            self.count_operator()
            parts.append(self._condition((yield self._negation())))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self) -> Steps:
        if not self.at_keyword("NOT"):
            return (yield self._comparison())
        self.at += 1
        self.count_operator()
        return Not(self._condition((yield self._negation())))

    def _comparison(self) -> Steps:
        left = yield self._primary()
        if self.token.kind == "symbol" and self.token.text in COMPARATORS:
            operator = self.token.text
            self._take_operator(left)
            return Comparison(operator, left, self._value((yield self._operand())))
        if self.at_keyword("BETWEEN"):
            self._take_operator(left)
            low = self._value((yield self._operand()))
            if not self.at_keyword("AND"):
                raise self.syntax_error()
            self.at += 1
            return Between(left, low, self._value((yield self._operand())))
        if self.at_keyword("IN"):
            self._take_operator(left)
            candidates = yield self._operands()
            return In(left, tuple(self._value(each) for each in candidates))
        return left

    def _take_operator(self, left: Operand | ConditionNode) -> None:
        if not isinstance(left, Path | ValuePlaceholder | Call):
            raise self.syntax_error()
        self._value(left)
        self.at += 1
        self.count_operator()

    def _primary(self) -> Steps:
        """Parse a group or an operand; the group may hold a condition."""
        if not self.at_symbol("("):
            return (yield self._operand())
        inside = yield self.take_group(self._either())
        return self._after_group(inside)

    def _operand(self) -> Steps:
        if self.at_symbol("("):
            inside = yield self.take_group(self._operand())
            return self._after_group(inside)
        if self.token.kind == "value":
            self.at += 1
            return ValuePlaceholder(self.tokens[self.at - 1].text)
        if self.at_name() and self.tokens[self.at + 1].text == "(":
            return (yield self._call())
        return self.take_path()

    def _after_group(self, inside: Operand | ConditionNode) -> Operand | ConditionNode:
        """Parse the rest of a path after a group: `(a.b).c`."""
        return self.take_path_after(inside.elements) if isinstance(inside, Path) else inside

    def _call(self) -> Steps:
        if self.token.kind != "identifier":
            raise self.syntax_error()
        function = self.token.text
        if function in _UPDATE_FUNCTIONS:
            self.keep_fault(
                "misuse",
                f"The function is not allowed in a condition expression; function: {function}",
            )
        elif function not in FUNCTIONS:
            self.keep_fault("function", f"Invalid function name; function: {function}")
        self.at += 1
        operands = yield self._operands()
        if function == "size" and any(isinstance(each, Call) for each in operands):
            self.keep_fault(
                "operand",
                "Incorrect operand type for operator or function; "
                "operator or function: size, operand type: N",
            )
        return Call(function, tuple(self._value(each) for each in operands))

    def _operands(self) -> Steps:
        """Parse a list in parentheses with at least one operand."""
        self.take_symbol("(")
        operands = [(yield self._operand())]
        while self.at_symbol(","):
            self.at += 1
            operands.append((yield self._operand()))
        self.take_symbol(")")
        return operands

    def _value(self, operand: Operand) -> Operand:
        """Return an operand. A function other than `size` has no value, which is a fault."""
        if isinstance(operand, Call) and operand.function != "size":
            self._misuse(operand)
        return operand

    def _condition(self, node: Operand | ConditionNode) -> ConditionNode:
        """Return a condition. A path or a value is a syntax error, as it lacks its operator."""
        if isinstance(node, Call):
            if node.function == "size":
                self._misuse(node)
            return node
        if isinstance(node, Path | ValuePlaceholder | Arithmetic):
            raise self.syntax_error()
        return node

    def _misuse(self, call: Call) -> None:
        self.keep_fault(
            "misuse",
            "The function is not allowed to be used this way in an expression; "
            f"function: {call.function}",
        )
