"""Models as pydantic sees them, so that FastAPI can return them and describe them in OpenAPI.

Only pydantic calls this. A model is written as a JSON object with field names; each value is
written as pydantic writes its type: a Decimal as text, a set as a list, bytes as base64 text. It is
read from an instance, or from such an object, by the model's own constructor.
"""

from __future__ import annotations

import sys
from collections import abc, deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args

from adorm.codec.pydantic_marks import (
    BYTES,
    Base64,
    Choices,
    Structured,
    Untyped,
    instance_of,
    is_ours,
)
from adorm.schema.fields import Field
from adorm.schema.structures import Structure, kind_of, structure_of
from adorm.schema.types import Annotation, origin_of, peel, union_of

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

_being_made: ContextVar[frozenset[str]] = ContextVar(
    "adorm_schemas_being_made", default=frozenset()
)
"""The classes around the one whose schema is being made: a class that holds itself refers to its
schema by name."""

_BARE: Mapping[Any, Callable[[Any], tuple[Any, ...]]] = {
    **dict.fromkeys((list, set, frozenset, deque, abc.Sequence), lambda untyped: (untyped,)),
    **dict.fromkeys((dict, abc.Mapping), lambda untyped: (Any, untyped)),
    tuple: lambda untyped: (untyped, ...),
}
"""Containers that may have no arguments: makes their arguments, given the type for untyped
values."""


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
            (field, handler.generate_schema(_marked(field.type))) for field in structure.fields
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
    """The schema of a NamedTuple: an array, as pydantic writes it."""
    from pydantic_core import core_schema

    def default_of(field: Field) -> Callable[[], Any]:
        # as a plain default it would stand in the JSON schema, bytes as UTF-8
        return lambda: field.default

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
            instance_of(structure.cls, tuple), return_schema=content, when_used="json"
        ),
    )


def _marked(annotation: Annotation, around: tuple[Annotation, ...] = ()) -> Annotation:
    """The type with a mark wherever pydantic writes it otherwise, or does not know it.

    Args:
        around: the types around it.
    """
    bare, metadata = _unwrapped(annotation)
    mark = _mark_of(bare)
    if mark is not None:
        return Annotated[bare, mark, *metadata]
    if bare in _BARE:
        return _with(bare[_BARE[bare](Annotated[Any, Untyped()])], metadata)
    arguments = get_args(bare)
    if bare in around:  # an alias that holds itself, which pydantic handles, bytes in its own way
        return annotation
    if not _needs_mark(bare, frozenset()):
        return _with(bare, metadata)
    if _is_union(bare):  # bytes come last: text must not become bytes because it looks like base64
        arguments = tuple(sorted(arguments, key=lambda argument: _unwrapped(argument)[0] in BYTES))
    marked = tuple(
        _marked(argument, (*around, bare)) if _needs_mark(argument, frozenset()) else argument
        for argument in arguments
    )
    return _with(union_of(marked) if _is_union(bare) else origin_of(bare)[marked], metadata)


def _with(annotation: Annotation, metadata: tuple[Any, ...]) -> Annotation:
    return Annotated[annotation, *metadata] if metadata else annotation


def _unwrapped(annotation: Annotation) -> tuple[Annotation, tuple[Any, ...]]:
    """A type without what is around it, and the metadata of each `Annotated` around it.

    The metadata of the inner ones comes first.
    """
    metadata: tuple[Any, ...] = ()
    while (inner := peel(annotation)) is not annotation:
        if origin_of(annotation) is Annotated:
            metadata = (*annotation.__metadata__, *metadata)
        annotation = inner
    return annotation, metadata


def _mark_of(bare: Annotation) -> object | None:
    if bare in BYTES:
        return Base64(bare)
    if bare is Any or bare is object or isinstance(bare, TypeVar):
        return Untyped()
    choices = _choices(bare)
    if any(map(_is_bytes, choices)):
        return Choices(choices)
    if is_ours(bare) and _needs_mark(bare, frozenset()):
        return Structured(core_schema_of)
    return None


def _choices(bare: Annotation) -> tuple[Any, ...]:
    """The members of an enum, or the values of a literal."""
    if isinstance(bare, type) and issubclass(bare, Enum):
        return tuple(bare)
    return get_args(bare) if origin_of(bare) is Literal else ()


def _is_bytes(choice: object) -> bool:
    return isinstance(choice.value if isinstance(choice, Enum) else choice, BYTES)


def _needs_mark(annotation: Annotation, around: frozenset[Any]) -> bool:
    """Whether a mark is needed in a type; other types are left to pydantic."""
    bare, _ = _unwrapped(annotation)
    try:
        if bare in around:
            return False
        around |= {bare}
        plain = bare in BYTES or bare in _BARE
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
    if is_ours(bare):
        kind = kind_of(bare)
        if kind == "attrs" or (
            kind == "typeddict" and sys.version_info < (3, 12)
        ):  # pydantic takes no other TypedDict there
            return True
        return any(_needs_mark(field.type, around) for field in structure_of(bare).fields)
    return origin_of(bare) is not Literal and any(
        _needs_mark(argument, around) for argument in get_args(bare)
    )


def _is_union(annotation: Annotation) -> bool:
    from types import UnionType

    return origin_of(annotation) in (Union, UnionType)


def _maker(structure: Structure) -> Callable[[Any, Callable[[Any], dict[str, Any]]], Any]:
    """Makes an instance of an object that pydantic has checked; an instance stays as it is."""
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
    return instance_of(
        structure.cls, lambda instance: {name: getattr(instance, name) for name in names}
    )
