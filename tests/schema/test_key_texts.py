"""Templates of keys: what they are made of, and which are refused with the class."""

from __future__ import annotations

import pickle
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Literal, NewType
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.errors import ModelError
from adorm.schema.key_texts import Part, Template, parse_template, successor
from adorm.schema.structures import structure_of

Name = NewType("Name", str)


class Status(StrEnum):
    OPEN = "open"


class Level(IntEnum):
    LOW = 1


class Half(Enum):
    HALF = 0.5


@adorm.model(table="things")
class Thing:
    user_name: str = adorm.partition_key()
    order_id: Name = Name("")
    label: Annotated[str, "a note"] = ""
    kind: Literal["a", "b"] = "a"
    status: Status = Status.OPEN
    level: Level = Level.LOW
    half: Half = Half.HALF
    number: int = 0
    price: Decimal = Decimal(0)
    weight: float = 0.0
    done: bool = False
    at: datetime | None = None
    day: date | None = None
    clock: time | None = None
    uid: UUID | None = None
    data: bytes = b""
    path: PurePosixPath = PurePosixPath()
    lines: list[str] = adorm.attribute(factory=list)
    boxed: str = adorm.attribute(as_json=True, default="")
    either: str | int = ""
    expires: datetime | None = adorm.ttl()
    version: int = adorm.version()


def parse(text: str, *, table_key: bool = False) -> Template:
    return parse_template(text, structure_of(Thing), "Thing.key", table_key=table_key)


def only_part(text: str) -> Part:
    (part,) = parse(text).parts
    return part


def test_a_template_has_its_literals_and_parts_in_order() -> None:
    template = parse("C{{#{user_name}#{number:010d}}}")
    first, second = template.parts
    assert template.segments == ("C{#", first, "#", second, "}")
    assert (first.field.name, first.format, first.kind, first.end) == (
        "user_name",
        "",
        "plain",
        "#",
    )
    assert (second.format, second.kind, second.width, second.end) == ("010d", "fixed", 10, "}")
    assert (template.text, template.alone, template.tag) == (
        "C{{#{user_name}#{number:010d}}}",
        None,
        "S",
    )


@pytest.mark.parametrize(
    ("text", "tag"),
    [("{user_name}", "S"), ("{number}", "N"), ("{data}", "B"), ("{at}", "S"), ("{expires}", "N"),
     ("{weight}", "N"), ("{path}", "S")],
)  # fmt: skip
def test_a_field_alone_is_stored_as_the_field_is(text: str, tag: str) -> None:
    template = parse(text)
    assert template.alone is template.parts[0].field
    assert template.tag == tag


@pytest.mark.parametrize(
    ("text", "kind", "width", "loses"),
    [
        ("x{user_name}", "plain", 0, False), ("x{order_id}", "plain", 0, False),
        ("x{label}", "plain", 0, False), ("x{kind}", "plain", 0, False),
        ("x{status}", "plain", 0, False), ("x{level}", "plain", 0, False),
        ("x{number}", "plain", 0, False), ("x{price}", "plain", 0, False),
        ("x{done}", "plain", 0, False), ("x{at}", "plain", 27, False),
        ("x{day}", "plain", 10, False), ("x{clock}", "plain", 15, False),
        ("x{uid}", "plain", 36, False), ("x{expires}", "plain", 0, False),
        ("{number:d}", "number", 0, False), ("{price:d}", "number", 0, False),
        ("{number:038d}", "fixed", 38, False), ("{number:~01d}", "countdown", 1, False),
        ("{level:03d}", "fixed", 3, False), ("{expires:012d}", "fixed", 12, False),
        ("{at:%Y-%m-%d}", "time", 10, True), ("{at:%G-W%V.%u%%%j%H%M%S%f}", "time", 26, True),
        ("{day:%Y%j}", "time", 7, True), ("{clock:%H}", "time", 2, True),
        ("{expires:%Y}", "time", 4, True), ("{status:lower}", "lower", 0, True),
        ("{kind:upper}", "upper", 0, True), ("{number:shard(8)}", "shard", 0, True),
        ("{uid:shard(1000)}", "shard", 0, True),
    ],
)  # fmt: skip
def test_a_part_knows_its_format(text: str, kind: str, width: int, loses: bool) -> None:
    part = only_part(text)
    assert (part.kind, part.width, part.loses) == (kind, width, loses)


def test_a_part_knows_its_shards_and_whether_it_is_optional() -> None:
    assert only_part("{user_name:shard(16)}").shards == 16
    assert only_part("x{at}").is_optional
    assert not only_part("x{user_name}").is_optional


def test_shapes_are_equal_whatever_the_fields_are_called() -> None:
    shape = parse("A#{user_name}#{number:010d}").shape
    assert shape == parse("A#{label}#{level:010d}").shape
    assert (
        len({shape, parse("B#{label}#{level:010d}").shape, parse("A#{label}#{level:09d}").shape})
        == 3
    )
    assert parse("{user_name}").shape == parse("{at}").shape != parse("{number}").shape
    assert parse("{number:d}").shape != parse("{number}").shape
    assert parse("x{number:d}").shape == parse("x{user_name}").shape


