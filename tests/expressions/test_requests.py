"""The exact text of expressions, and what is refused before it is sent."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given, strategies as st

import adorm
from adorm import and_, attr, not_, or_, path, raw
from tests.support.shop import Counter, Line, Order

orders = adorm.connect("memory").table(Order)


def filter_of(condition: Any) -> tuple[str, dict[str, str], dict[str, Any]]:
    request = orders.scan().filter(condition).request()
    return (
        request["FilterExpression"],
        request["ExpressionAttributeNames"],
        request.get("ExpressionAttributeValues", {}),
    )


def test_names_and_values_are_placeholders_shared_where_identical() -> None:
    text, names, values = filter_of(and_(Order.total > 5, or_(Order.paid == 5, Order.total == 6)))
    assert text == "#n0 > :v0 AND (#n1 = :v0 OR #n0 = :v1)"
    assert names == {"#n0": "total", "#n1": "paid"}
    assert values == {":v0": {"N": "5"}, ":v1": {"N": "6"}}


def test_only_values_that_are_written_alike_share_a_placeholder() -> None:
    plain: list[Any] = [
        1,
        "1",
        True,
        b"1",
        [1],
        ["1"],
        [b"1"],
        [True],
        {"a": 1},
        {"a": "1"},
        {1},
        {"1"},
    ]
    condition = and_(
        *(path(f"a{number}").contains(value) for number, value in enumerate([*plain, *plain]))
    )
    assert len(filter_of(condition)[2]) == len(plain)


def test_parentheses_stand_only_where_they_are_needed() -> None:
    a, b, c = Order.total > 1, Order.total > 2, Order.total > 3
    assert filter_of(and_(a, and_(b, c)))[0] == "#n0 > :v0 AND #n0 > :v1 AND #n0 > :v2"
    assert filter_of(or_(or_(a, b), c))[0] == "#n0 > :v0 OR #n0 > :v1 OR #n0 > :v2"
    assert filter_of(or_(and_(a, b), c))[0] == "#n0 > :v0 AND #n0 > :v1 OR #n0 > :v2"
    assert filter_of(and_(or_(a, b), c))[0] == "(#n0 > :v0 OR #n0 > :v1) AND #n0 > :v2"
    assert filter_of(not_(and_(a, b)))[0] == "NOT (#n0 > :v0 AND #n0 > :v1)"
    assert filter_of(not_(attr(Order.note).exists()))[0] == "NOT attribute_exists(#n0)"
    assert filter_of(not_(not_(a)))[0] == "#n0 > :v0"
    assert filter_of(raw("((#a = :x))", names={"#a": "total"}, values={":x": 1}))[0].count("(") <= 2


def test_conditions_written_apart_are_joined() -> None:
    request = (
        orders.scan().filter(Order.total > 5).filter(Order.total < 9, Order.paid > 5).request()
    )
    assert request["FilterExpression"] == "#n0 > :v0 AND #n0 < :v1 AND #n1 > :v0"
    text, names, values = filter_of(
        and_(raw("#n0 = :v0", names={"#n0": "paid"}, values={":v0": 7}), Order.total > 5)
    )
    assert text == "(#n0 = :v0) AND #n1 > :v1"
    assert (names, values) == (
        {"#n0": "paid", "#n1": "total"},
        {":v0": {"N": "7"}, ":v1": {"N": "5"}},
    )


def test_an_update_is_one_expression_by_sections() -> None:
    request = (
        orders.update("c", "o")
        .set(Order.status, "paid")
        .remove(Order.address)
        .add(Order.tags, {"a"})
        .set(Order.note, "")
        .append(Order.lines, [Line(sku="a")])
        .apply(attr(Order.labels["x"]).set_if_absent("y"))
        .when(Order.version == 3)
        .request()
    )
    text: str = request["UpdateExpression"]
    names = request["ExpressionAttributeNames"]
    spelled = text
    for placeholder, name in sorted(names.items(), reverse=True):
        spelled = spelled.replace(placeholder, name)
    assert spelled.split(" ")[0] == "SET"
    assert "REMOVE n, address ADD tags" in spelled
    assert "lines = list_append(if_not_exists(lines, " in spelled
    assert "labels.x = if_not_exists(labels.x, " in spelled
    assert request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"


# The same model and table, out of the sight of the type checkers, which would refuse these mistakes
# before Python runs.
Unchecked: Any = Order
unchecked: Any = orders

REFUSED: dict[str, tuple[Any, str]] = {
    "empty update": (lambda: unchecked.update("c", "o").request(), "changes nothing"),
    "overlapping": (
        lambda: (
            unchecked.update("c", "o")
            .set(Unchecked.lines[0].sku, "a")
            .remove(Unchecked.lines)
            .request()
        ),
        "overlap",
    ),
    "same twice": (
        lambda: (
            unchecked.update("c", "o")
            .set(Unchecked.status, "a")
            .set(Unchecked.status, "b")
            .request()
        ),
        "overlap",
    ),
    "parent and child": (
        lambda: (
            unchecked.update("c", "o")
            .set(Unchecked.labels["a"], "x")
            .set(Unchecked.labels, {})
            .request()
        ),
        "overlap",
    ),
    "key": (
        lambda: unchecked.update("c", "o").set(Unchecked.order_id, "p").request(),
        "part of the key",
    ),
    "key by untyped path": (
        lambda: unchecked.update("c", "o").apply(path("order_id").set("p")).request(),
        "part of the key",
    ),
    "101 operands": (
        lambda: attr(Unchecked.total).is_in(*[Decimal(n) for n in range(101)]),
        "1 to 100",
    ),
    "no operands": (lambda: attr(Unchecked.total).is_in(), "1 to 100"),
    "range the wrong way round": (
        lambda: attr(Unchecked.total).between(Decimal(5), Decimal(4)),
        "empty",
    ),
    "long expression": (
        lambda: (
            orders.scan()
            .filter(
                or_(
                    *[
                        attr(Order.order_id).is_in(*[f"{k}-{n}" for n in range(100)])
                        for k in range(8)
                    ]
                )
            )
            .request()
        ),
        "4096",
    ),
    "too many operators": (
        lambda: unchecked.scan().filter(or_(*[Unchecked.total == n for n in range(160)])).request(),
        "300",
    ),
    "negative index": (lambda: Unchecked.lines[-1], "from the front"),
    "path into JSON": (lambda: Unchecked.meta["x"], "one JSON string"),
    "index into a map": (lambda: Unchecked.labels[0], "not a list"),
    "key into a list": (lambda: Unchecked.lines["x"], "not a map"),
    "key into a model": (lambda: Unchecked.address["city"], "Order.address.city"),
    "field of a scalar": (lambda: Unchecked.total.cents, "no fields"),
    "unknown nested field": (lambda: Unchecked.lines[0].skuu, "did you mean 'sku'"),
    "path of another model": (
        lambda: unchecked.scan().filter(Counter.value > 1).request(),
        "is a path of Counter, but this is a request for Order",
    ),
    "update by a path of another model": (
        lambda: unchecked.update("c", "o").set(Counter.value, 1).request(),
        "Counter",
    ),
    "select of another model": (
        lambda: unchecked.scan().select(Counter.value).request(),
        "Counter",
    ),
    "wrong value": (
        lambda: unchecked.scan().filter(Unchecked.total > "x").request(),
        "Order.total",
    ),
    "None in an order": (
        lambda: unchecked.scan().filter(attr(Unchecked.shipped_to) > None).request(),
        "absence",
    ),
    "sum in a condition": (lambda: Unchecked.total + 1 > 5, "value side"),
    "two sums": (lambda: Unchecked.total + 1 + 2, "one addition"),
    "text sum": (lambda: Unchecked.note + "x", "adds numbers only"),
    "condition as a value": (
        lambda: unchecked.update("c", "o").set(Unchecked.status, Unchecked.total > 5).request(),
        "a plain value is expected",
    ),
    "add text": (
        lambda: unchecked.update("c", "o").add(Unchecked.note, "x").request(),
        "Order.note",
    ),
    "append text": (
        lambda: unchecked.update("c", "o").append(Unchecked.lines, "x").request(),
        "Order.lines",
    ),
    "delete from a list": (
        lambda: unchecked.update("c", "o").apply(attr(Unchecked.lines).delete({1})).request(),
        "Order.lines",
    ),
    "append to a set": (
        lambda: unchecked.update("c", "o").append(Unchecked.tags, ["x"]).request(),
        "Order.tags is stored as a set, and append() changes a list only: use .add(Order.tags, ",
    ),
    "prepend of a set to a set": (
        lambda: unchecked.update("c", "o").prepend(Unchecked.tags, {"x"}).request(),
        "Order.tags is stored as a set, and prepend() changes a list only: use .add(Order.tags, ",
    ),
    "append to a number": (
        lambda: unchecked.update("c", "o").append(Unchecked.total, [1]).request(),
        "append() changes a list only: use .add(Order.total, 1)",
    ),
    "add to a text": (
        lambda: unchecked.update("c", "o").add(Unchecked.note, "x").request(),
        "add() changes a set or a number only: use .set(Order.note, ...) with the whole value",
    ),
    "add to a list": (
        lambda: unchecked.update("c", "o").add(Unchecked.lines, []).request(),
        "add() changes a set or a number only: use .append(Order.lines, [...])",
    ),
    "delete from a list, by a set": (
        lambda: unchecked.update("c", "o").apply(attr(Unchecked.lines).delete({1})).request(),
        "delete() changes a set only: use .remove(Order.lines[0])",
    ),
    "a text in the place of a path": (
        lambda: unchecked.update("c", "o").set("note", "x"),
        "a path such as Order.",
    ),
    "text as a condition of a query": (lambda: unchecked.query("c").filter("x"), "as in Order."),
    "select of text": (lambda: unchecked.scan().select("note"), "a path such as Order."),
    "raw without a name": (lambda: raw("#a = :x", values={":x": 1}), "#a"),
    "raw with a spare value": (
        lambda: raw("#a = #b", names={"#a": "a", "#b": "b"}, values={":x": 1}),
        ":x",
    ),
    "empty raw": (lambda: raw(" "), "text of a condition"),
    "bool condition": (lambda: unchecked.scan().filter(True), "two plain values"),
    "path as a condition": (lambda: unchecked.scan().filter(Unchecked.status), "== True"),
    "no path": (lambda: path("a..b"), "no path"),
    "no path to start with": (lambda: path("[0]"), "no path"),
    "empty path": (lambda: path(""), "no path"),
    "no attr": (lambda: attr("status"), "a path such as Model.field"),
    "select of nothing": (lambda: unchecked.scan().select(), "select()"),
    "size set": (lambda: attr(Unchecked.note).size().set(1), "sizes can be compared"),
    "begins_with a number": (
        lambda: unchecked.scan().filter(attr(Unchecked.note).begins_with(cast("Any", 5))).request(),
        "begins_with",
    ),
    "unknown type": (lambda: attr(Unchecked.note).type_is(cast("Any", "X")), "no DynamoDB type"),
    "33 levels": (lambda: path(".".join("a" * 33)), "32 levels"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_expressions_are_refused_by_name_before_the_wire(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(adorm.UsageError) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: bool(Order.total > 5),
        lambda: 1 < Order.total < 5,
        lambda: (Order.total > 5) and (Order.total < 9),
        lambda: not (Order.total > 5),
        lambda: bool(Order.status),
        lambda: "x" in Order.tags,
        lambda: Order.status in ("a", "b"),
        lambda: list(Order.lines),
        lambda: len(Order.lines),
        lambda: bool(attr(Order.total)),
    ],
)
def test_a_condition_or_path_used_as_a_plain_value_is_a_type_error_that_says_so(
    misuse: Any,
) -> None:
    with pytest.raises(TypeError, match=r"path|condition|comparison") as caught:
        misuse()
    assert isinstance(caught.value, adorm.UsageError)


GRAMMAR = re.compile(
    r"(#n\d+|:v\d+|\[\d+\]|SET|AND|OR|NOT|if_not_exists|attribute(_not)?_exists|[ .,()=<>+])+"
)
NAMES = st.text(min_size=1, max_size=20).filter(lambda text: '"' not in text)


@given(st.lists(NAMES, min_size=1, max_size=5), st.text(max_size=30))
def test_no_name_and_no_value_ever_stands_in_an_expression(steps: list[str], value: str) -> None:
    place = path("labels" + "".join(f'["{step}"]' for step in steps))
    request = (
        orders.update("c", "o")
        .apply(place.set(value))
        .when(place == value, not_(place != value))
        .request()
    )
    for kind in ("UpdateExpression", "ConditionExpression"):
        assert GRAMMAR.fullmatch(request[kind])
    assert {*steps, "labels"} <= set(request["ExpressionAttributeNames"].values())
    assert all(
        place in request["UpdateExpression"] + request["ConditionExpression"]
        for place in request["ExpressionAttributeNames"]
    )
    assert all(
        place in request["UpdateExpression"] + request["ConditionExpression"]
        for place in request["ExpressionAttributeValues"]
    )
