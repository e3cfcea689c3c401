"""`get(...).select(...)`: some attributes of one item."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import adorm

pytestmark = pytest.mark.anyio


@adorm.model
class Address:
    city: str
    zip: str = "-"


@adorm.model(table="orders")
class Order:
    customer_id: str = adorm.partition_key()
    order_id: str = adorm.sort_key()
    total: Decimal = Decimal(0)
    note: str = adorm.attribute(default="none", name="n")
    address: Address | None = None
    lines: list[str] = adorm.attribute(factory=list)


@adorm.model(table="app")
class Customer:
    pk: str = adorm.partition_key()
    name: str = ""
    kind: str = adorm.discriminator("customer")


@adorm.model(table="app")
class Invoice:
    pk: str = adorm.partition_key()
    name: str = ""
    kind: str = adorm.discriminator("invoice")


async def test_a_get_selects_attributes_as_a_tuple(adorm_db: adorm.Database) -> None:
    await adorm_db.ensure_table(Order)
    orders = adorm_db.table(Order)
    await orders.put(
        Order(
            customer_id="c",
            order_id="o",
            total=Decimal(5),
            address=Address(city="Rome"),
            lines=["a", "b"],
        )
    )
    assert await orders.get("c", "o").select(Order.total, Order.order_id) == (Decimal(5), "o")
    city = adorm.not_none(Order.address).city
    assert await orders.get("c", "o").consistent().select(city, Order.lines[1], Order.note) == (
        "Rome",
        "b",
        "none",
    )
    assert await orders.get_or_none("c", "o").select(Order.total) == (Decimal(5),)
    assert await orders.get_or_none("c", "other").select(Order.total) is None
    with pytest.raises(adorm.ItemNotFound):
        await orders.get("c", "other").select(Order.total)
    gathered = await adorm_db.gather(orders.get("c", "o").select(Order.total), orders.get("c", "o"))
    assert gathered[0] == (Decimal(5),)


async def test_what_it_asks_for_is_projected_with_the_key(adorm_db: adorm.Database) -> None:
    request = adorm_db.table(Order).get("c", "o").select(Order.note).request()
    names = request["ExpressionAttributeNames"]
    assert sorted(names[name] for name in request["ProjectionExpression"].split(", ")) == [
        "customer_id",
        "n",
        "order_id",
    ]
    assert adorm_db.table(Order).get("c", "o").select(Order.note).explain().operation == "GetItem"


async def test_an_item_of_another_kind_is_none(adorm_db: adorm.Database) -> None:
    await adorm_db.ensure_table(Customer)
    await adorm_db.table(Customer).put(Customer(pk="a", name="Ada"))
    assert await adorm_db.table(Customer).get("a").select(Customer.name) == ("Ada",)
    assert await adorm_db.table(Invoice).get_or_none("a").select(Invoice.name) is None
    with pytest.raises(adorm.ItemNotFound, match="another kind"):
        await adorm_db.table(Invoice).get("a").select(Invoice.name)


async def test_a_value_that_does_not_fit_names_the_item(adorm_db: adorm.Database) -> None:
    await adorm_db.ensure_table(Order)
    item = {"customer_id": {"S": "c"}, "order_id": {"S": "o"}, "total": {"S": "much"}}
    await adorm_db.call("PutItem", {"TableName": "orders", "Item": item})
    with pytest.raises(adorm.ItemDecodeError, match=r"\$\.total") as caught:
        await adorm_db.table(Order).get("c", "o").select(Order.total)
    assert caught.value.path == "$.total"


async def test_what_can_be_no_selection_is_refused(adorm_db: adorm.Database) -> None:
    orders: Any = adorm_db.table(Order)
    with pytest.raises(adorm.UsageError, match="takes the paths to read"):
        orders.get("c", "o").select()
    with pytest.raises(adorm.UsageError):
        orders.get("c", "o").select("total")
    with pytest.raises(adorm.UsageError, match="exists"):
        orders.exists("c", "o").select(Order.total)
    with pytest.raises(adorm.UsageError):
        orders.get("c", "o").select(Customer.name).request()
