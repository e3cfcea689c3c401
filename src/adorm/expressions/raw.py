"""`raw`: a condition in DynamoDB's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from adorm.errors import UsageError
from adorm.expressions.conditions import OR, Condition
from adorm.expressions.placeholders import Operands, Placeholders, Shape

_PLACEHOLDER = re.compile(r"[#:][A-Za-z0-9_]+")


@attrs.define(eq=False)
class Raw(Condition):
    """A condition in DynamoDB's own words. Its placeholders are renamed to fit the request."""

    text: str
    names: Mapping[str, str]
    values: Mapping[str, Any]

    def encode_into(self, operands: Operands) -> Shape:
        for placeholder in _PLACEHOLDER.findall(self.text):
            if placeholder.startswith(":"):
                encoded = operands.encoder.encode_value(Any, self.values[placeholder])
                operands.values.append(encoded)
        # What the user's text binds by is not known: in doubt as loosely as OR.
        return (_write_raw, OR, self.text, tuple(self.names.items()))


def _write_raw(placeholders: Placeholders, text: str, names: tuple[tuple[str, str], ...]) -> str:
    attribute_names = dict(names)

    def renamed(found: re.Match[str]) -> str:
        old = found[0]
        if old.startswith("#"):
            return placeholders.name(attribute_names[old])
        return placeholders.value()

    placeholders.count_operator()
    return _PLACEHOLDER.sub(renamed, text)


def raw(
    text: str, *, names: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None
) -> Condition:
    """A condition in DynamoDB's own words: `raw("#a = :x", names={"#a": "age"}, values={":x": 5})`.

    Attribute names and values stand in it as placeholders only; they are renumbered, so that it
    combines with other conditions.

    Raises:
        UsageError: the text is empty, a placeholder has no name or value, or one given is not used.
    """
    names, values = dict(names or {}), dict(values or {})
    used = set(_PLACEHOLDER.findall(text))
    given = {*names, *values}
    if not text.strip():
        raise UsageError("raw() takes the text of a condition, such as '#a = :x'")
    if used - given:
        raise UsageError(
            f"raw({text!r}): no name or value is given for {', '.join(sorted(used - given))}"
        )
    if given - used:
        raise UsageError(f"raw({text!r}): {', '.join(sorted(given - used))} is given but not used")
    wrong = [name for name in names if not name.startswith("#")]
    wrong += [value for value in values if not value.startswith(":")]
    if wrong:
        raise UsageError(
            f"raw({text!r}): placeholders of names begin with '#', of values with ':', "
            f"not {', '.join(wrong)}"
        )
    return Raw(_without_outer_parentheses(text.strip()), names, values)


def _without_outer_parentheses(text: str) -> str:
    """The text without parentheses around all of it: DynamoDB refuses redundant ones, and those
    that are needed in a larger condition are put there again."""
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closing(text: str) -> int:
    """Where the parenthesis is closed that the text begins with; -1 where it is not."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position
    return -1
