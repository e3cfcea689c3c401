"""Models as pydantic sees them, so that FastAPI can return them and describe them in OpenAPI. Only
pydantic calls this.

What goes out is a JSON object by field names, each value as pydantic writes its type: a Decimal as
text, a set as a list. Bytes are base64 wherever they stand: pydantic would take them for UTF-8.
What comes in is an instance, or such an object, which goes through the model's own constructor.
"""

from __future__ import annotations

import sys
from base64 import b64decode
from collections import abc, deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, cast, get_args

from adorm.codec.plain import plain_of
from adorm.dynamodb.values import base64_text
from adorm.schema.fields import Field
from adorm.schema.structures import Structure, kind_of, structure_of
from adorm.schema.types import Annotation, origin_of, peel, union_of

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema
    from pydantic_core.core_schema import SerializationInfo

_being_made: ContextVar[frozenset[str]] = ContextVar(
    "adorm_schemas_being_made", default=frozenset()
)
"""The classes around the one that is looked at: one that holds itself refers to itself."""

_BYTES = (bytes, bytearray)

_BARE: Mapping[Any, Callable[[Any], tuple[Any, ...]]] = {
    **dict.fromkeys((list, set, frozenset, deque, abc.Sequence), lambda untyped: (untyped,)),
    **dict.fromkeys((dict, abc.Mapping), lambda untyped: (Any, untyped)),
    tuple: lambda untyped: (untyped, ...),
}
"""Containers that may stand without arguments, and the arguments for what is untyped in them."""


