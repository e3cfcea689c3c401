"""`Coder`: how values of one type become attribute values and come back.

A coder has two functions. `encode` takes a value and raises nothing but `EncodeFailure`, `decode`
takes an attribute value and raises nothing but `DecodeFailure` (besides adorm's own errors and
`RecursionError`, which pass through both). They are made when they are first wanted, so that a
class pays only for what it uses.

Scalars and nested classes can also be written into the functions that are generated around them:
`encode_source` and `decode_source` give expressions that take the common case and may raise
anything, upon which the caller asks `encode` or `decode`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import RLock
from types import MappingProxyType
from typing import Any, cast

from adorm.codec.failures import EncodeFailure
from adorm.dynamodb.values import AttributeValue
from adorm.support.records import Record

Encode = Callable[[Any], AttributeValue]
Decode = Callable[[Any], Any]

BUILDING = RLock()
"""Held while coders are planned and their functions made, in any thread."""


NO_NAMES: Mapping[str, Any] = MappingProxyType({})


class EncodeSource(Record):
    """Where `test` holds of a variable `{v}`, `payload` is what its tag holds: `{v}.__class__ is
    str` and `{v}`."""

    __slots__ = ("test", "payload", "names")  # noqa: RUF023  # the constructor's order

    test: str
    payload: str
    names: Mapping[str, Any]

    def __init__(self, test: str, payload: str, names: Mapping[str, Any] = NO_NAMES) -> None:
        self._hold(test, payload, names)


class DecodeSource(Record):
    """The value, made of the expression `{p}`, which is what its tag holds: `int({p})`."""

    __slots__ = ("payload", "names")  # noqa: RUF023  # the constructor's order

    payload: str
    names: Mapping[str, Any]

    def __init__(self, payload: str, names: Mapping[str, Any] = NO_NAMES) -> None:
        self._hold(payload, names)


class made_once:  # noqa: N801  # used as a decorator
    """A function that a method makes when it is first wanted; wanted again in the making, a
    stand-in that calls it later.

    Once made it is an attribute of the instance, which is found without asking here.
    """

    def __init__(self, make: Callable[[Any], Callable[[Any], Any]]) -> None:
        self._make = make
        self._name = make.__name__

    def __get__(self, instance: Any, owner: type) -> Callable[[Any], Any]:
        attributes: dict[str, Any] = instance.__dict__
        in_the_making: set[str] = instance.in_the_making
        with BUILDING:
            if self._name in attributes:  # another thread was faster
                return cast("Callable[[Any], Any]", attributes[self._name])
            if self._name in in_the_making:
                return lambda value: getattr(instance, self._name)(value)  # noqa: PLW0108  # the attribute is another later
            in_the_making.add(self._name)
            try:
                function = attributes[self._name] = self._make(instance)
            finally:
                in_the_making.discard(self._name)
            return function


class Coder:
    """How values of one type are stored."""

    def __init__(
        self,
        name: str,
        tags: frozenset[str] | None,
        classes: tuple[type, ...] = (),
        *,
        open_ended: bool = False,
    ) -> None:
        self.in_the_making: set[str] = set()
        self.name = name
        """What to call the type in a message: `list[int]`."""
        self.tags = tags
        """The tags that `encode` may give; None where that is not known."""
        self.classes = classes
        """The Python classes whose values are surely meant for this coder, among the members of a
        union."""
        self.open_ended = open_ended
        """Whether values may be nested to any depth."""

    def accepts(self, value: object) -> bool:
        """Whether a member of a union may take this value."""
        return isinstance(value, self.classes)

    @made_once
    def encode(self) -> Encode:
        raise TypeError(f"{type(self).__name__} makes no encoder")

    @made_once
    def decode(self) -> Decode:
        raise TypeError(f"{type(self).__name__} makes no decoder")

    def encode_source(self) -> EncodeSource | None:
        return None

    def decode_source(self) -> DecodeSource | None:
        return None

    @property
    def tag(self) -> str:
        """The one tag of a coder that has sources."""
        return next(iter(self.tags or ()))


class LateCoder(Coder):
    """Stands for a recursive alias while it is being built."""

    target: Coder

    def __init__(self, name: str) -> None:
        super().__init__(name, None, open_ended=True)

    def accepts(self, value: object) -> bool:
        return self.target.accepts(value)

    @made_once
    def encode(self) -> Encode:
        return self.target.encode

    @made_once
    def decode(self) -> Decode:
        return self.target.decode


class UnknownCoder(Coder):
    """Stands for a class that some database may have hooks for, while a model is checked."""

    @made_once
    def encode(self) -> Encode:
        name = self.name

        def encode_unknown(_: Any) -> dict[str, Any]:
            raise EncodeFailure(f"{name} can't be stored without hooks")

        return encode_unknown
