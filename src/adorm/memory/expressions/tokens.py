"""Internal: splits the text of an expression into tokens, and words the service's syntax error."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from adorm.memory.expressions.errors import ExpressionFault

TokenKind = Literal["identifier", "name", "value", "number", "symbol", "unreadable", "end"]
"""`name` is the placeholder of an attribute name (`#n`), `value` that of a value (`:v`)."""


class Token(NamedTuple):
    """One token and its position in the text."""

    kind: TokenKind
    text: str
    start: int
    end: int


_SPACE = re.compile(r"[ \t\n\v\f\r]*")
_TOKEN = re.compile(
    r"""
      (?P<identifier> [A-Za-z][A-Za-z0-9_]* )
    | (?P<name>       \#[A-Za-z0-9_]+ )
    | (?P<value>      :[A-Za-z0-9_]+ )
    | (?P<number>     0 | [1-9][0-9]* )
    | (?P<symbol>     <> | <= | >= | [=<>+\-()\[\].,] )
    | (?P<unreadable> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def read_tokens(text: str) -> list[Token]:
    """Split an expression into tokens; the last token has the kind `end`.

    A character that belongs to no token becomes a token of the kind `unreadable`. No rule of the
    grammar accepts it, so the parser reports a syntax error at its position.
    """
    tokens: list[Token] = []
    at = _end_of_space(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            break
        kind = cast("TokenKind", match.lastgroup)  # the groups are named after the kinds
        tokens.append(Token(kind, match.group(), at, match.end()))
        at = _end_of_space(text, match.end())
    tokens.append(Token("end", "<EOF>", len(text), len(text)))
    return tokens


def _end_of_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def syntax_error(text: str, tokens: Sequence[Token], at: int) -> ExpressionFault:
    """The service's syntax error at a token: `Syntax error; token: "b", near: "a b c"`.

    `near` is the text from the previous token to the next one. At the end of the expression it is
    the last token. An expression of nothing but spaces is shown as it is.
    """
    token = tokens[at]
    if token.kind == "end":
        near = tokens[at - 1].text if at else text
    else:
        start = tokens[at - 1].start if at else token.start
        after = tokens[at + 1]
        near = text[start : token.end if after.kind == "end" else after.end]
    return ExpressionFault(f'Syntax error; token: "{token.text}", near: "{near}"')
