"""`Coder`: how values of one type become attribute values and come back.

A coder has two functions. `encode` takes a value and raises `EncodeFailure`; `decode` takes an
attribute value and raises `DecodeFailure`. Besides these only adorm's own errors and
`RecursionError` pass through both. Each function is made at its first use, so that a class pays
only for what it uses.

Some coders can also be written into the generated function of a class around them: `encode_source`
and `decode_source` give expressions for the common values. An expression may raise anything; then
the caller uses `encode` or `decode`.
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
"""Held, in every thread, while coders are built and their functions are made."""

NO_NAMES: Mapping[str, Any] = MappingProxyType({})


class EncodeSource(Record):
    """How a common value is encoded by an expression.

    Args:
        test: an expression that is true for a common value `{v}`: `{v}.__class__ is int`. Empty
            where all values are common.
        payload: an expression for what the tag holds then: `str({v})`.
        names: objects that both use, by their names in the braces.
    """

    test: str
    payload: str
    names: Mapping[str, Any] = NO_NAMES


class DecodeSource(Record):
    """How a common value is decoded by an expression.

    Args:
        payload: an expression for the value, where `{p}` is what its tag holds: `int({p})`.
        names: objects that it uses, by their names in the braces.
    """

    payload: str
    names: Mapping[str, Any] = NO_NAMES


class made_once:  # noqa: N801  # used as a decorator
    """Decorates a method that makes a function: reading the attribute gives the function.

    It is made once, at the first read, and kept as an attribute of the instance. Where it is read
    while it is being made (a type that holds itself), the reader gets a function that calls it
    later.
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
                # by then the attribute is the function
                return lambda value: getattr(instance, self._name)(value)  # noqa: PLW0108
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
        """The type's name in a message: `list[int]`."""
        self.tags = tags
        """The tags that `encode` may give; None where a hook decides that."""
        self.classes = classes
        """The classes whose instances are meant for this coder, where it is a member of a
        union."""
        self.open_ended = open_ended
        """Whether values may be nested to any depth, as those of a class that holds itself."""

    def accepts(self, value: object) -> bool:
        """Whether this coder, as a member of a union, takes a value."""
        return isinstance(value, self.classes)

    @made_once
    def encode(self) -> Encode:
        raise TypeError(f"{type(self).__name__} makes no encoder")

    @made_once
    def decode(self) -> Decode:
        raise TypeError(f"{type(self).__name__} makes no decoder")

    def encode_source(self) -> EncodeSource | None:
        """An expression for common values; None where there is none."""
        return None

    def decode_source(self) -> DecodeSource | None:
        """An expression for common values; None where there is none."""
        return None

    @property
    def tag(self) -> str:
        """The only tag of a coder that has an `encode_source` or a `decode_source`."""
        return next(iter(self.tags or ()))


class LateCoder(Coder):
    """Stands in for the coder of an alias that holds itself, while that is being built."""

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
    """Stands in for the coder of an unknown class while a model is checked.

    Some database may have hooks for the class.
    """

    @made_once
    def encode(self) -> Encode:
        name = self.name

        def encode_unknown(_: Any) -> dict[str, Any]:
            raise EncodeFailure(f"{name} can't be stored without hooks")

        return encode_unknown
