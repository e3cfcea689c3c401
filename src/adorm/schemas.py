"""Models as pydantic sees them, so that FastAPI can return them and describe them in OpenAPI. Only pydantic calls this.

What goes out is a JSON object by field names, each value as pydantic writes its type: a Decimal as text, a set as a list, bytes as
base64. What comes in is an instance, or such an object, which goes through the model's own constructor.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args

from adorm.fields import Field, Structure, kind_of, structure_of
from adorm.typeinfo import Annotation, origin_of, unwrap

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

_being_made: ContextVar[frozenset[str]] = ContextVar("adorm_schemas_being_made", default=frozenset())
"""The classes around the one that is looked at: one that holds itself refers to itself."""


class _Attrs:
    """Stands beside an attrs class in `Annotated`, for pydantic knows none."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema_of(source, handler)


class _Base64:
    """Stands beside `bytes`, which pydantic would take for UTF-8."""

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_wrap_validator_function(
            _from_base64,
            core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                _to_base64, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )


def _from_base64(value: Any, as_text: Callable[[Any], str]) -> bytes:
    return value if isinstance(value, bytes) else b64decode(as_text(value), validate=True)


def _to_base64(content: bytes) -> str:
    return b64encode(content).decode()


def core_schema_of(annotation: Annotation, handler: GetCoreSchemaHandler) -> CoreSchema:
    """The schema of a model, or of an attrs class inside one.

    Raises:
        ModelError: a forward reference in it names nothing.
        pydantic.errors.PydanticSchemaGenerationError: a field's type is one that pydantic does not know.
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
        fields = {
            field.name: core_schema.typed_dict_field(_schema_of(field, handler), required=field.required) for field in structure.fields
        }
    finally:
        _being_made.reset(token)
    content = core_schema.typed_dict_schema(fields, config={"title": structure.name})
    return core_schema.no_info_wrap_validator_function(
        _maker(structure),
        content,
        serialization=core_schema.plain_serializer_function_ser_schema(_reader(structure), return_schema=content),
        ref=ref,
    )


def _schema_of(field: Field, handler: GetCoreSchemaHandler) -> CoreSchema:
    return handler.generate_schema(_seen(field.type))


def _seen(annotation: Annotation) -> Annotation:
    """The same type, with attrs classes marked wherever they stand in it."""
    inner = unwrap(annotation)
    if inner is bytes:
        return Annotated[bytes, _Base64()]
    if kind_of(inner) == "attrs" and not hasattr(origin_of(inner) or inner, "__get_pydantic_core_schema__"):
        return Annotated[inner, _Attrs()]
    arguments = get_args(inner)
    if not arguments or not any(isinstance(argument, type) or get_args(argument) for argument in arguments):
        return annotation
    seen = tuple(_seen(argument) for argument in arguments)
    if all(new is old for new, old in zip(seen, arguments, strict=True)):
        return annotation
    origin = origin_of(inner)
    return Union[seen] if _is_union(inner) else origin[seen]  # noqa: UP007  # built at run time


def _is_union(annotation: Annotation) -> bool:
    from types import UnionType

    return origin_of(annotation) in (Union, UnionType)


def _maker(structure: Structure) -> Callable[[Any, Callable[[Any], dict[str, Any]]], Any]:
    """Passes an instance as it is, and makes one of a checked object."""
    names = {field.name: field.init_name for field in structure.fields if field.init}

    def make(value: Any, checked: Callable[[Any], dict[str, Any]]) -> Any:
        if isinstance(value, structure.cls):
            return value
        values = checked(value)
        return structure.cls(**{name: values[field] for field, name in names.items() if field in values})

    return make


def _reader(structure: Structure) -> Callable[[Any], dict[str, Any]]:
    names = tuple(field.name for field in structure.fields)

    def read(instance: Any) -> dict[str, Any]:
        return {name: getattr(instance, name) for name in names}

    return read
