"""The two forms of items in JSON Schema: plain JSON, and DynamoDB's own JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from adorm.codec.coders.scalar import Scalar
from adorm.codec.plain import plain_of
from adorm.dynamodb.values import AttributeValue, as_json
from adorm.schema.scalar_types import real_class

Schema = dict[str, Any]

ATTRIBUTE_VALUE = "AttributeValue"
"""The definition of any attribute value."""

WHOLE = r"^-?[0-9]+$"
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
TIME = r"^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$"

_TEXT_FORMATS: Mapping[str, Schema] = {
    "UUID": {"format": "uuid"},
    "IPv4Address": {"format": "ipv4"},
    "IPv6Address": {"format": "ipv6"},
}
"""Of types that are found by the names of their classes, so that none is imported."""

_BINARY: Schema = {"type": "string", "contentEncoding": "base64"}


def _is_whole(scalar: Scalar) -> bool:
    return scalar.expected == "epoch seconds" or all(issubclass(cls, int) for cls in scalar.classes)


def _text(scalar: Scalar) -> Schema:
    """The schema of the texts that a type is stored as."""
    cls = real_class(scalar.classes[0])
    if issubclass(cls, datetime):
        return {"type": "string", "format": "date-time"}
    if issubclass(cls, date):
        return {"type": "string", "format": "date"}
    if issubclass(cls, time):
        return {"type": "string", "pattern": TIME}
    for base in cls.__mro__:
        if base.__name__ in _TEXT_FORMATS and base.__module__ in ("uuid", "ipaddress"):
            return {"type": "string", **_TEXT_FORMATS[base.__name__]}
    return {"type": "string"}


class PlainForm:
    """What `to_plain` gives."""

    with_computed = False

    def scalar(self, scalar: Scalar) -> Schema:
        """S, N, B or BOOL. A number is text where no number of JSON parsers holds it exactly."""
        if scalar.tag == "S":
            return _text(scalar)
        if scalar.tag == "B":
            return dict(_BINARY)
        if scalar.tag == "BOOL":
            return {"type": "boolean"}
        return self.whole_number() if _is_whole(scalar) else _number(scalar)

    def whole_number(self) -> Schema:
        """An int; text where it has more than 64 bits."""
        return {"type": ["integer", "string"], "pattern": WHOLE}

    def choices(self, stored: Sequence[AttributeValue]) -> Schema:
        """One of some values."""
        return _one_of([plain_of(value) for value in stored])

    def or_null(self, schema: Schema) -> Schema:
        """The same, or null."""
        kinds = schema.get("type")
        if kinds is None or "enum" in schema or "const" in schema:
            return schema if schema == {} else {"anyOf": [schema, {"type": "null"}]}
        return {**schema, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}

    def json_text(self) -> Schema:
        """The text of a field with `as_json`."""
        return {"type": "string", "contentMediaType": "application/json"}

    def list(self, element: Schema | None, **more: Any) -> Schema:
        """An array of such elements."""
        return {"type": "array", **({} if element is None else {"items": element}), **more}

    def set(self, tag: str, element: Schema) -> Schema:
        """A set, which is an array in JSON."""
        return {"type": "array", "items": element, "uniqueItems": True}

    def map(self, content: Schema) -> Schema:
        """An object; `content` is its schema."""
        return content

    def anything(self, definitions: dict[str, Any]) -> Schema:
        """Any value."""
        return {}


class DynamoDBForm:
    """DynamoDB's JSON: `{"S": "x"}`."""

    with_computed = True

    def scalar(self, scalar: Scalar) -> Schema:
        """S, N, B or BOOL."""
        if scalar.tag == "S":
            return _tagged("S", _text(scalar))
        if scalar.tag == "B":
            return _tagged("B", dict(_BINARY))
        if scalar.tag == "BOOL":
            return _tagged("BOOL", {"type": "boolean"})
        pattern = WHOLE if _is_whole(scalar) else NUMBER
        return _tagged("N", {"type": "string", "pattern": pattern})

    def whole_number(self) -> Schema:
        """An int."""
        return _tagged("N", {"type": "string", "pattern": WHOLE})

    def choices(self, stored: Sequence[AttributeValue]) -> Schema:
        """One of some values."""
        return _one_of([as_json(value) for value in stored])

    def or_null(self, schema: Schema) -> Schema:
        """The same, or NULL."""
        if schema.get("$ref") == f"#/$defs/{ATTRIBUTE_VALUE}":
            return schema
        return {"anyOf": [schema, _tagged("NULL", {"const": True})]}

    def json_text(self) -> Schema:
        """The text of a field with `as_json`."""
        return _tagged("S", {"type": "string", "contentMediaType": "application/json"})

    def list(self, element: Schema | None, **more: Any) -> Schema:
        """L of such elements."""
        items = {} if element is None else {"items": element}
        return _tagged("L", {"type": "array", **items, **more})

    def set(self, tag: str, element: Schema) -> Schema:
        """SS, NS or BS, which DynamoDB does not hold empty."""
        member = element["properties"][tag[0]]
        return _tagged(tag, {"type": "array", "items": member, "minItems": 1, "uniqueItems": True})

    def map(self, content: Schema) -> Schema:
        """M; `content` is the schema of what it holds."""
        return _tagged("M", content)

    def anything(self, definitions: dict[str, Any]) -> Schema:
        """Any attribute value."""
        if ATTRIBUTE_VALUE not in definitions:
            definitions[ATTRIBUTE_VALUE] = _any_attribute_value()
        return {"$ref": f"#/$defs/{ATTRIBUTE_VALUE}"}


def _number(scalar: Scalar) -> Schema:
    if all(issubclass(cls, float) for cls in scalar.classes):
        return {"type": "number"}
    return {"type": ["number", "string"], "pattern": NUMBER}


def _one_of(values: Sequence[Any]) -> Schema:
    return {"const": values[0]} if len(values) == 1 else {"enum": list(values)}


def _tagged(tag: str, content: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {tag: content},
        "required": [tag],
        "additionalProperties": False,
    }


def _any_attribute_value() -> Schema:
    text: Schema = {"type": "string"}
    number: Schema = {"type": "string", "pattern": NUMBER}
    value: Schema = {"$ref": f"#/$defs/{ATTRIBUTE_VALUE}"}
    some: Schema = {"type": "array", "minItems": 1, "uniqueItems": True}
    contents: dict[str, Schema] = {
        "S": text,
        "N": number,
        "B": _BINARY,
        "BOOL": {"type": "boolean"},
        "NULL": {"const": True},
        "SS": {**some, "items": text},
        "NS": {**some, "items": number},
        "BS": {**some, "items": _BINARY},
        "L": {"type": "array", "items": value},
        "M": {"type": "object", "additionalProperties": value},
    }
    return {"anyOf": [_tagged(tag, content) for tag, content in contents.items()]}