def test_templates_are_values() -> None:
    assert parse("A#{user_name}") == parse("A#{user_name}") != parse("A#{label}")
    assert hash(parse("A#{user_name}")) == hash(parse("A#{user_name}"))
    assert pickle.loads(pickle.dumps(parse("info"))) == parse("info")  # our own


def test_parts_of_fixed_width_need_no_text_behind_them() -> None:
    parse("{number:04d}{day}{at:%Y}{user_name}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "can't be empty"),
        ("A#{user_nam}", "Thing has no field 'user_nam'; did you mean 'user_name'?"),
        ("A#{}", "a part without a name"),
        ("A#{user_name!r}", "converts user_name"),
        ("A#{user_name.first}", "is a path, but a part is a whole field"),
        ("A#{lines[0]}", "is a path, but a part is a whole field"),
        ("A#{nope.first}", "Thing has no field 'nope.first'"),
        ("A#{weight}", "Thing.weight is float, which has no text for a key"),
        ("A#{half}", "Thing.half is Half, which has no text"),
        ("A#{path}", "Thing.path is PurePosixPath, which has no text"),
        ("{weight:lower}", "Thing.weight is float, which has no text"),
        ("A#{data}", "bytes can only be a whole side"),
        ("A#{lines}", "Thing.lines is list"),
        ("{lines}", "Thing.lines is list"),
        ("A#{either}", "Thing.either is str | int"),
        ("A#{boxed}", "Thing.boxed is marked as_json"),
        ("{done}", "Thing.done alone is stored as BOOL"),
        ("A#{version}", "Thing.version is the version"),
        ("{user_name}{label}", "where user_name ends and label begins"),
        ("{user_name}{number:04d}", "where user_name ends and number begins"),
        ("{done}{number:04d}", "where done ends"),
        ("A#{user_name", "'{' in 'A#{user_name' has no partner"),
        ("A#{user_{name}", "'{' in 'A#{user_{name}' has no partner"),
        ("A#user_name}", "'}' in 'A#user_name}' has no partner"),
        ("{number:x}", "there is no format 'x'"),
        ("{number:10d}", "there is no format '10d'"),
        ("{number:+010d}", "there is no format '+010d'"),
        ("{number:0d}", "there is no format '0d'"),
        ("{number:00d}", "a number has 1 to 38 digits"),
        ("{number:039d}", "a number has 1 to 38 digits"),
        ("{number:~039d}", "a number has 1 to 38 digits"),
        ("{user_name:010d}", "the format '010d' takes int or a ttl"),
        ("{price:010d}", "Thing.price is Decimal, and the format '010d' takes int or a ttl"),
        ("{done:d}", "the format 'd' takes int or a ttl or Decimal"),
        ("{number:lower}", "the format 'lower' takes str"),
        ("{uid:upper}", "the format 'upper' takes str"),
        ("{user_name:%Y}", "the format '%Y' takes datetime or date or time or a ttl"),
        ("{at:%B}", "%B has no fixed number of digits"),
        ("{at:%Y%}", "% has no fixed number of digits"),
        ("{day:%H}", "%H has no fixed number of digits, or is not of this type"),
        ("{clock:%Y}", "%Y has no fixed number of digits, or is not of this type"),
        ("{at:%%}", "has nothing of the time in it"),
        ("{user_name:shard(1)}", "2 to 1000 shards"),
        ("{user_name:shard(1001)}", "2 to 1000 shards"),
        ("{user_name:shard(x)}", "there is no format"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_work_is_refused(text: str, message: str) -> None:
    with pytest.raises(ModelError) as raised:
        parse(text)
    assert str(raised.value).startswith("Thing.key: ")
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["A#{at}", "{at}"])
def test_a_part_of_the_tables_key_is_not_optional(text: str) -> None:
    with pytest.raises(ModelError, match=r"Thing\.at can be None, and every item has the table's"):
        parse(text, table_key=True)
    parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), ("a", "b"), ("ab#", "ab$"), ("a\U0010ffff", "b"), ("\U0010ffff" * 2, None),
     ("\ud7ff", "\ue000"), ("\ud800", "\ue000"), ("a\x7f", "a\x80")],
)  # fmt: skip
def test_the_successor_of_a_text(text: str, expected: str | None) -> None:
    assert successor(text) == expected


_characters = st.sampled_from("a#\x7f\ud7ff\ue000\uffff\U00010000\U0010ffff")
_texts = st.text(_characters, max_size=4)


@given(_texts, _texts)
@settings(deadline=None)
def test_the_successor_is_above_exactly_the_texts_that_begin_so(prefix: str, other: str) -> None:
    after = successor(prefix)
    if after is None:
        assert not prefix.strip("\U0010ffff")
        return
    assert after.encode() > (prefix + other).encode()
    if other.encode() > prefix.encode() and not other.startswith(prefix):
        assert other.encode() >= after.encode()


def test_a_part_knows_what_its_values_are() -> None:
    assert only_part("x{expires}").type == "epoch"
    assert only_part("x{level}").type == "whole"
    assert only_part("x{status}").tag == "S"
