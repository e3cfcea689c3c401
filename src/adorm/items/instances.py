"""Instances: what a write does before and after it is applied; whether the ttl has passed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from adorm.clock import current_clock
from adorm.codec.failures import reason_of
from adorm.errors import BadValue, UsageError
from adorm.models import ModelInfo, model_info


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


def is_expired(
    item: object, /, *, at: datetime | None = None, model: type[Any] | None = None
) -> bool:
    """Whether the item's ttl has passed; False where it has none.

    Args:
        at: the time to compare with; default now.
        model: the result of `map_class`, for an instance of a class that was mapped by it.

    Raises:
        UsageError: its class is no model or has no ttl field, or it is no instance of `model`.
    """
    info = model_info(type(item) if model is None else model)
    if model is not None:
        info.check_instance(item)
    if info.ttl is None:
        raise UsageError(f"{info.name} has no ttl field: add one with adorm.ttl()")
    expires_at: Any = getattr(item, info.ttl.name)
    if expires_at is None:
        return False
    now = at or current_clock().now()
    seconds = expires_at.timestamp() if isinstance(expires_at, datetime) else expires_at
    return int(seconds) <= int(now.timestamp())  # DynamoDB compares whole seconds
