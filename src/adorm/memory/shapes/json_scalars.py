"""Internal: JSON scalars as the service's parser accepts them, and its messages for the others.

Each `check_...` function returns flags. `CHANGED` says that the handler must get another value than
the one that was sent, such as true for `"yes"`. `FAULTY` says that a constraint may be broken. The
matching `clean_...` function returns the value for the handler. The messages are those of the
service's SerializationException.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

import math
from binascii import Error as Base64Error, a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from adorm.memory.errors import EngineError
from adorm.memory.values.canonical import BINARY_TYPES

CHANGED = 1
FAULTY = 2

STRUCTURE_NOT_EXPECTED = "Start of structure or map found where not expected"
UNREADABLE = "Unexpected token received from parser"

INTEGER_BITS = {"Integer": 32, "Long": 64}
FLAG_TEXTS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}


def unreadable(text: str, *, old: str | None = None) -> EngineError:
    """Make a `SerializationException`: the JSON does not have the expected types."""
    return EngineError("SerializationException", text, old=old)


def not_a_list_of(java_class: str) -> str:
    """The service's message for a list in the place of a `java_class`."""
    return f"Unrecognized collection type class {java_class}"


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a JSON array."""
    return value.__class__ is list or (
        isinstance(value, Sequence) and not isinstance(value, (str, *BINARY_TYPES))
    )


def is_map(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is a JSON object."""
    return value.__class__ is dict or isinstance(value, Mapping)


def check_text(value: Any) -> int:
    """Check text, which must be valid UTF-8: JSON can write half of a surrogate pair."""
    if type(value) is str or isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise unreadable("") from None
        return 0
    raise _wrong_scalar(value, "String")


def check_flag(value: Any) -> int:
    """Check a boolean, or text that reads as one."""
    if value is True or value is False:
        return 0
    if isinstance(value, str):
        if value.lower() in FLAG_TEXTS:
            return CHANGED
        raise unreadable(UNREADABLE)
    raise _wrong_scalar(value, "Boolean")


def clean_flag(value: Any) -> bool:
    """The boolean for a checked value."""
    return FLAG_TEXTS[value.lower()] if isinstance(value, str) else bool(value)


def check_whole(value: Any, java: str) -> int:
    """Check a number. Its fraction is dropped; a too large one becomes the largest that fits."""
    if type(value) is int:
        limit = 1 << (INTEGER_BITS[java] - 1)
        return 0 if -limit <= value < limit else CHANGED
    if isinstance(value, float) and math.isfinite(value):
        return CHANGED
    if isinstance(value, str):
        raise unreadable(f"STRING_VALUE cannot be converted to {java}")
    raise _wrong_scalar(value, java)


def clean_whole(value: Any, java: str) -> int:
    """The whole number for a checked value."""
    limit = 1 << (INTEGER_BITS[java] - 1)
    return max(-limit, min(limit - 1, int(value)))


def check_timestamp(value: Any) -> int:
    """Check seconds since 1970."""
    if type(value) is int or (isinstance(value, float) and math.isfinite(value)):
        return 0
    if isinstance(value, str):
        raise unreadable("STRING_VALUE cannot be converted to Date")
    raise _wrong_scalar(value, "Date", "java.util.Date")


def check_blob(value: Any) -> int:
    """Check base64 text, or bytes from inside the process."""
    if isinstance(value, BINARY_TYPES):
        return 0
    if not isinstance(value, str):
        if is_list(value):
            raise unreadable(not_a_list_of("java.nio.ByteBuffer"))
        if is_map(value):
            raise unreadable(STRUCTURE_NOT_EXPECTED)
        raise unreadable("only base-64-encoded strings are convertible to bytes")
    if len(value) % 4:
        raise unreadable(
            f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(value)}"
        )
    try:
        content = a2b_base64(value, strict_mode=True)
    except (Base64Error, ValueError):
        raise unreadable(_BAD_BASE64) from None
    if value.endswith("=") and b2a_base64(content[-(len(content) % 3) :], newline=False) != (
        value[-4:].encode()
    ):
        raise unreadable(_BAD_BASE64)
    return 0


_BAD_BASE64 = "Invalid last non-pad Base64 character dectected"  # the service's own spelling


def _wrong_scalar(value: Any, java: str, java_class: str | None = None) -> EngineError:
    """The refusal of a value that is not the expected scalar."""
    if value is True or value is False:
        return unreadable(f"{str(value).upper()}_VALUE cannot be converted to {java}")
    if isinstance(value, int):
        return unreadable(f"NUMBER_VALUE cannot be converted to {java}")
    if isinstance(value, float):
        return unreadable(f"DECIMAL_VALUE cannot be converted to {java}")
    if is_list(value):
        return unreadable(not_a_list_of(java_class or f"java.lang.{java}"))
    if is_map(value):
        return unreadable(STRUCTURE_NOT_EXPECTED)
    return unreadable(UNREADABLE)
