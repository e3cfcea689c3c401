"""Expressions and comments of generated Python, laid out as ruff and black lay them out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TypeAlias

import attrs

LINE_WIDTH = 100
INDENT = "    "


@attrs.frozen
class Group:
    """A call or a list: `adorm.attribute(default="", name="n")`, `[a, b]`.

    On one line if it fits; else one part a line, with a comma after the last one, which a formatter
    leaves as it is.
    """

    opening: str
    parts: Sequence[Part]
    closing: str


Expression: TypeAlias = "str | Group"


@attrs.frozen
class Part:
    """An argument or an element. `prefix` is what stands before it: `default=`."""

    prefix: str
    value: Expression


def call(function: str, *parts: Part) -> Group:
    """`function(a, b=c)`."""
    return Group(f"{function}(", parts, ")")


def listing(values: Sequence[Expression]) -> Group:
    """`[a, b]`."""
    return Group("[", [Part("", value) for value in values], "]")


def one_line(expression: Expression) -> str:
    """An expression without a line break."""
    if isinstance(expression, str):
        return expression
    inner = ", ".join(part.prefix + one_line(part.value) for part in expression.parts)
    return f"{expression.opening}{inner}{expression.closing}"


def lines_of(prefix: str, expression: Expression, indent: str, suffix: str = "") -> list[str]:
    """`prefix` and the expression as lines of at most `LINE_WIDTH` characters, if that is possible.

    Args:
        prefix: what stands before the expression in its line: `total: Decimal = `.
        indent: what each line begins with.
        suffix: what stands after it: `,`.
    """
    whole = f"{indent}{prefix}{one_line(expression)}{suffix}"
    if len(whole) <= LINE_WIDTH or isinstance(expression, str) or not expression.parts:
        return [whole]
    lines = [f"{indent}{prefix}{expression.opening}"]
    for part in expression.parts:
        lines += lines_of(part.prefix, part.value, indent + INDENT, ",")
    return [*lines, f"{indent}{expression.closing}{suffix}"]


def text(value: str) -> str:
    """A text as Python writes it, in double quotes where that needs no more backslashes."""
    written = repr(value)
    if written.startswith("'") and '"' not in written:
        return '"' + written[1:-1].replace("\\'", "'") + '"'
    return written


def comment(sentence: str, indent: str = "") -> list[str]:
    """A sentence as lines that begin with `# `. Whatever breaks lines becomes a space."""
    width = LINE_WIDTH - len(indent) - 2
    wrapped = textwrap.wrap(
        " ".join(sentence.split()), width, break_long_words=False, break_on_hyphens=False
    )
    return [f"{indent}# {line}" for line in wrapped]
