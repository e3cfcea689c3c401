"""`Scalar` and `ScalarCoder`: a type that is stored as one S, N, B or BOOL."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Any

from adorm.codec.coders.coder import Coder, Decode, DecodeSource, Encode, EncodeSource, made_once
from adorm.codec.failures import DecodeFailure, unexpected, wrong
from adorm.support.records import Record


class Scalar(Record):
    """How the values of one type are written and read.

    Args:
        tag: S, N, B or BOOL.
        expected: what a message says is expected there: `a whole number`.
        write: makes what the tag holds of a value; raises `EncodeFailure`.
        read: makes the value of what the tag holds; raises whatever it likes.
        classes: the classes whose values are surely meant for it, among the members of a union.
        encode_source: writes the common values, in generated code; without it `write` is called.
        decode_source: reads the common values, in generated code; without it `read` is called.
        has_one_form: whether what DynamoDB takes for different keys is read as different values,
            and each value is written just as it was read.
    """

    tag: str
    expected: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    classes: tuple[type, ...]
    encode_source: EncodeSource | None = None
    decode_source: DecodeSource | None = None
    has_one_form: bool = False


class ScalarCoder(Coder):
    """A `Scalar` as a coder."""

    def __init__(self, name: str, scalar: Scalar) -> None:
        super().__init__(name, frozenset({scalar.tag}), scalar.classes)
        self.scalar = scalar

    @made_once
    def encode(self) -> Encode:
        tag, write = self.scalar.tag, self.scalar.write

        def encode_scalar(value: Any) -> dict[str, Any]:
            return {tag: write(value)}

        return encode_scalar

    @made_once
    def decode(self) -> Decode:
        return scalar_decoder(self.scalar.tag, self.scalar.read, self.scalar.expected)

    def encode_source(self) -> EncodeSource | None:
        return self.scalar.encode_source

    def decode_source(self) -> DecodeSource | None:
        return self.scalar.decode_source

    def accepts(self, value: object) -> bool:
        if isinstance(value, bool):
            return bool in self.classes
        if isinstance(value, datetime):
            return any(issubclass(cls, datetime) for cls in self.classes)
        return isinstance(value, self.classes)


def scalar_decoder(tag: str, read: Callable[[Any], Any], expected: str) -> Decode:
    """A decoder that checks everything.

    Every failure is a `DecodeFailure` that says what was expected.
    """
    payload_type: tuple[type, ...] = {"BOOL": (bool,), "B": (str, bytes, bytearray)}.get(
        tag, (str,)
    )

    def decode_scalar(attribute_value: Any) -> Any:
        try:
            payload = attribute_value[tag]
        except (KeyError, TypeError, IndexError) as error:
            raise unexpected(expected, attribute_value) from error
        if not isinstance(payload, payload_type):
            raise unexpected(expected, attribute_value)
        try:
            return read(payload)
        except (DecodeFailure, RecursionError):
            raise
        except Exception as error:  # constructors of users' subclasses raise what they like
            raise unexpected(expected, attribute_value) from error

    return decode_scalar


def text_of(value: object) -> str:
    """A str as it is, an instance of a subclass as a plain str."""
    if not isinstance(value, str):
        raise wrong("text", value)
    return str.__str__(value)


def read_binary(payload: str | bytes | bytearray) -> bytes:
    """What B holds, as bytes: bytes as they are, or what base64 text stands for."""
    if isinstance(payload, str):
        try:
            return base64.b64decode(payload, validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from error
    return bytes(payload)


def bytes_of(value: Any) -> bytes:
    """Bytes, a bytearray or a memoryview as bytes."""
    if not issubclass(value.__class__, (bytes, bytearray, memoryview)):
        raise wrong("bytes", value)
    return bytes(value)


def read_bytearray(payload: str | bytes | bytearray) -> bytearray:
    """As `read_binary`, as a bytearray."""
    return bytearray(read_binary(payload))


def bool_of(value: object) -> bool:
    """A bool as it is."""
    if not isinstance(value, bool):
        raise wrong("True or False", value)
    return value
