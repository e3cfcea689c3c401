"""Classes of every kind that the codec's tests share."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# (`factory=list` and `set()` are of Unknown to it)
# ruff: noqa: RUF009, PYI061  # defaults that are called are immutable, and a literal of None is
# what is tested

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag, StrEnum
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from pathlib import Path, PurePosixPath
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    TypedDict,
    TypeVar,
)
from uuid import UUID

import attrs

from adorm.schema.fields import METADATA_KEY, Marker, Role

T = TypeVar("T")
UserId = NewType("UserId", str)


def marked(
    role: Role = Role.ATTRIBUTE, *, name: str | None = None, **options: Any
) -> dict[str, Marker]:
    """The metadata that a field marker leaves."""
    return {METADATA_KEY: Marker(role, name, **options)}


class Status(StrEnum):
    OPEN = "open"
    PAID = "paid"


class Level(IntEnum):
    LOW = 1
    HIGH = 10


class Rights(IntFlag):
    READ = 1
    WRITE = 2


class Odd(Enum):
    """Values of every form, one of them a tuple."""

    TEXT = "text"
    NUMBER = 7
    EXACT = Decimal("0.10")
    PAIR = (1, "x")
    NOTHING = None
    RAW = b"\x00\x01"
    YES = True


class Slug(str):
    __slots__ = ()


@attrs.define
class Address:
    city: str
    zip: str = ""


@attrs.define
class Line:
    sku: str
    price: Decimal = Decimal(0)
    quantity: int = 1


@attrs.define(kw_only=True)
class Order:
    customer_id: str = attrs.field(metadata=marked(Role.PARTITION_KEY))
    order_id: str = attrs.field(metadata=marked(Role.SORT_KEY))
    status: str = "open"
    total: Decimal = Decimal(0)
    count: int = 0
    tags: set[str] = attrs.field(factory=set)
    address: Address | None = None
    lines: list[Line] = attrs.field(factory=list)
    labels: dict[str, str] = attrs.field(factory=dict)
    at: datetime | None = None


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0


@dataclasses.dataclass(frozen=True)
class Frozen:
    names: tuple[str, ...] = ()


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Movie(TypedDict):
    title: str
    year: NotRequired[int | None]
    tags: NotRequired[set[str]]


@attrs.define
class Box(Generic[T]):
    content: T
    more: list[T] = attrs.field(factory=list)


@attrs.define
class Node:
    name: str
    children: list[Node] = attrs.field(factory=list)
    parent: Node | None = None
    by_name: dict[str, Node] = attrs.field(factory=dict)


@attrs.define
class Circle:
    radius: float
    kind: str = attrs.field(default="circle", metadata=marked(Role.DISCRIMINATOR))


@attrs.define
class Square:
    side: float
    kind: Literal["square"] = "square"


@attrs.define
class Drawing:
    shapes: list[Circle | Square] = attrs.field(factory=list)
    best: Circle | Square | None = None
    mixed: str | int | bool | list[int] | Circle | Square | None = "x"


@attrs.define
class Everything:
    """One field of each type."""

    text: str = "x"
    slug: Slug = Slug("s")
    whole: int = 0
    real: float = 0.0
    exact: Decimal = Decimal(0)
    flag: bool = False
    raw: bytes = b""
    mutable: bytearray = attrs.field(factory=bytearray)
    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    day: date = date(2026, 1, 1)
    clock: time = time(8, 30)
    span: timedelta = timedelta(0)
    uuid: UUID = UUID(int=0)
    status: Status = Status.OPEN
    level: Level = Level.LOW
    rights: Rights = Rights.READ
    odd: Odd = Odd.TEXT
    choice: Literal["a", 1, True, None, Status.PAID] = "a"
    user: UserId = UserId("u")
    annotated: Annotated[int, ["not", "hashable"]] = 0
    path: Path = Path("a/b")
    pure: PurePosixPath = PurePosixPath("/x")
    ip4: IPv4Address = IPv4Address("10.0.0.1")
    ip6: IPv6Address = IPv6Address("::1")
    net4: IPv4Network = IPv4Network("10.0.0.0/8")
    net6: IPv6Network = IPv6Network("2001:db8::/32")
    if4: IPv4Interface = IPv4Interface("10.0.0.1/8")
    if6: IPv6Interface = IPv6Interface("::1/128")
    maybe: int | None = None
    five: int | None = 5
    numbers: list[int] = attrs.field(factory=list)
    nested: list[list[str | None]] = attrs.field(factory=list)
    fixed: tuple[int, str, bool] = (1, "a", True)
    variable: tuple[Decimal, ...] = ()
    texts: set[str] = attrs.field(factory=set)
    counts: frozenset[int] = frozenset()
    blobs: set[bytes] = attrs.field(factory=set)
    flags: set[bool] = attrs.field(factory=set)
    pairs: set[tuple[int, str]] = attrs.field(factory=set)
    moments: set[datetime] = attrs.field(factory=set)
    maybe_texts: set[str] | None = None
    sets: dict[str, set[int]] = attrs.field(factory=dict)
    by_status: dict[Status, int] = attrs.field(factory=dict)
    by_user: Mapping[UserId, list[int]] = attrs.field(factory=dict)
    sequence: Sequence[int] = attrs.field(factory=list)
    address: Address | None = None
    point: Point = attrs.field(factory=lambda: Point(0.0))
    pair: Pair = Pair(1)
    movie: Movie = attrs.field(factory=lambda: Movie(title="t"))
    box: Box[int] = attrs.field(factory=lambda: Box(1))
    boxes: dict[str, Box[set[str]]] = attrs.field(factory=dict)
    node: Node | None = None
    drawing: Drawing = attrs.field(factory=Drawing)
    number: int | Decimal = 0
    scalar: str | int | bytes | bool = "x"
    anything: Any = None
    meta: dict[str, Any] = attrs.field(factory=dict, metadata=marked(as_json=True))
    order: list[Line] = attrs.field(factory=list, metadata=marked(as_json=True))
    as_set: list[str] = attrs.field(factory=list, metadata=marked(as_set=True))
    note: str = attrs.field(default="", metadata=marked(name="n", omit_empty=True))
    expires_at: datetime | None = attrs.field(default=None, metadata=marked(Role.TTL))
