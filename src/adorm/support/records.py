"""Immutable values, compared and shown by what they hold.

attrs would write the same methods, in 0.4 ms a class: two dozen classes are on the way to a
process's first item, and would be a tenth of the time that it takes (docs/decisions/0020). Away
from that way, adorm uses attrs.
"""

from __future__ import annotations

from typing import Any, NoReturn, dataclass_transform


@dataclass_transform(frozen_default=True)  # so that checkers refuse assignments, too
class Record:
    """The base of such a class. It names its `__slots__`, and `__init__` hands their values to
    `_hold`, in that order.

    Two are equal where they are of one class and equal in every slot.
    """

    __slots__: tuple[str, ...] = ()

    def _hold(self, *values: object) -> None:
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

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
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"

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
