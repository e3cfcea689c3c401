"""Types one by one: what they are stored as, and what is taken back."""

from __future__ import annotations

import sys
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, MutableMapping, Sequence, Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Interface, IPv6Network
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal, NewType, Optional, Self, TypeVar, Union
from uuid import UUID

import attrs
import pytest

from adorm.codec.build import check_type
from adorm.codec.codec import Codec
from adorm.codec.failures import DecodeFailure
from adorm.errors import ModelError, UsageError
from adorm.schema.fields import Field, Marker, Role
from tests.codec.samples import (
    Address,
    Circle,
    Level,
    Line,
    Odd,
    Rights,
    Slug,
    Square,
    Status,
    UserId,
)

CODEC = Codec()
Score = NewType("Score", int)
BoundT = TypeVar("BoundT", bound=int)


class Moment(datetime):
    pass


class Cents(int):
    pass


class Money(Decimal):
    pass


class Seconds(timedelta):
    pass


class Lenient(Enum):
    A = "a"
    UNKNOWN = "?"

    @classmethod
    def _missing_(cls, value: object) -> Lenient:
        return cls.UNKNOWN


NOON = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)

STORED: list[tuple[Any, Any, dict[str, Any]]] = [
    (str, "x", {"S": "x"}),
    (str, "", {"S": ""}),
    (int, 5, {"N": "5"}),
    (int, 10**50, {"N": "1" + "0" * 50}),
    (int, -(10**38), {"N": "-1" + "0" * 38}),
    (float, 0.1, {"N": "0.1"}),
    (float, 1e22, {"N": "1e+22"}),
    (float, -0.0, {"N": "0"}),
    (float, 5, {"N": "5.0"}),
    (Decimal, Decimal("1.10"), {"N": "1.10"}),
    (Decimal, 5, {"N": "5"}),
    (Decimal, Decimal("0E-500"), {"N": "0"}),
    (Decimal, Decimal("1" + "0" * 60), {"N": "1E60"}),
    (Decimal, Decimal("-1.5E-130"), {"N": "-1.5E-130"}),
    (bool, True, {"BOOL": True}),
    (bytes, b"\x00", {"B": b"\x00"}),
    (bytes, bytearray(b"a"), {"B": b"a"}),
    (datetime, NOON, {"S": "2026-11-21T08:30:00.000000Z"}),
    (datetime, NOON.astimezone(timezone(timedelta(hours=2))), {"S": "2026-11-21T08:30:00.000000Z"}),
    (datetime, NOON.replace(microsecond=1), {"S": "2026-11-21T08:30:00.000001Z"}),
    (Moment, Moment(2026, 11, 21, tzinfo=UTC), {"S": "2026-11-21T00:00:00.000000Z"}),
    (date, date(2026, 11, 21), {"S": "2026-11-21"}),
    (time, time(8, 30), {"S": "08:30:00.000000"}),
    (timedelta, timedelta(days=1, microseconds=1), {"N": "86400.000001"}),
    (timedelta, timedelta(microseconds=-500000), {"N": "-0.5"}),
    (Seconds, Seconds(seconds=90), {"N": "90"}),
    (UUID, UUID(int=1), {"S": "00000000-0000-0000-0000-000000000001"}),
    (Status, Status.OPEN, {"S": "open"}),
    (Level, Level.HIGH, {"N": "10"}),
    (Rights, Rights.READ | Rights.WRITE, {"N": "3"}),
    (Odd, Odd.PAIR, {"L": [{"N": "1"}, {"S": "x"}]}),
    (Odd, Odd.NOTHING, {"NULL": True}),
    (Literal["a", 1], 1, {"N": "1"}),
    (Literal[Status.OPEN], Status.OPEN, {"S": "open"}),
    (UserId, UserId("u"), {"S": "u"}),
    (Score, Score(1), {"N": "1"}),
    (Slug, Slug("s"), {"S": "s"}),
    (Cents, Cents(5), {"N": "5"}),
    (Money, Money("5.5"), {"N": "5.5"}),
    (Annotated[int, "x"], 5, {"N": "5"}),
    (Final[int], 5, {"N": "5"}),
    (Path, Path("a/b"), {"S": "a/b"}),
    (PurePosixPath, PurePosixPath("/"), {"S": "/"}),
    (IPv4Interface, IPv4Interface("10.0.0.1/8"), {"S": "10.0.0.1/8"}),
    (IPv6Network, IPv6Network("2001:db8::/32"), {"S": "2001:db8::/32"}),
    (None, None, {"NULL": True}),
    (int | None, None, {"NULL": True}),
    (Optional[int], 5, {"N": "5"}),  # noqa: UP045
    (Union[int, str], "x", {"S": "x"}),  # noqa: UP007
    (list[int], [1, 2], {"L": [{"N": "1"}, {"N": "2"}]}),
    (list, ["a", 1], {"L": [{"S": "a"}, {"N": "1"}]}),
    (tuple[int, str], (1, "a"), {"L": [{"N": "1"}, {"S": "a"}]}),
    (tuple[int, ...], (1, 2), {"L": [{"N": "1"}, {"N": "2"}]}),
    (tuple[()], (), {"L": []}),
    (deque[int], deque([1]), {"L": [{"N": "1"}]}),
    (Sequence[int], [1], {"L": [{"N": "1"}]}),
    (Iterable[int], [1], {"L": [{"N": "1"}]}),
    (set[str], {"b", "a"}, {"SS": ["a", "b"]}),
    (frozenset[str], frozenset("a"), {"SS": ["a"]}),
    (AbstractSet[int], {1}, {"NS": ["1"]}),
    (set[int], set(), {"NULL": True}),
    (set[float], {0.5}, {"NS": ["0.5"]}),
    (set[bytes], {b"a"}, {"BS": [b"a"]}),
    (set[Status], {Status.OPEN, Status.PAID}, {"SS": ["open", "paid"]}),
    (set[Level], {Level.LOW}, {"NS": ["1"]}),
    (set[UUID], {UUID(int=1)}, {"SS": ["00000000-0000-0000-0000-000000000001"]}),
    (set[date], {date(2026, 1, 1)}, {"SS": ["2026-01-01"]}),
    (set[bool], {True}, {"L": [{"BOOL": True}]}),
    (set[str | int], {1}, {"L": [{"N": "1"}]}),
    (set[Any], {1}, {"NS": ["1"]}),
    (set[Any], {1, True and "a"}, {"L": [{"N": "1"}, {"S": "a"}]}),
    (dict[str, int], {"a": 1}, {"M": {"a": {"N": "1"}}}),
    (dict, {"a": 1}, {"M": {"a": {"N": "1"}}}),
    (Mapping[str, int], {"a": 1}, {"M": {"a": {"N": "1"}}}),
    (MutableMapping[Status, int], {Status.OPEN: 1}, {"M": {"open": {"N": "1"}}}),
    (dict[Literal["a"], int], {"a": 1}, {"M": {"a": {"N": "1"}}}),
    (int | Decimal, Decimal("1.5"), {"N": "1.5"}),
    (int | str | None, None, {"NULL": True}),
    (Literal["auto"] | int, "auto", {"S": "auto"}),
    (Literal["a"] | Literal["b"], "b", {"S": "b"}),  # noqa: PYI030
    (str | list[str], ["a"], {"L": [{"S": "a"}]}),
    (set[str] | list[str], {"a"}, {"SS": ["a"]}),
    (Circle | Square, Square(1.0), {"M": {"side": {"N": "1.0"}, "kind": {"S": "square"}}}),
    (Address | str, Address("a"), {"M": {"city": {"S": "a"}, "zip": {"S": ""}}}),
    (Any, None, {"NULL": True}),
    (Any, 5, {"N": "5"}),
    (Any, True, {"BOOL": True}),
    (Any, {"a"}, {"SS": ["a"]}),
    (object, {"a": [1, None]}, {"M": {"a": {"L": [{"N": "1"}, {"NULL": True}]}}}),
    (int | Any, 5, {"N": "5"}),
    (BoundT, 5, {"N": "5"}),
    (Lenient, Lenient.A, {"S": "a"}),
]


