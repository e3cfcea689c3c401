"""`PathMeta`: makes `Order.total` a path; and a class made again with a metaclass.

attrs leaves no field on a class without slots, so that an instance reads its attributes at native
speed, and an instance without one never answers with a path. The paths are kept on a metaclass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CellType, FunctionType
from typing import Any, TypeVar, cast

import attrs
from attrs.exceptions import UnannotatedAttributeError

from adorm.errors import ModelError, UnknownField
from adorm.schema.class_checks import check_bases, check_class_body
from adorm.schema.fields import Field
from adorm.schema.key_declarations import leave_out_annotations
from adorm.schema.names import naming_function, unknown_field
from adorm.schema.structures import TARGET, remember_namespace, structure_of, undecorated

T = TypeVar("T")

_PATHS = "__adorm_paths__"
"""On each class: its paths by field name; empty until they are asked for."""


class _SharedPath:
    """On the metaclass, under the name of a field: gives the path of each model that has it.

    What a class itself or its bases have under that name, such as a method, comes before it.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, cls: PathMeta, _metaclass: type) -> Any:
        try:
            path: Any = cls.__adorm_paths__[self._name]
        except KeyError:
            path = PathMeta.__getattr__(cls, self._name)
        return path


class PathMeta(type):
    """The metaclass of models.

    `__getattr__` gives the first path that is asked of a model. From then on the metaclass has an
    attribute for each name of a field of that model, which takes a seventh of the time of
    `__getattr__`. See docs/decisions/0035-paths-by-names-on-the-metaclass.md.
    """

    __adorm_paths__: dict[str, Any]

    def __new__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **options: Any
    ) -> Any:
        return super().__new__(cls, name, bases, {**body, _PATHS: {}}, **options)

    def __getattr__(cls, name: str) -> Any:
        paths = cls.__adorm_paths__
        if not paths:
            if name.startswith("__") and name.endswith("__"):
                raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
            if "__attrs_attrs__" not in cls.__dict__ and TARGET not in cls.__dict__:
                # attrs is not done with it yet, or it is a subclass without a decorator
                is_subclass = any("__attrs_attrs__" in base.__dict__ for base in cls.__mro__)
                hint = f"; {undecorated(cls)}" if is_subclass else ""
                raise AttributeError(
                    f"type object {cls.__name__!r} has no attribute {name!r}{hint}"
                )
            paths = _make_paths(cls)
        path = paths.get(name)
        if path is None:
            if name.startswith("__") and name.endswith("__"):
                raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
            raise UnknownField(unknown_field(cls.__name__, name, paths))
        return path

    def __adorm_path__(cls, field: Field) -> Any:
        """Make the path of a field."""
        raise TypeError(f"{type(cls).__name__} makes no path of {field.name}")

    def __dir__(cls) -> list[str]:
        """The fields as well, which the class itself does not have: completion and
        `Mock(spec=Order)` ask for them."""
        return sorted({*super().__dir__(), *_field_names(cls)})


def _make_paths(cls: PathMeta) -> dict[str, Any]:
    """Make the paths of a model, and keep them on it."""
    fields = structure_of(cls).fields
    paths = {
        field.name: cls.__adorm_path__(field)
        for field in fields
        if not (field.name.startswith("__") and field.name.endswith("__"))
    }
    type.__setattr__(cls, _PATHS, paths)
    for name in paths:
        if not hasattr(type(cls), name):  # ABCMeta has a `register`
            setattr(PathMeta, name, _SharedPath(name))
    return paths


def _field_names(cls: type) -> list[str]:
    """The names of a class's fields, also where a forward reference in it can't be resolved yet."""
    made: Any = cls.__dict__.get(TARGET, cls)
    if "__attrs_attrs__" in made.__dict__:
        return [field.name for field in attrs.fields(made)]
    return list(made.__dict__.get("__dataclass_fields__", ()))


def with_metaclass(cls: type[T], metaclass: type[PathMeta]) -> type[T]:
    """The same class with this metaclass. The class has to be made again, as attrs does for slots.

    Raises:
        TypeError, ValueError: it has `__slots__`, or a base's `__init_subclass__` needs arguments.
    """
    old: Any = cls.__class__
    if issubclass(old, PathMeta):
        return cls
    meta: Any = metaclass if old is type else type(f"Model{old.__name__}", (metaclass, old), {})
    body = {**cls.__dict__, "__qualname__": cls.__qualname__}
    body.pop("__dict__", None)
    body.pop("__weakref__", None)
    rebuilt = cast("type[T]", meta(cls.__name__, cls.__bases__, body))
    for value in body.values():
        _point_super_to(value, cls, rebuilt)
    return rebuilt


def _point_super_to(member: Any, old: type, new: type) -> None:
    """Let `super()` and `__class__` in a method mean the class that was made again.

    They name the class by a cell of the function.
    """
    parts = ("__func__", "fget", "fset", "fdel", "__wrapped__")
    for function in (member, *(getattr(member, part, None) for part in parts)):
        if not isinstance(function, FunctionType):
            continue
        cells: tuple[CellType, ...] = function.__closure__ or ()
        for cell in cells:
            try:
                if cell.cell_contents is old:
                    cell.cell_contents = new
            except ValueError:
                continue  # a cell that is still empty


def made_class(
    cls: type[T],
    metaclass: type[PathMeta],
    namespace: Mapping[str, Any],
    naming: str | Callable[[str], str] | None,
    *,
    frozen: bool,
) -> type[T]:
    """The same class with this metaclass, a constructor that takes keywords, and without slots.

    Args:
        namespace: the names around it, for annotations of a class in a function.
        naming, frozen: as for `@adorm.model`.

    Raises:
        ModelError: it is no class, or one that can't be made again.
    """
    # unchecked callers
    if not isinstance(cls, type):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ModelError(
            f"@adorm.model decorates a class, not {cls!r}; options have names, "
            "as in @adorm.model(table=...)"
        )
    name = cls.__name__
    if "__attrs_attrs__" in cls.__dict__ or "__dataclass_fields__" in cls.__dict__:
        raise ModelError(
            f"{name} is an attrs class or dataclass already: take the other decorator away, "
            "or use adorm.map_class"
        )
    leave_out_annotations(cls)
    check_class_body(cls)
    check_bases(cls)
    try:
        rebuilt = with_metaclass(cls, metaclass)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{name} can't be made again with adorm's metaclass: {error}; a model has no "
            "__slots__, and its bases no __init_subclass__ that needs arguments"
        ) from error
    if "<locals>" in cls.__qualname__:
        remember_namespace(rebuilt, {**namespace, name: rebuilt})
    if naming is not None:
        type.__setattr__(rebuilt, "__adorm_naming__", staticmethod(naming_function(naming, name)))
    try:
        made = attrs.define(rebuilt, slots=False, kw_only=True, frozen=frozen)
    except (TypeError, ValueError, SyntaxError, UnannotatedAttributeError) as error:
        raise ModelError(f"{name}: {error}") from error
    return made
