"""Attribute values as plain JSON and back, for `as_json` fields, `to_plain` and `from_plain`.

JSON has no sets and no bytes. So a JSON text may stand for text or for bytes: it is read as
`{"S": ..., "B": ...}`, of which a decoder takes the tag of its type; a set reads a list. Numbers
are kept as their digits, so that none is lost.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adorm.codec.coders.coder import Coder, Decode, Encode, made_once
from adorm.codec.coders.numbers import untyped_json_number, untyped_json_value
from adorm.codec.failures import DecodeFailure, unexpected
from adorm.dynamodb.values import AttributeValue, base64_text

_TEXT = json.JSONEncoder(ensure_ascii=False).encode
_NO_NUMBER = re.compile(r"\s*[+-]?(?:s?nan|inf)", re.IGNORECASE).match
"""Finds NaN and infinity, which Python takes for numbers and DynamoDB does not."""


class _Number(str):
    """The digits of a JSON number."""

    __slots__ = ()


class JsonCoder(Coder):
    """A value as one JSON string (S).

    Args:
        inner: the coder of the value itself.
        untyped: `object`, `dict` or `list` for `Any`, `dict[str, Any]` or `list[Any]`, which are
            read by the JSON parser alone; None for any other type.
    """

    def __init__(self, inner: Coder, *, untyped: type | None) -> None:
        super().__init__(f"{inner.name} as JSON", frozenset({"S"}), inner.classes)
        self._inner = inner
        self._untyped = untyped

    def accepts(self, value: object) -> bool:
        return self._inner.accepts(value)

    @made_once
    def encode(self) -> Encode:
        encode = self._inner.encode

        def encode_json(value: Any) -> AttributeValue:
            return {"S": json_text(encode(value))}

        return encode_json

    @made_once
    def decode(self) -> Decode:
        decode, untyped = self._inner.decode, self._untyped
        parse_float = _Number if untyped is None else untyped_json_value
        parse_int = _Number if untyped is None else int

        def decode_json(attribute_value: Any) -> Any:
            try:
                value = json.loads(
                    attribute_value["S"],
                    parse_float=parse_float,
                    parse_int=parse_int,
                    parse_constant=_refuse_constant,
                )
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise unexpected("JSON text", attribute_value) from error
            if untyped is None:
                return decode(attribute_value_of(value))
            if not isinstance(value, untyped):
                kind = "an object" if untyped is dict else "a list"
                raise unexpected(f"JSON text of {kind}", attribute_value)
            return value

        return decode_json


def json_text(attribute_value: Mapping[str, Any]) -> str:
    """The JSON text of an attribute value.

    Bytes are base64 text, sets are lists, numbers have all their digits.
    """
    tag, payload = next(iter(attribute_value.items()))
    if tag == "S":
        return _TEXT(payload)
    if tag == "N":
        return str(payload)
    if tag == "M":
        members = (f"{_TEXT(name)}:{json_text(value)}" for name, value in payload.items())
        return f"{{{','.join(members)}}}"
    if tag == "L":
        return f"[{','.join(map(json_text, payload))}]"
    if tag in ("SS", "NS", "BS"):
        return f"[{','.join(json_text({tag[0]: item}) for item in payload)}]"
    if tag == "B":
        return _TEXT(base64_text(payload))
    return "null" if tag == "NULL" else "true" if payload else "false"


def plain_of(attribute_value: Mapping[str, Any]) -> Any:
    """An attribute value as Python's dicts, lists, text, ints and floats.

    A number is text where neither an int of 64 bits nor a float holds it exactly.
    """
    tag, payload = next(iter(attribute_value.items()))
    if tag == "N":
        return _plain_number(payload)
    if tag == "M":
        return {name: plain_of(value) for name, value in payload.items()}
    if tag == "L":
        return [plain_of(item) for item in payload]
    if tag in ("SS", "NS", "BS"):
        return [plain_of({tag[0]: item}) for item in payload]
    if tag == "B":
        return base64_text(payload)
    return None if tag == "NULL" else payload


def attribute_value_of(plain: Any, *, number_texts: bool = False) -> AttributeValue:
    """The attribute value that plain JSON stands for.

    Args:
        number_texts: whether text may also stand for a number, as `plain_of` gives it.
    """
    if isinstance(plain, _Number):
        return {"N": str(plain)}
    if isinstance(plain, str):
        if number_texts and not _NO_NUMBER(plain):
            return {"S": plain, "B": plain, "N": plain}
        return {"S": plain, "B": plain}
    if plain is None:
        return {"NULL": True}
    if isinstance(plain, bool):
        return {"BOOL": plain}
    if isinstance(plain, (int, float, Decimal)):
        if not isinstance(plain, int) and not math.isfinite(plain):
            raise DecodeFailure(f"expected plain JSON, got {plain}")
        return {"N": repr(plain) if isinstance(plain, float) else str(plain)}
    if isinstance(plain, Mapping):
        # JSON
        return {
            "M": attribute_map_of(
                plain,  # pyright: ignore[reportUnknownArgumentType]
                number_texts=number_texts,
            )
        }
    if isinstance(plain, (list, tuple)):
        items: list[Any] = []
        # JSON
        for index, item in enumerate(  # pyright: ignore[reportUnknownVariableType]
            plain  # pyright: ignore[reportUnknownArgumentType]
        ):
            try:
                items.append(attribute_value_of(item, number_texts=number_texts))
            except DecodeFailure as failure:
                raise failure.under(index) from failure.__cause__
        return {"L": items}
    raise DecodeFailure(f"expected plain JSON, got a value of type {type(plain).__name__}")


def attribute_map_of(plain: Mapping[str, Any], *, number_texts: bool = False) -> dict[str, Any]:
    """The attribute map that a plain JSON object stands for; `number_texts` as above."""
    result: dict[str, Any] = {}
    for name, value in plain.items():
        try:
            result[name] = attribute_value_of(value, number_texts=number_texts)
        except DecodeFailure as failure:
            raise failure.under(str(name)) from failure.__cause__
    return result


def _plain_number(text: str) -> Any:
    try:
        whole = int(text)
        return whole if -(2**63) <= whole < 2**63 else text
    except ValueError:
        number = untyped_json_number(text)
        if isinstance(number, float) and number.is_integer() and abs(number) < 2**53:
            return int(number)
        return text if isinstance(number, Decimal) else number


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")