@pytest.mark.parametrize(("annotation", "value", "stored"), STORED, ids=str)
def test_a_value_is_stored_in_its_form_and_comes_back(
    annotation: Any, value: Any, stored: dict[str, Any]
) -> None:
    assert CODEC.encode_value(annotation, value) == stored
    back = CODEC.decode_value(annotation, stored)
    assert back == value
    if annotation not in (bytes, float, Decimal):  # they take values of other types
        assert type(back) is type(value)


READ: list[tuple[Any, dict[str, Any], Any]] = [
    (int, {"N": "1.0"}, 1),
    (int, {"N": "1E2"}, 100),
    (int, {"N": "-0"}, 0),
    (list[int], {"L": [{"N": "1"}, {"N": "1E2"}]}, [1, 100]),
    (set[int], {"NS": ["1", "1E2"]}, {1, 100}),
    (dict[str, int], {"M": {"a": {"N": "1.00"}}}, {"a": 1}),
    (float, {"N": "1E+2"}, 100.0),
    (Decimal, {"N": "1E+2"}, Decimal(100)),
    (Any, {"N": "1.0"}, 1),
    (Any, {"N": "0.5"}, Decimal("0.5")),
    (Any, {"NS": ["1", "0.5"]}, {1, Decimal("0.5")}),
    (Any, {"BS": ["AA=="]}, {b"\x00"}),
    (bytes, {"B": "AA=="}, b"\x00"),
    (bytearray, {"B": "AA=="}, bytearray(b"\x00")),
    (datetime, {"S": "2026-11-21T10:30:00+02:00"}, NOON),
    (datetime, {"S": "2026-11-21T08:30:00Z"}, NOON),
    (datetime, {"S": "2026-11-21T08:30:00.1Z"}, NOON.replace(microsecond=100000)),
    (time, {"S": "08:30"}, time(8, 30)),
    (timedelta, {"N": "1E1"}, timedelta(seconds=10)),
    (Level, {"N": "10.0"}, Level.HIGH),
    (Odd, {"N": "0.1"}, Odd.EXACT),
    (Odd, {"B": "AAE="}, Odd.RAW),
    (Lenient, {"S": "new"}, Lenient.UNKNOWN),
    (Literal[1, "a"], {"N": "1.0"}, 1),
    (set[str], {"L": [{"S": "a"}]}, {"a"}),
    (set[bool], {"NULL": True}, set()),
    (set[str] | int, {"NULL": True}, set()),
]


