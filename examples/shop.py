"""An online shop in a single table: customers, orders and their lines, and the keys that they have.

    python examples/shop.py                                       # a DynamoDB inside the process
    python examples/shop.py --endpoint-url http://127.0.0.1:8000 --region eu-central-1
    python examples/shop.py --region eu-central-1                 # DynamoDB itself

It writes a few items, shows them as a chart of keys, and answers each question of the shop by one
request. Then two customers want the same email, and an order changes its status, which is in the
key of an index.

Needs `pip install adorm`. Outside of memory it uses a table with a name of its own and deletes it
at the end.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import uuid4

import adorm

shop = adorm.SingleTable(
    "shop",
    indexes=[
        adorm.GlobalIndex("GSI1", partition="GSI1PK", sort="GSI1SK"),
        adorm.GlobalIndex("GSI2", partition="GSI2PK", sort="GSI2SK"),
    ],
)


class Status(StrEnum):
    ACCEPTED = "ACCEPTED"
    CANCELED = "CANCELED"
    SHIPPED = "SHIPPED"


@adorm.model(table=shop, unique=["CUSTOMEREMAIL#{email}"])
class Customer:
    user_name: str
    email: str
    name: str = ""

    @adorm.key
    def key(self, user_name: str) -> adorm.KeyText:
        return f"CUSTOMER#{user_name}", f"CUSTOMER#{user_name}"


@adorm.model(table=shop)
class Order:
    user_name: str
    order_id: str
    placed_at: datetime
    status: Status = Status.ACCEPTED
    amount: Decimal = Decimal(0)

    @adorm.key
    def key(self, user_name: str, order_id: str) -> adorm.KeyText:
        # The `#` sorts orders before their customer: read backwards, the customer comes first.
        return f"CUSTOMER#{user_name}", f"#ORDER#{order_id}"

    by_id = adorm.key("ORDER#{order_id}", "ORDER#{order_id}", index="GSI1")
    by_status = adorm.key("CUSTOMER#{user_name}", "{status}#{placed_at}", index="GSI2")


@adorm.model(table=shop)
class OrderItem:
    order_id: str
    item_id: str
    price: Decimal = Decimal(0)

    @adorm.key
    def key(self, order_id: str, item_id: str) -> adorm.KeyText:
        return f"ORDER#{order_id}", f"ORDER#{order_id}#ITEM#{item_id}"

    by_order = adorm.key("ORDER#{order_id}", "ITEM#{item_id}", index="GSI1")


CUSTOMERS = [
    Customer(user_name="ada", email="ada@shop.example", name="Ada"),
    Customer(user_name="bob", email="bob@shop.example", name="Bob"),
]
PRICES = {"tea": Decimal("4.50"), "cup": Decimal(12), "pot": Decimal(31)}
ORDERS = {
    ("ada", "o1"): ["tea"],
    ("ada", "o2"): ["tea", "cup"],
    ("ada", "o3"): ["pot"],
    ("bob", "o4"): ["cup", "pot"],
}
"""What each customer orders, in the order of time."""


async def place_order(
    db: adorm.Database, user_name: str, order_id: str, placed_at: datetime, names: list[str]
) -> None:
    """Store an order and its lines, or nothing."""
    amount = sum((PRICES[name] for name in names), Decimal(0))
    async with db.transaction() as tx:
        tx.create(Order(user_name=user_name, order_id=order_id, placed_at=placed_at, amount=amount))
        for name in names:
            tx.create(OrderItem(order_id=order_id, item_id=name, price=PRICES[name]))


async def fill(db: adorm.Database) -> None:
    for customer in CUSTOMERS:
        await db.table(Customer).create(customer)
    for day, ((user_name, order_id), names) in enumerate(ORDERS.items(), 1):
        await place_order(db, user_name, order_id, datetime(2026, 3, day, 12, tzinfo=UTC), names)


# ---- the chart


async def print_chart(db: adorm.Database, *names: str) -> None:
    """Print the items that have all of these key attributes, as DynamoDB has them."""
    answer = await db.call("Scan", {"TableName": db.table(Customer).name})
    items = [item for item in answer["Items"] if names[0] in item]
    rows = [[text_of(item, name) for name in (*names, "_type")] for item in items]
    rows = [[*names, "entity"], *sorted(rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(map(str.ljust, row, widths)).rstrip())


def text_of(item: dict[str, Any], name: str) -> str:
    return str(item[name]["S"]) if name in item else "-"


# ---- the questions


async def latest_orders(db: adorm.Database) -> None:
    """A customer and the two latest orders, in one query"""
    (ada,), orders = await (
        db.query(Customer, Order).where(Customer.user_name == "ada").descending().limit(3)
    )
    print(f"  {ada.name}: {', '.join(f'{each.order_id} for {each.amount}' for each in orders)}")


async def pages(db: adorm.Database) -> None:
    """The orders of a customer, page by page"""
    query = db.table(Order).query("ada").descending().limit(2)
    page = await query.page()
    print(f"  first page: {[each.order_id for each in page.items]}")
    page = await query.page(page.cursor)
    print(f"  last page: {[each.order_id for each in page.items]}")


async def order_by_number(db: adorm.Database) -> None:
    """An order and its lines, by its number alone: the index GSI1"""
    (order,), items = await db.query(Order, OrderItem).where(Order.order_id == "o2")
    lines = ", ".join(f"{each.item_id} {each.price}" for each in items)
    print(f"  {order.order_id} of {order.user_name}: {lines}; in all {order.amount}")


async def by_status(db: adorm.Database) -> None:
    """The orders of a customer that are not shipped yet: the index GSI2"""
    orders = (
        db.table(Order).query().where(Order.user_name == "ada", Order.status == Status.ACCEPTED)
    )
    print(f"  {[each.order_id for each in await orders]}")


async def whose_email(db: adorm.Database) -> None:
    """Whose email it is: read by the item that keeps it unique, without an index"""
    found = await db.table(Customer).get_by(Customer.email == "bob@shop.example")
    print(f"  {found.name}")


# ---- what is refused


async def same_email(db: adorm.Database) -> None:
    """Two customers can't have one email"""
    customers = db.table(Customer)
    try:
        await customers.create(Customer(user_name="eve", email="ada@shop.example"))
    except adorm.UniqueConflict as conflict:
        print(f"  UniqueConflict: {conflict.value} belongs to {conflict.owner}")
    await customers.update("ada").set(Customer.email, "ada@new.example")
    eve = await customers.create(Customer(user_name="eve", email="ada@shop.example"))
    print(f"  ada has another email now, and {eve.user_name} may have hers")


