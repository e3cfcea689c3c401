"""Two versions of a program on one table: the newer one has renamed a type and added a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

import adorm
from adorm.database import Database

pytestmark = pytest.mark.anyio


def older_program() -> Any:
    """It reads both names of the type, and writes the old one."""
    shop = adorm.SingleTable("shop")

    @adorm.model(table=shop)
    class Customer:
        name: str
        key = adorm.key("CUSTOMER#{name}", "CUSTOMER#{name}")

    @adorm.model(table=shop, entity=("Order", "order"))
    class Order:
        name: str
        order_id: str
        total: int = 0
        version: int = adorm.version()
        key = adorm.key("CUSTOMER#{name}", "ORDER#{order_id}")

    return SimpleNamespace(shop=shop, Customer=Customer, Order=Order)


def newer_program() -> Any:
    """It writes the new name, has another field, and a model whose items stand between orders."""
    shop = adorm.SingleTable("shop")

    @adorm.model(table=shop)
    class Customer:
        name: str
        email: str = ""
        key = adorm.key("CUSTOMER#{name}", "CUSTOMER#{name}")

    @adorm.model(table=shop, entity=("order", "Order"))
    class Order:
        name: str
        order_id: str
        total: int = 0
        note: str = ""
        version: int = adorm.version()
        key = adorm.key("CUSTOMER#{name}", "ORDER#{order_id}")

    @adorm.model(table=shop)
    class Refund:
        name: str
        order_id: str
        key = adorm.key("CUSTOMER#{name}", "ORDER#{order_id}#REFUND")

    return SimpleNamespace(shop=shop, Customer=Customer, Order=Order, Refund=Refund)


OLD, NEW = older_program(), newer_program()


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    async with adorm.connect("memory") as db:
        await db.create_table(OLD.shop)
        await db.table(OLD.Customer).create(OLD.Customer(name="ada"))
        await db.table(OLD.Order).create(OLD.Order(name="ada", order_id="o1"))
        await db.table(NEW.Order).create(NEW.Order(name="ada", order_id="o2", note="new"))
        await db.table(NEW.Refund).create(NEW.Refund(name="ada", order_id="o1"))
        yield db


async def types(db: Database) -> dict[str, str]:
    items = (await db.call("Scan", {"TableName": "shop"}))["Items"]
    return {item["SK"]["S"]: item["_type"]["S"] for item in items}


@pytest.mark.parametrize("program", [OLD, NEW], ids=["older", "newer"])
async def test_each_reads_what_the_other_wrote(db: Database, program: Any) -> None:
    orders = db.table(program.Order)
    assert [(await orders.get("ada", each)).order_id for each in ("o1", "o2")] == ["o1", "o2"]
    assert [each.order_id for each in await orders.query("ada")] == ["o1", "o2"]
    assert sorted(each.order_id for each in await orders.scan().segments(2)) == ["o1", "o2"]
    assert await orders.query("ada").count() == 2
    assert len((await orders.batch_get([("ada", "o1"), ("ada", "o2")])).items) == 2
    untyped: Any = db
    customers, found = await untyped.query(program.Customer, program.Order).where(
        program.Customer.name == "ada"
    )
    assert ([each.name for each in customers], len(found)) == (["ada"], 2)
    everything = await untyped.scan(program.shop)
    assert len(everything) == (3 if program is OLD else 4)


async def test_each_changes_what_the_other_wrote(db: Database) -> None:
    older, newer = db.table(OLD.Order), db.table(NEW.Order)
    order = await older.get("ada", "o2")
    order.total = 7
    await older.save(order)
    assert (await newer.get("ada", "o2")).note == "new"
    assert (await newer.get("ada", "o2")).total == 7
    assert (await types(db))["ORDER#o2"] == "Order"
    await newer.update("ada", "o1").set(NEW.Order.note, "seen")
    assert (await types(db))["ORDER#o1"] == "Order"
    await newer.put(await newer.get("ada", "o1"))
    assert (await types(db))["ORDER#o1"] == "order"
    assert (await older.get("ada", "o1")).order_id == "o1"
    await older.delete(await older.get("ada", "o1"))
    assert not await newer.exists("ada", "o1")


async def test_the_older_does_not_see_the_model_of_the_newer(db: Database) -> None:
    orders = db.table(OLD.Order)
    page = await orders.query("ada").limit(2).page()
    assert [each.order_id for each in page.items] == ["o1", "o2"]
    assert (await orders.query("ada").limit(2).page(page.cursor)).items == []
    with pytest.raises(adorm.ItemNotFound, match='_type is "Refund"'):
        await orders.get("ada", "o1#REFUND")
    refunds = await db.table(NEW.Refund).query("ada")
    assert [each.order_id for each in refunds] == ["o1"]
