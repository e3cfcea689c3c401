"""Marks that stand in `Annotated` beside a type that pydantic does not know, or writes otherwise.

Bytes are base64 text wherever they stand: pydantic would take them for UTF-8.
"""

from __future__ import annotations

from base64 import b64decode
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from adorm.codec.plain import plain_of
from adorm.dynamodb.values import base64_text
from adorm.schema.structures import kind_of, structure_of
from adorm.schema.types import Annotation, origin_of

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema
    from pydantic_core.core_schema import SerializationInfo

BYTES = (bytes, bytearray)
"""The types that are written as base64 text."""


class Base64:
    """Stands beside `bytes` and `bytearray`."""

    def __init__(self, cls: type[bytes | bytearray]) -> None:
        self._cls = cls

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_wrap_validator_function(
            self._read,
            core_schema.str_schema(),
            # in Python mode too: pydantic would write it as text, and warn that it is no text
            serialization=core_schema.plain_serializer_function_ser_schema(
                _bytes_for, info_arg=True
            ),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        from pydantic_core import core_schema

        return handler(core_schema.str_schema())

    def _read(self, value: Any, as_text: Callable[[Any], str]) -> bytes | bytearray:
        if isinstance(value, self._cls):
            return value
        return self._cls(b64decode(as_text(value), validate=True))


class Untyped:
    """Stands beside `Any`.

    In the value there may be bytes, and instances of attrs classes, which pydantic does not know.
    """

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.any_schema(
            serialization=core_schema.plain_serializer_function_ser_schema(
                plain_json, when_used="json"
            )
        )


class Choices:
    """Stands beside an enum or a literal that has bytes among its values."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self._values = values
        self._plain = [plain_json(value) for value in values]

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                plain_json, when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"enum": self._plain}

    def _read(self, value: object) -> Any:
        for plain, choice in zip(self._plain, self._values, strict=True):
            if value is choice or any(
                type(value) is type(each) and value == each for each in (plain, choice)
            ):
                return choice
        raise ValueError(f"one of {', '.join(map(repr, self._plain))} is expected")


class Structured:
    """Stands beside a class whose fields pydantic is to see as those of a model."""

    def __init__(self, schema_of: Callable[[Any, GetCoreSchemaHandler], CoreSchema]) -> None:
        self._schema_of = schema_of

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return self._schema_of(source, handler)


def is_ours(bare: Annotation) -> bool:
    """Whether a type is a structured class that has no pydantic schema of its own."""
    cls: Any = origin_of(bare) or bare
    return kind_of(bare) is not None and not any(
        hasattr(cls, name)
        for name in (
            "__get_pydantic_core_schema__",
            "__pydantic_core_schema__",
            "__pydantic_validator__",
        )
    )


def instance_of(cls: type, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`convert`, which refuses what is no instance of the class."""

    def convert_instance(value: Any) -> Any:
        if not isinstance(value, cls):
            raise _unexpected(cls.__name__, value)
        return convert(value)

    return convert_instance


def plain_json(value: Any) -> Any:
    """An untyped value for JSON. A value that pydantic writes by itself stays as it is.

    A Decimal becomes a number where a float is equal to it: a client that sent 1.5 into an untyped
    field, which DynamoDB stores as a number, gets 1.5 back.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _to_base64(value)
    if isinstance(value, Decimal):
        return plain_of({"N": str(value)}) if value.is_finite() else value
    if isinstance(value, Enum):
        return plain_json(value.value)
    if kind_of(type(value)) in ("attrs", "dataclass") and is_ours(type(value)):
        return {
            name: plain_json(getattr(value, name)) for name in structure_of(type(value)).by_name
        }
    if isinstance(value, Mapping):
        # of anything
        return {
            key: plain_json(each)
            for key, each in value.items()  # pyright: ignore[reportUnknownVariableType]
        }
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        return [plain_json(each) for each in cast("list[Any]", value)]
    return value


def _bytes_for(content: Any, info: SerializationInfo) -> Any:
    text = _to_base64(content)
    return text if info.mode_is_json() else content


def _to_base64(content: Any) -> str:
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise _unexpected("bytes", content)  # then pydantic tries the next member of a union
    # a memoryview of anything
    return base64_text(bytes(content))  # pyright: ignore[reportUnknownArgumentType]


def _unexpected(expected: str, value: object) -> Exception:
    from pydantic_core import PydanticSerializationUnexpectedValue

    return PydanticSerializationUnexpectedValue(f"expected {expected}, got {type(value).__name__}")
