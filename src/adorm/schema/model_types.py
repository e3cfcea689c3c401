"""The types by which type checkers know models and other structured classes."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, TypeAlias


class DataclassLike(Protocol):
    """A dataclass, or a model, which type checkers take for one by `dataclass_transform`."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class AttrsLike(Protocol):
    """An attrs class; `attrs.AttrsInstance` is an empty protocol to pyright."""

    __attrs_attrs__: ClassVar[Any]


AnyModel: TypeAlias = DataclassLike | AttrsLike
"""What every model is to a checker: the bound for a type variable of yours, `M = TypeVar("M",
bound=adorm.AnyModel)`."""
