"""What a model inherits, and a word about fields that would be left out in silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import attrs
import pytest

import adorm

T = TypeVar("T")


class Versioned:
    version: int = adorm.version()


class Bare:
    version = adorm.version()


class Annotated:
    color: str


class Defaulted:
    color: str = "red"


@dataclass
class Made:
    color: str = "red"


class Below(Defaulted):
    """The fields are those of its base."""


@pytest.mark.parametrize(
    ("base", "names"),
    [
        (Versioned, "its base Versioned declares version"),
        (Bare, "its base Bare declares version"),
        (Annotated, "its base Annotated declares color"),
        (Defaulted, "its base Defaulted declares color"),
        (Made, "its base Made declares color"),
        (Below, "its base Defaulted declares color"),
    ],
)
@pytest.mark.parametrize("table", ["t", None])
def test_fields_of_an_undecorated_base_are_a_model_error_that_names_it(
    base: type, names: str, table: str | None
) -> None:
    body = type(
        "Order", (base,), {"__annotations__": {"order_id": str}, "order_id": adorm.partition_key()}
    )
    named = "Defaulted" if base is Below else base.__name__
    with pytest.raises(
        adorm.ModelError, match=f"Order: {names}.*decorate {named} with @adorm.model"
    ):
        adorm.model(body) if table is None else adorm.model(table=table)(body)


def test_an_undecorated_class_between_two_models_is_told() -> None:
    @adorm.model
    class Parent:
        a: int = 0

    class Between(Parent):
        b: int = 0

    with pytest.raises(adorm.ModelError, match="Child: its base Between declares b"):

        @adorm.model(table="t")
        class Child(Between):
            child_id: str = adorm.partition_key()


class Named(Protocol):
    name: str


class Helpers:
    LIMIT: ClassVar[int] = 5
    quoted: "ClassVar[int]" = 6  # noqa: UP037  # as people write it
    plain = 7

    def shout(self) -> str:
        return "!"


@attrs.define
class Dated:
    year: int = 2026


class Box(Generic[T]):
    """No fields."""


@adorm.model
class Stamped:
    version: int = adorm.version()


def test_bases_without_fields_of_their_own_and_decorated_ones_stay_as_they_were() -> None:
    @adorm.model(table="t")
    class Order(Helpers, Dated, Box[int], Named):
        order_id: str = adorm.partition_key()
        name: str = ""

    @adorm.model(table="t")
    class Note(Stamped, Box[int]):
        note_id: str = adorm.partition_key()

    order: Any = Order
    assert {field.name for field in attrs.fields(order)} == {"year", "order_id", "name"}
    note: Any = Note
    assert {field.name for field in attrs.fields(note)} == {"version", "note_id"}
    again: Any = type("Again", (Order,), {"__annotations__": {"more": int}, "more": 1})
    assert adorm.model(again)(order_id="x").shout() == "!"


def test_classes_over_one_base_can_be_joined_after_paths_were_used() -> None:
    @adorm.model(table="shared")
    class Base:
        pk: str = adorm.partition_key()

    assert str(Base.pk) == "Base.pk"

    @adorm.model(table="shared")
    class Left(Base):
        left: int = 0

    @adorm.model(table="shared")
    class Right(Base):
        right: int = 0

    assert (str(Left.pk), str(Right.right)) == ("Left.pk", "Right.right")

    @adorm.model(table="shared")
    class Both(Left, Right):
        both: int = 0

    assert [str(path) for path in (Both.pk, Both.left, Both.right, Both.both)] == [
        "Both.pk",
        "Both.left",
        "Both.right",
        "Both.both",
    ]
    assert not hasattr(Left, "right")
    assert type(Both) is type(Base)
