"""Requests that are written by the plan of an earlier one are those that are written anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import adorm
from adorm import attr, path
from adorm.expressions.request import MAX_PLANS, Kept, Plan


@adorm.model
class Line:
    sku: str = ""
    quantity: int = 1


@adorm.model(table="orders")
class Order:
    order_id: str = adorm.partition_key()
    status: str = "open"
    total: Decimal = Decimal(0)
    count: int = 0
    other: int = 0
    paid: bool = False
    note: str | None = None
    tags: set[str] = adorm.attribute(factory=set)
    lines: list[Line] = adorm.attribute(factory=list)
    labels: dict[str, str] = adorm.attribute(factory=dict)
    anything: Any = None


orders_db, without_plans = adorm.connect("memory"), adorm.connect("memory")
orders = orders_db.table(Order)
attr_of: Any = attr  # the verbs, out of the sight of the checkers
model: Any = Order


@pytest.fixture(autouse=True, scope="module")
def generated_at_once() -> Iterator[None]:
    """The second update of some fields is encoded by generated code, not only a later one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adorm.expressions.field_sets.WORTHWHILE_USES", 0)
        yield


NUMBERS = st.integers(0, 3)
TEXTS = st.sampled_from(["a", "b", ""])
SETS = st.sets(st.sampled_from(["a", "b"]))
ANYTHING = st.one_of(
    st.none(), NUMBERS, TEXTS, st.binary(max_size=2), st.lists(NUMBERS, max_size=2)
)
SIMPLE: list[Any] = [
    NUMBERS.map(lambda value: model.count == value),
    NUMBERS.map(lambda value: model.other != value),
    NUMBERS.map(lambda value: model.count > value),
    NUMBERS.map(Decimal).map(lambda value: model.total <= value),
    st.one_of(st.none(), TEXTS).map(lambda value: model.note == value),
    SETS.map(lambda value: model.tags != value),
    ANYTHING.map(lambda value: model.anything == value),
    NUMBERS.map(lambda value: attr_of(model.lines).size() > value),
    NUMBERS.map(lambda value: model.lines[value].sku == "a"),
    TEXTS.map(lambda value: path("labels.x") == value),
    st.tuples(st.sampled_from("ab"), TEXTS).map(lambda pair: model.labels[pair[0]] == pair[1]),
    NUMBERS.map(lambda low: attr_of(model.count).between(low, low + 1)),
    st.lists(NUMBERS, min_size=1).map(lambda values: attr_of(model.count).is_in(*values)),
    TEXTS.map(lambda value: attr_of(model.status).begins_with(value)),
    st.sampled_from("ab").map(lambda value: attr_of(model.tags).contains(value)),
    st.sampled_from("SN").map(lambda tag: attr_of(model.anything).type_is(tag)),
    st.just(attr(Order.note).exists()),
    st.just(model.count == model.other),
    NUMBERS.map(
        lambda value: adorm.raw("(#a = :x OR :x = #a)", names={"#a": "n"}, values={":x": value})
    ),
]
CONDITIONS: Any = st.recursive(
    st.one_of(SIMPLE),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: adorm.and_(*parts)),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: adorm.or_(*parts)),
        inner.map(adorm.not_),
    ),
    max_leaves=6,
)
CLAUSES: list[Any] = [
    TEXTS.map(lambda value: attr_of(model.status).set(value)),
    st.one_of(st.none(), TEXTS).map(lambda value: attr_of(model.note).set(value)),
    SETS.map(lambda value: attr_of(model.tags).set(value)),
    SETS.map(lambda value: attr_of(model.tags).add(value)),
    SETS.map(lambda value: attr_of(model.tags).delete(value)),
    NUMBERS.map(lambda value: attr_of(model.count).set(model.count + value)),
    NUMBERS.map(lambda value: attr_of(model.count).set(value - model.other)),
    NUMBERS.map(lambda value: attr_of(model.other).add(value)),
    NUMBERS.map(Decimal).map(lambda value: attr_of(model.total).set_if_absent(value)),
    st.booleans().map(lambda value: attr_of(model.paid).set(value)),
    ANYTHING.map(lambda value: attr_of(model.anything).set(value)),
    TEXTS.map(lambda value: attr_of(model.lines).append([Line(sku=value)])),
    TEXTS.map(lambda value: attr_of(model.lines).prepend([Line(sku=value)])),
    st.tuples(NUMBERS, NUMBERS).map(
        lambda pair: attr_of(model.lines[pair[0]].quantity).set(pair[1])
    ),
    st.sampled_from("ab").map(lambda key: attr_of(model.labels[key]).remove()),
    st.tuples(st.sampled_from("ab"), TEXTS).map(
        lambda pair: attr_of(model.labels[pair[0]]).set(pair[1])
    ),
    st.just(attr(Order.note).remove()),
]


