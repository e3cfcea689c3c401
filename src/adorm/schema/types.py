"""Questions about type annotations: what is inside aliases, unions and generic classes."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from inspect import isclass
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin

from adorm.dynamodb.values import Tag
from adorm.schema.scalar_types import real_class, tag_of_scalar

Annotation = Any
"""A type as it stands in an annotation: a class, `list[int]`, `str | None`, a `NewType`, ..."""


# `type X = ...` of Python 3.12; absent on 3.11
_ALIAS_TYPE: type | None = getattr(typing, "TypeAliasType", None)
_WRAPPERS: set[Any] = {typing.Annotated, typing.Required, typing.NotRequired, typing.Final}
if sys.version_info >= (3, 13):
    _WRAPPERS.add(typing.ReadOnly)


def is_made_in_function(cls: type) -> bool:
    """Whether a class was made inside a function, and so may be collected.

    Nothing that lives longer may refer to it.
    """
    return "<locals>" in cls.__qualname__


def union_of(members: Sequence[Annotation]) -> Annotation:
    """The union of types.

    It is made by `|`, as `typing.Union` keeps the last unions that it made, and so their classes
    alive.
    """
    together: Annotation = members[0]
    try:
        for member in members[1:]:
            together = together | member
        return together
    except TypeError:  # text, or another thing that has no `|`
        return Union[tuple(members)]  # noqa: UP007  # built at run time


def origin_of(annotation: Annotation) -> Any:
    """`get_origin`: `list` for `list[int]`, None for a plain class.

    Type checkers take the argument of `get_origin` itself for a ParamSpec where its type is Any.
    """
    return get_origin(annotation)


def peel(annotation: Annotation) -> Annotation:
    """Take off the outermost `Annotated`, `NewType`, `Required`, `Final` or `type` alias.

    It is the same object where there is none.
    """
    if isinstance(annotation, NewType):
        return annotation.__supertype__
    real = _without_freezegun(annotation)
    if real is not annotation:
        return real
    origin = origin_of(annotation)
    if _ALIAS_TYPE is not None:
        if isinstance(annotation, _ALIAS_TYPE):
            return annotation.__value__  # type: ignore[attr-defined]  # only of a TypeAliasType
        if isinstance(origin, _ALIAS_TYPE):
            parameters: Any = origin.__type_params__  # type: ignore[attr-defined]  # as above
            aliased: Any = origin.__value__  # type: ignore[attr-defined]  # as above
            return substitute(aliased, dict(zip(parameters, get_args(annotation), strict=False)))
    return get_args(annotation)[0] if origin in _WRAPPERS else annotation


def _without_freezegun(annotation: Annotation) -> Annotation:
    return real_class(annotation) if isclass(annotation) else annotation


def unwrap(annotation: Annotation) -> Annotation:
    """Take off every `Annotated`, `NewType`, `Required`, `Final` and `type` alias around a type.

    What is inside its arguments stays as it is.
    """
    while (inner := peel(annotation)) is not annotation:
        annotation = inner
    return annotation


def union_members(annotation: Annotation) -> tuple[Annotation, ...]:
    """The members of a union, those of unions inside it too; `(annotation,)` for any other type.

    None is there as `type(None)`.
    """
    annotation = unwrap(annotation)
    if origin_of(annotation) in (Union, types.UnionType):
        members: list[Annotation] = []
        for part in get_args(annotation):
            members.extend(union_members(part))
        return tuple(members)
    return (annotation,)


def split_optional(annotation: Annotation) -> tuple[Annotation, bool]:
    """`(str, True)` for `str | None`; `(annotation, False)` where None is no member."""
    members = union_members(annotation)
    if type(None) not in members or len(members) == 1:
        return annotation, annotation is None or annotation is type(None)
    rest = [member for member in members if member is not type(None)]
    return union_of(rest), True


def scalar_tag(annotation: Annotation) -> Tag | None:
    """S, N, B or BOOL for a type whose values are all stored as that; None for any other type."""
    annotation = unwrap(annotation)
    if origin_of(annotation) is Literal:
        return _common_tag([type(value) for value in get_args(annotation)])
    if not isclass(annotation):
        return None
    if issubclass(annotation, Enum):
        return _common_tag([type(member.value) for member in annotation])
    return tag_of_scalar(annotation)


def _common_tag(classes: list[type]) -> Tag | None:
    tags: set[Tag | None] = {scalar_tag(cls) for cls in classes}
    return tags.pop() if len(tags) == 1 else None


def substitute(annotation: Annotation, types_of: Mapping[Any, Annotation]) -> Annotation:
    """Put types in the place of type variables.

    A variable without a type becomes its bound, or `Any` where it has none.
    """
    if isinstance(annotation, TypeVar):
        if annotation in types_of:
            return types_of[annotation]
        return annotation.__bound__ or Any
    parameters = getattr(annotation, "__parameters__", ())
    if not parameters or isinstance(annotation, type):
        return annotation
    return annotation[tuple(substitute(parameter, types_of) for parameter in parameters)]


def type_arguments(annotation: Annotation) -> dict[type, dict[Any, Annotation]]:
    """The arguments of the type variables of a class and of its bases, by class.

    For `Box[int]` it is `{Box: {T: int}}`, and the same for the bases of `Box`.
    """
    result: dict[type, dict[Any, Annotation]] = {}

    def visit(current: Annotation, outer: Mapping[Any, Annotation]) -> None:
        origin = origin_of(current) or current
        if (
            not isinstance(origin, type)
            or origin in (object, typing.Generic, typing.Protocol)
            or origin in result
        ):
            return
        parameters = getattr(origin, "__parameters__", ())
        arguments = [substitute(argument, outer) for argument in get_args(current)]
        result[origin] = dict(zip(parameters, arguments, strict=False))
        for base in getattr(origin, "__orig_bases__", origin.__bases__):
            visit(base, result[origin])
        for base in origin.__bases__:
            visit(base, result[origin])

    visit(annotation, {})
    return result


def type_name(annotation: Annotation) -> str:
    """The name of a type in a message: `Order`, `list[int]`."""
    return (
        annotation.__name__
        if isinstance(annotation, type) and not get_args(annotation)
        else str(annotation).replace("typing.", "")
    )
