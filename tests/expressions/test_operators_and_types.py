"""Operators on types that they find nothing by are refused by name; what a hook stores decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Literal
from uuid import UUID

import attrs
import pytest

import adorm
from adorm import attr, path

pytestmark = pytest.mark.anyio


class Rank(IntEnum):
    LOW = 1


class Shade(Enum):
    DARK = "dark"


@adorm.model
class Inner:
    count: int = 0


@adorm.model(table="docs")
class Doc:
    doc_id: str = adorm.partition_key()
    count: int = 0
    price: Decimal | None = None
    flag: bool = False
    text: str = ""
    body: bytes = b""
    when: datetime | None = None
    uid: UUID | None = None
    rank: Rank = Rank.LOW
    shade: Shade = Shade.DARK
    kind: Literal["a", "b"] = "a"
    words: list[str] = adorm.attribute(factory=list)
    tags: set[str] = adorm.attribute(factory=set)
    labels: dict[str, int] = adorm.attribute(factory=dict)
    inner: Inner = adorm.attribute(factory=Inner)
    either: int | str = 0
    anything: Any = None


def seen(path_like: Any) -> Any:
    """The path with all verbs, out of the sight of the checkers."""
    return attr(path_like)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a prefix of a number": (
        lambda: seen(Doc.count).begins_with("1"),
        r"Doc\.count is stored as a number, and begins_with\(\) looks into text only",
    ),
    "a prefix of an optional number": (
        lambda: seen(Doc.price).begins_with("1"),
        r"Doc\.price is stored as a number",
    ),
    "a prefix of a bool": (
        lambda: seen(Doc.flag).begins_with("t"),
        r"Doc\.flag is stored as a bool",
    ),
    "a prefix of a list": (
        lambda: seen(Doc.words).begins_with("t"),
        r"Doc\.words is stored as a list",
    ),
    "a prefix of an enum of numbers": (
        lambda: seen(Doc.rank).begins_with("1"),
        r"Doc\.rank is stored as a number",
    ),
    "a prefix of text in bytes": (
        lambda: seen(Doc.body).begins_with("1"),
        r"Doc\.body is stored as bytes",
    ),
    "a prefix of bytes in text": (
        lambda: seen(Doc.text).begins_with(b"1"),
        r"Doc\.text is stored as text, and begins_with\(\) looks into bytes only",
    ),
    "a prefix of a nested number": (
        lambda: seen(Doc.inner.count).begins_with("1"),
        r"Doc\.inner\.count is stored as a number",
    ),
    "a prefix of a map's number": (
        lambda: seen(Doc.labels["k"]).begins_with("1"),
        r"Doc\.labels\['k'\] is stored as a number",
    ),
    "a part of a number": (
        lambda: seen(Doc.count).contains(1),
        r"Doc\.count is stored as a number, and contains\(\) looks into",
    ),
    "a part of a bool": (lambda: seen(Doc.flag).contains(True), r"Doc\.flag is stored as a bool"),
    "a part of a map": (lambda: seen(Doc.labels).contains("k"), r"Doc\.labels is stored as a map"),
    "a number in text": (
        lambda: seen(Doc.text).contains(5),
        r"Doc\.text is stored as text, so contains\(\) takes a part of it, not 5",
    ),
    "the size of a number": (
        lambda: seen(Doc.count).size() > 1,
        r"Doc\.count is stored as a number, and size\(\) measures",
    ),
    "the size of a bool": (lambda: seen(Doc.flag).size() > 1, r"Doc\.flag is stored as a bool"),
    "the size of a number on the other side": (
        lambda: seen(Doc.text).size() > seen(Doc.count).size(),
        r"Doc\.count is stored as a number",
    ),
    "the order of bools": (
        lambda: seen(Doc.flag) > False,
        r"Doc\.flag is stored as a bool, and > compares",
    ),
    "the order of lists": (lambda: seen(Doc.words) <= ["a"], r"Doc\.words is stored as a list"),
    "the order of sets": (lambda: seen(Doc.tags) < {"a"}, r"Doc\.tags is stored as a set"),
    "the order of maps": (lambda: seen(Doc.inner) < Inner(), r"Doc\.inner is stored as a map"),
    "a range of bools": (
        lambda: seen(Doc.flag).between(False, True),
        r"Doc\.flag is stored as a bool, and between\(\) compares",
    ),
    "order beside a list": (
        lambda: seen(Doc.count) < seen(Doc.words),
        r"Doc\.words is stored as a list",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_operator_on_a_type_that_it_finds_nothing_by_is_refused_by_name(name: str) -> None:
    make, message = REFUSED[name]
    docs = adorm.connect("memory").table(Doc)
    for build in (
        lambda: docs.scan().filter(make()),
        lambda: docs.query("d").filter(make()),
        lambda: docs.put(Doc(doc_id="d")).when(make()),
    ):
        with pytest.raises(adorm.UsageError, match=message):
            build().request()


SUMS: list[Callable[[Any], Any]] = [
    lambda update: update.set(Doc.text, Doc.text + Doc.text),
    lambda update: update.set(Doc.count, seen(Doc.flag) + 1),
]


@pytest.mark.parametrize("change", SUMS)
def test_arithmetic_on_what_is_no_number_is_refused_by_name(change: Any) -> None:
    update = change(adorm.connect("memory").table(Doc).update("d"))
    with pytest.raises(
        adorm.UsageError,
        match=r"Doc\.(text|flag) is stored as (text|a bool), and \+ computes with a number only",
    ):
        update.request()


TAKEN: list[Callable[[], Any]] = [
    lambda: seen(Doc.text).begins_with("x"),
    lambda: seen(Doc.when).begins_with("2026"),
    lambda: seen(Doc.uid).begins_with("0197"),
    lambda: seen(Doc.shade).begins_with("d"),
    lambda: seen(Doc.kind).begins_with("a"),
    lambda: seen(Doc.body).begins_with(b"x"),
    lambda: seen(Doc.either).begins_with("x"),
    lambda: seen(Doc.anything).begins_with("x"),
    lambda: path("count").begins_with("x"),
    lambda: seen(Doc.words[0]).begins_with("x"),
    lambda: seen(Doc.text).contains("x"),
    lambda: seen(Doc.words).contains("x"),
    lambda: seen(Doc.tags).contains("x"),
    lambda: seen(Doc.anything).contains(5),
    lambda: seen(Doc.labels).size() > 1,
    lambda: seen(Doc.inner).size() > 1,
    lambda: seen(Doc.body).size() > 1,
    lambda: seen(Doc.flag) == True,  # noqa: E712
    lambda: seen(Doc.words) == ["x"],
    lambda: seen(Doc.flag).is_in(True, False),
    lambda: seen(Doc.text) > "x",
    lambda: seen(Doc.either) > 5,
]


@pytest.mark.parametrize("make", TAKEN)
def test_what_may_find_something_is_taken(make: Callable[[], Any]) -> None:
    assert adorm.connect("memory").table(Doc).scan().filter(make()).request()["FilterExpression"]


def test_a_hook_decides_what_a_type_is_stored_as() -> None:
    db = adorm.connect("memory")
    db.converter.register_unstructure_hook(bool, lambda value: {"S": "yes" if value else "no"})
    db.converter.register_structure_hook(bool, lambda stored, _: stored["S"] == "yes")
    assert (
        db.table(Doc).scan().filter(seen(Doc.flag).begins_with("y")).request()["FilterExpression"]
    )


# ---- values and keys of classes that nothing stores


@pytest.mark.parametrize(
    "value", [object(), [object()], {"a": object()}, {"a": [1, object()]}, (object(),)]
)
def test_a_bare_object_inside_any_is_told_with_its_place(value: Any) -> None:
    with pytest.raises(adorm.UsageError, match=r"Doc\.anything[^:]*: a bare object\(\)") as caught:
        adorm.to_attribute_map(Doc(doc_id="d", anything=value))
    assert "nested deeper" not in str(caught.value)
    for place in ("[0]", ".a", "[1]"):
        if place in str(caught.value):
            break
    else:
        assert type(value) is object


WRAPS: list[Callable[[Any], Any]] = [
    lambda value: value,
    lambda value: [value],
    lambda value: {"k": value},
]


class Unknown:
    """What nothing knows to store."""


@pytest.mark.parametrize(
    "value",
    [
        Unknown(),
        Unknown,
        len,
        lambda: 0,
        (x for x in ""),
        range(3),
        1j,
        ...,
        NotImplemented,
        memoryview(b"x"),
        iter([]),
        type,
    ],
)
@pytest.mark.parametrize("wrap", WRAPS)
def test_a_value_that_no_coder_takes_is_told_by_type_and_place(value: Any, wrap: Any) -> None:
    with pytest.raises(adorm.UsageError) as caught:
        adorm.to_attribute_map(Doc(doc_id="d", anything=wrap(value)))
    assert str(caught.value).startswith("Doc.anything")
    assert "nested deeper" not in str(caught.value)


@attrs.define
class OrderId:
    year: int
    number: int


def test_a_model_as_a_key_is_a_model_error_when_the_class_is_made() -> None:
    with pytest.raises(
        adorm.ModelError, match=r"Bad\.doc_id is a key, but the model Inner is stored as a map"
    ):

        @adorm.model(table="bad")
        class Bad:
            doc_id: Inner = adorm.partition_key()

    with pytest.raises(
        adorm.ModelError, match=r"BadIndex\.inner is a key, but the model Inner is stored as a map"
    ):

        @adorm.model(table="bad", indexes=[adorm.GlobalIndex("by-inner", partition="inner")])
        class BadIndex:
            doc_id: str = adorm.partition_key()
            inner: Inner = adorm.attribute(factory=Inner)


@adorm.model(table="invoices")
class Invoice:
    order_id: OrderId = adorm.partition_key()
    total: int = 0


async def test_a_class_as_a_key_is_a_model_error_unless_a_hook_stores_it_as_text() -> None:
    key: Any = OrderId(2026, 7)
    async with adorm.connect("memory") as db:
        for write in (
            db.table(Invoice).put(Invoice(order_id=key)),
            db.table(Invoice).get(key),
            db.table(Invoice).update(key).add(Invoice.total, 1),
        ):
            with pytest.raises(
                adorm.ModelError,
                match=r"Invoice\.order_id is part of a key, and its class is stored as a map",
            ):
                await write
        db.converter.register_unstructure_hook(
            OrderId, lambda order_id: {"S": f"{order_id.year}/{order_id.number}"}
        )
        db.converter.register_structure_hook(
            OrderId, lambda stored, _: OrderId(*map(int, stored["S"].split("/")))
        )
        await db.create_table(Invoice, key_types={"order_id": "S"})
        await db.table(Invoice).put(Invoice(order_id=key, total=5))
        assert (await db.table(Invoice).get(key)).total == 5
