"""Decoding makes an instance as calling its class does, whatever that comes to."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import attrs
import pytest

from adorm.codec.codec import Codec
from adorm.codec.compiled.constructors import only_sets_attributes
from adorm.codec.failures import DecodeFailure

ONE = {"number": {"N": "1"}}

seen: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


class Counting(type):
    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        seen.append("called")
        return super().__call__(*arguments, **named)


@dataclass
class OfMetaclass(metaclass=Counting):
    number: int


@dataclass
class WithNew:
    number: int

    def __new__(cls, *_arguments: Any, **_named: Any) -> Self:
        seen.append("new")
        return super().__new__(cls)


def tenfold(number: int) -> int:
    return number * 10


@attrs.define
class WithSteps:
    number: int = attrs.field(converter=tenfold, validator=attrs.validators.lt(50))
    twice: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.twice = self.number * 2


@attrs.frozen
class Frozen:
    number: int


class WithShape(ABC):
    @abstractmethod
    def area(self) -> int: ...


@attrs.define
class Shapeless(WithShape):
    number: int


@pytest.mark.parametrize(("cls", "step"), [(OfMetaclass, "called"), (WithNew, "new")])
def test_what_a_class_does_when_called_is_done(cls: Any, step: str) -> None:
    assert Codec().decode(cls, ONE).number == 1
    assert seen == [step]


def test_converters_validators_and_post_init_run() -> None:
    codec = Codec()
    made = codec.decode(WithSteps, ONE)
    assert (made.number, made.twice) == (10, 20)
    with pytest.raises(DecodeFailure, match=r"refused by WithSteps: .*60"):
        codec.decode(WithSteps, {"number": {"N": "6"}})


def test_a_frozen_instance_is_whole() -> None:
    made: Any = Codec().decode(Frozen, ONE)
    assert made == Frozen(1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.number = 2


def test_an_abstract_class_is_refused() -> None:
    with pytest.raises(DecodeFailure, match=r"abstract"):
        Codec().decode(Shapeless, ONE)


def made(*, base: type = object, **options: Any) -> Any:
    return attrs.make_class("Made", {"number": attrs.field(type=int, **options)}, bases=(base,))


@attrs.define
class WithPreInit:
    number: int

    def __attrs_pre_init__(self) -> None:
        seen.append("pre-init")


@attrs.define
class WithInit:
    number: int

    def __init__(self, number: int) -> None:
        seen.append("init")
        self.number = number


class WithSetattr:
    def __setattr__(self, name: str, value: object) -> None:
        seen.append(name)
        super().__setattr__(name, value)


class Undecorated(made()):  # type: ignore[misc]  # made at run time
    pass


@attrs.define(slots=False)
class WithInitPutThere:
    number: int


def init_put_there(self: WithInitPutThere, number: int) -> None:
    seen.append("init")
    self.number = number


WithInitPutThere.__init__ = init_put_there  # type: ignore[method-assign]  # as instrumentation does


@attrs.define(slots=False)
class WithInitWrapped:
    number: int


def wrapped(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def init_and_note(*arguments: Any, **named: Any) -> None:
        seen.append("init")
        init(*arguments, **named)

    return init_and_note


WithInitWrapped.__init__ = wrapped(WithInitWrapped.__init__)  # type: ignore[method-assign]  # as above


@attrs.define(cache_hash=True, unsafe_hash=True)
class Hashed:
    number: int


PLAIN: list[Any] = [
    made(),
    made(default=5),
    made(factory=int),
    made(alias="other"),
    attrs.make_class("Slotted", {"number": attrs.field(type=int)}, slots=True),
    attrs.make_class("Private", {"_number": attrs.field(type=int, metadata={})}),
]
SPECIAL: list[Any] = [
    OfMetaclass,
    WithNew,
    WithSteps,
    Frozen,
    Shapeless,
    WithPreInit,
    WithInit,
    WithInitPutThere,
    WithInitWrapped,
    Undecorated,
    Hashed,
    made(validator=attrs.validators.ge(0)),
    made(converter=tenfold),
    made(on_setattr=attrs.setters.validate),
    made(init=False, default=1),
    made(base=WithSetattr),
    made(base=Exception),
]


@pytest.mark.parametrize("cls", PLAIN)
def test_a_constructor_that_only_sets_attributes_is_written_out(cls: Any) -> None:
    assert only_sets_attributes(cls)
    name = attrs.fields(cls)[0].name
    decoded, called = Codec().decode(cls, {name: {"N": "1"}}), cls(1)
    assert decoded == called
    assert getattr(decoded, name) == 1
    assert getattr(decoded, "__dict__", {}) == getattr(called, "__dict__", {})


@pytest.mark.parametrize("cls", SPECIAL)
def test_a_constructor_that_does_more_is_called(cls: Any) -> None:
    assert not only_sets_attributes(cls)


@pytest.mark.parametrize(
    "cls", [WithPreInit, WithInit, WithInitPutThere, WithInitWrapped, made(base=WithSetattr)]
)
def test_what_a_constructor_does_beside_setting_is_done(cls: Any) -> None:
    Codec().decode(cls, ONE)
    assert len(seen) == 1
