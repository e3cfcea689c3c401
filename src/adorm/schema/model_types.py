"""What a model is to a type checker."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, TypeAlias


class DataclassLike(Protocol):
    """A dataclass, or a model: `dataclass_transform` makes it look like one."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class AttrsLike(Protocol):
    """An attrs class; `attrs.AttrsInstance` is an empty protocol to pyright."""

    __attrs_attrs__: ClassVar[Any]


AnyModel: TypeAlias = DataclassLike | AttrsLike
"""What every model is to a checker: the bound for a type variable of yours, `M = TypeVar("M",
bound=adorm.AnyModel)`."""
