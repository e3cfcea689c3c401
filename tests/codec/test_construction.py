"""Decoding makes an instance as calling its class does, whatever that comes to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import attrs
import pytest

from adorm.codec import Codec, DecodeFailure

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