def outcome(operation: Any) -> object:
    """The request, or the text of the error."""
    try:
        return operation.request()
    except adorm.UsageError as error:
        return str(error)


def check(build: Callable[[Any], Any]) -> None:
    """Compare the request of a table whose plans are kept with that of one without plans."""
    without_plans.codec.memo.clear()
    assert outcome(build(orders)) == outcome(build(without_plans.table(Order)))


@settings(max_examples=300, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=3), st.lists(CONDITIONS, max_size=2))
def test_a_query_is_the_same_by_a_plan(filters: list[Any], conditions: list[Any]) -> None:
    check(lambda table: table.query("a").filter(*filters))
    check(lambda table: table.query("a").select(model.count, model.lines[0]).filter(*filters))
    check(lambda table: table.scan().filter(*filters, *conditions))
    check(lambda table: table.delete("a").when(*filters))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(CLAUSES), min_size=1, max_size=6), st.lists(CONDITIONS, max_size=2))
def test_an_update_is_the_same_by_a_plan(clauses: list[Any], conditions: list[Any]) -> None:
    check(lambda table: table.update("a").apply(*clauses).when(*conditions))
    check(lambda table: table.update("a").apply(*clauses).upsert())


def plans() -> dict[Any, Plan]:
    kept: Kept | None = orders_db.codec.memo.get((Kept, Order))
    return {} if kept is None else kept.plans


def test_one_shape_with_other_values_needs_no_other_plan() -> None:
    orders_db.codec.memo.clear()
    for value in range(5):
        orders.update("a").set(Order.count, value).set(Order.other, value + 1).request()
        orders.update("a").set(Order.count, value).set(Order.note, None).request()
    assert len(plans()) == 2
    first, second = plans().values()
    assert first.texts["UpdateExpression"] == "SET #n0 = :v0, #n1 = :v1"
    assert second.texts["UpdateExpression"] == "SET #n0 = :v0 REMOVE #n1"


def test_the_plans_of_a_model_are_bounded() -> None:
    for number in range(2 * MAX_PLANS + 10):
        key = f"key {number}"
        request = orders.update("a").set(Order.labels[key], "x").request()
        assert key in request["ExpressionAttributeNames"].values()
        assert len(plans()) <= MAX_PLANS


def test_a_request_can_be_changed_without_a_trace_in_the_next() -> None:
    def build() -> dict[str, Any]:
        return orders.update("a").set(Order.count, 1).when(Order.paid == True).request()  # noqa: E712  # a condition

    first = build()
    first["ExpressionAttributeNames"]["#n9"] = "spoilt"
    first["ExpressionAttributeValues"][":v0"]["N"] = "spoilt"
    assert "spoilt" not in repr(build())


def test_another_hook_changes_what_a_plan_refuses() -> None:
    class Money:
        def __init__(self, cents: int) -> None:
            self.cents = cents

    database = adorm.connect("memory")
    database.converter.register_unstructure_hook(Money, lambda money: {"N": str(money.cents)})
    database.converter.register_structure_hook(Money, lambda value, _: Money(int(value["N"])))

    @adorm.model(table="bills")
    class Bill:
        bill_id: str = adorm.partition_key()
        amount: Money = adorm.attribute(factory=lambda: Money(0))

    bills = database.table(Bill)
    bill: Any = Bill
    for _ in range(2):
        values = bills.query("a").filter(bill.amount > Money(5)).request()
        assert {"N": "5"} in values["ExpressionAttributeValues"].values()
    database.converter.register_unstructure_hook(Money, lambda money: {"S": f"{money.cents:09}"})
    values = bills.query("a").filter(bill.amount > Money(5)).request()
    assert {"S": "000000005"} in values["ExpressionAttributeValues"].values()


def test_a_value_that_does_not_fit_is_refused_by_name_where_there_is_a_plan() -> None:
    unchecked: Any = orders
    unchecked.update("a").set(Order.count, 1).request()
    with pytest.raises(adorm.UsageError, match=r"Order\.count"):
        unchecked.update("a").set(Order.count, "1").request()
    unchecked.query("a").filter(Order.total > 1).request()
    with pytest.raises(adorm.UsageError, match=r"Order\.total"):
        unchecked.query("a").filter(model.total > Decimal("NaN")).request()
    with pytest.raises(adorm.UsageError, match="stored as absence"):
        unchecked.query("a").filter(model.tags > set()).request()
