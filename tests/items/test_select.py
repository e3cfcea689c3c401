"""`select` and aggregates read as the model does: defaults, absence and errors at every depth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm import attr, not_none
from adorm.database import Database
from adorm.expressions.paths import document_path_of
from adorm.items.select import select_values

pytestmark = pytest.mark.anyio


@adorm.model
class Deep:
    n: int
    labels: dict[str, int] = adorm.attribute(factory=dict)
    opt: int = 3


@adorm.model
class Inner:
    need: str
    tags: set[str] = adorm.attribute(factory=set)
    opt: int = adorm.attribute(default=3, name="o")
    deep: Deep = adorm.attribute(factory=lambda: Deep(n=9))


@adorm.model
class Card:
    last4: str
    kind: str = adorm.discriminator("card")


@adorm.model
class Transfer:
    iban: str
    kind: str = adorm.discriminator("transfer")


@attrs.define
class Address:
    city: str = "Rome"


@adorm.model(table="people")
class Person:
    person_id: str = adorm.partition_key()
    inn: Inner = adorm.attribute(factory=lambda: Inner(need="made", tags={"made"}))
    maybe: Inner | None = None
    lines: list[Inner] = adorm.attribute(factory=list)
    by_name: dict[str, Inner] = adorm.attribute(factory=dict)
    counts: dict[str, int] = adorm.attribute(factory=dict)
    address: Address = adorm.attribute(factory=Address)
    paid: Card | Transfer | None = None
    color: str = "red"
    meta: Any = None


@adorm.model(table="people")
class Strict:
    person_id: str = adorm.partition_key()
    inn: Inner
    counts: dict[str, int]


PATHS: dict[str, tuple[Any, Callable[[Person], Any]]] = {
    "inn.tags": (Person.inn.tags, lambda person: person.inn.tags),
    "inn.opt": (Person.inn.opt, lambda person: person.inn.opt),
    "inn.need": (Person.inn.need, lambda person: person.inn.need),
    "inn.deep.n": (Person.inn.deep.n, lambda person: person.inn.deep.n),
    "inn.deep.opt": (Person.inn.deep.opt, lambda person: person.inn.deep.opt),
    "inn.deep.labels[k]": (
        Person.inn.deep.labels["k"],
        lambda person: person.inn.deep.labels.get("k"),
    ),
    "maybe.opt": (
        not_none(Person.maybe).opt,
        lambda person: None if person.maybe is None else person.maybe.opt,
    ),
    "maybe.deep.n": (
        not_none(Person.maybe).deep.n,
        lambda person: None if person.maybe is None else person.maybe.deep.n,
    ),
    "lines[0].opt": (
        Person.lines[0].opt,
        lambda person: person.lines[0].opt if person.lines else None,
    ),
    "by_name[x].tags": (
        Person.by_name["x"].tags,
        lambda person: person.by_name["x"].tags if "x" in person.by_name else None,
    ),
    "counts[x]": (Person.counts["x"], lambda person: person.counts.get("x")),
    "address.city": (Person.address.city, lambda person: person.address.city),
    "paid.last4": (attr(Person.paid), lambda person: person.paid),
    "color": (Person.color, lambda person: person.color),
}
DEEP: dict[str, Any] = {"M": {"n": {"N": "1"}}}
INNER: dict[str, Any] = {"M": {"need": {"S": "x"}}}
FULL: dict[str, Any] = {
    "M": {"need": {"S": "x"}, "tags": {"SS": ["a"]}, "o": {"N": "5"}, "deep": DEEP}
}
BROKEN: dict[str, Any] = {"M": {"tags": {"SS": ["a"]}}}
NULL = {"NULL": True}
ITEMS: list[dict[str, Any]] = [
    {},
    *(
        {"inn": value, "maybe": value, "lines": {"L": [value]}, "by_name": {"M": {"x": value}}}
        for value in (INNER, FULL)
    ),
    {
        "inn": {
            "M": {
                "need": {"S": "x"},
                "deep": {
                    "M": {"n": {"N": "2"}, "labels": {"M": {"k": {"N": "4"}}}, "opt": {"N": "7"}}
                },
            }
        }
    },
    {"maybe": NULL, "lines": NULL, "by_name": NULL, "counts": NULL},
    {"address": {"M": {}}, "counts": {"M": {"x": {"N": "1"}}}, "color": {"S": "blue"}},
    {"paid": {"M": {"kind": {"S": "card"}, "last4": {"S": "4242"}}}},
    {"paid": {"M": {"kind": {"S": "transfer"}, "iban": {"S": "DE"}}}},
]


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(Person)
        yield db


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("number", range(len(ITEMS)))
async def test_a_path_is_selected_as_the_whole_item_reads(
    db: Database, name: str, number: int
) -> None:
    await db.call(
        "PutItem", {"TableName": "people", "Item": {"person_id": {"S": "a"}, **ITEMS[number]}}
    )
    people = db.table(Person)
    path, of = PATHS[name]
    expected = of(await people.get("a"))
    assert await people.query("a").select(path) == [(expected,)]
    assert await people.get("a").select(path) == (expected,)
    assert (await people.batch_get(["a"]).select(path)).items == [(expected,)]
    assert await people.scan().segments(2).select(path) == [(expected,)]


async def test_a_part_of_one_of_several_classes_is_none_where_the_item_has_another(
    db: Database,
) -> None:
    people = db.table(Person)
    await people.put(Person(person_id="a", paid=Transfer(iban="DE")))
    await people.put(Person(person_id="b", paid=Card(last4="4242")))
    paid: Any = Person.paid
    assert await people.query("a").select(paid, paid.last4) == [(Transfer(iban="DE"), None)]
    assert await people.query("b").select(paid.last4) == [("4242",)]


@pytest.mark.parametrize(
    ("item", "path", "where"),
    [
        (
            {"inn": BROKEN},
            Strict.inn.need,
            r"\$\.inn\.need: missing, and Inner\.need has no default",
        ),
        ({}, Strict.inn.need, r"\$\.inn: missing, and Strict\.inn has no default"),
        ({}, Strict.inn.tags, r"\$\.inn: missing, and Strict\.inn has no default"),
        ({}, Strict.counts["x"], r"\$\.counts: missing, and Strict\.counts has no default"),
        ({"inn": {"S": "x"}}, Strict.inn.tags, r"\$\.inn: expected a map"),
        (
            {"inn": {"M": {"need": {"S": "x"}, "deep": {"M": {}}}}},
            Strict.inn.deep.n,
            r"\$\.inn\.deep\.n: missing",
        ),
    ],
)
async def test_what_the_model_can_not_read_is_an_error_at_every_depth(
    db: Database, item: Any, path: Any, where: str
) -> None:
    await db.call("PutItem", {"TableName": "people", "Item": {"person_id": {"S": "a"}, **item}})
    for read in (
        db.table(Strict).query("a").select(path),
        db.table(Strict).query("a").count_by(path),
    ):
        with pytest.raises(adorm.ItemDecodeError, match=where):
            await read
    with pytest.raises(adorm.ItemDecodeError):
        await db.table(Strict).get("a")


async def test_aggregates_count_defaults_and_leave_out_what_reads_as_none_alone(
    db: Database,
) -> None:
    people = db.table(Person)
    for key, item in {
        "a": {},
        "b": {"inn": INNER, "maybe": FULL},
        "c": {"inn": FULL, "color": {"S": "blue"}},
    }.items():
        await db.call("PutItem", {"TableName": "people", "Item": {"person_id": {"S": key}, **item}})
    assert await people.scan().count_by(Person.color) == {"red": 2, "blue": 1}
    assert await people.scan().sum(Person.inn.opt) == 3 + 3 + 5
    assert await people.scan().max(Person.inn.deep.n) == 9
    assert await people.scan().count_by(not_none(Person.maybe).opt) == {5: 1}
    assert await people.scan().avg(not_none(Person.maybe).opt) == 5


def test_a_map_s_key_is_asked_for_alone_and_a_nested_field_with_its_attribute() -> None:
    people = adorm.connect("memory").table(Person)
    assert (
        people.query("a").select(Person.counts["x"]).request()["ProjectionExpression"]
        == "#n0, #n1.#n2"
    )
    assert people.query("a").select(Person.inn.tags).request()["ExpressionAttributeNames"] == {
        "#n0": "person_id",
        "#n1": "inn",
    }


STORED = st.sampled_from([None, NULL, INNER, FULL])


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(("inn", "maybe", "line", "named"), STORED)))
def test_select_agrees_with_the_whole_item_or_both_fail(stored: dict[str, Any]) -> None:
    item: dict[str, Any] = {
        "person_id": {"S": "a"},
        **{name: stored[name] for name in ("inn", "maybe") if stored[name] is not None},
    }
    if stored["line"] is not None:
        item["lines"] = {"L": [stored["line"]]}
    if stored["named"] is not None:
        item["by_name"] = {"M": {"x": stored["named"]}}
    binding: Any = adorm.connect("memory").table(Person)._binding
    for path, of in PATHS.values():
        location = document_path_of(path)
        try:
            expected = of(binding.decode(dict(item)))
        except adorm.ItemDecodeError:
            continue  # something in it can't be read, which need not be this path
        assert select_values(binding, [location], item) == (expected,)
