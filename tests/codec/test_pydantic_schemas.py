"""Models as pydantic sees them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, NewType, TypeVar
from uuid import UUID

import attrs
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import adorm

T = TypeVar("T")
Sku = NewType("Sku", str)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Colour(Enum):
    RED = "red"


@attrs.define
class Line:
    sku: Sku
    quantity: int = 1
    blob: bytes = b""


@attrs.define
class Box(Generic[T]):
    content: T


@adorm.model
class Card:
    kind: str = adorm.discriminator("card")
    number: str = ""


@adorm.model
class Address:
    city: str


@adorm.model(table="orders")
class Order:
    customer_id: str = adorm.partition_key()
    total: Decimal = Decimal(0)
    tags: set[str] = adorm.attribute(factory=set)
    address: Address | None = None
    lines: list[Line] = adorm.attribute(factory=list)
    by_name: dict[str, Line | int] = adorm.attribute(factory=dict)
    boxed: Box[Line] | None = None
    counted: Annotated[Box[int] | None, "how many"] = None
    pair: tuple[int, Line] | None = None
    colour: Colour = Colour.RED
    paid_by: Card | None = None
    parts: list[Order] = adorm.attribute(factory=list)
    token: UUID | None = None
    meta: dict[str, Any] = adorm.attribute(factory=dict, as_json=True)
    created_at: datetime = adorm.attribute(default=NOW)
    version: int = adorm.version()


ORDERS = TypeAdapter(Order)


def full() -> Order:
    return Order(
        customer_id="c1",
        total=Decimal("12.50"),
        tags={"a"},
        address=Address(city="Bonn"),
        lines=[Line(Sku("tea"), 2, b"\xff")],
        by_name={"first": Line(Sku("cup")), "second": 3},
        boxed=Box(Line(Sku("box"))),
        counted=Box(7),
        pair=(1, Line(Sku("pair"))),
        paid_by=Card(number="1"),
        parts=[Order(customer_id="part")],
        token=UUID(int=5),
        meta={"any": [1, None]},
    )


def test_an_instance_goes_out_as_json_and_comes_back() -> None:
    text = ORDERS.dump_json(full())
    assert ORDERS.validate_json(text) == full()
    assert ORDERS.validate_python(ORDERS.dump_python(full(), mode="json")) == full()
    assert ORDERS.dump_python(full(), mode="json")["lines"] == [
        {"sku": "tea", "quantity": 2, "blob": "/w=="}
    ]


def test_an_instance_is_taken_as_it_is() -> None:
    order = full()
    assert ORDERS.validate_python(order) is order


def test_what_is_left_out_has_the_models_default() -> None:
    assert ORDERS.validate_json(b'{"customer_id": "c1"}') == Order(customer_id="c1")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"total": 1}', ("customer_id",)),
        (
            '{"customer_id": "c", "lines": [{"sku": "x", "quantity": "many"}]}',
            ("lines", 0, "quantity"),
        ),
        ('{"customer_id": "c", "address": {}}', ("address", "city")),
        ('{"customer_id": "c", "parts": [{}]}', ("parts", 0, "customer_id")),
        (
            '{"customer_id": "c", "lines": [{"sku": "x", "blob": "no base64"}]}',
            ("lines", 0, "blob"),
        ),
        ("[]", ()),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    text: str, place: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        ORDERS.validate_json(text)
    assert [error["loc"] for error in caught.value.errors()] == [place]


def test_a_validator_of_the_models_own_refuses_too() -> None:
    def positive(_instance: object, _field: object, value: int) -> None:
        if value < 0:
            raise ValueError("below zero")

    @adorm.model
    class Counted:
        count: int = adorm.attribute(default=0, validator=positive)

    with pytest.raises(ValidationError, match="below zero"):
        TypeAdapter(Counted).validate_json('{"count": -1}')


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_json_schema_names_each_class_once(mode: Any) -> None:
    schema = ORDERS.json_schema(mode=mode)
    assert schema["$ref"] == "#/$defs/Order"
    properties = schema["$defs"]["Order"]["properties"]
    assert properties["lines"]["items"] == {"$ref": "#/$defs/Line"}
    assert properties["parts"]["items"] == {"$ref": "#/$defs/Order"}
    assert schema["$defs"]["Order"]["required"] == ["customer_id"]
    assert {"Address", "Card", "Colour", "Line", "Order"} <= set(schema["$defs"])


def test_a_model_stands_in_a_pydantic_model() -> None:
    class Answer(BaseModel):
        order: Order
        more: list[Order] = []

    answer = Answer(order=full(), more=[full()])
    assert Answer.model_validate_json(answer.model_dump_json()) == answer


def test_a_mapped_class_is_seen_through_its_model() -> None:
    @attrs.define
    class Theirs:
        pk: str
        size: int = 0

    theirs: Any = adorm.map_class(Theirs, table="theirs", partition_key="pk")
    seen: TypeAdapter[Any] = TypeAdapter(theirs)
    assert seen.validate_json('{"pk": "x"}') == Theirs("x")
    assert seen.dump_json(Theirs("x")) == b'{"pk":"x","size":0}'


def other_address() -> Any:
    @adorm.model
    class Address:
        street: str

    return Address


def test_two_classes_of_one_name_are_told_apart() -> None:
    both: Any = tuple[Address, other_address()]  # type: ignore[misc]  # made here
    schema = TypeAdapter(both).json_schema()
    assert len(schema["$defs"]) == 2
    assert sorted(each["required"] for each in schema["$defs"].values()) == [["city"], ["street"]]