async def new_status(db: adorm.Database) -> None:
    """An update that would leave a wrong key in GSI2 is refused; there are two ways to do it"""
    orders = db.table(Order)
    ship = orders.update("ada", "o1").set(Order.status, Status.SHIPPED)
    try:
        await ship
    except adorm.UsageError as refusal:
        print(f"  UsageError: {refusal}")
    order = await orders.get("ada", "o1")
    await ship.given(Order.placed_at == order.placed_at)
    print("  o1 is shipped, given what the program knows; DynamoDB checks that it is still so")
    await orders.update("ada", "o2").set(Order.status, Status.SHIPPED).reading()
    print("  o2 is shipped, after a read of what lacked")
    await by_status(db)


QUESTIONS = (latest_orders, pages, order_by_number, by_status, whose_email)
REFUSALS = (same_email, new_status)


async def run(db: adorm.Database) -> None:
    """Make the table and take all steps."""
    await db.create_table(shop)
    try:
        await fill(db)
        print("The items of the table, and their keys in GSI1")
        await print_chart(db, "PK", "SK", "GSI1PK", "GSI1SK")
        print("  A `_unique` item guards an email: its key is made of it, so that no two have it.")
        print("\nThe orders in GSI2")
        await print_chart(db, "GSI2PK", "GSI2SK")
        for step in (*QUESTIONS, *REFUSALS):
            print(f"\n{step.__doc__}")
            await step(db)
    finally:
        await db.delete_table(shop)


async def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="An online shop in a single table.")
    parser.add_argument(
        "--endpoint-url",
        help="where to, such as http://127.0.0.1:8000; default is a DynamoDB inside the process",
    )
    parser.add_argument(
        "--region", help="the AWS region; without an endpoint it means DynamoDB itself"
    )
    options = parser.parse_args(arguments)
    if options.endpoint_url is None and options.region is None:
        async with adorm.connect("memory") as db:
            await run(db)
        return
    prefix = f"adorm-shop-{uuid4().hex[:8]}-"
    async with adorm.connect(
        endpoint_url=options.endpoint_url, region=options.region, table_prefix=prefix
    ) as db:
        await run(db)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except adorm.AdormError as error:
        raise SystemExit(f"shop: {type(error).__name__}: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
