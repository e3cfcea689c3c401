"""Immutable values, compared and shown by what they hold: for classes that a cold start loads.

attrs makes the same methods, but takes 0.4 ms to make a class. A process loads two dozen such
classes before its first item: attrs would make that a tenth slower (docs/decisions/0020). A
`Record` is made about as fast as an instance of an attrs class (0.8 us with five values). Modules
that a first read does not load use attrs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, dataclass_transform


@dataclass_transform(frozen_default=True)  # checkers refuse assignments, too
class Record:
    """The base of such a class. It names its `__slots__`, and `__init__` hands their values to
    `_hold`, in that order.

    Two are equal where they are of one class and equal in every slot.
    """

    __slots__: tuple[str, ...] = ()

    _setters: ClassVar[tuple[Callable[[Any, object], None], ...]] = ()
    """Each sets one slot, in their order: `__setattr__` refuses to."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._setters = tuple(getattr(cls, name).__set__ for name in cls.__slots__)

    def _hold(self, *values: object) -> None:
        # `strict` costs a third of it
        for set_slot, value in zip(self._setters, values):  # noqa: B905
            set_slot(self, value)

    def _held(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return (
            self._held() == other._held()
            if isinstance(other, Record) and type(self) is type(other)
            else NotImplemented
        )

    def __hash__(self) -> int:
        return hash((type(self), self._held()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({values})"

    def __setattr__(self, name: str, _value: object) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__}.{name} can't be changed: make a new {type(self).__name__}"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} can't be deleted")

    def __getstate__(self) -> tuple[Any, ...]:
        return self._held()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._hold(*state)
