"""The models of design.md and a few of every other shape, for what checkers accept and what they
reject."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal, NamedTuple, NewType, TypedDict
from uuid import UUID

import attrs

import adorm

CustomerId = NewType("CustomerId", str)


@adorm.model
class Address:
    city: str
    zip: str


@adorm.model
class Line:
    sku: str
    quantity: int = 1


@adorm.model(
    table="orders",
    indexes=[adorm.GlobalIndex("by-status", partition="status", sort="created_at")],
)
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    tags: set[str] = adorm.attribute(factory=set)
    address: Address | None = None
    lines: list[Line] = adorm.attribute(factory=list)
    labels: dict[str, str] = adorm.attribute(factory=dict)
    meta: dict[str, Any] = adorm.attribute(factory=dict, as_json=True)
    note: str = adorm.attribute(default="", name="n", omit_empty=True)
    created_at: datetime = adorm.created_at()
    updated_at: datetime = adorm.updated_at()
    expires_at: datetime | None = adorm.ttl()
    version: int = adorm.version()


class Colour(Enum):
    RED = 1
    BLUE = 2


class Grade(StrEnum):
    LOW = "low"
    HIGH = "high"


@dataclass
class Point:
    x: int
    y: int


@attrs.define
class Circle:
    radius: float
    kind: Literal["circle"] = "circle"


@attrs.define
class Square:
    side: float
    kind: Literal["square"] = "square"


class Origin(TypedDict):
    country: str
    lot: int


class Span(NamedTuple):
    start: int
    end: int


@adorm.model(
    table="parts",
    indexes=[
        adorm.GlobalIndex(
            "by-owner",
            partition=["owner", "grade"],
            sort=["age", "made_on"],
            projection="KEYS_ONLY",
        ),
        adorm.GlobalIndex("by-age", partition="age", projection=["owner"]),
        adorm.LocalIndex("by-weight", sort="weight"),
    ],
)
class Part:
    """A field of every kind of type."""

    part_id: UUID = adorm.partition_key(factory=adorm.uuid7)
    number: int = adorm.sort_key()
    owner: CustomerId
    age: int
    active: bool = True
    weight: float = 0.0
    price: Decimal = Decimal(0)
    grade: Grade = Grade.LOW
    colour: Colour = Colour.RED
    kind: Literal["bolt", "nut"] = "bolt"
    nick: str | None = None
    rank: int | None = None
    made_on: date
    made_in: timedelta = timedelta()
    blob: bytes = b""
    address: IPv4Address
    source: Path
    tags_list: list[str] = adorm.attribute(factory=list[str])
    sizes: frozenset[int] = frozenset()
    history: tuple[int, ...] = ()
    limits: tuple[int, str] = (0, "")
    matrix: list[list[int]] = adorm.attribute(factory=list[list[int]])
    counts: dict[str, int] = adorm.attribute(factory=dict[str, int])
    places: dict[str, Address] = adorm.attribute(factory=dict[str, Address])
    point: Point = adorm.attribute(factory=lambda: Point(0, 0))
    shape: Circle | Square = adorm.attribute(factory=lambda: Circle(1.0))
    origin: Origin | None = None
    span: Span = Span(0, 0)
    extra: Any = None
    parent: Part | None = None


@adorm.model(table="events", frozen=True, naming="camelCase")
class Event:
    event_id: str = adorm.partition_key()
    kind: str = adorm.discriminator("event")
    size: int = adorm.attribute(default=0, validator=attrs.validators.ge(0))


@adorm.model(frozen=True)
class UrgentEvent(Event):
    reason: str = ""


@dataclass
class ThirdParty:
    id: str
    total: int = 0


Mapped = adorm.map_class(ThirdParty, table="third", partition_key="id")
