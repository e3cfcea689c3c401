"""Type variables of the values that updates take.

A plain TypeVar would be widened to `object` and accept anything: scalars need a constrained one,
enums and nested values a bound.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Protocol, TypeVar

from adorm.schema.model_types import AttrsLike, DataclassLike

EnumT = TypeVar("EnumT", bound=Enum)


class TypedDictLike(Protocol):
    """A TypedDict, which is no class that a type variable may be bound to."""

    __required_keys__: ClassVar[frozenset[str]]
    __optional_keys__: ClassVar[frozenset[str]]


TypedDictT = TypeVar("TypedDictT", bound=TypedDictLike)
NestedT = TypeVar("NestedT", bound=DataclassLike | AttrsLike)
