"""JSON Schemas hold what adorm writes, and refuse mistakes in it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntFlag
from ipaddress import IPv4Address
from typing import Any, Literal
from uuid import UUID

import fastjsonschema
import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm.dynamodb.values import as_json
from tests.support import keyed_models


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Rights(IntFlag):
    READ = 1
    WRITE = 2


@adorm.model
class Line:
    sku: str
    quantity: int = 1
    below: Line | None = None


@adorm.model
class Circle:
    kind: str = adorm.discriminator("circle")
    radius: float = 1.0


@adorm.model
class Square:
    kind: str = adorm.discriminator("square")
    side: int = 1


@adorm.model(table="things", naming="camelCase")
class Thing:
    thing_id: UUID = adorm.partition_key()
    number: int = adorm.sort_key()
    total: Decimal
    day: date
    at: datetime | None = None
    clock: time = time(8, 30)
    took: timedelta = timedelta(seconds=1)
    weight: float | None = None
    rights: Rights = Rights.READ
    colour: Colour | None = None
    kind: Literal["a", 5] = "a"
    tags: set[str] = adorm.attribute(factory=set)
    counts: set[int] | None = None
    lines: list[Line] = adorm.attribute(factory=list)
    stock: dict[Colour, int] = adorm.attribute(factory=dict)
    anything: Any = None
    mixed: int | str | None = None
    shape: Circle | Square | None = None
    pair: tuple[int, str] = (1, "a")
    extra: dict[str, Any] = adorm.attribute(factory=dict, as_json=True)
    raw: bytes = b""
    address: IPv4Address | None = None
    is_new: bool = True
    expires_at: datetime | None = adorm.ttl()
    created: datetime = adorm.created_at()
    changed: datetime = adorm.updated_at()
    version: int = adorm.version()


FORMS: Mapping[str, Callable[[Any], Any]] = {
    "plain": adorm.to_plain,
    "dynamodb": lambda thing: as_json(adorm.to_attribute_map(thing)),
}


def checker(form: Any, *models: type[Any]) -> Callable[[Any], object]:
    compile_schema: Any = fastjsonschema.compile  # it has no types
    made: Callable[[Any], object] = compile_schema(adorm.json_schema(*models, form=form))
    return made


CHECK = {form: checker(form, Thing) for form in FORMS}

moments = st.datetimes(min_value=datetime(1971, 1, 1), timezones=st.just(UTC))
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=3, max_value=10**30)
lines = st.builds(Line, sku=st.just("x"), quantity=st.integers(0, 9))
things = st.builds(
    Thing,
    thing_id=st.uuids(),
    number=st.integers(-(2**100), 2**100),
    total=numbers | st.just(Decimal("1E+100")),
    day=st.dates(),
    at=st.none() | moments,
    clock=st.times(),
    took=st.timedeltas(),
    weight=st.none() | st.floats(-1e100, 1e100).filter(lambda x: x == 0 or abs(x) > 1e-100),
    rights=st.sampled_from([Rights.READ, Rights.WRITE, Rights.READ | Rights.WRITE]),
    colour=st.none() | st.sampled_from(Colour),
    kind=st.sampled_from(["a", 5]),
    tags=st.sets(st.text(max_size=3), max_size=3),
    counts=st.none() | st.sets(st.integers(-5, 5), min_size=1),
    lines=st.lists(st.builds(Line, sku=st.text(), below=st.none() | lines), max_size=2),
    stock=st.dictionaries(st.sampled_from(Colour), st.integers(0, 9)),
    anything=st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text() | st.binary(),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.text(min_size=1), inner, max_size=2)
        ),
        max_leaves=4,
    ),
    mixed=st.none() | st.integers(0, 9) | st.text(),
    shape=st.none() | st.builds(Circle) | st.builds(Square),
    extra=st.dictionaries(st.text(), st.integers(0, 9), max_size=2),
    raw=st.binary(),
    address=st.none() | st.ip_addresses(v=4),
    expires_at=st.none() | moments,
)  # fmt: skip


@settings(max_examples=40)
@given(thing=things)
def test_what_adorm_writes_is_accepted(thing: Thing) -> None:
    for form, write in FORMS.items():
        CHECK[form](json.loads(json.dumps(write(thing))))


THING = Thing(
    thing_id=UUID(int=1),
    number=1,
    total=Decimal("1.5"),
    day=date(2026, 1, 1),
    at=datetime(2026, 1, 1, tzinfo=UTC),
    colour=Colour.RED,
    tags={"a"},
    counts={1},
    lines=[Line(sku="x")],
    stock={Colour.RED: 1},
    shape=Circle(),
)

MISTAKES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a required attribute is missing": lambda d: d.pop("total"),
    "an attribute is unknown": lambda d: d.update(totl=1),
    "a number is a text": lambda d: d.update(total="much"),
    "an int has a fraction": lambda d: d.update(number=1.5),
    "a datetime is a number": lambda d: d.update(at=5),
    "a datetime has no form": lambda d: d.update(at="yesterday"),
    "an enum has another value": lambda d: d.update(colour="green"),
    "a literal has another value": lambda d: d.update(kind="b"),
    "a set has a value twice": lambda d: d.update(tags=["a", "a"]),
    "a set is an object": lambda d: d.update(counts={}),
    "an element is another type": lambda d: d.update(lines=["x"]),
    "a nested class lacks an attribute": lambda d: d["lines"][0].pop("sku"),
    "a nested class has an unknown one": lambda d: d["lines"][0].update(colour=1),
    "a map has another key": lambda d: d.update(stock={"green": 1}),
    "None where there is none": lambda d: d.update(day=None),
    "a discriminator is unknown": lambda d: d["shape"].update(kind="star"),
    "a discriminator is missing": lambda d: d["shape"].pop("kind"),
    "a tuple is too short": lambda d: d.update(pair=[1]),
    "a bool is a number": lambda d: d.update(isNew=1),
    "it is a list": lambda d: d.update(stock=[]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_plain_json_is_refused(mistake: str) -> None:
    plain = adorm.to_plain(THING)
    CHECK["plain"](copy.deepcopy(plain))
    MISTAKES[mistake](plain)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        CHECK["plain"](plain)


@pytest.mark.parametrize(
    "change",
    [
        {"total": {"S": "1.5"}},
        {"total": {"N": 1.5}},
        {"number": {"N": "1.5"}},
        {"tags": {"SS": []}},
        {"tags": {"L": [{"S": "a"}]}},
        {"colour": {"S": "green"}},
        {"lines": {"L": [{"M": {"quantity": {"N": "1"}}}]}},
        {"anything": {"X": "1"}},
        {"anything": {"L": [{"N": "x"}]}},
        {"raw": {"B": 5}},
        {"isNew": {"BOOL": "true"}},
        {"at": {"NULL": False}},
        {"day": {}},
        {"unknown": {"S": ""}},
    ],
    ids=repr,
)
def test_a_mistake_in_dynamodb_json_is_refused(change: dict[str, Any]) -> None:
    item = FORMS["dynamodb"](THING)
    CHECK["dynamodb"](item)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        CHECK["dynamodb"]({**item, **change})


def test_an_item_that_can_be_read_without_an_attribute_does_not_need_it() -> None:
    required = adorm.json_schema(Thing)["$defs"]["Thing"]["required"]
    assert required == ["thingId", "number", "total", "day", "created"]
    least = {name: adorm.to_plain(THING)[name] for name in required}
    CHECK["plain"](least)
    assert adorm.from_plain(Thing, least).version == 0


def test_keys_of_parts_stand_in_dynamodbs_form_only() -> None:
    order = keyed_models.Order(user_name="ada", order_id="o1")
    for form, write in FORMS.items():
        checker(form, keyed_models.Order)(write(order))
    plain = adorm.json_schema(keyed_models.Order)["$defs"]["Order"]
    stored = adorm.json_schema(keyed_models.Order, form="dynamodb")["$defs"]["Order"]
    assert "PK" not in plain["properties"]
    assert stored["required"] == ["user_name", "order_id", "PK", "SK"]
    assert stored["properties"]["_type"]["const"] == {"S": "Order"}


def test_of_several_models_an_item_fits_one() -> None:
    check = checker("plain", Line, Square)
    check({"sku": "x"})
    check({"side": 5})
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        check({"sku": "x", "side": 5})


def test_the_dialect_and_the_definitions_are_named() -> None:
    schema = adorm.json_schema(Line)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$ref"] == "#/$defs/Line"
    assert schema["$defs"]["Line"] == {
        "title": "Line",
        "type": "object",
        "properties": {
            "sku": {"type": "string"},
            "quantity": {"type": ["integer", "string"], "pattern": "^-?[0-9]+$"},
            "below": {"anyOf": [{"$ref": "#/$defs/Line"}, {"type": "null"}]},
        },
        "additionalProperties": False,
        "required": ["sku"],
    }


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(adorm.UsageError, match="at least one model"):
        adorm.json_schema()
    with pytest.raises(adorm.UsageError, match=r'form is "plain" or "dynamodb"'):
        adorm.json_schema(Line, form="yaml")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # on purpose
    with pytest.raises(adorm.ModelError, match="not a structured class"):
        adorm.json_schema(int)