class _Base64:
    """Stands beside `bytes` and `bytearray` in `Annotated`."""

    def __init__(self, cls: type[bytes | bytearray]) -> None:
        self._cls = cls

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_wrap_validator_function(
            self._read,
            core_schema.str_schema(),
            # for Python too: pydantic would write it as text there, and warn that it is none
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
        return (
            value
            if isinstance(value, self._cls)
            else self._cls(b64decode(as_text(value), validate=True))
        )


class _Untyped:
    """Stands beside `Any`: bytes may be anywhere in it, and attrs classes, of which pydantic knows
    nothing."""

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.any_schema(
            serialization=core_schema.plain_serializer_function_ser_schema(
                _plain_json, when_used="json"
            )
        )


class _Choices:
    """Stands beside an enum or a literal that has bytes among its values."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self._values = values
        self._plain = [_plain_json(value) for value in values]

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                _plain_json, when_used="json"
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


class _Structured:
    """Stands beside a class whose fields are to be seen as those of a model."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema_of(source, handler)


def core_schema_of(annotation: Annotation, handler: GetCoreSchemaHandler) -> CoreSchema:
    """The schema of a model, or of a structured class inside one.

    Raises:
        ModelError: a forward reference in it names nothing.
        pydantic.errors.PydanticSchemaGenerationError: a field's type is one that pydantic does not
            know.
    """
    from pydantic_core import core_schema

    structure = structure_of(annotation)
    cls = structure.cls
    ref = f"{cls.__module__}.{cls.__qualname__}:{id(cls)}{list(get_args(annotation)) or ''}"
    around = _being_made.get()
    if ref in around:
        return core_schema.definition_reference_schema(ref)
    token = _being_made.set(around | {ref})
    try:
        schemas = [
            (field, handler.generate_schema(_seen(field.type))) for field in structure.fields
        ]
    finally:
        _being_made.reset(token)
    if structure.kind == "namedtuple":
        return _named_tuple_schema(structure, schemas, ref)
    fields = {
        field.name: core_schema.typed_dict_field(schema, required=field.required)
        for field, schema in schemas
    }
    if structure.kind == "typeddict":
        return core_schema.typed_dict_schema(fields, config={"title": structure.name}, ref=ref)
    content = core_schema.typed_dict_schema(fields, config={"title": structure.name})
    return core_schema.no_info_wrap_validator_function(
        _maker(structure),
        content,
        serialization=core_schema.plain_serializer_function_ser_schema(
            _reader(structure), return_schema=content
        ),
        ref=ref,
    )


def _named_tuple_schema(
    structure: Structure, schemas: list[tuple[Field, CoreSchema]], ref: str
) -> CoreSchema:
    """An array, as pydantic has it."""
    from pydantic_core import core_schema

    def default_of(field: Field) -> Callable[[], Any]:
        return lambda: (
            field.default
        )  # as a plain default it would go into the JSON schema, bytes as UTF-8

    parameters = [
        core_schema.arguments_parameter(
            field.name,
            schema
            if field.required
            else core_schema.with_default_schema(schema, default_factory=default_of(field)),
        )
        for field, schema in schemas
    ]
    arguments = core_schema.arguments_schema(
        parameters, metadata={"pydantic_js_prefer_positional_arguments": True}
    )
    content = core_schema.tuple_schema([schema for _, schema in schemas])
    return core_schema.call_schema(
        arguments,
        structure.cls,
        ref=ref,
        serialization=core_schema.plain_serializer_function_ser_schema(
            _instance_of(structure.cls, tuple), return_schema=content, when_used="json"
        ),
    )


def _seen(annotation: Annotation, around: tuple[Annotation, ...] = ()) -> Annotation:
    """The same type, marked wherever pydantic would write it in another way, or does not know
    it."""
    bare, metadata = _unwrapped(annotation)
    mark = _mark_of(bare)
    if mark is not None:
        return Annotated[bare, mark, *metadata]
    if bare in _BARE:
        return _with(bare[_BARE[bare](Annotated[Any, _Untyped()])], metadata)
    arguments = get_args(bare)
    if (
        bare in around
    ):  # an alias that holds itself: pydantic knows how to go on, and writes bytes in its way there
        return annotation
    if not _needs(bare, frozenset()):
        return _with(bare, metadata)
    if _is_union(
        bare
    ):  # text is text where it may be: whether it looks like base64 must not decide
        arguments = tuple(sorted(arguments, key=lambda argument: _unwrapped(argument)[0] in _BYTES))
    seen = tuple(
        _seen(argument, (*around, bare)) if _needs(argument, frozenset()) else argument
        for argument in arguments
    )
    return _with(union_of(seen) if _is_union(bare) else origin_of(bare)[seen], metadata)


def _with(annotation: Annotation, metadata: tuple[Any, ...]) -> Annotation:
    return Annotated[annotation, *metadata] if metadata else annotation


def _unwrapped(annotation: Annotation) -> tuple[Annotation, tuple[Any, ...]]:
    """A type without what is around it, and the metadata of the `Annotated` among that, from the
    inside out."""
    metadata: tuple[Any, ...] = ()
    while (inner := peel(annotation)) is not annotation:
        if origin_of(annotation) is Annotated:
            metadata = (*annotation.__metadata__, *metadata)
        annotation = inner
    return annotation, metadata


def _mark_of(bare: Annotation) -> object | None:
    if bare in _BYTES:
        return _Base64(bare)
    if bare is Any or bare is object or isinstance(bare, TypeVar):
        return _Untyped()
    choices = _choices(bare)
    if any(map(_is_bytes, choices)):
        return _Choices(choices)
    if _is_ours(bare) and _needs(bare, frozenset()):
        return _Structured()
    return None


def _choices(bare: Annotation) -> tuple[Any, ...]:
    """The members of an enum, or the values of a literal."""
    if isinstance(bare, type) and issubclass(bare, Enum):
        return tuple(bare)
    return get_args(bare) if origin_of(bare) is Literal else ()


def _is_bytes(choice: object) -> bool:
    return isinstance(choice.value if isinstance(choice, Enum) else choice, _BYTES)


def _is_ours(bare: Annotation) -> bool:
    """Whether it is a structured class that does not tell pydantic of itself."""
    cls: Any = origin_of(bare) or bare
    return kind_of(bare) is not None and not any(
        hasattr(cls, name)
        for name in (
            "__get_pydantic_core_schema__",
            "__pydantic_core_schema__",
            "__pydantic_validator__",
        )
    )


def _needs(annotation: Annotation, around: frozenset[Any]) -> bool:
    """Whether there is something in a type that is to be marked; all else is left to pydantic."""
    bare, _ = _unwrapped(annotation)
    try:
        if bare in around:
            return False
        around |= {bare}
        plain = bare in _BYTES or bare in _BARE
    except TypeError:  # unhashable, as a list of arguments
        return False
    if (
        plain
        or bare is Any
        or bare is object
        or isinstance(bare, TypeVar)
        or any(map(_is_bytes, _choices(bare)))
    ):
        return True
    if _is_ours(bare):
        kind = kind_of(bare)
        if kind == "attrs" or (
            kind == "typeddict" and sys.version_info < (3, 12)
        ):  # pydantic takes no other TypedDict there
            return True
        return any(_needs(field.type, around) for field in structure_of(bare).fields)
    return origin_of(bare) is not Literal and any(
        _needs(argument, around) for argument in get_args(bare)
    )


def _is_union(annotation: Annotation) -> bool:
    from types import UnionType

    return origin_of(annotation) in (Union, UnionType)


def _plain_json(value: Any) -> Any:
    """An untyped value for JSON. What pydantic knows stays as it is.

    A Decimal is a number where a float has its digits: a client that sent 1.5 into untyped JSON,
    which DynamoDB keeps as a number, gets 1.5 back.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _to_base64(value)
    if isinstance(value, Decimal):
        return plain_of({"N": str(value)}) if value.is_finite() else value
    if isinstance(value, Enum):
        return _plain_json(value.value)
    if kind_of(type(value)) in ("attrs", "dataclass") and _is_ours(type(value)):
        return {
            name: _plain_json(getattr(value, name)) for name in structure_of(type(value)).by_name
        }
    if isinstance(value, Mapping):
        return {key: _plain_json(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]  # of anything
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        return [_plain_json(each) for each in cast("list[Any]", value)]
    return value


def _bytes_for(content: Any, info: SerializationInfo) -> Any:
    text = _to_base64(content)
    return text if info.mode_is_json() else content


def _to_base64(content: Any) -> str:
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise _unexpected("bytes", content)  # another member of a union has its turn
    return base64_text(bytes(content))  # pyright: ignore[reportUnknownArgumentType]  # a memoryview of anything


def _unexpected(expected: str, value: object) -> Exception:
    from pydantic_core import PydanticSerializationUnexpectedValue

    return PydanticSerializationUnexpectedValue(f"expected {expected}, got {type(value).__name__}")


def _instance_of(cls: type, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`convert`, for instances of the class alone."""

    def convert_instance(value: Any) -> Any:
        if not isinstance(value, cls):
            raise _unexpected(cls.__name__, value)
        return convert(value)

    return convert_instance


def _maker(structure: Structure) -> Callable[[Any, Callable[[Any], dict[str, Any]]], Any]:
    """Passes an instance as it is, and makes one of a checked object."""
    names = {field.name: field.init_name for field in structure.fields if field.init}

    def make(value: Any, checked: Callable[[Any], dict[str, Any]]) -> Any:
        if isinstance(value, structure.cls):
            return value
        values = checked(value)
        return structure.cls(
            **{name: values[field] for field, name in names.items() if field in values}
        )

    return make


def _reader(structure: Structure) -> Callable[[Any], dict[str, Any]]:
    names = tuple(field.name for field in structure.fields)
    return _instance_of(
        structure.cls, lambda instance: {name: getattr(instance, name) for name in names}
    )
