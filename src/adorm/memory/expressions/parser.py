"""Internal: what the parsers of all expressions share: tokens, paths, functions, limits.

A parser is a recursive descent. The methods that call each other in a circle are generators: each
yields the call that it waits for, and `run` keeps their stack. So an expression of 4,096 opening
parentheses ends in the service's syntax error and not in Python's recursion limit.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

from adorm.memory.expressions.errors import ExpressionFault
from adorm.memory.expressions.nodes import Path
from adorm.memory.expressions.reserved_words import is_reserved
from adorm.memory.expressions.tokens import Token, read_tokens, syntax_error
from adorm.memory.limits import (
    MAX_EXPRESSION_BYTES,
    MAX_EXPRESSION_OPERATORS,
    MAX_LIST_INDEX,
    MAX_NESTING,
)

Steps: TypeAlias = Generator["Steps", Any, Any]
"""A rule of the grammar: it yields the rules that it waits for and returns the node that it read.
"""


def run(rule: Steps) -> Any:
    """Run a rule, and the rules that it waits for, on a stack of our own; return its result."""
    stack = [rule]
    answer: Any = None
    while stack:
        try:
            waited_for = stack[-1].send(answer)
        except StopIteration as done:
            stack.pop()
            answer = done.value
        else:
            stack.append(waited_for)
            answer = None
    return answer


class Parser:
    """A position in the tokens of one expression, with the faults that were found so far.

    The parser first checks the syntax of the whole expression. It keeps other faults by their kind
    with `keep_fault`. At the end it reports the kind that the service reports first.
    """

    keywords: frozenset[str] = frozenset()
    """The keywords of the grammar, in capital letters."""

    fault_order: tuple[str, ...] = ()
    """The kinds of faults, in the order in which the service reports them."""

    def __init__(self, text: str) -> None:
        if not text:
            raise ExpressionFault("The expression can not be empty;")
        size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
        if size > MAX_EXPRESSION_BYTES:
            raise ExpressionTooLong(size)
        self.text = text
        self.tokens = read_tokens(text)
        self.at = 0
        self.operators = 0
        self.faults: dict[str, ExpressionFault] = {}
        self.groups: dict[int, int] = {}
        """The groups in parentheses: the position after the opening one, and that of the closing
        one."""

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def syntax_error(self) -> ExpressionFault:
        """The syntax error at the next token."""
        return syntax_error(self.text, self.tokens, self.at)

    def keep_fault(self, kind: str, message: str) -> None:
        """Keep the first fault of each kind."""
        self.faults.setdefault(kind, ExpressionFault(message))

    def raise_faults(self) -> None:
        """Raise the fault that the service reports first, if there is any."""
        for kind in self.fault_order:
            if kind in self.faults:
                raise self.faults[kind]

    def at_symbol(self, symbol: str) -> bool:
        """Whether the next token is this symbol."""
        return self.token.kind == "symbol" and self.token.text == symbol

    def at_keyword(self, word: str) -> bool:
        """Whether the next token is this keyword; case does not matter."""
        return self.token.kind == "identifier" and self.token.text.upper() == word

    def take_symbol(self, symbol: str) -> None:
        """Read this symbol; any other token is a syntax error."""
        if not self.at_symbol(symbol):
            raise self.syntax_error()
        self.at += 1

    def take_end(self) -> None:
        """Check that the expression ends here; any token is a syntax error."""
        if self.token.kind != "end":
            raise self.syntax_error()

    def at_name(self) -> bool:
        """Whether the next token can begin a path."""
        if self.token.kind == "identifier":
            return self.token.text.upper() not in self.keywords
        return self.token.kind == "name"

    def take_name(self) -> str:
        """Read the name of an attribute, or its placeholder."""
        if not self.at_name():
            raise self.syntax_error()
        token = self.token
        if token.kind == "identifier" and is_reserved(token.text):
            self.keep_fault(
                "reserved",
                f"Attribute name is a reserved keyword; reserved keyword: {token.text}",
            )
        self.at += 1
        return token.text

    def take_path(self) -> Path:
        """Read a document path."""
        return self.take_path_after((self.take_name(),))

    def take_path_after(self, head: tuple[str | int, ...]) -> Path:
        """Read the rest of a path after its first elements: `.name` and `[index]`."""
        elements = list(head)
        while True:
            if self.at_symbol("."):
                self.at += 1
                elements.append(self.take_name())
            elif self.at_symbol("["):
                self.at += 1
                elements.append(self._take_index())
                self.take_symbol("]")
            else:
                break
        if len(elements) > MAX_NESTING:
            self.keep_fault(
                "path",
                f"The document path has too many nesting levels; nesting levels: {len(elements)}",
            )
        return Path(tuple(elements))

    def _take_index(self) -> int:
        if self.token.kind != "number":
            raise self.syntax_error()
        digits = self.token.text
        index = int(digits) if len(digits) <= 10 else MAX_LIST_INDEX + 1
        if index > MAX_LIST_INDEX:
            self.keep_fault(
                "path", f"List index is not within the allowable range; index: [{digits}]"
            )
        self.at += 1
        return index

    def take_group(self, rule: Steps) -> Steps:
        """Read a group in parentheses.

        A group that contains only another group has redundant parentheses, which are a fault.
        """
        self.take_symbol("(")
        start = self.at
        inside = yield rule
        self.take_symbol(")")
        if self.groups.get(start + 1) == self.at - 2:
            self.keep_fault("parentheses", "The expression has redundant parentheses;")
        self.groups[start] = self.at - 1
        return inside

    def count_operator(self) -> None:
        """Count one operator against the limit."""
        self.operators += 1
        if self.operators > MAX_EXPRESSION_OPERATORS:
            self.keep_fault(
                "operators",
                f"The expression contains too many operators; operator count: {self.operators}",
            )


class ExpressionTooLong(ExpressionFault):
    """The text has more bytes than an expression may have."""

    def __init__(self, size: int) -> None:
        super().__init__("Expression size has exceeded the maximum allowed size;")
        self.with_size = (
            f"Expression size has exceeded the maximum allowed size; expression size: {size}"
        )
