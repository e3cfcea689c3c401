"""Immutable values, compared and shown by what they hold: for classes that a cold start loads.

attrs makes the same methods, but takes 0.4 ms to make a class. A process loads two dozen such
classes before its first item: attrs would make that a tenth slower (docs/decisions/0020). A
`Record` is made about as fast as an instance of an attrs class (0.8 us with five values). Modules
that a first read does not load use attrs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn, dataclass_transform


class _RecordType(type):
    """Makes the annotated fields of a class its slots, and keeps their defaults beside them."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _RecordType:
        annotations: Mapping[str, str] = namespace.get("__annotations__", {})
        fields = tuple(field for field, text in annotations.items() if "ClassVar" not in text)
        namespace["_defaults"] = {
            field: namespace.pop(field) for field in fields if field in namespace
        }
        namespace["__slots__"] = fields
        return super().__new__(cls, name, bases, namespace)


@dataclass_transform(frozen_default=True)  # checkers know the constructor, and refuse assignments
class Record(metaclass=_RecordType):
    """The base of such a class. It annotates its fields, with defaults, as a dataclass does.

    A class that checks its values has a constructor of its own, which hands them to `_hold` in the
    order of the fields. Two records are equal where they are of one class and equal in every field.
    """

    __slots__: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[Mapping[str, Any]]
    _setters: ClassVar[tuple[Callable[[Any, object], None], ...]] = ()
    """Each sets one field, in their order: `__setattr__` refuses to."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._setters = tuple(getattr(cls, name).__set__ for name in cls.__slots__)

    def __init__(self, *values: object, **named: object) -> None:
        if named or len(values) != len(self._setters):
            values = self._completed(values, named)
        self._hold(*values)

    def _completed(
        self, values: tuple[object, ...], named: Mapping[str, object]
    ) -> tuple[object, ...]:
        """All values in the order of the fields, with the defaults of those that are not given."""
        rest = self.__slots__[len(values) :]
        given = {**self._defaults, **named}
        if len(values) > len(self.__slots__) or not named.keys() <= set(rest) <= given.keys():
            raise TypeError(f"{type(self).__name__}() takes {', '.join(self.__slots__)}")
        return (*values, *(given[name] for name in rest))

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
