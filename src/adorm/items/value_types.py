"""Type variables for the values of `.set(path, value)`.

To check that a value fits its path, a type checker needs a bound or constrained TypeVar: it would
widen a plain one to `object`, and accept any value.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Protocol, TypeVar

from adorm.schema.model_types import AttrsLike, DataclassLike

EnumT = TypeVar("EnumT", bound=Enum)


class TypedDictLike(Protocol):
    """A TypedDict. `TypedDict` itself can't be the bound of a type variable."""

    __required_keys__: ClassVar[frozenset[str]]
    __optional_keys__: ClassVar[frozenset[str]]


TypedDictT = TypeVar("TypedDictT", bound=TypedDictLike)
NestedT = TypeVar("NestedT", bound=DataclassLike | AttrsLike)
