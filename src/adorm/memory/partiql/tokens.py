"""Internal: splits the text of a statement into tokens with their positions."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from adorm.memory.errors import EngineError, invalid
from adorm.memory.partiql.ion import end_of_ion, ion_type
from adorm.memory.partiql.words import (
    KEYWORD_ALIASES,
    KEYWORDS,
    MERGED_WORDS,
    OWN_TOKENS,
    WORD_OPERATORS,
)

TokenKind = Literal[
    "identifier",
    "quoted",
    "string",
    "number",
    "boolean",
    "null",
    "missing",
    "parameter",
    "operator",
    "keyword",
    "word",
    "symbol",
    "ion",
    "end",
]
"""`quoted` is a name in double quotes, `word` one of `OWN_TOKENS`, `ion` a literal of Amazon Ion in
backticks."""


class Token(NamedTuple):
    """One token and its position in the text."""

    kind: TokenKind
    text: str
    """The text without quotes. Keywords and operators are in lower case; an Ion literal is its
    type."""
    line: int
    """Counted from 1."""
    column: int
    """Counted from 1."""
    length: int
    """The characters in the statement, quotes included."""

    @property
    def place(self) -> str:
        """The position as messages write it: `1:15:4`."""
        return f"{self.line}:{self.column}:{self.length}"


def not_well_formed(what: str) -> EngineError:
    """The refusal of a statement that can't be parsed."""
    return invalid(f"Statement wasn't well formed, can't be processed: {what}")


_TOKEN = re.compile(
    r"""
      (?P<space>      [ \t\n\v\f\r]+ | --[^\r\n]* | /\* (?s:.*?) \*/ )
    | (?P<identifier> [A-Za-z_$][A-Za-z0-9_$]* )
    | (?P<number>     (?: [0-9]+ (?: \.[0-9]* )? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
    | (?P<string>     ' (?: [^'] | '' )* ' )
    | (?P<quoted>     " (?: [^"] | "" )* " )
    | (?P<parameter>  \? )
    | (?P<operator>   <> | <= | >= | != | \|\| | [=+\-*/%] | <(?!<) | >(?!>) )
    | (?P<symbol>     << | >> | [()\[\]{}:,;.] )
    """,
    re.VERBOSE,
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_tokens(text: str) -> list[Token]:
    """Split a statement into tokens; the last one has the kind `end`.

    Raises:
        EngineError: a character belongs to no token, or a quote, a comment or a number does not
            end. The service's message does not say which.
    """
    if _SURROGATE.search(text):
        raise not_well_formed("")
    tokens: list[Token] = []
    at, line, line_start = 0, 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is not None:
            kind, written, end = match.lastgroup, match.group(), match.end()
        else:
            ion_end = end_of_ion(text, at) if text[at] == "`" else None
            if ion_end is None:
                raise not_well_formed("")
            kind, end = "ion", ion_end
            written = text[at:end]
        place = (line, at - line_start + 1, end - at)
        if kind == "number" and "e" not in written.lower() and text[end : end + 1] in ("e", "E"):
            raise not_well_formed("")
        if kind == "operator" and written == "/" and text[end : end + 1] == "*":
            raise not_well_formed("")
        if kind != "space":
            _add(tokens, _token(str(kind), written, place))
        newlines = _NEWLINE.findall(written)
        if newlines:
            line += len(newlines)
            line_start = at + max(written.rfind("\n"), written.rfind("\r")) + 1
        at = end
    tokens.append(Token("end", "", line, at - line_start + 1, 0))
    return tokens


_NEWLINE = re.compile(r"\r\n|\r|\n")


def _token(kind: str, written: str, place: tuple[int, int, int]) -> Token:
    match kind:
        case "identifier":
            return _word(written, place)
        case "string":
            return Token("string", written[1:-1].replace("''", "'"), *place)
        case "quoted":
            return Token("quoted", written[1:-1].replace('""', '"'), *place)
        case "ion":
            ion = ion_type(written[1:-1])
            if ion is None:
                raise not_well_formed("")
            return Token("ion", ion, *place)
        case "number":
            _check_scale(written)
            return Token("number", written, *place)
        case "operator":
            return Token("operator", "<>" if written == "!=" else written, *place)
        case "parameter":
            return Token("parameter", written, *place)
        case _:
            return Token("symbol", written, *place)


def _word(written: str, place: tuple[int, int, int]) -> Token:
    word = written.lower()
    if word in WORD_OPERATORS:
        return Token("operator", word, *place)
    if word in OWN_TOKENS:
        return Token("word", word, *place)
    if word == "null":
        return Token("null", word, *place)
    if word == "missing":
        return Token("missing", word, *place)
    if word in ("true", "false"):
        return Token("boolean", word, *place)
    if word in KEYWORDS:
        return Token("keyword", KEYWORD_ALIASES.get(word, word), *place)
    return Token("identifier", written, *place)


def _add(tokens: list[Token], token: Token) -> None:
    """Append a token, or merge it with the previous one into one word."""
    if tokens and token.kind in ("keyword", "operator"):
        before = tokens[-1]
        merged = MERGED_WORDS.get((before.text, token.text))
        if merged is not None and before.kind in ("keyword", "operator"):
            kind: TokenKind = "operator" if before.text in ("not", "is") else "keyword"
            tokens[-1] = Token(kind, merged, before.line, before.column, before.length)
            return
    tokens.append(token)


_MAX_INT32 = 2**31 - 1


def _check_scale(number: str) -> None:
    """Refuse a number whose exponent or number of decimal places exceeds a 32-bit integer.

    Raises:
        EngineError: the exponent or the number of decimal places is not a 32-bit integer.
    """
    digits, _, exponent = number.lower().partition("e")
    if not exponent:
        return
    power = int(exponent) if len(exponent) < 20 else _MAX_INT32 + 1
    scale = len(digits.partition(".")[2]) - power
    if not (-_MAX_INT32 - 1 <= power <= _MAX_INT32 and -_MAX_INT32 - 1 <= scale <= _MAX_INT32):
        raise not_well_formed("")
