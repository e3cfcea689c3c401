"""Every operator and function, checked against Python's own answer, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import adorm
from adorm import and_, attr, not_, not_none, or_, path, raw
from tests.support.shop import Address, Line, Order

pytestmark = pytest.mark.anyio


def order(order_id: str, **fields: Any) -> Order:
    return Order(customer_id="c", order_id=order_id, **fields)


ITEMS = [
    order("a", total=Decimal(5), paid=Decimal(5), tags={"x", "y"}, note="hello", labels={"k": "v"}),
    order(
        "b",
        total=Decimal(10),
        status="paid",
        lines=[Line(sku="s", quantity=3)],
        address=Address(city="Rome", zip="1"),
    ),
    order(
        "c",
        total=Decimal("10.5"),
        paid=Decimal(20),
        tags={"y"},
        note="help",
        labels={"k": "w", "dot.ted": "z"},
    ),
    order("d", shipped_to="Oslo", lines=[Line(sku="t"), Line(sku="s")], note="x" * 100),
]

CASES: dict[str, tuple[Any, Callable[[Order], bool]]] = {
    "equal": (Order.total == 10, lambda o: o.total == 10),
    "not equal": (Order.total != 10, lambda o: o.total != 10),
    "less": (Order.total < 10, lambda o: o.total < 10),
    "at most": (Order.total <= 10, lambda o: o.total <= 10),
    "more": (Order.total > 10, lambda o: o.total > 10),
    "at least": (Order.total >= 10, lambda o: o.total >= 10),
    "value on the left": (10 < Order.total, lambda o: o.total > 10),
    "another path": (Order.paid >= Order.total, lambda o: o.paid >= o.total),
    "between": (attr(Order.total).between(Decimal(5), Decimal(10)), lambda o: 5 <= o.total <= 10),
    "in": (attr(Order.order_id).is_in("a", "c", "z"), lambda o: o.order_id in ("a", "c")),
    "begins with": (attr(Order.note).begins_with("hel"), lambda o: o.note.startswith("hel")),
    "contains text": (attr(Order.note).contains("ell"), lambda o: "ell" in o.note),
    "contains member": (attr(Order.tags).contains("x"), lambda o: "x" in o.tags),
    "size of text": (attr(Order.note).size() == 5, lambda o: len(o.note) == 5),
    "size of list": (attr(Order.lines).size() >= 1, lambda o: len(o.lines) >= 1),
    "exists": (attr(Order.shipped_to).exists(), lambda o: o.shipped_to is not None),
    "not exists": (attr(Order.shipped_to).not_exists(), lambda o: o.shipped_to is None),
    "type": (attr(Order.address).type_is("M"), lambda o: o.address is not None),
    "equal to None": (attr(Order.address) == None, lambda o: o.address is None),  # noqa: E711
    "unequal to None": (attr(Order.address) != None, lambda o: o.address is not None),  # noqa: E711
    "equal to an empty set": (Order.tags == set[str](), lambda o: not o.tags),
    "nested": (
        not_none(Order.address).city == "Rome",
        lambda o: o.address is not None and o.address.city == "Rome",
    ),
    "list element": (
        Order.lines[0].quantity == 3,
        lambda o: bool(o.lines) and o.lines[0].quantity == 3,
    ),
    "second element": (
        Order.lines[1].sku == "s",
        lambda o: len(o.lines) > 1 and o.lines[1].sku == "s",
    ),
    "map key": (Order.labels["k"] == "v", lambda o: o.labels.get("k") == "v"),
    "map key with a dot": (
        Order.labels["dot.ted"] == "z",
        lambda o: o.labels.get("dot.ted") == "z",
    ),
    "untyped path": (
        path("lines[0].quantity") == 3,
        lambda o: bool(o.lines) and o.lines[0].quantity == 3,
    ),
    "untyped quoted path": (
        path('labels["dot.ted"]') == "z",
        lambda o: o.labels.get("dot.ted") == "z",
    ),
    "and": (and_(Order.total > 5, Order.paid > 0), lambda o: o.total > 5 and o.paid > 0),
    "or": (
        or_(Order.total > 10, Order.status == "paid"),
        lambda o: o.total > 10 or o.status == "paid",
    ),
    "not": (not_(Order.total > 5), lambda o: not o.total > 5),
    "not of a function": (
        not_(attr(Order.note).begins_with("hel")),
        lambda o: not o.note.startswith("hel"),
    ),
    "not not": (not_(not_(Order.total > 5)), lambda o: o.total > 5),
    "mixed": (
        or_(
            and_(Order.total > 5, not_(or_(Order.status == "paid", Order.note == "help"))),
            and_(Order.total == 5, Order.paid == 5),
        ),
        lambda o: (
            (o.total > 5 and not (o.status == "paid" or o.note == "help"))
            or (o.total == 5 and o.paid == 5)
        ),
    ),
    "not of absence": (not_(attr(Order.address) == None), lambda o: o.address is not None),  # noqa: E711
    "raw": (raw("#a > :x", names={"#a": "total"}, values={":x": 5}), lambda o: o.total > 5),
    "raw with or, joined": (
        and_(
            raw("#a = :x OR #a = :y", names={"#a": "total"}, values={":x": 5, ":y": 10}),
            Order.status == "paid",
        ),
        lambda o: o.total in (5, 10) and o.status == "paid",
    ),
    "raw in brackets": (
        or_(raw("(#a = :x)", names={"#a": "total"}, values={":x": 5}), Order.total == 10),
        lambda o: o.total in (5, 10),
    ),
}


async def filled(db: adorm.Database) -> adorm.Table[Order]:
    await db.create_table(Order)
    orders = db.table(Order)
    for item in ITEMS:
        await orders.put(item).unchecked()
    return orders


async def test_every_condition_means_what_python_says(db: adorm.Database) -> None:
    orders = await filled(db)
    for name, (condition, holds) in CASES.items():
        found = [item.order_id for item in await orders.scan().filter(condition)]
        assert sorted(found) == [item.order_id for item in ITEMS if holds(item)], name


async def test_every_condition_guards_a_write_as_well(db: adorm.Database) -> None:
    orders = await filled(db)
    for name, (condition, holds) in CASES.items():
        for item in ITEMS:
            update = (
                orders.update("c", item.order_id).set(Order.meta, {"case": name}).when(condition)
            )
            if holds(item):
                await update
            else:
                with pytest.raises(adorm.ConditionalCheckFailed):
                    await update


async def test_reserved_words_and_odd_names_never_reach_an_expression(db: adorm.Database) -> None:
    orders = await filled(db)
    odd = [
        "size",
        "name",
        "#x",
        ":x",
        "a b",
        'quo"te',
        "it's",
        "dot.ted",
        "[0]",
        "ünï",
        "🦊",
        "AND",
        "\\",
        "\n",
        "\u2028",
    ]
    await orders.update("c", "a").set(
        Order.labels, {name: f"v{place}" for place, name in enumerate(odd)}
    )
    for place, name in enumerate(odd):
        update = (
            orders.update("c", "a")
            .set(Order.labels[name], f"w{place}")
            .when(Order.labels[name] == f"v{place}")
        )
        request = update.request()
        for text in (request["UpdateExpression"], request["ConditionExpression"]):
            assert set(text) <= set(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_#:.,()=<>+ "
            )
        await update
    assert (await orders.get("c", "a")).labels == {
        name: f"w{place}" for place, name in enumerate(odd)
    }
