"""Texts of keys: made of items, read back, and never one text for two keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings, strategies as st

import adorm
from adorm.codec.compiled.key_texts import make_parser, make_renderer
from adorm.codec.key_parsing import canonical_parts, parse_key
from adorm.codec.key_refusals import checked_text
from adorm.errors import BadValue, UsageError
from adorm.schema.key_texts import Template, parse_template
from adorm.schema.structures import structure_of

Item = dict[str, dict[str, Any]]


@adorm.model(table="things")
class Thing:
    a: str = adorm.partition_key()
    b: str = ""
    c: str = adorm.attribute(name="see", default="")
    n: int = 0
    m: int = 0
    price: Decimal = Decimal(0)
    done: bool = False
    at: datetime | None = None
    day: date | None = None
    clock: time | None = None
    uid: UUID | None = None
    data: bytes | None = None
    expires: datetime | None = adorm.ttl()


def template(text: str) -> Template:
    return parse_template(text, structure_of(Thing), "Thing.key", table_key=False)


def render(text: str, **values: dict[str, Any]) -> Any:
    return make_renderer(template(text), "Thing.key")(values)


def parse(text: str, key: str | dict[str, Any]) -> Any:
    return make_parser(template(text), "Thing.key")(key)


NOON = {"S": "2026-11-21T08:30:05.000000Z"}
SOME_UID = "00000000-0000-0000-0000-00000000000a"


@pytest.mark.parametrize(
    ("text", "item", "expected"),
    [
        ("CUSTOMER#{a}", {"a": {"S": "ada"}}, "CUSTOMER#ada"),
        ("info", {}, "info"),
        ("{{x}}'\"\\N{{\n{a}\\", {"a": {"S": "{b}"}}, "{x}'\"\\N{\n{b}\\"),
        ("A#{a}#{c}", {"a": {"S": "x"}, "see": {"S": "y#z"}}, "A#x#y#z"),
        ("x{price}", {"price": {"N": "1.50"}}, "x1.5"),
        ("x{price}", {"price": {"N": "1E+2"}}, "x100"),
        ("x{price}", {"price": {"N": "-0.0"}}, "x0"),
        ("x{price}", {"price": {"N": "0.1234567890123456789012345678901234567800"}},
         "x0.12345678901234567890123456789012345678"),
        ("{n:d}", {"n": {"N": "-007"}}, "-7"),
        ("{n:010d}", {"n": {"N": "42"}}, "0000000042"),
        ("{n:010d}", {"n": {"N": "42.0"}}, "0000000042"),
        ("{n:~03d}", {"n": {"N": "42"}}, "957"),
        ("x{done}", {"done": {"BOOL": True}}, "xtrue"),
        ("x{done}", {"done": {"BOOL": False}}, "xfalse"),
        ("{at}:{a}", {"at": NOON, "a": {"S": "x"}}, "2026-11-21T08:30:05.000000Z:x"),
        ("{at}{a}", {"at": {"S": "2026-11-21T08:30:05.000000+00:00"}, "a": {"S": "x"}},
         "2026-11-21T08:30:05.000000+00:00x"),
        ("x{day}", {"day": {"S": "2026-11-21"}}, "x2026-11-21"),
        ("x{clock}", {"clock": {"S": "08:30:00.000000"}}, "x08:30:00.000000"),
        ("x{uid}", {"uid": {"S": SOME_UID}}, f"x{SOME_UID}"),
        ("x{expires}", {"expires": {"N": "86400"}}, "x86400"),
        ("{at:%Y-%m-%d}", {"at": NOON}, "2026-11-21"),
        ("{at:%Y}", {"at": {"S": "0999-12-31T23:30:00.000000Z"}}, "0999"),
        ("{at:%d %H}", {"at": {"S": "2026-11-21T00:30:00+02:00"}}, "20 22"),
        ("{at:%G-W%V-%u %j %%%f}", {"at": NOON}, "2026-W47-6 325 %000000"),
        ("{day:%Y%m}", {"day": {"S": "2026-11-21"}}, "202611"),
        ("{clock:%H%M}", {"clock": {"S": "08:30:00.000000"}}, "0830"),
        ("{expires:%Y-%m-%d}", {"expires": {"N": "86400"}}, "1970-01-02"),
        ("{a:lower}", {"a": {"S": "STRASSE"}}, "strasse"),
        ("{a:upper}", {"a": {"S": "straße"}}, "STRASSE"),
        ("{a:shard(8)}", {"a": {"S": "ada"}}, "0"),
        ("{n:shard(8)}", {"n": {"N": "5.0"}}, "6"),
    ],
)  # fmt: skip
def test_a_text_is_made_of_what_is_stored(text: str, item: Item, expected: str) -> None:
    assert render(text, **item) == {"S": expected}


@pytest.mark.parametrize(
    ("text", "item"),
    [("{a}", {"a": {"S": "x"}}), ("{n}", {"n": {"N": "5"}}), ("{data}", {"data": {"B": b"\0"}})],
)
def test_a_field_alone_is_the_value_itself(text: str, item: Item) -> None:
    (value,) = item.values()
    assert render(text, **item) == value
    assert parse(text, value) == item


@pytest.mark.parametrize("text", ["A#{a}#{b}", "A#{a}"])
@pytest.mark.parametrize("item", [{}, {"a": {"NULL": True}}, {"a": {"NULL": True}, "b": {"S": ""}}])
def test_without_a_part_there_is_no_text(text: str, item: Item) -> None:
    assert render(text, **item) is None
    assert render("{a}", **item) is None


@pytest.mark.parametrize(
    ("text", "item", "message"),
    [
        ("T#{a}#{b}", {"a": {"S": "x#y"}, "b": {"S": "z"}},
         "Thing.key: a: 'x#y' contains '#', which ends it in T#{a}#{b}"),
        ("{a}#ITEM#{b}", {"a": {"S": "x#ITEM#"}, "b": {"S": "z"}}, "contains '#ITEM#', which ends"),
        ("{a}##{b}", {"a": {"S": "x#"}, "b": {"S": "z"}}, "is a beginning of '##', which ends it"),
        ("{a:lower}x{b}", {"a": {"S": "AX"}, "b": {"S": "z"}}, "'ax' contains 'x'"),
        ("{n}-{b}", {"n": {"N": "-5"}, "b": {"S": "z"}}, "'-5' contains '-'"),
        ("{a}#END", {"a": {"S": "x#END"}}, "contains '#END'"),
        ("A#{a}", {"a": {"S": ""}}, "a is empty, and a part of a key never is"),
        ("{a}", {"a": {"S": ""}}, "a is empty, and a part of a key never is"),
        ("{a:shard(8)}", {"a": {"S": ""}}, "is empty, and a part of a key never is"),
        ("{n:03d}", {"n": {"N": "-1"}}, "-1 is negative"),
        ("{n:03d}", {"n": {"N": "1000"}}, "1000 has more than 3 digits, in {n:03d}"),
        ("{n:~03d}", {"n": {"N": "1E+100"}}, "has more than 3 digits"),
        ("{n:03d}", {"n": {"N": "1.5"}}, "1.5 is not whole"),
        ("x{n}", {"n": {"N": "x"}}, "is no number"),
        ("x{n}", {"n": {"N": "NaN"}}, "is no number"),
        ("x{at}", {"at": {"S": "2026-11-21T08:30:05Z"}}, "is no datetime as adorm stores it"),
        ("x{day}", {"day": {"S": "20261121"}}, "is no date as adorm stores it"),
        ("x{clock}", {"clock": {"S": "08:30"}}, "is no time as adorm stores it"),
        ("x{uid}", {"uid": {"S": SOME_UID.upper()}}, "is no UUID as adorm stores it"),
        ("{at:%Y}", {"at": {"S": "2026-11-21T08:30:05"}}, "is no datetime"),
        ("{at:%Y}", {"at": {"S": "soon"}}, "is no datetime"),
    ],
)  # fmt: skip
def test_a_part_without_a_text_is_refused(text: str, item: Item, message: str) -> None:
    with pytest.raises(BadValue) as raised:
        render(text, **item)
    assert str(raised.value).startswith("Thing.key: ")
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["x{a}", "{a}", "{n:03d}", "x{done}"])
def test_a_part_of_another_type_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="but this part of the key is"):
        render(text, a={"L": []}, n={"S": "1"}, done={"S": "true"})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A#{a}#{b}", "B#x#y"), ("A#{a}#{b}", "A#x"), ("A#{a}#{b}", "A##y"), ("A#{a}#{b}", "A#x#"),
        ("A#{a}", ""), ("info", "inf"), ("info", "info!"), ("{a}#END", "x#END#END"),
        ("{n:03d}", "01"), ("{n:03d}", "0001"), ("{n:03d}", "0x1"), ("{n:03d}", "٠٠١"),
        ("{n:~03d}", "-01"), ("x{n}", "x05"), ("x{n}", "x1.0"), ("x{n}", "x"), ("x{n}", "x-"),
        ("x{done}", "xyes"), ("x{at}", "x2026-11-21T08:30:05Z"), ("x{day}", "x2026-13-01"),
        ("x{uid}", f"x{SOME_UID.upper()}A"), ("{at:%Y-%m}", "2026+11"), ("{at:%Y-%m}", "202611"),
        ("{at:%Y%%}", "2026 "), ("{at:%Y%Y}", "20262027"), ("{a:lower}", "X"), ("{a:upper}", "x"),
        ("{a:shard(8)}", "8"), ("{a:shard(8)}", "07"), ("{a:shard(8)}", "9" * 5000),
        ("{a}#{a}", "x#y"), ("{a}#{a:lower}", "X#y"), ("{at:%Y}#{at}", f"2025#{NOON['S']}"),
    ],
)  # fmt: skip
def test_another_text_is_not_parsed(text: str, key: str) -> None:
    assert parse(text, key) is None
    assert parse(text, {"S": key}) is None
    assert parse_key(template(text), key) is None
    assert canonical_parts(template(text), key) is None


def test_a_value_of_another_type_is_not_parsed() -> None:
    assert parse("A#{a}", {"N": "5"}) is None
    assert parse("{n}", {"S": "5"}) is None
    assert parse("{a}", {"S": ""}) is None


def test_parts_that_lose_their_value_are_left_out() -> None:
    assert parse("{a:lower}#{at:%Y}#{n}", "x#2026#5") == {"n": {"N": "5"}}
    assert parse("{a:lower}#{a}", "x#X") == {"a": {"S": "X"}}


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("{a:lower}#{n}", "x#5", {"a": {"S": "x"}, "n": {"N": "5"}}),
        ("{a:upper}", "X", {"a": {"S": "X"}}),
        ("{a:shard(8)}#{b}", "1#x", {"b": {"S": "x"}}),
        ("{at:%Y-%m-%d}", "2026-11-21", {"at": {"S": "2026-11-21T00:00:00.000000Z"}}),
        ("{at:%Y-%j %H:%M:%S.%f}", "2024-366 01:02:03.000004",
         {"at": {"S": "2024-12-31T01:02:03.000004Z"}}),
        ("{at:%G-W%V}", "2026-W01", {"at": {"S": "2025-12-29T00:00:00.000000Z"}}),
        ("{at:%Y-W%V}", "2026-W01", {"at": {"S": "2026-01-01T00:00:00.000000Z"}}),
        ("{at:%m-%d}", "02-29", {"at": {"S": "2020-02-29T00:00:00.000000Z"}}),
        ("{at:%Y-%m}", "2026-13", {}),
        ("{day:%Y%m}", "202611", {"day": {"S": "2026-11-01"}}),
        ("{clock:%H}", "08", {"clock": {"S": "08:00:00.000000"}}),
        ("{expires:%Y-%m-%d}", "1970-01-02", {"expires": {"N": "86400"}}),
        ("{a}", "x", {"a": {"S": "x"}}),
    ],
)  # fmt: skip
def test_a_lost_value_has_a_representative(text: str, key: str, expected: Item) -> None:
    found = canonical_parts(template(text), key)
    assert found == expected
    if found and "shard" not in text:
        rendered = render(text, **found)
        assert rendered == {"S": key}


def test_one_part_has_its_text_alone() -> None:
    whole = template("T#{a}#{n:03d}")
    name, number = whole.parts
    assert checked_text(name, {"S": "x"}, whole, "Thing.key") == "x"
    assert checked_text(number, {"N": "5"}, whole, "Thing.key") == "005"
    with pytest.raises(BadValue, match=r"'x#' contains '#', which ends it in T#{a}"):
        checked_text(name, {"S": "x#"}, whole, "Thing.key")


_texts = st.text(st.sampled_from("ab#-x\U00010000"), min_size=1, max_size=5)
_moments = st.datetimes(timezones=st.just(UTC)).map(
    lambda moment: {"S": moment.replace(tzinfo=None).isoformat("T", "microseconds") + "Z"}
)
_items: st.SearchStrategy[Item] = st.fixed_dictionaries(
    {
        "a": _texts.map(lambda text: {"S": text}),
        "b": _texts.map(lambda text: {"S": text}),
        "see": _texts.map(lambda text: {"S": text}),
        "n": st.integers(-20, 1200).map(lambda number: {"N": str(number)}),
        "m": st.integers(0, 10**38 - 1).map(lambda number: {"N": str(number)}),
        "price": st.decimals(-5, 5, places=2).map(
            lambda number: (
                {"N": f"{number:f}".rstrip("0").rstrip(".").replace("-0", "0", 1)}
                if not number
                else {"N": f"{number:f}".rstrip("0").rstrip(".")}
            )
        ),
        "done": st.booleans().map(lambda value: {"BOOL": value}),
        "at": _moments,
        "day": st.dates().map(lambda day: {"S": day.isoformat()}),
        "clock": st.times().map(lambda clock: {"S": clock.isoformat("microseconds")}),
        "uid": st.uuids().map(lambda uid: {"S": str(uid)}),
    }
)

LOSSLESS = [
    "T#{a}#{b}", "{a}##{b}", "{a}#-#{b}#{c}", "{a}aba{b}x", "{n:03d}{a}", "{n:~03d}{n:04d}",
    "{m:038d}{day}{uid}{clock}{at}{a}", "{at}{at}", "{done}#{n}#{price}", "{price}-{a}",
    "{done}r{a}", "{n:d}", "{a:lower}#{a}", "{at:%Y-%m-%d}{at}", "{a:shard(4)}a{a}",
]  # fmt: skip
_compiled: dict[str, tuple[Callable[[Item], Any], Callable[[Any], Any]]] = {
    text: (
        make_renderer(template(text), "Thing.key"),
        make_parser(template(text), "Thing.key"),
    )
    for text in LOSSLESS
}


def rendered_or_none(text: str, item: Item) -> Any:
    try:
        return _compiled[text][0](item)
    except BadValue:
        return None


def parts_of(text: str, item: Item) -> Item:
    names = [part.field.attribute_name for part in template(text).parts]
    return {name: item[name] for name in names}


@given(st.sampled_from(LOSSLESS), _items)
@settings(deadline=None)
def test_a_key_parses_back_to_exactly_its_parts(text: str, item: Item) -> None:
    key = rendered_or_none(text, item)
    assume(key is not None)
    assert _compiled[text][1](key) == parts_of(text, item)
    assert _compiled[text][1](key["S"]) == parts_of(text, item)
    assert parse_key(template(text), key) == parts_of(text, item)
    assert canonical_parts(template(text), key) == parts_of(text, item)


@given(st.sampled_from(LOSSLESS), _items, _items)
@settings(deadline=None)
def test_two_keys_never_have_one_text(text: str, one: Item, other: Item) -> None:
    key = rendered_or_none(text, one)
    if key is not None and key == rendered_or_none(text, other):
        assert parts_of(text, one) == parts_of(text, other)


@given(st.text(st.sampled_from("ab#-"), max_size=6))
@settings(deadline=None)
def test_what_parses_is_what_renders(key: str) -> None:
    for text in LOSSLESS:
        found = _compiled[text][1](key)
        assert found == parse_key(template(text), key)
        if found is not None:
            assert _compiled[text][0](found) == {"S": key}


@given(st.integers(0, 10**12 - 1), st.integers(0, 10**12 - 1))
@settings(deadline=None)
def test_texts_of_fixed_width_sort_as_numbers_do(one: int, other: int) -> None:
    up, down = (make_renderer(template(f"{{n:{sign}012d}}"), "Thing.key") for sign in ("", "~"))
    items = [{"n": {"N": str(number)}} for number in (one, other)]
    first, second = (item["S"] for item in map(up, items) if item)
    assert (first < second) == (one < other)
    first, second = (item["S"] for item in map(down, items) if item)
    assert (first < second) == (one > other)


@given(st.datetimes(timezones=st.just(UTC)), st.timedeltas(timedelta(0), timedelta(days=400)))
@settings(deadline=None)
def test_days_sort_as_moments_do(moment: datetime, later_by: timedelta) -> None:
    assume(moment < datetime(9990, 1, 1, tzinfo=UTC))
    days = [
        render("{at:%Y-%m-%d}", at={"S": at.isoformat()})["S"] for at in (moment, moment + later_by)
    ]
    assert days == sorted(days) == [f"{at.date()}" for at in (moment, moment + later_by)]
