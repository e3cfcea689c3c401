"""Internal: literals of Amazon Ion, which PartiQL writes in backticks.

DynamoDB refuses them, and its message names their type.

https://amazon-ion.github.io/ion-docs/docs/spec.html
"""

from __future__ import annotations

import re

_INSIDE = re.compile(
    r"""
      '''(?s:.*?)'''
    | "(?:[^"\\]|\\.)*"
    | '(?:[^'\\]|\\.)*'
    | \{\{(?s:.*?)\}\}
    | //[^\r\n]*
    | /\*(?s:.*?)\*/
    | [^`]
    """,
    re.VERBOSE,
)


def end_of_ion(text: str, start: int) -> int | None:
    """Find the end of the literal that begins at `start`, behind its closing backtick.

    None if it does not end.
    """
    at = start + 1
    while at < len(text):
        if text[at] == "`":
            return at + 1
        match = _INSIDE.match(text, at)
        at = at + 1 if match is None else match.end()
    return None


_TYPES = [
    (re.compile(pattern, re.VERBOSE | re.DOTALL).fullmatch, name)
    for pattern, name in [
        (r"null | null\.[a-z]+", "NULL"),
        (r"true | false", "BOOL"),
        (r"\{\{ \s* (?: \" .* \" | '''.*''' ) \s* \}\}", "CLOB"),
        (r"\{\{ [A-Za-z0-9+/=\s]* \}\}", "BLOB"),
        (r"\{ (?!\{) .* \}", "STRUCT"),
        (r"\[ .* \]", "LIST"),
        (r"\( .* \)", "SEXP"),
        (r"\" (?: [^\"\\] | \\. )* \" | '''.*'''", "STRING"),
        (r"' (?: [^'\\] | \\. )* ' | [A-Za-z_$][A-Za-z0-9_$]*", "SYMBOL"),
        (r"[0-9]{4} (?: T | -[0-9]{2}T | -[0-9]{2}-[0-9]{2}T? (?: [0-9:.Z+\-]* ) )", "TIMESTAMP"),
        (r"-? (?: 0[xX][0-9a-fA-F_]+ | 0[bB][01_]+ | [0-9][0-9_]* )", "INT"),
        (r"-? [0-9][0-9_]* (?: \.[0-9_]* )? [eE][+-]?[0-9]+ | nan | [+-]inf", "FLOAT"),
        (r"-? [0-9][0-9_]* (?: \.[0-9_]* )? (?: [dD][+-]?[0-9]+ )?", "DECIMAL"),
    ]
]


def ion_type(literal: str) -> str | None:
    """The service's name for the type of a literal; None if it is not an Ion literal."""
    text = literal.strip()
    return next((name for matches, name in _TYPES if matches(text)), None)
