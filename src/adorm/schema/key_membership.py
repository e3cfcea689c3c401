"""`only=` of the key of an index: by which values of which fields an item has the key."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from inspect import isclass
from typing import Literal, cast, get_args

from adorm.errors import ModelError
from adorm.schema.fields import Field
from adorm.schema.names import unknown_field
from adorm.schema.structures import Structure
from adorm.schema.types import Annotation, origin_of, split_optional, type_name, unwrap

_NO_VALUES = (list, set, frozenset, dict)


def read_only(structure: Structure, only: object, where: str) -> dict[Field, tuple[object, ...]]:
    """The values of `only=` by field.

    Args:
        only: by field name a value, or a tuple of values.
        where: the class and the key, for messages: `Order.by_status`.

    Raises:
        ModelError: it is no mapping, names no field, or has a value that the field can't have.
    """
    if not isinstance(only, Mapping):
        raise ModelError(
            f'{where}: only= takes values by the names of fields, as in {{"status": "open"}}, '
            f"not {only!r}"
        )
    found: dict[Field, tuple[object, ...]] = {}
    for name, values in cast("Mapping[str, object]", only).items():
        field = structure.by_name.get(name)
        if field is None:
            raise ModelError(
                f"{where}: only= names a field: "
                f"{unknown_field(structure.name, str(name), structure.by_name)}"
            )
        several = cast("tuple[object, ...]", values) if isinstance(values, tuple) else (values,)
        if not several:
            raise ModelError(f"{where}: only= has no value of {name}, so no item has the key")
        for value in several:
            _check_value(field, value, where)
        found[field] = several
    return found


def _check_value(field: Field, value: object, where: str) -> None:
    """Refuse what is no value of the field. A type that the codec alone knows is not looked at."""
    if isinstance(value, _NO_VALUES):
        raise ModelError(
            f"{where}: only= takes one value of {field.name}, or a tuple of values, not {value!r}"
        )
    annotation, is_optional = split_optional(field.type)
    if value is None:
        fits = is_optional or annotation is None
    else:
        fits = _fits(unwrap(annotation), value)
    if not fits:
        raise ModelError(
            f"{where}: only= asks for {field.name} to be {value!r}, and the field is "
            f"{type_name(field.type)}"
        )


def _fits(annotation: Annotation, value: object) -> bool:
    if origin_of(annotation) is Literal:
        return any(type(value) is type(each) and value == each for each in get_args(annotation))
    if not isclass(annotation):
        return True
    if annotation is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if annotation in (str, bool) or issubclass(annotation, Enum):
        return isinstance(value, annotation)
    return True
