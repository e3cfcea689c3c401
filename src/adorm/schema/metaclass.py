"""`PathMeta`: makes `Order.total` a path; and a class made again with a metaclass.

attrs leaves no field on a class without slots, so that an instance reads its attributes at native
speed, and an instance without one never answers with a path. The paths are kept on a metaclass.
"""

from __future__ import annotations

from types import CellType, FunctionType
from typing import Any, TypeVar, cast

import attrs

from adorm.errors import UnknownField
from adorm.schema.fields import Field, Role
from adorm.schema.names import unknown_field
from adorm.schema.structures import TARGET, structure_of, undecorated

T = TypeVar("T")

_PATHS = "__adorm_paths__"
"""On a model: its paths by field name, once they were asked for."""
_OWN_NAMES = "__adorm_own_names__"
"""On the metaclass of one model: the names of the paths on it, and of those on its bases."""


class _NotYet:
    """Stands for a path on the metaclass of a subclass, and hides the one of its base."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, cls: PathMeta, _metaclass: type) -> Any:
        return PathMeta.__getattr__(cls, self._name)


class PathMeta(type):
    """The metaclass of models.

    `__getattr__` gives the first path that is asked of a model. A model with a key then gets a
    metaclass of its own, with the paths as attributes: a look-up takes a tenth of the time of
    `__getattr__`. A class with such a base gets a metaclass that hides the paths of its base.
    See docs/decisions/0035-paths-on-a-metaclass-of-the-models-own.md.
    """

    def __new__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **options: Any
    ) -> Any:
        metaclass: type[PathMeta] = cls
        names: frozenset[str] | None = metaclass.__dict__.get(_OWN_NAMES)
        if names is not None:
            hidden = {field: _NotYet(field) for field in names}
            metaclass = _derived(metaclass, hidden)
        return super().__new__(metaclass, name, bases, body, **options)

    def __getattr__(cls, name: str) -> Any:
        paths: dict[str, Any] | None = cls.__dict__.get(_PATHS)
        if paths is None:
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
    # Models without a key are nested, or are combined as bases of other models: two classes with
    # metaclasses of their own can't be.
    if any(field.role is Role.PARTITION_KEY for field in fields):
        metaclass = type(cls)
        hidden: frozenset[str] = getattr(metaclass, _OWN_NAMES, frozenset())
        own: dict[str, Any] = {
            name: path
            for name, path in paths.items()
            if name in hidden or not hasattr(metaclass, name)  # ABCMeta has a `register`
        }
        own[_OWN_NAMES] = hidden.union(own)
        cls.__class__ = _derived(metaclass, own)
    return paths


def _derived(metaclass: type[PathMeta], body: dict[str, Any]) -> Any:
    """A metaclass with these attributes on top."""
    return type(metaclass.__name__, (metaclass,), body)


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
    """Let `super()` and `__class__` in a method, which name its class by a cell, mean the class
    that was made again."""
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
