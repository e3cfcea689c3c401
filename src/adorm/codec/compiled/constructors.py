"""What the constructor of a class does, so that generated code may do the same with less work.

attrs and Python are asked by their public ways. Where these leave a doubt, the answer is no, and
the constructor is called.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from inspect import isabstract
from types import FunctionType
from typing import Any

import attrs

from adorm.codec.failures import DecodeFailure, reason_of
from adorm.schema.fields import Field
from adorm.schema.structures import Structure


def is_name(text: str) -> bool:
    """Whether generated code may use this text as the name of an attribute or an argument."""
    return text.isidentifier() and not keyword.iskeyword(text)


def is_made_by_init(cls: Any) -> bool:
    """Whether a call of the class only calls `object.__new__` and an `__init__` in Python.

    Then the two can be called one by one, which saves the tuple and the dict that `type.__call__`
    makes of the arguments: half the time.
    """
    return (
        type(cls).__call__ is type.__call__
        and cls.__new__ is object.__new__
        and isinstance(cls.__init__, FunctionType)
    )


def only_sets_attributes(cls: Any) -> bool:
    """Whether a class's constructor only sets what it is given as attributes.

    attrs writes such a constructor for a plain class.

    Then generated code can set them itself, which saves a call with ten keywords: a twelfth of the
    time. It may not where there are validators, converters, hooks, a frozen class or a cached hash.
    """
    if isabstract(cls) or not is_made_by_init(cls) or not _has_init_of_attrs(cls):
        return False
    made_by = attrs.inspect(cls)
    return (
        cls.__setattr__ is object.__setattr__
        and not made_by.is_frozen
        and not made_by.is_exception
        and made_by.hashability is not attrs.ClassProps.Hashability.HASHABLE_CACHED
        and not hasattr(cls, "__attrs_pre_init__")
        and not hasattr(cls, "__attrs_post_init__")
        and all(map(_is_only_set, attrs.fields(cls)))
    )


def is_kept_by_constructor(structure: Structure, field: Field) -> bool:
    """Whether an instance surely holds a field's value just as its constructor was given it.

    Converters, `__attrs_post_init__`, `__post_init__`, a `__setattr__` and constructors that users
    wrote may put another one there.
    """
    cls: Any = structure.cls
    if (
        hasattr(cls, "__attrs_post_init__")
        or hasattr(cls, "__post_init__")
        or not (structure.frozen or cls.__setattr__ is object.__setattr__)
        or cls.__new__ is not object.__new__
    ):
        return False
    if structure.kind == "attrs":
        return _has_init_of_attrs(cls) and getattr(attrs.fields(cls), field.name).converter is None
    return structure.kind == "dataclass" and bool(cls.__dataclass_params__.init)


def refusal_of(structure: Structure, error: Exception, values: Mapping[str, Any]) -> Exception:
    """The failure of a constructor that has raised an error.

    Args:
        values: what it was given, by attribute name.
    """
    if isinstance(error, RecursionError):
        return error
    failure = DecodeFailure(f"refused by {structure.name}: {reason_of(error)}")
    failure.__cause__ = error
    name = _refused_attribute(structure, error, values)
    return failure if name is None else failure.under(name)


def _refused_attribute(
    structure: Structure, error: Exception, values: Mapping[str, Any]
) -> str | None:
    """The name of the attribute that a constructor's error is about.

    It is None where the validators of attrs don't tell it.
    """
    if structure.kind != "attrs" or isabstract(structure.cls):
        return None
    for argument in error.args:
        if isinstance(argument, attrs.Attribute):
            return structure.by_name[argument.name].attribute_name
    blank: Any = object.__new__(structure.cls)
    for attribute in attrs.fields(structure.cls):
        name = structure.by_name[attribute.name].attribute_name
        if attribute.validator is None or name not in values:
            continue
        try:
            attribute.validator(blank, attribute, values[name])
        except type(error) as again:
            if str(again) == str(error):
                return name
        except Exception:  # noqa: S112, BLE001  # a validator that needs other fields tells nothing
            continue
    return None


def _has_init_of_attrs(cls: Any) -> bool:
    """Whether the class's `__init__` is the one that attrs wrote, not one put there later."""
    init = cls.__init__
    return (
        attrs.has(cls)
        and "__attrs_attrs__" in cls.__dict__
        and attrs.inspect(cls).added_init
        and init.__qualname__ == f"{cls.__qualname__}.__init__"
        and not hasattr(init, "__wrapped__")
    )


def _is_only_set(attribute: Any) -> bool:
    return bool(
        attribute.init
        and attribute.validator is None
        and attribute.converter is None
        and is_name(attribute.name)
    )
