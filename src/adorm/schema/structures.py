"""`Structure`: a structured class as a list of fields.

Structured classes are attrs classes, dataclasses, TypedDicts and NamedTuples. Models, paths and the
codec look at all of them through `structure_of`, so a nested value needs nothing of adorm.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

from adorm.errors import ModelError
from adorm.schema.fields import METADATA_KEY, MISSING, NOT_REQUIRED, Field, Marker
from adorm.schema.types import Annotation, origin_of, peel, substitute, type_arguments, unwrap

if TYPE_CHECKING:
    import dataclasses

TARGET = "__adorm_target__"
MARKERS = "__adorm_markers__"
"""Attributes of a model that `map_class` made: the class that it stands for, and the markers of
that class's fields by name."""


Kind = Literal["attrs", "dataclass", "typeddict", "namedtuple"]


class Structure:
    """A structured class and its fields, in the order in which they are declared."""

    def __init__(self, cls: Any, kind: Kind, fields: Sequence[Field]) -> None:
        self.cls = cls
        """The class itself, without type arguments."""
        self.kind: Kind = kind
        self.fields = tuple(fields)
        self.by_name: Mapping[str, Field] = {field.name: field for field in fields}
        self.name: str = cls.__name__
        self.frozen = _is_frozen(cls, kind)
        """Whether instances can't be changed."""


class UnresolvedName(Exception):
    """A forward reference that names nothing yet. A later class may have the name."""


_FACTORY: Any = attrs.Factory  # the stubs take the class for a function

_STRUCTURE = "__adorm_structure__"
_NAMESPACE = "__adorm_namespace__"
"""Attributes of a class that keep its structure, and the names around it. In a table beside the
class they would keep it alive, as both refer to it."""


def remember_namespace(cls: type, namespace: Mapping[str, Any]) -> None:
    """Keep the names around a class in a function, until its annotations are resolved."""
    type.__setattr__(cls, _NAMESPACE, namespace)


def kind_of(annotation: Annotation) -> Kind | None:
    """The kind of a structured class, or of a generic one with arguments (`Box[int]`).

    It is None for any other type.
    """
    named = origin_of(annotation) or annotation
    if not isinstance(named, type):
        return None
    cls: Any = named.__dict__.get(TARGET, named)
    if attrs.has(cls):
        return "attrs"
    if hasattr(cls, "__dataclass_fields__"):
        return "dataclass"
    if typing.is_typeddict(cls):
        return "typeddict"
    if issubclass(named, tuple) and hasattr(cls, "_fields"):
        return "namedtuple"
    return None


def structure_of(annotation: Annotation) -> Structure:
    """The fields of a structured class, or of a generic one with arguments (`Box[int]`).

    Raises:
        ModelError: it is no structured class, or an annotation in it can't be resolved. In the
            second case `__cause__` is `UnresolvedName` if a later class may still have the name.
    """
    annotation = unwrap(annotation)
    if isinstance(annotation, type) and not typing.get_args(annotation):
        known: Structure | None = annotation.__dict__.get(_STRUCTURE)
        if known is None:
            known = _build(annotation)
            type.__setattr__(annotation, _STRUCTURE, known)
            if _NAMESPACE in annotation.__dict__:
                type.__delattr__(annotation, _NAMESPACE)
        return known
    return _build(annotation)


def _build(annotation: Annotation) -> Structure:
    named = origin_of(annotation) or annotation
    kind = kind_of(annotation)
    if kind is None:
        raise ModelError(
            f"{annotation!r} is not a structured class: decorate it with @adorm.model, "
            "@attrs.define or @dataclass"
        )
    cls: Any = named.__dict__.get(TARGET, named)
    if kind == "attrs" and "__attrs_attrs__" not in cls.__dict__:
        raise undecorated(cls)
    types = _resolved_types(cls if cls is not named else annotation, cls)
    if kind == "attrs":
        fields = [_from_attrs(cls, field, types) for field in attrs.fields(cls)]
    elif kind == "dataclass":
        from dataclasses import fields as dataclass_fields

        fields = [_from_dataclass(field, types) for field in dataclass_fields(cls)]
    elif kind == "typeddict":
        # a key that is not required stays absent where the attribute is: it has no default
        absent = {name: NOT_REQUIRED for name in types if not _is_required(cls, name, types[name])}
        fields = [_plain_field(name, types, absent) for name in types]
    else:
        fields = [_plain_field(name, types, cls._field_defaults) for name in cls._fields]
    markers: Mapping[str, Marker] = named.__dict__.get(MARKERS, {})
    naming: Callable[[str], str] = getattr(named, "__adorm_naming__", str)
    for field in fields:
        field.complete(markers.get(field.name, field.marker), naming, owner=cls.__name__)
    _check_attribute_names(cls, fields)
    return Structure(cls, kind, fields)