@pytest.mark.parametrize(("annotation", "stored", "value"), READ, ids=str)
def test_other_forms_of_the_same_value_are_read(
    annotation: Any, stored: dict[str, Any], value: Any
) -> None:
    back = CODEC.decode_value(annotation, stored)
    assert back == value
    assert type(back) is type(value)


def test_plain_text_and_ints_are_stored_of_subclasses() -> None:
    stored = CODEC.encode_value(list[str], [Status.OPEN, Slug("a")])
    assert [type(item["S"]) for item in stored["L"]] == [str, str]
    assert CODEC.encode_value(int, Level.HIGH) == {"N": "10"}
    assert type(CODEC.encode_value(dict[str, int], {Slug("a"): 1})["M"].popitem()[0]) is str


def test_an_interface_is_no_address() -> None:
    from ipaddress import IPv4Address

    with pytest.raises(
        UsageError, match="expected an IPv4Address, got a value of type IPv4Interface"
    ):
        CODEC.encode_value(IPv4Address, IPv4Interface("10.0.0.1/8"))


def test_a_time_with_a_zone_is_refused() -> None:
    with pytest.raises(UsageError, match="a time of day with a time zone"):
        CODEC.encode_value(time, time(8, 30, tzinfo=UTC))


def test_a_number_of_absurd_exponent_costs_nothing() -> None:
    for annotation in (int, timedelta, Level):
        with pytest.raises(DecodeFailure):
            CODEC.decode_value(annotation, {"N": "1E+999999999"})
    assert CODEC.decode_value(Any, {"N": "1E+999999999"}) == Decimal("1E+999999999")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type aliases came with Python 3.12")
def test_type_aliases_are_seen_through_and_may_be_recursive() -> None:
    names: dict[str, Any] = {}
    source = (
        "type Id = str\ntype Maybe[T] = T | None\ntype Json = dict[str, Json] | list[Json] | "
        "str | int | bool | None"
    )
    exec(source, names)
    assert CODEC.encode_value(names["Id"], "x") == {"S": "x"}
    assert CODEC.encode_value(names["Maybe"][int], None) == {"NULL": True}
    value = {"a": [1, {"b": None}, "x", True]}
    stored = CODEC.encode_value(names["Json"], value)
    assert CODEC.decode_value(names["Json"], stored) == value
    with pytest.raises(UsageError, match=r"^value\.a\[0\]: expected"):
        CODEC.encode_value(names["Json"], {"a": [0.5]})


class Unknown:
    pass


class Strange(Enum):
    A = Unknown()


REFUSED: list[tuple[Any, str]] = [
    (
        Unknown,
        r"Unknown can't be stored: make it an attrs class or a dataclass, or register hooks for it",
    ),
    (list[Unknown], r"Unknown can't be stored"),
    (OrderedDict[str, int], r"can't be stored"),
    (Literal[1.5j], r"a value of .* can't be stored"),
    (Self, "Self is no type that can be stored: name the class itself"),
    (complex, r"complex can't be stored"),
    (dict[int, str], r"the keys of dict\[int, str\] have to be text"),
    (dict[Unknown, str], r"the keys of .* have to be text"),
    (str | UUID, r"str and UUID are both stored as S, so str \| UUID can't be told apart"),
    (int | float, r"int and float are both stored as N"),
    (list[int] | tuple[int, ...], r"both stored as L"),
    (dict[str, int] | Address, r"both stored as M"),
    (set[str] | set[int], r"are the same class to Python"),
    (
        Address | Line,
        (
            r"nothing tells Address \| Line apart: give each a field of one name with a value of "
            r"its "
            r"own"
        ),
    ),
    (Circle | Line, r"nothing tells Circle \| Line apart"),
    (Odd | None, r"a member of Odd has the value None, so it can't be told from None"),
    (Literal["a"] | str, r"both stored as S"),  # noqa: PYI051  # what is refused
]


