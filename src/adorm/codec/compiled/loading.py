"""`after_load` hooks: methods that are called once an item was made an instance.

Only models with such hooks load this module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adorm.codec.failures import DecodeFailure, reason_of
from adorm.errors import AdormError
from adorm.schema.structures import Structure


def loading(
    structure: Structure, names: Sequence[str], make: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """`make`, and then the hooks, each with what the one before has left.

    Args:
        names: of the methods.
    """

    def load(content: Any) -> Any:
        made = make(content)
        for name in names:
            made = _call(structure, name, made)
        return made

    return load


def _call(structure: Structure, name: str, instance: Any) -> Any:
    try:
        returned = getattr(instance, name)()
    except Exception as error:
        raise DecodeFailure(f"refused by {structure.name}.{name}(): {_described(error)}") from error
    if returned is None or returned is instance:
        return instance
    if structure.frozen and type(returned) is type(instance):
        return returned
    expected = f"None or a changed {structure.name}" if structure.frozen else "None"
    raise DecodeFailure(
        f"{structure.name}.{name}() is an after_load hook and returned "
        f"{type(returned).__name__}: it returns {expected}"
    )


def _described(error: Exception) -> str:
    reason = reason_of(error)
    return reason if isinstance(error, AdormError) else f"{type(error).__name__}: {reason}"
