"""Internal: expressions are rewritten for moto where it understands them unlike DynamoDB."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PATH = r"[#\w]+(?:\s*\[\s*\d+\s*\]|\s*\.\s*[#\w]+)*"
_SIZE = rf"size\s*\(\s*(?:{_PATH})\s*\)"
_OPERAND = rf"(?:{_SIZE}|:\w+|{_PATH})"
_COMPARISON = re.compile(
    rf"(?<![\w#:.])(?:{_OPERAND}\s*(?:<>|<=|>=|=|<|>)\s*{_OPERAND}"
    rf"|{_OPERAND}\s+(?i:BETWEEN)\s+{_OPERAND}\s+(?i:AND)\s+{_OPERAND}"
    rf"|{_OPERAND}\s+(?i:IN)\s*\([^()]*\))"
)
_SIZED = re.compile(rf"(?<![\w#:.])size\s*\(\s*({_PATH})\s*\)")
_ASSIGNED = re.compile(r"(?:\bSET\s+|,\s*)([#\w]+)\s*=(?!=)", re.IGNORECASE)


def with_sizes_guarded(expression: str) -> str:
    """The same condition, with a check before each `size()` that its attribute exists.

    In DynamoDB the size of a missing attribute equals nothing: `size(a) <> :v` is true, every other
    comparison is false. moto fails with a Python error.
    """
    return _COMPARISON.sub(_guarded, expression)


def _guarded(comparison: re.Match[str]) -> str:
    text = comparison.group()
    paths = dict.fromkeys(_SIZED.findall(text))
    if not paths:
        return text
    joint, function = (
        (" OR ", "attribute_not_exists") if "<>" in text else (" AND ", "attribute_exists")
    )
    guarded = joint.join([*(f"{function}({path})" for path in paths), text])
    before, after = (
        comparison.string[: comparison.start()].rstrip(),
        comparison.string[comparison.end() :].lstrip(),
    )
    # Doubled parentheses are refused.
    return guarded if before.endswith("(") and after.startswith(")") else f"({guarded})"


def assigned_attributes(update_expression: str, names: Mapping[str, str]) -> set[str]:
    """The top-level attributes that its SET clause assigns as a whole, by their names."""
    return {names.get(name, name) for name in _ASSIGNED.findall(update_expression)}
