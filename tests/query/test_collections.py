"""Several models in one query: what is read, in which order, and into which lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import adorm
from adorm import path
from adorm.database import Database

pytestmark = pytest.mark.anyio

shop = adorm.SingleTable(
    "shop",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("keys", partition="GSI2PK", sort="GSI2SK", projection="KEYS_ONLY"),
    ],
)


@adorm.model(table=shop)
class Customer:
    user_name: str
    email: str = ""

    @adorm.key
    def key(self, user_name: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"CUSTOMER#{user_name}"

    by_key = adorm.key("CUSTOMER#{user_name}", "A", index="keys")


@adorm.model(table=shop)
class Order:
    user_name: str
    order_id: str
    status: str = "open"

    @adorm.key
    def key(self, user_name: str, order_id: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"#ORDER#{order_id}"

    by_id = adorm.key("ORDER#{order_id}", "ORDER#{order_id}", index="GSI1")
    by_key = adorm.key("CUSTOMER#{user_name}", "B#{order_id}", index="keys")


@adorm.model(table=shop)
class OrderItem:
    order_id: str
    item_id: str
    price: int = 0

    @adorm.key
    def key(self, order_id: str, item_id: str) -> adorm.KeyText:
        return f"ORDER#{order_id}#ITEM#{item_id}", f"ORDER#{order_id}#ITEM#{item_id}"

    by_order = adorm.key("ORDER#{order_id}", "ITEM#{item_id}", index="GSI1")


@adorm.model(table=shop)
class Address:
    customer: str
    label: str
    key = adorm.key("CUSTOMER#{customer}", "ADDRESS#{label}")


@adorm.model(table=shop)
class Event:
    customer: str
    day: str
    number: int
    key = adorm.key("EVENTS#{customer}", "DAY#{day}#{number:03d}")


@adorm.model(table=shop)
class Visit:
    visitor: str
    on: str
    page: str
    key = adorm.key("EVENTS#{visitor}", "DAY#{on}#V#{page}")


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(shop)
        for name in ("ada", "bob"):
            await db.table(Customer).put(Customer(user_name=name))
            await db.table(Address).put(Address(customer=name, label="home"))
            for number in range(5):
                status = "paid" if number % 2 else "open"
                order = Order(user_name=name, order_id=f"{name}{number}", status=status)
                await db.table(Order).put(order)
                for item in range(2):
                    item_id = f"i{item}"
                    row = OrderItem(order_id=order.order_id, item_id=item_id, price=item)
                    await db.table(OrderItem).put(row)
            for day in ("1", "1x", "2"):
                for number in range(2):
                    await db.table(Event).put(Event(customer=name, day=day, number=number))
                    await db.table(Visit).put(Visit(visitor=name, on=day, page=f"p{number}"))
        yield db


def ids(items: Any) -> list[str]:
    names = ("order_id", "label", "user_name")
    return [next(getattr(each, name) for name in names if hasattr(each, name)) for each in items]


ADA = Customer(user_name="ada")
ORDERS = [f"ada{number}" for number in range(5)]


async def test_awaited_it_gives_a_list_for_each_model(db: Database) -> None:
    query = db.query(Customer, Order).where(Customer.user_name == "ada")
    customers, orders = await query
    assert customers == [ADA]
    assert ids(orders) == ORDERS
    orders, customers = await db.query(Order, Customer).where(Order.user_name == "ada").descending()
    assert customers == [ADA]
    assert ids(orders) == ORDERS[::-1]
    (only,) = await db.query(Order).where(Order.user_name == "ada")
    assert ids(only) == ORDERS


async def test_iterated_it_gives_items_in_the_order_of_keys(db: Database) -> None:
    query = db.query(Customer, Order).where(Customer.user_name == "ada")
    assert ids([each async for each in query]) == [*ORDERS, "ada"]
    assert ids([each async for each in query.descending()]) == ["ada", *ORDERS[::-1]]
    async with query.stream() as rows:
        assert ids([each async for each in rows]) == [*ORDERS, "ada"]


async def test_the_range_is_the_least_that_holds_all(db: Database) -> None:
    query = db.query(Customer, Order).where(Customer.user_name == "ada")
    values = query.request()["ExpressionAttributeValues"]
    assert {"S": "CUSTOMER#ada"} in values.values()
    assert {"S": "#ORDER#"} in values.values()
    assert "Address may be in between, and is left out" in query.explain().reason
    assert "may be in between" not in (
        db.query(Order).where(Order.user_name == "ada").explain().reason
    )


async def test_a_limit_counts_items_of_all_models(db: Database) -> None:
    query = db.query(Customer, Order).where(Customer.user_name == "ada")
    customers, orders = await query.descending().limit(3)
    assert (customers, ids(orders)) == ([ADA], ["ada4", "ada3"])
    assert await query.count() == 6
    assert await query.limit(4).count() == 4


async def test_an_index_that_holds_all_is_found(db: Database) -> None:
    (order,), items = await db.query(Order, OrderItem).where(Order.order_id == "ada2")
    assert order.order_id == "ada2"
    assert [each.item_id for each in items] == ["i0", "i1"]
    plan = db.query(Order, OrderItem).where(OrderItem.order_id == "ada2").explain()
    assert plan.index == "GSI1"


async def test_a_filter_is_about_the_models_that_it_names(db: Database) -> None:
    query = db.query(Customer, Order).where(Customer.user_name == "ada")
    customers, orders = await query.filter(Order.status == "open")
    assert (customers, ids(orders)) == ([ADA], ["ada0", "ada2", "ada4"])
    customers, orders = await query.where(Order.status == "paid")
    assert (customers, ids(orders)) == ([ADA], ["ada1", "ada3"])
    customers, orders = await query.filter(Customer.email == "none", Order.status == "paid")
    assert (customers, ids(orders)) == ([], ["ada1", "ada3"])
    assert await query.filter(Order.status == "open").count() == 4
    customers, orders = await query.filter(path("status").exists())
    assert (customers, ids(orders)) == ([], ORDERS)


async def test_items_without_a_type_meet_the_filter_too(db: Database) -> None:
    key = {"PK": {"S": "CUSTOMER#ada"}}
    untyped: list[dict[str, Any]] = [
        {"SK": {"S": "#ORDER#x"}, "status": {"S": "open"}},
        {"SK": {"S": "#ORDER#y"}, "status": {"S": "paid"}},
        {"SK": {"S": "B#stranger"}, "status": {"S": "paid"}},
    ]
    for attributes in untyped:
        await db.call("PutItem", {"TableName": "shop", "Item": {**key, **attributes}})
    await db.call(
        "PutItem",
        {"TableName": "shop", "Item": {**key, "SK": {"S": "#ORDER#z"}, "_type": {"S": "Draft"}}},
    )
    query = db.query(Customer, Order).where(Customer.user_name == "ada")
    customers, orders = await query.filter(Order.status == "paid")
    assert (customers, ids(orders)) == ([ADA], ["ada1", "ada3", "y"])
    assert await query.filter(Order.status == "paid").count() == 4
    _, orders = await query.limit(7)
    assert ids(orders) == [*ORDERS, "x", "y"]


async def test_pages_go_on_by_their_cursors(db: Database) -> None:
    query = db.query(Customer, Order).where(Customer.user_name == "ada").limit(4)
    page = await query.page()
    assert ids(page.items) == ORDERS[:4]
    page = await query.page(page.cursor)
    assert (ids(page.items), page.cursor) == (["ada4", "ada"], None)
    page = await query.filter(Order.status == "open").page()
    assert ids(page.items) == ["ada0", "ada2", "ada4", "ada"]
    with pytest.raises(adorm.BadCursor):
        first = await query.page()
        await db.query(Customer, Order).where(Customer.user_name == "bob").page(first.cursor)


async def test_a_condition_on_a_sort_key_is_about_all(db: Database) -> None:
    query = db.query(Event, Visit).where(Event.customer == "ada")
    events, visits = await query.where(Event.day == "1")
    assert [(each.day, each.number) for each in events] == [("1", 0), ("1", 1)]
    assert [(each.on, each.page) for each in visits] == [("1", "p0"), ("1", "p1")]
    events, visits = await query.where(Visit.on > "1")
    assert {each.day for each in events} == {"1x", "2"} == {each.on for each in visits}
    events, visits = await query.where(Visit.on >= "1", Visit.on < "2")
    assert {each.day for each in events} == {"1", "1x"} == {each.on for each in visits}
    assert await query.where(Visit.on > "1").count() == 8


async def test_a_condition_on_sort_keys_that_begin_otherwise_is_refused(db: Database) -> None:
    query = db.query(Customer, Order).where(Customer.user_name == "ada")
    with pytest.raises(adorm.UsageError, match=r"does not begin so: move the condition to .filter"):
        await query.where(Order.order_id > "ada2")
    _, orders = await query.filter(Order.order_id > "ada2")
    assert ids(orders) == ["ada3", "ada4"]
    with pytest.raises(adorm.UsageError, match="by one of the two"):
        await db.query(Event, Visit).where(
            Event.customer == "ada", Event.day == "1", Visit.on == "1"
        )


async def test_raw_texts_are_taken_as_they_are(db: Database) -> None:
    customers, orders = await db.query(Customer, Order).where(
        path("PK") == "CUSTOMER#ada", path("SK").begins_with("#")
    )
    assert (customers, ids(orders)) == ([], ORDERS)


async def test_an_index_with_keys_only_is_hydrated(db: Database) -> None:
    query = db.query(Customer, Order).where(Customer.user_name == "ada").index("keys")
    with pytest.raises(adorm.UsageError, match="does not hold email, status of Customer and Order"):
        await query
    customers, orders = await query.hydrate()
    assert (customers, ids(orders)) == ([ADA], ORDERS)
    assert await query.count() == 6


async def test_a_consistent_read_takes_the_table(db: Database) -> None:
    query = db.query(Customer, Order).where(Customer.user_name == "ada").consistent()
    assert query.request()["ConsistentRead"] is True
    with pytest.raises(adorm.UsageError, match="no consistent reads on a global index"):
        db.query(Order, OrderItem).where(Order.order_id == "x").consistent().request()


@pytest.mark.parametrize(
    ("models", "conditions", "message"),
    [
        ((Customer, Order), (), r"Customer: user_name is not given by ==.* Give all parts of a"),
        (
            (Customer, OrderItem),
            (Customer.user_name == "ada",),
            "OrderItem has no key in it whose partition key is like 'CUSTOMER#{user_name}' of",
        ),
        ((Customer, Order), (Address.customer == "ada",), "Address.customer is a path of Address"),
        ((Customer, Customer), (), "Customer is given twice"),
        ((), (), "name the models"),
    ],
)
async def test_what_can_not_be_read_is_refused(
    db: Database, models: tuple[Any, ...], conditions: tuple[Any, ...], message: str
) -> None:
    untyped: Any = db.query
    with pytest.raises(adorm.UsageError, match=message):
        untyped(*models).where(*conditions).request()


async def test_models_of_two_tables_are_refused(db: Database) -> None:
    @adorm.model(table="others")
    class Other:
        name: str = adorm.partition_key()

    with pytest.raises(adorm.UsageError, match="one request reads models of one SingleTable"):
        db.query(Customer, Other)


# ---- scans


async def test_a_scan_of_several_models(db: Database) -> None:
    customers, orders = await db.scan(Customer, Order)
    assert sorted(ids(customers)) == ["ada", "bob"]
    assert len(orders) == 10
    customers, orders = await db.scan(Customer, Order).segments(4).filter(Order.status == "paid")
    assert (len(customers), len(orders)) == (2, 4)
    assert await db.scan(Customer, Order).count() == 12
    assert await db.scan(Customer, Order).filter(Order.status == "paid").count() == 6
    assert await db.scan(Customer, Order).where(Order.status == "paid").count() == 6
    customers, orders = await db.scan(Customer, Order).limit(3)
    assert len(customers) + len(orders) == 3
    assert len([each async for each in db.scan(Customer, Order)]) == 12
    async with db.scan(Customer, Order).segments(2).stream() as rows:
        assert len([each async for each in rows]) == 12
    hydrated = await db.scan(Customer, Order).index("keys").hydrate()
    assert [len(each) for each in hydrated] == [2, 10]


async def test_a_scan_of_the_whole_table(db: Database) -> None:
    await db.call(
        "PutItem",
        {
            "TableName": "shop",
            "Item": {"PK": {"S": "x"}, "SK": {"S": "y"}, "_type": {"S": "Unknown"}},
        },
    )
    await db.call("PutItem", {"TableName": "shop", "Item": {"PK": {"S": "x"}, "SK": {"S": "z"}}})
    items = await db.scan(shop).segments(3)
    assert len(items) == 2 + 2 + 10 + 20 + 12 + 12
    assert {type(each) for each in items} == set(shop.models)
    assert await db.scan(shop).count() == len(items)


# ---- items that are told apart by their keys


async def test_models_without_a_type() -> None:
    payments = adorm.SingleTable("payments", type_attribute=None)

    @adorm.model(table=payments)
    class Subscription:
        account: str
        sku: str
        active: bool = True
        key = adorm.key("ACC#{account}", "SUB#{sku}")

    @adorm.model(table=payments)
    class Receipt:
        account: str
        day: str
        key = adorm.key("ACC#{account}", "REC#{day}")

    async with adorm.connect("memory") as db:
        await db.create_table(payments)
        for number in range(3):
            row = Subscription(account="a", sku=f"s{number}", active=number > 0)
            await db.table(Subscription).put(row)
            await db.table(Receipt).put(Receipt(account="a", day=f"{number}"))
        stranger = {"PK": {"S": "ACC#a"}, "SK": {"S": "ROOT"}}
        await db.call("PutItem", {"TableName": "payments", "Item": stranger})
        query = db.query(Subscription, Receipt).where(Subscription.account == "a")
        subscriptions, receipts = await query
        assert (len(subscriptions), len(receipts)) == (3, 3)
        only = query.filter(Subscription.active == True)  # noqa: E712  # a path, not a bool
        subscriptions, receipts = await only
        assert ([each.sku for each in subscriptions], len(receipts)) == (["s1", "s2"], 3)
        assert await only.count() == 5
        subscriptions, receipts = await db.scan(Subscription, Receipt)
        assert (len(subscriptions), len(receipts)) == (3, 3)
        assert len(await db.scan(payments)) == 6
