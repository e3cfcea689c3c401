"""Internal: the parser of terms: names, literals, calls, and paths that begin with them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from adorm.memory.partiql.nodes import (
    Bag,
    Call,
    Case,
    Constant,
    Dot,
    Ion,
    ListNode,
    Missing,
    Name,
    Node,
    Parameter,
    Path,
    Step,
    Struct,
    Subscript,
    Wildcard,
)
from adorm.memory.partiql.operator_parser import OperatorParser
from adorm.memory.partiql.tokens import Token, not_well_formed
from adorm.memory.partiql.words import FUNCTION_KEYWORDS

STATEMENT_KEYWORDS = frozenset(
    ["select", "insert_into", "update", "delete", "from", "set", "remove"]
)


class TermParser(OperatorParser):
    """Parses terms. Statements are terms of the language too; a subclass parses them."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        super().__init__(tokens)
        self.parameters = 0
        """The number of parameters so far."""

    # ------------------------------------------------------------------- paths

    def path_or_term(self) -> Node:
        """Parse a term and the steps of the path that begins with it."""
        return self._with_steps(self._term(), simple=False)

    def simple_path(self) -> Node:
        """Parse a name and the steps after it, where no other term is allowed.

        Raises:
            EngineError: the next token is not a name.
        """
        if self.head.kind not in ("identifier", "quoted"):
            raise not_well_formed("Expected identifier for simple path")
        token = self.take()
        return self._with_steps(Name(token.text, token), simple=True)

    def _with_steps(self, root: Node, *, simple: bool) -> Node:
        steps: list[Step] = []
        while True:
            if self.is_symbol("."):
                self.take()
                steps.append(self._dot(simple=simple))
            elif self.is_symbol("["):
                steps.append(self._subscript(simple=simple))
            else:
                return Path(root, tuple(steps), root.at) if steps else root

    def _dot(self, *, simple: bool) -> Step:
        if self.is_star():
            if simple:
                raise not_well_formed("Invalid path dot component for simple path")
            return Wildcard(self.take())
        if self.head.kind not in ("identifier", "quoted"):
            raise not_well_formed("Invalid path dot component")
        token = self.take()
        return Dot(token.text, token)

    def _subscript(self, *, simple: bool) -> Step:
        opening = self.take()
        if self.is_star() and not simple:
            star = self.take()
            self.take_symbol("]", "RIGHT_BRACKET")
            return Wildcard(star)
        index = self.expression()
        self.take_symbol("]", "RIGHT_BRACKET")
        if simple and not isinstance(index, Constant):
            raise not_well_formed("Invalid path component for simple path")
        return Subscript(index, opening)

    # ------------------------------------------------------------------- terms

    @abstractmethod
    def statement(self) -> Node:
        """Parse the statement that begins with the next keyword."""

    def _term(self) -> Node:
        token = self.head
        match token.kind:
            case "string":
                return Constant({"S": token.text}, self.take())
            case "number":
                return Constant({"N": token.text}, self.take())
            case "boolean":
                return Constant({"BOOL": token.text == "true"}, self.take())
            case "null":
                return Constant({"NULL": True}, self.take())
            case "missing":
                return Missing(self.take())
            case "ion":
                return Ion(self.take())
            case "parameter":
                self.parameters += 1
                return Parameter(self.parameters - 1, self.take())
            case "identifier" | "quoted":
                return self._name_or_call()
            case "symbol":
                return self._group_or_literal()
            case "keyword":
                return self._keyword_term()
            case "operator" if token.text != "*":
                raise not_well_formed("Unexpected operator")
            case _:
                raise not_well_formed("Unexpected term")

    def _name_or_call(self) -> Node:
        token = self.take()
        return self._call(token) if self.is_symbol("(") else Name(token.text, token)

    def _call(self, name: Token) -> Node:
        self.take()
        function = name.text.lower()
        arguments: tuple[Node, ...] = ()
        if self.is_star():
            if function != "count":
                raise not_well_formed(f"{function}(*) is not allowed")
            self.take()
        elif not self.is_symbol(")"):
            if function in ("count", "avg", "max", "min", "sum") and self.is_keyword(
                "distinct", "all"
            ):
                self.take()
            arguments = self.comma_list(self.expression)
        self.take_symbol(")", "RIGHT_PAREN")
        return Call(function, arguments, name)

    def _keyword_term(self) -> Node:
        token = self.head
        if token.text in STATEMENT_KEYWORDS:
            return self.statement()
        if token.text == "case":
            return self._case()
        if token.text == "values":
            self.take()
            return Bag(self.comma_list(self._row), token)
        if token.text in FUNCTION_KEYWORDS and self.following().text == "(":
            return self._call(self.take())
        raise not_well_formed("Unexpected keyword")

    def _row(self) -> Node:
        opening = self.head
        self.take_symbol("(", "LEFT_PAREN for row value constructor")
        members = self.comma_list(self.expression)
        self.take_symbol(")", "RIGHT_PAREN")
        return ListNode(members, opening)

    def _case(self) -> Node:
        token = self.take()
        is_simple = not self.is_keyword("when")
        if is_simple:
            self.expression()
        if not self.is_keyword("when"):
            raise not_well_formed("Expected a WHEN clause in CASE")
        while self.is_keyword("when"):
            self.take()
            self.expression()
            self.take_keyword("then")
            self.expression()
        if self.is_keyword("else"):
            self.take()
            self.expression()
        self.take_keyword("end")
        return Case(is_simple, token)

    def _group_or_literal(self) -> Node:
        token = self.head
        match token.text:
            case "(":
                self.take()
                group = self.comma_list(self.expression)
                self.take_symbol(")", "RIGHT_PAREN")
                return group[0] if len(group) == 1 else ListNode(group, token)
            case "[":
                return ListNode(self._members("]", "RIGHT_BRACKET"), token)
            case "<<":
                return Bag(self._members(">>", "RIGHT_DOUBLE_ANGLE_BRACKET"), token)
            case "{":
                return self._struct()
            case _:
                raise not_well_formed("Unexpected term")

    def _members(self, closing: str, name: str) -> tuple[Node, ...]:
        self.take()
        members = () if self.is_symbol(closing) else self.comma_list(self.expression)
        self.take_symbol(closing, name)
        return members

    def _struct(self) -> Node:
        opening = self.take()
        entries = () if self.is_symbol("}") else self.comma_list(self._entry)
        self.take_symbol("}", "RIGHT_CURLY")
        return Struct(entries, opening)

    def _entry(self) -> tuple[Node, Node]:
        key = self.expression()
        self.take_symbol(":", "COLON")
        return key, self.expression()
