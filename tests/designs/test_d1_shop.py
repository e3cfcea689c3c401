"""An online shop: the keys that the design draws, and every access pattern of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

import adorm
from tests.designs.d1_shop import Address, Customer, Order, OrderItem, Status, shop
from tests.support.charts import chart_of

pytestmark = pytest.mark.anyio

CUSTOMERS = [
    Customer(user_name=name, email=f"{name}@shop.example", name=name.title())
    for name in ("ada", "adam", "bob")
]
ORDERS = [
    Order(
        user_name=customer.user_name,
        order_id=f"o{3 * number + place}",
        amount=Decimal(10 * number + place),
    )
    for place, customer in enumerate(CUSTOMERS)
    for number in range(14)
]
"""Their ids are o0 to o41, so that one begins another."""
ITEMS = [
    OrderItem(order_id=order.order_id, item_id=f"i{number}", price=Decimal(number))
    for order in ORDERS
    for number in range(int(order.order_id[1:]) % 4)
]


@pytest.fixture
async def db() -> AsyncIterator[adorm.Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(shop)
        await db.table(Customer).create_many(CUSTOMERS)
        await db.table(Order).create_many(ORDERS)
        await db.table(OrderItem).create_many(ITEMS)
        yield db


def newest_first(user_name: str) -> list[Order]:
    theirs = [order for order in ORDERS if order.user_name == user_name]
    return sorted(theirs, key=lambda each: each.order_id, reverse=True)


async def test_items_have_the_keys_that_are_drawn(db: adorm.Database) -> None:
    assert await chart_of(db, "shop", "PK", "SK", "GSI1PK", "GSI1SK") == {
        *(
            (f"CUSTOMER#{each.user_name}", f"CUSTOMER#{each.user_name}", "-", "-")
            for each in CUSTOMERS
        ),
        *(
            (f"CUSTOMEREMAIL#{each.email}", f"CUSTOMEREMAIL#{each.email}", "-", "-")
            for each in CUSTOMERS
        ),
        *(
            (
                f"CUSTOMER#{each.user_name}",
                f"#ORDER#{each.order_id}",
                f"ORDER#{each.order_id}",
                f"ORDER#{each.order_id}",
            )
            for each in ORDERS
        ),
        *(
            (
                f"ORDER#{each.order_id}",
                f"ORDER#{each.order_id}#ITEM#{each.item_id}",
                f"ORDER#{each.order_id}",
                f"ITEM#{each.item_id}",
            )
            for each in ITEMS
        ),
    }


async def test_a_user_name_and_an_email_are_unique(db: adorm.Database) -> None:
    customers = db.table(Customer)
    with pytest.raises(adorm.ItemExists):
        await customers.create(Customer(user_name="ada", email="new@shop.example"))
    with pytest.raises(adorm.UniqueConflict) as raised:
        await customers.create(Customer(user_name="eve", email="bob@shop.example"))
    assert raised.value.owner == Customer.key("bob")
    assert not await customers.exists("eve")
    eve = await customers.create(Customer(user_name="eve", email="eve@shop.example"))
    assert await customers.get(user_name="eve") == eve


async def test_an_email_that_is_changed_is_free_again(db: adorm.Database) -> None:
    customers = db.table(Customer)
    await customers.update(user_name="ada").set(Customer.email, "ada@new.example")
    assert (await customers.get_by(Customer.email == "ada@new.example")).user_name == "ada"
    with pytest.raises(adorm.ItemNotFound):
        await customers.get_by(Customer.email == "ada@shop.example")
    await customers.create(Customer(user_name="eve", email="ada@shop.example"))
    assert (await customers.get_by(Customer.email == "ada@shop.example")).user_name == "eve"
    with pytest.raises(adorm.UniqueConflict):
        await customers.update(user_name="ada").set(Customer.email, "bob@shop.example")
    assert (await customers.get("ada")).email == "ada@new.example"


async def test_mailing_addresses_are_set_changed_and_removed(db: adorm.Database) -> None:
    customers = db.table(Customer)
    home = Address(street="1 Main St", city="Berlin")
    await customers.update(user_name="ada").set(Customer.addresses["home"], home)
    assert (await customers.get("ada")).addresses == {"home": home}
    moved = Address(street="2 Side St", city="Rome")
    await customers.update(user_name="ada").set(Customer.addresses["home"], moved)
    assert (await customers.get("ada")).addresses == {"home": moved}
    await customers.update(user_name="ada").remove(Customer.addresses["home"])
    assert (await customers.get("ada")).addresses == {}


async def test_an_order_is_placed_with_its_items_or_not_at_all(db: adorm.Database) -> None:
    order = Order(user_name="ada", order_id="p1")
    items = [OrderItem(order_id="p1", item_id=name) for name in ("tea", "cup")]
    async with db.transaction() as tx:
        tx.create(order)
        for item in items:
            tx.create(item)
    found = await db.query(Order, OrderItem).where(Order.order_id == "p1")
    assert found == ([order], [items[1], items[0]])
    with pytest.raises(adorm.TransactionCanceled):
        async with db.transaction() as tx:
            tx.create(Order(user_name="ada", order_id="p2"))
            tx.create(items[0])
    assert not await db.table(Order).exists("ada", "p2")


async def test_the_status_of_an_order_is_changed_under_a_condition(db: adorm.Database) -> None:
    orders = db.table(Order)
    ship = (
        orders.update(user_name="ada", order_id="o3")
        .set(Order.status, Status.SHIPPED)
        .when(Order.status == Status.ACCEPTED)
    )
    await ship
    assert (await orders.get("ada", "o3")).status == Status.SHIPPED
    with pytest.raises(adorm.ConditionalCheckFailed):
        await ship


async def test_a_customer_with_the_latest_orders_is_one_query(db: adorm.Database) -> None:
    for customer in CUSTOMERS:
        found, latest = await (
            db.query(Customer, Order)
            .where(Customer.user_name == customer.user_name)
            .descending()
            .limit(11)
        )
        assert found == [customer]
        assert latest == newest_first(customer.user_name)[:10]
    in_order = [each async for each in db.query(Customer, Order).where(Customer.user_name == "ada")]
    assert in_order == [*newest_first("ada")[::-1], CUSTOMERS[0]]


async def test_the_orders_of_a_customer_page_by_page(db: adorm.Database) -> None:
    query = db.table(Order).query("ada").descending().limit(10)
    first = await query.page()
    assert first.items == newest_first("ada")[:10]
    second = await query.page(first.cursor)
    assert second.items == newest_first("ada")[10:]
    assert second.cursor is None


async def test_an_order_with_its_items_by_its_number_alone(db: adorm.Database) -> None:
    for order in ORDERS:
        (one,), items = await db.query(Order, OrderItem).where(Order.order_id == order.order_id)
        assert one == order
        assert items == [each for each in ITEMS if each.order_id == order.order_id]
        assert sum(each.price for each in items) == sum(range(len(items)))


async def test_whose_email_it_is(db: adorm.Database) -> None:
    for customer in CUSTOMERS:
        found = await db.table(Customer).get_by(Customer.email == customer.email)
        assert found == customer
