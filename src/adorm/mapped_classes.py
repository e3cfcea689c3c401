"""`map_class`: a model of an attrs class or dataclass that can't be edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from adorm.errors import ModelError
from adorm.models import OPTIONS, ModelMeta, build_info
from adorm.schema.fields import Role
from adorm.schema.indexes import GlobalIndex, LocalIndex
from adorm.schema.model_options import ModelOptions
from adorm.schema.names import naming_function, unknown_field
from adorm.schema.single_table import SingleTable
from adorm.schema.structures import MARKERS, TARGET, structure_of

T = TypeVar("T")


def map_class(
    cls: type[T],
    /,
    *,
    table: str | None = None,
    partition_key: str,
    sort_key: str | None = None,
    version: str | None = None,
    ttl: str | None = None,
    created_at: str | None = None,
    updated_at: str | None = None,
    names: Mapping[str, str] | None = None,
    indexes: Sequence[GlobalIndex | LocalIndex] = (),
    naming: str | Callable[[str], str] | None = None,
) -> type[T]:
    """A model of an attrs class or dataclass that can't be edited. The class itself stays as it is.

    The returned model has the paths, `Model.total`; calling it makes an instance of `cls`, and
    reads give instances of `cls`.

    Args:
        partition_key, sort_key, version, ttl, created_at, updated_at: field names.
        names: attribute names by field name.

    Raises:
        ModelError: the table is a `SingleTable`, a field is unknown, or there is any mistake that
            `@adorm.model` would find.
    """
    # unchecked callers
    if isinstance(cast("object", table), SingleTable):
        raise ModelError(
            f"map_class({cls.__name__}): {table!r} is a table of several models, whose keys are "
            "made of parts: make a class with @adorm.model for it"
        )
    structure = structure_of(cls)
    if structure.kind not in ("attrs", "dataclass"):
        raise ModelError(
            f"{cls.__name__} is a {structure.kind}; map_class takes attrs classes and dataclasses"
        )
    roles = {
        Role.PARTITION_KEY: partition_key,
        Role.SORT_KEY: sort_key,
        Role.VERSION: version,
        Role.TTL: ttl,
        Role.CREATED_AT: created_at,
        Role.UPDATED_AT: updated_at,
    }
    role_of = {name: role for role, name in roles.items() if name is not None}
    if len(role_of) < sum(name is not None for name in roles.values()):
        raise ModelError(f"{cls.__name__}: a field can have one role, not two")
    names = names or {}
    for name in (*role_of, *names):
        if name not in structure.by_name:
            raise ModelError(unknown_field(cls.__name__, name, structure.by_name))
    markers = {
        field.name: field.marker.as_role(
            role_of.get(field.name, Role.ATTRIBUTE), names.get(field.name, field.marker.name)
        )
        for field in structure.fields
    }
    body: dict[str, Any] = {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
        TARGET: cls,
        MARKERS: markers,
        OPTIONS: ModelOptions(table, tuple(indexes)),
    }
    if naming is not None:
        body["__adorm_naming__"] = staticmethod(naming_function(naming, cls.__name__))
    mapped = _MappedMeta(cls.__name__, (), body)
    build_info(mapped, type.__getattribute__(mapped, OPTIONS))
    return cast("type[T]", mapped)


class _MappedMeta(ModelMeta, type):
    """The metaclass of what `map_class` returns: calling the model makes an instance of `cls`."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls.__dict__[TARGET](*args, **kwargs)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__dict__[TARGET])
