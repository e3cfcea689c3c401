"""What a write does to an instance: checked before, changed only after DynamoDB said yes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from adorm.codec.failures import reason_of
from adorm.errors import BadValue, UsageError
from adorm.models import ModelInfo


def validate(info: ModelInfo, instance: Any) -> None:
    """Run the model's attrs validators once more: attributes may have been set since construction.

    Raises:
        BadValue: a validator refused; it names model and field.
    """
    for field in info.validated:
        validator: Any = field.validator
        try:
            validator(instance, field, getattr(instance, field.name))
        except Exception as error:
            raise BadValue(f"{info.name}.{field.name}: {reason_of(error)}") from error


def read_version(info: ModelInfo, instance: Any) -> int:
    """The version that an instance was read with; 0 where it was never stored, or the model has
    none.

    Raises:
        UsageError: somebody has put something else there.
    """
    if info.version is None:
        return 0
    version = getattr(instance, info.version.name)
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        kind = BadValue if type(version) is int else UsageError
        raise kind(
            f"{info.name}.{info.version.name}: a version is a whole number from 0 on, not {version!r}"
        )
    return int(version)


def is_never_stored(info: ModelInfo, instance: Any) -> bool:
    """Whether `created_at` is still the time of construction, which `adorm.created_at()` marks by a
    fold."""
    return (
        info.created_at is not None
        and getattr(getattr(instance, info.created_at.name), "fold", 0) == 1
    )


def with_changes(info: ModelInfo, instance: Any, changes: Mapping[str, Any]) -> Any:
    """A copy as it is to be stored. Made around the constructor: nothing of the user's runs,
    nothing can be refused."""
    cls = info.structure.cls
    copy = cls.__new__(cls)
    if info.holds_all_in_dict:
        held = copy.__dict__
        held.update(instance.__dict__)
        held.update((name, value) for name, value in changes.items() if hasattr(copy, name))
        return copy
    for name in _attribute_names(info, instance):
        object.__setattr__(
            copy, name, changes[name] if name in changes else getattr(instance, name)
        )
    return copy


def settle(info: ModelInfo, instance: Any, changes: Mapping[str, Any]) -> Any:
    """The item as stored: the instance itself with the changes in it, or for a frozen class a new
    one."""
    if info.structure.frozen:
        return with_changes(info, instance, changes)
    for name, value in changes.items():
        object.__setattr__(
            instance, name, value
        )  # past on_setattr hooks: the values are adorm's own
    return instance


def _attribute_names(info: ModelInfo, instance: Any) -> set[str]:
    names = {field.name for field in info.structure.fields}
    if info.structure.kind == "attrs":
        names.update(field.name for field in attrs.fields(info.structure.cls))
    names.update(getattr(instance, "__dict__", ()))
    return {name for name in names if hasattr(instance, name)}
