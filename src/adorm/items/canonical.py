"""The canonical form of an attribute value."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import Any


def canonical(attribute_value: dict[str, Any]) -> Any:
    """A form in which equal values are equal, whatever way they were written: `1` and `1.0`, bytes
    and their base64."""
    tag, content = next(iter(attribute_value.items()))
    match tag:
        case "S":
            return tag, content
        case "N":
            return tag, Decimal(content)
        case "NS":
            return tag, frozenset(Decimal(number) for number in content)
        case "B":
            return tag, _base64(content)
        case "BS":
            return tag, frozenset(_base64(member) for member in content)
        case "SS":
            return tag, frozenset(content)
        case "L":
            return tag, [canonical(element) for element in content]
        case "M":
            return tag, {name: canonical(value) for name, value in content.items()}
        case _:
            return tag, content


def _base64(content: bytes | str) -> str:
    return content if isinstance(content, str) else b64encode(content).decode()
