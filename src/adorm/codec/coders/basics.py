"""Text, bytes and bools. What is of another type raises `EncodeFailure`."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from adorm.codec.failures import wrong


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