@pytest.mark.parametrize(("annotation", "message"), REFUSED, ids=str)
def test_a_type_that_cannot_be_stored_is_a_model_error(annotation: Any, message: str) -> None:
    codec = Codec()
    for _ in range(2):
        with pytest.raises(ModelError, match=message):
            codec.prepare(annotation)
    field = Field("value", "value", annotation, owner="Owner")
    with pytest.raises(ModelError, match=rf"^Owner\.value: .*{message}"):
        codec.field_plan(field)


@attrs.define
class Mutable:
    x: int = 1


FOUND_EARLY: list[tuple[Any, Marker, str]] = [
    (str | UUID, Marker(), "can't be told apart"),
    (Address | Line, Marker(), "nothing tells Address"),
    (int, Marker(as_set=True), "as_set goes with a list or a tuple of any length, not with int"),
    (
        list[bool],
        Marker(as_set=True),
        "as_set goes with elements that are stored as text, numbers or bytes, not with bool",
    ),
    (tuple[int, str], Marker(as_set=True), "as_set goes with a list or a tuple"),
    (str, Marker(Role.TTL), r"is the ttl, so it is `datetime \| None` or `int \| None`, not str"),
    (list[str | bytes | int | float], Marker(), "both stored as N"),
    (dict[tuple[int, str], int], Marker(), "have to be text"),
    (
        set[list[int]],
        Marker(),
        r"the elements of set\[list\[int\]\] need a hash, and list\[int\] has none",
    ),
    (frozenset[bytearray], Marker(), "need a hash, and bytearray has none"),
    (
        set[Mutable],
        Marker(),
        "need a hash, and Mutable has none: make it a frozen class, or use a list",
    ),
    (
        dict[Mutable, int],
        Marker(),
        "need a hash, and Mutable has none: make it a frozen class, or use a list of pairs",
    ),
    (list[dict[str, set[dict[str, int]]]], Marker(), "need a hash"),
]


@pytest.mark.parametrize(("annotation", "marker", "message"), FOUND_EARLY, ids=str)
def test_a_mistake_shows_at_class_creation(annotation: Any, marker: Marker, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        check_type(Field("value", "value", annotation, marker), "Owner")


@pytest.mark.parametrize(
    "annotation",
    [Unknown, list[Unknown | None], dict[Unknown, int], dict[int, str], Unknown | str, Strange],
    ids=str,
)
def test_an_unknown_class_is_no_mistake_at_class_creation(annotation: Any) -> None:
    check_type(Field("value", "value", annotation), "Owner")


def test_nesting_deeper_than_dynamodb_keeps_is_refused_by_name() -> None:
    def nested(levels: int) -> Any:
        value: Any = "x"
        for _ in range(levels):
            value = [value]
        return value

    assert CODEC.encode({"a": nested(31)})
    with pytest.raises(
        UsageError, match=r"^dict\.a\[0\].*: nested deeper than the 32 levels that DynamoDB keeps$"
    ):
        CODEC.encode({"a": nested(32)})
    with pytest.raises(UsageError, match="nested deeper"):
        CODEC.encode_value(Any, nested(32))
    with pytest.raises(UsageError, match="nested deeper"):
        CODEC.encode({"a": nested(100_000)})


def test_hostile_depth_is_refused_on_reading_and_in_linear_time() -> None:
    from tests.codec.samples import Node

    def deep(levels: int, inner: Any) -> Any:
        value: Any = inner
        for _ in range(levels):
            value = {
                "name": {"S": "a"},
                "children": {"L": [{"M": value}]},
                "by_name": {"M": {"k": {"M": {"name": {"S": "b"}}}}},
            }
        return value

    with pytest.raises(DecodeFailure, match="expected text"):
        CODEC.decode(Node, deep(60, {"name": {"N": "1"}}))
    assert CODEC.decode(Node, deep(60, {"name": {"S": "x"}}))
    with pytest.raises(DecodeFailure, match="nested too deeply to be read"):
        CODEC.decode(Node, deep(100_000, {"name": {"S": "x"}}))
    untyped: Any = {"S": "x"}
    for _ in range(100_000):
        untyped = {"L": [untyped]}
    with pytest.raises(DecodeFailure, match="nested too deeply to be read"):
        CODEC.decode(dict[str, Any], {"a": untyped})
    with pytest.raises(
        DecodeFailure, match="expected text, got something nested too deeply to show"
    ):
        CODEC.decode_value(str, untyped)
