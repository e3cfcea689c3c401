"""Internal: prints values as the service repeats them in its messages, in the format of Java.

A structure is printed with all its members: `KeySchemaElement(attributeName=pk, keyType=HASH)`. An
attribute value is printed with all its sixteen members, and a map in the order of a Java hash
table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from adorm.memory.java_hash_order import in_hash_order
from adorm.memory.limits import MAX_NESTING
from adorm.memory.shapes.model import AttributeValue, ListOf, MapOf, Shape, Structure, lower_first
from adorm.memory.values.canonical import BINARY_TYPES, base64_text

MAX_ECHO = 1024 * 1024
"""The most characters of a value that a message repeats. The limit is the engine's own, far above
usual requests."""

_VALUE_MEMBERS = (
    *("S", "N", "B", "INT", "DECIMAL", "DOUBLE", "SS", "NS", "BS"),
    *("INTSET", "DECIMALSET", "DOUBLESET", "M", "L", "NULL", "BOOL"),
)


class _Full(Exception):
    """The text has reached `MAX_ECHO` characters."""


class _Printer:
    """Collects text of at most `MAX_ECHO` characters."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.room = MAX_ECHO

    def write(self, text: str) -> None:
        self.parts.append(text[: self.room])
        self.room -= len(text)
        if self.room < 0:
            raise _Full

    def join(self, each: Iterable[Any], write: Callable[[Any], None], around: str) -> None:
        self.write(around[0])
        for at, one in enumerate(each):
            if at:
                self.write(", ")
            write(one)
        self.write(around[1])

    def value(self, shape: Shape, value: Any) -> None:
        """Print a value of a shape."""
        match shape:
            case _ if value is None:
                self.write("null")
            case AttributeValue():
                self.attribute_value(value, 0)
            case MapOf():
                self.map(value, lambda each: self.value(shape.value, each))
            case ListOf():
                self.join(value, lambda each: self.value(shape.element, each), "[]")
            case Structure():
                self.write(f"{shape.name}(")
                names = (*shape.members, *shape.unmodelled)
                for at, name in enumerate(names):
                    self.write(f"{', ' if at else ''}{lower_first(name)}=")
                    member = shape.members.get(name)
                    self.write("null") if member is None else self.value(member, value.get(name))
                self.write(")")
            case _:
                self.scalar(value)

    def map(self, value: Mapping[str, Any], write: Callable[[Any], None]) -> None:
        def entry(name: str) -> None:
            self.write(f"{name}=")
            write(value[name])

        self.join(in_hash_order(value), entry, "{}")

    def attribute_value(self, value: Mapping[str, Any], depth: int) -> None:
        if depth > MAX_NESTING:
            raise _Full
        self.write("AttributeValue(")
        for at, tag in enumerate(_VALUE_MEMBERS):
            self.write(f"{', ' if at else ''}{lower_first(tag)}=")
            content = value.get(tag)
            if content is None:
                self.write("null")
            elif tag == "M":
                self.map(content, lambda each: self.attribute_value(each, depth + 1))
            elif tag == "L":
                self.join(content, lambda each: self.attribute_value(each, depth + 1), "[]")
            elif tag == "B":
                self.bytes(content)
            elif tag == "BS":
                self.join(content, self.bytes, "[]")
            elif tag in ("SS", "NS"):
                self.join(content, self.scalar, "[]")
            else:
                self.scalar(content)
        self.write(")")

    def bytes(self, content: Any) -> None:
        text = base64_text(content)
        size = len(text) // 4 * 3 - text.count("=")
        self.write(f"java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]")

    def scalar(self, value: Any) -> None:
        self.write(str(value).lower() if isinstance(value, bool) else str(value))


def java_text(shape: Shape, value: Any) -> str:
    """A cleaned value as Java prints it."""
    printer = _Printer()
    try:
        printer.value(shape, value)
    except _Full:
        printer.parts.append("...")
    return "".join(printer.parts)


def json_text(value: Any) -> str:
    """A cleaned value as JSON with sorted members, as the newest messages repeat it."""
    try:
        text = orjson.dumps(value, default=_bytes_as_text, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # nested too deep for orjson
        return "..."
    return text if len(text) <= MAX_ECHO else f"{text[:MAX_ECHO]}..."


def _bytes_as_text(value: Any) -> str:
    if isinstance(value, BINARY_TYPES):
        return base64_text(value)
    raise TypeError
