"""`AnyCoder`: values without a type (`Any`, `object`, what a bare `list` or `dict` holds).

A value is written as its own class is, by hooks too. It is read as what DynamoDB stores: text, int
or Decimal, bool, None, bytes, a set, a list or a dict. So a tuple reads back as a list, a float as
an int or a Decimal, a datetime as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set as AbstractSet
from decimal import Decimal
from typing import Any

from adorm.codec.coders.coder import Coder, Decode, Encode, made_once
from adorm.codec.coders.containers import under_index, under_key
from adorm.codec.coders.numbers import untyped_json_decimal_text, untyped_json_value, untyped_number
from adorm.codec.coders.scalar import read_binary
from adorm.codec.failures import DecodeFailure, EncodeFailure, ValueFailure, brief, unexpected
from adorm.dynamodb.values import NULL
from adorm.errors import ModelError

_BASES: Mapping[type, Any] = {Mapping: dict, list: list, tuple: tuple, AbstractSet: set}
"""The base class of a container, and the class as which one of no other known class is stored."""


class AnyCoder(Coder):
    """Any value.

    Args:
        coder_of: gives the coder of a class.
        json: whether it is for a JSON field, which has floats, but neither bytes nor sets.
    """

    def __init__(self, coder_of: Callable[[type], Coder], *, json: bool) -> None:
        super().__init__("Any", None, open_ended=True)
        self._coder_of = coder_of
        self._json = json

    def accepts(self, value: object) -> bool:
        return True

    @made_once
    def encode(self) -> Encode:
        encoders: dict[type, Encode] = {}

        def encode_any(value: Any) -> Any:
            if value is None:
                return dict(NULL)
            encode = encoders.get(value.__class__)
            if encode is None:
                encode = encoders[value.__class__] = self._encoder(value)
            if not value and isinstance(value, AbstractSet):
                raise ValueFailure(
                    "an empty set, which DynamoDB can't hold and which would read back as None here"
                )
            return encode(value)

        return encode_any

    def _encoder(self, value: Any) -> Encode:
        cls: Any = value.__class__
        if self._json and issubclass(cls, Decimal):
            return lambda number: {"N": untyped_json_decimal_text(number)}
        if self._json and issubclass(cls, (bytes, bytearray, AbstractSet)):
            raise EncodeFailure(
                f"{brief(value)} would not come back as it is from untyped JSON: annotate it, or "
                "take as_json away"
            )
        if cls is object:
            raise EncodeFailure("a bare object(), which holds nothing that could be stored")
        try:
            return self._coder_of(cls).encode
        except ModelError as error:
            if cls.__module__.partition(".")[0] == "numpy":
                raise EncodeFailure(f"{brief(value)}, or annotate what is here") from error
            base = next((plain for base, plain in _BASES.items() if isinstance(value, base)), None)
            if base is None:
                raise EncodeFailure(str(error)) from error
            return self._coder_of(base).encode

    @made_once
    def decode(self) -> Decode:
        number = untyped_number
        if self._json:
            number = _json_number

        def decode_list(content: Any) -> Any:
            items = iter(content)
            try:
                return [decode_any(item) for item in items]
            except DecodeFailure as failure:
                raise under_index(failure, content, items) from failure.__cause__

        def decode_map(content: Any) -> Any:
            items = iter(content.items())
            try:
                return {key: decode_any(item) for key, item in items}
            except DecodeFailure as failure:
                raise under_key(failure, content, items) from failure.__cause__

        readers: Mapping[str, Callable[[Any], Any]] = {
            "S": str,
            "N": number,
            "BOOL": bool,
            "NULL": lambda _: None,
            "B": read_binary,
            "L": decode_list,
            "M": decode_map,
            "SS": lambda content: {text + "" for text in content},
            "NS": lambda content: {number(text) for text in content},
            "BS": lambda content: {read_binary(payload) for payload in content},
        }

        def decode_any(attribute_value: Any) -> Any:
            try:
                for tag in attribute_value:
                    value: Any = readers[tag](attribute_value[tag])
                    return value
            except (DecodeFailure, RecursionError):
                raise
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise unexpected("an attribute value", attribute_value) from error
            raise unexpected("an attribute value", attribute_value)

        return decode_any


def _json_number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return untyped_json_value(text)
