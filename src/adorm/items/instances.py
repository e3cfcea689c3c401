"""What a write does with an instance: it checks it before, and changes it after it is applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from adorm.codec.failures import reason_of
from adorm.errors import BadValue, UsageError
from adorm.models import ModelInfo


def validate(info: ModelInfo, instance: Any) -> None:
    """Run the model's attrs validators again: attributes may have been set since construction."""
    for field in info.validated:
        validator: Any = field.validator
        try:
            validator(instance, field, getattr(instance, field.name))
        except Exception as error:
            raise BadValue(f"{info.name}.{field.name}: {reason_of(error)}") from error


def read_version(info: ModelInfo, instance: Any) -> int:
    """The version that an instance was read with.

    0 where it was never stored, or where the model has no version.
    """
    if info.version is None:
        return 0
    version = getattr(instance, info.version.name)
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        error_class = BadValue if type(version) is int else UsageError
        raise error_class(
            f"{info.name}.{info.version.name}: a version is a whole number from 0 on, "
            f"not {version!r}"
        )
    return int(version)


def is_never_stored(info: ModelInfo, instance: Any) -> bool:
    """Whether `created_at` is still the time of construction.

    The default of `adorm.created_at()` marks that time by `fold=1`.
    """
    return (
        info.created_at is not None
        and getattr(getattr(instance, info.created_at.name), "fold", 0) == 1
    )


def copy_with(info: ModelInfo, instance: Any, new_values: Mapping[str, Any]) -> Any:
    """A copy of the instance with other values in some fields, by field name.

    It is made without the constructor, so that no code of the user's runs and nothing is refused.
    """
    cls = info.structure.cls
    copy = cls.__new__(cls)
    if info.holds_all_in_dict:
        held = copy.__dict__
        held.update(instance.__dict__)
        held.update((name, value) for name, value in new_values.items() if hasattr(copy, name))
        return copy
    for name in _attribute_names(info, instance):
        value = new_values[name] if name in new_values else getattr(instance, name)
        object.__setattr__(copy, name, value)
    return copy


def store_values(info: ModelInfo, instance: Any, new_values: Mapping[str, Any]) -> Any:
    """The instance with other values in some fields, by field name: the same object, or a copy
    where its class is frozen."""
    if info.structure.frozen:
        return copy_with(info, instance, new_values)
    for name, value in new_values.items():
        # not by setattr: its on_setattr hooks are for values of the user's, these are adorm's own
        object.__setattr__(instance, name, value)
    return instance


def _attribute_names(info: ModelInfo, instance: Any) -> set[str]:
    names = {field.name for field in info.structure.fields}
    if info.structure.kind == "attrs":
        names.update(field.name for field in attrs.fields(info.structure.cls))
    names.update(getattr(instance, "__dict__", ()))
    return {name for name in names if hasattr(instance, name)}
