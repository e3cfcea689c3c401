"""Internal: the parser of statements.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html
"""

from __future__ import annotations

from adorm.memory.errors import EngineError, invalid
from adorm.memory.partiql.nodes import (
    Delete,
    Insert,
    Node,
    Order,
    Select,
    Update,
    Where,
)
from adorm.memory.partiql.operator_count import count_operators
from adorm.memory.partiql.term_parser import TermParser
from adorm.memory.partiql.tokens import Token, not_well_formed, read_tokens
from adorm.memory.partiql.words import SELECT

_RESERVED_IN_LIST = frozenset(
    ["insert_into", "set", "remove", "update", "delete", "select", "from", "where"]
)
_JOINS = frozenset(["join", "cross", "inner", "left", "right", "full", "outer"])
_RETURNING = frozenset(["all_old", "all_new", "modified_old", "modified_new"])


def parse(text: str) -> tuple[Node, int]:
    """Parse a statement; return it and its number of parameters.

    Raises:
        EngineError: the statement is not well formed.
    """
    return StatementParser(read_tokens(text)).parse()


def only_one_table() -> EngineError:
    """The refusal of a statement that names no table, or several."""
    return invalid("Only select from a single table or index is supported.")


class StatementParser(TermParser):
    """Parses one statement."""

    _nested: Token | None = None
    """The keyword of a writing statement that is inside another statement."""

    def parse(self) -> tuple[Node, int]:
        """See `adorm.memory.partiql.parser.parse`."""
        node = self.expression()
        if not self.at_end():
            if self.is_symbol(";"):
                raise not_well_formed(
                    "Unexpected token after semicolon. (Only one query is allowed.)"
                )
            raise not_well_formed("Unexpected token after expression")
        if self._nested is not None:
            raise not_well_formed(
                f"Keyword {self._nested.text} only expected at the top level in the query"
            )
        return node, self.parameters

    def statement(self) -> Node:
        """Parse the statement that begins with the next keyword."""
        token = self.head
        if self.nesting > 1 and token.text != "select":
            self._nested = self._nested or token
        match token.text:
            case "select":
                return self._select()
            case "insert_into":
                return self._insert()
            case "update":
                return self._update()
            case "delete":
                return self._delete()
            case "from":
                return self._from()
            case _:
                return self._changes_without_table()

    # ------------------------------------------------------------------ select

    def _select(self) -> Select:
        token = self.take()
        unsupported: Token | None = None
        if self.is_keyword("distinct", "all"):
            quantifier = self.take()
            unsupported = quantifier if quantifier.text == "distinct" else None
        if self.is_keyword("value"):
            unsupported = unsupported or self.take()
        has_alias = False
        columns: tuple[Node, ...] | None = None
        if self.is_star():
            self.take()
            if self.is_symbol(","):
                raise not_well_formed(
                    "Other expressions may not be present in the select list when '*' is used"
                    " without dot notation."
                )
        else:
            named = self.comma_list(self._column)
            columns = tuple(column for column, _ in named)
            has_alias = any(alias for _, alias in named)
        if not self.is_keyword("from"):
            raise not_well_formed("Expected FROM after SELECT list")
        self.take()
        source, is_named = self._source()
        unsupported = unsupported or self._clause("let")
        where = self._where(SELECT)
        unsupported = unsupported or self._clause("group") or self._clause("having")
        order = self._order()
        unsupported = unsupported or self._clause("limit") or self._clause("offset")
        return Select(columns, source, where, order, token, has_alias or is_named, unsupported)

    def _column(self) -> tuple[Node, bool]:
        if self.is_keyword(*_RESERVED_IN_LIST):
            raise not_well_formed(
                "Expected identifier or an expression but found unexpected keyword"
                f" '{self.head.text}' in a select list."
            )
        return self.expression(), self._alias()

    def _source(self) -> tuple[Node, bool]:
        source = self.expression(SELECT)
        has_alias = self._aliases()
        if self.is_symbol(",") or self.is_keyword(*_JOINS):
            raise only_one_table()
        return source, has_alias

    def _clause(self, keyword: str) -> Token | None:
        """Read a clause that DynamoDB does not have; return its keyword if it is there."""
        if not self.is_keyword(keyword):
            return None
        token = self.take()
        if keyword == "group":
            if self.is_keyword("partial"):
                self.take()
            self._take_by()
        if keyword in ("let", "group"):
            self.comma_list(lambda: (self.expression(SELECT), self._alias()))
        else:
            self.expression(SELECT)
        return token

    def _order(self) -> tuple[Order, ...]:
        if not self.is_keyword("order"):
            return ()
        self.take()
        self._take_by()
        return self.comma_list(self._order_term)

    def _order_term(self) -> Order:
        token = self.head
        term = self.expression()
        descending = False
        if self.head.kind == "word" and self.head.text in ("asc", "desc"):
            descending = self.take().text == "desc"
        if self.head.kind == "word" and self.head.text == "nulls":
            self.take()
            place = self.take()
            if place.kind != "word" or place.text not in ("first", "last"):
                raise not_well_formed("Expected FIRST OR LAST after NULLS")
        return Order(term, descending, token)

    def _take_by(self) -> None:
        if self.head.kind != "word" or self.head.text != "by":
            raise not_well_formed("Expected BY")
        self.take()

    # ------------------------------------------------------------------- parts

    def _alias(self) -> bool:
        """Read `AS name`, or a name alone."""
        if self.head.kind == "word" and self.head.text == "as":
            self.take()
            self._take_alias("AS")
            return True
        if self.head.kind in ("identifier", "quoted"):
            self.take()
            return True
        return False

    def _aliases(self) -> bool:
        """Read `AS name AT name BY name`; each part is optional."""
        found = self._alias()
        for word in ("at", "by"):
            if self.head.kind == "word" and self.head.text == word:
                self.take()
                self._take_alias(word.upper())
                found = True
        return found

    def _take_alias(self, word: str) -> None:
        if self.head.kind not in ("identifier", "quoted"):
            raise not_well_formed(f"Expected identifier for {word}-alias")
        self.take()

    def _where(self, above: int = 0) -> Where | None:
        if not self.is_keyword("where"):
            return None
        self.take()
        first = self.at
        condition = self.expression(above)
        return Where(condition, count_operators(self.tokens[first : self.at]))

    def _returning(self) -> str | None:
        if not self.is_keyword("returning"):
            return None
        self.take()
        if not self.is_keyword(*_RETURNING):
            raise not_well_formed(
                "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element."
            )
        wanted = self.take().text
        if not self.is_star():
            raise not_well_formed("Unsupported syntax in RETURNING columns.")
        self.take()
        return wanted

    # ------------------------------------------------------------------ writes

    def _insert(self) -> Insert:
        token = self.take()
        target = self.simple_path()
        if not self.is_keyword("value"):
            return Insert(target, self.expression(), token, unsupported=token)
        self.take()
        value = self.expression()
        unsupported: Token | None = None
        if self.head.kind == "word" and self.head.text == "at":
            unsupported = self.take()
            self.expression()
        if self._returning() is not None:
            unsupported = unsupported or token
        return Insert(target, value, token, unsupported)

    def _update(self) -> Update:
        token = self.take()
        target = self.simple_path()
        has_alias = self._aliases()
        assignments, removals = self._changes()
        return Update(
            target, assignments, removals, self._where(), self._returning(), token, has_alias
        )

    def _from(self) -> Update:
        token = self.take()
        target = self.expression()
        has_alias = self._aliases()
        where = self._where()
        assignments, removals = self._changes()
        return Update(target, assignments, removals, where, self._returning(), token, has_alias)

    def _changes_without_table(self) -> Update:
        token = self.head
        if token.text == "remove":
            self.take()
            return Update(None, (), (self.simple_path(),), None, None, token)
        self.take()
        return Update(None, self.comma_list(self._assignment), (), None, None, token)

    def _changes(self) -> tuple[tuple[tuple[Node, Node], ...], tuple[Node, ...]]:
        """Read any number of SET and REMOVE clauses, in any order."""
        assignments: list[tuple[Node, Node]] = []
        removals: list[Node] = []
        while self.is_keyword("set", "remove"):
            if self.take().text == "set":
                assignments += self.comma_list(self._assignment)
            else:
                removals.append(self.simple_path())
        if not assignments and not removals:
            raise not_well_formed("Expected data manipulation")
        return tuple(assignments), tuple(removals)

    def _assignment(self) -> tuple[Node, Node]:
        path = self.simple_path()
        if self.head.kind != "operator" or self.head.text != "=":
            raise not_well_formed("Expected '='")
        self.take()
        return path, self.expression()

    def _delete(self) -> Delete:
        token = self.take()
        if not self.is_keyword("from"):
            raise not_well_formed("Expected FROM after DELETE")
        self.take()
        target = self.simple_path()
        has_alias = self._aliases()
        return Delete(target, self._where(), self._returning(), token, has_alias)
