"""Internal: a reader of the tokens of a statement, for its parser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from adorm.memory.partiql.tokens import Token, not_well_formed

_Part = TypeVar("_Part")


class TokenReader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        """The index of the next token."""

    @property
    def head(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def following(self) -> Token:
        """The token after the next one."""
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Read one token."""
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def is_keyword(self, *words: str) -> bool:
        """Whether the next token is one of these keywords."""
        return self.head.kind == "keyword" and self.head.text in words

    def is_symbol(self, symbol: str) -> bool:
        """Whether the next token is this one."""
        return self.head.kind == "symbol" and self.head.text == symbol

    def is_star(self) -> bool:
        """Whether the next token is `*`."""
        return self.head.kind == "operator" and self.head.text == "*"

    def take_symbol(self, symbol: str, name: str) -> None:
        """Read this symbol; any other token is a syntax error.

        Raises:
            EngineError: the next token is another one.
        """
        if not self.is_symbol(symbol):
            raise not_well_formed(f"Expected {name}")
        self.take()

    def take_keyword(self, word: str) -> None:
        """Read this keyword; any other token is a syntax error.

        Raises:
            EngineError: the next token is another one.
        """
        if self.head.kind not in ("keyword", "operator") or self.head.text != word:
            raise not_well_formed(f"Expected {word.upper()} keyword")
        self.take()

    def at_end(self) -> bool:
        """Whether nothing is left except a semicolon."""
        if self.is_symbol(";"):
            return self.following().kind == "end"
        return self.head.kind == "end"

    def comma_list(self, read: Callable[[], _Part]) -> tuple[_Part, ...]:
        """Read one part, and another one after each comma."""
        parts = [read()]
        while self.is_symbol(","):
            self.take()
            parts.append(read())
        return tuple(parts)