def undecorated(cls: type) -> ModelError:
    """The error for a subclass of an attrs class that is no attrs class itself.

    attrs knows only the fields of its base.
    """
    base = next(base for base in cls.__mro__ if "__attrs_attrs__" in base.__dict__)
    is_model = hasattr(base, "__adorm_options__")
    kind, decorator = ("model", "@adorm.model") if is_model else ("attrs class", "@attrs.define")
    return ModelError(
        f"{cls.__name__} is no {kind}, but a subclass of {base.__name__} without a decorator of "
        f"its own: write {decorator} above it"
    )


def _is_frozen(cls: Any, kind: Kind) -> bool:
    if kind == "attrs":
        return bool(attrs.inspect(cls).is_frozen)
    if kind == "dataclass":
        return bool(cls.__dataclass_params__.frozen)
    return kind == "namedtuple"


def _is_required(cls: Any, key: str, hint: Annotation) -> bool:
    """Whether a TypedDict's key must be there.

    `__required_keys__` is wrong where an annotation is text: Python does not look for `Required`
    and `NotRequired` in it.
    """
    while (origin := origin_of(hint)) is not None:
        if origin in (typing.Required, typing.NotRequired):
            return origin is typing.Required
        inner = peel(hint)
        if inner is hint:
            break
        hint = inner
    return key in cls.__required_keys__


def _plain_field(name: str, types: Mapping[str, Annotation], defaults: Mapping[str, Any]) -> Field:
    """A field of a TypedDict or a NamedTuple."""
    default = defaults.get(name, MISSING)
    return Field(name, name, types.get(name, Any), init_name=name, default=default)


def _from_attrs(cls: type, field: attrs.Attribute[Any], types: Mapping[str, Annotation]) -> Field:
    marker = field.metadata.get(METADATA_KEY) or Marker()
    default: Any = field.default
    factory: Callable[[], Any] | None = None
    takes_self = False
    if default is attrs.NOTHING:
        default = MISSING
    if isinstance(default, _FACTORY):
        takes_self, factory, default = default.takes_self, default.factory, MISSING
    if field.name not in types and field.type is None:
        raise ModelError(f"{cls.__name__}.{field.name} has no type annotation")
    return Field(
        field.name,
        field.name,
        types.get(field.name, field.type),
        marker,
        field.alias or field.name,
        field.init,
        default,
        None if takes_self else factory,
        takes_self,
    )


def _from_dataclass(field: dataclasses.Field[Any], types: Mapping[str, Annotation]) -> Field:
    import dataclasses

    marker = field.metadata.get(METADATA_KEY) or Marker()
    return Field(
        field.name,
        field.name,
        types[field.name],
        marker,
        field.name,
        field.init,
        MISSING if field.default is dataclasses.MISSING else field.default,
        None if field.default_factory is dataclasses.MISSING else field.default_factory,
    )


def _resolved_types(annotation: Annotation, cls: type) -> dict[str, Annotation]:
    around = {**cls.__dict__.get(_NAMESPACE, {}), cls.__name__: cls}
    for base in cls.__mro__[1:]:
        around = {**base.__dict__.get(_NAMESPACE, {}), **around}
    try:
        hints = typing.get_type_hints(cls, localns=around, include_extras=True)
    except NameError as error:
        raise ModelError(
            f"{cls.__name__}: the annotation that names {error.name!r} can't be resolved: define "
            "or import it beside the class"
        ) from UnresolvedName(str(error))
    except (TypeError, SyntaxError) as error:
        raise ModelError(f"{cls.__name__}: an annotation is no type: {error}") from error
    arguments = type_arguments(annotation)
    resolved: dict[str, Annotation] = {}
    for name, hint in hints.items():
        owner = next(
            (base for base in cls.__mro__ if name in base.__dict__.get("__annotations__", {})), cls
        )
        resolved[name] = substitute(hint, arguments.get(owner, {}))
    return resolved


def _check_attribute_names(cls: type, fields: list[Field]) -> None:
    seen: dict[str, Field] = {}
    for field in fields:
        other = seen.setdefault(field.attribute_name, field)
        if other is not field:
            raise ModelError(
                f"{cls.__name__}: the fields {other.name} and {field.name} have one attribute "
                f"name, {field.attribute_name!r}"
            )
        if not field.attribute_name:
            raise ModelError(f"{cls.__name__}.{field.name}: an attribute name can't be empty")
