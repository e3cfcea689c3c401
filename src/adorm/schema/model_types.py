"""The types by which type checkers know models, other structured classes and values to set."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar


class DataclassLike(Protocol):
    """A dataclass, or a model, which type checkers take for one by `dataclass_transform`."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class AttrsLike(Protocol):
    """An attrs class; `attrs.AttrsInstance` is an empty protocol to pyright."""

    __attrs_attrs__: ClassVar[Any]


AnyModel: TypeAlias = DataclassLike | AttrsLike
"""What every model is to a checker: the bound for a type variable of yours, `M = TypeVar("M",
bound=adorm.AnyModel)`."""


# The values of `.set(path, value)`: to check that a value fits its path, a type checker needs a
# bound or constrained TypeVar; it would widen a plain one to `object`, and accept any value.
EnumT = TypeVar("EnumT", bound=Enum)


class TypedDictLike(Protocol):
    """A TypedDict. `TypedDict` itself can't be the bound of a type variable."""

    __required_keys__: ClassVar[frozenset[str]]
    __optional_keys__: ClassVar[frozenset[str]]


TypedDictT = TypeVar("TypedDictT", bound=TypedDictLike)
NestedT = TypeVar("NestedT", bound=DataclassLike | AttrsLike)
