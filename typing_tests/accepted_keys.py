"""What both checkers have to accept of keys that are made of parts, and the types they infer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, assert_type

import adorm
from typing_tests.keyed_models import (
    Account,
    Customer,
    Note,
    Order,
    Project,
    Reading,
    Status,
    User,
    shop,
)

M = TypeVar("M", bound=adorm.AnyModel)

db = adorm.connect("memory")
customers = db.table(Customer)
orders = db.table(Order)
readings = db.table(Reading)
notes = db.table(Note)
projects = db.table(Project)
users = db.table(User)
now = datetime.now(UTC)


def keys(order: Order) -> None:
    assert_type(Order.key("ada", 1), adorm.Key[Order])
    assert_type(Order.key(user_name="ada", number=1), adorm.Key[Order])
    assert_type(Order.key("ada", number=1), adorm.Key[Order])
    assert_type(Reading.key("d1", Status.OPEN, now), adorm.Key[Reading])
    assert_type(Note.key("ada", "n1"), adorm.Key[Note])
    assert_type(User.key("ada"), adorm.Key[User])
    assert_type(Order.by_status, adorm.IndexKey)
    assert_type(orders.key("ada", 1), adorm.Key[Order])
    assert_type(orders.key(order), adorm.Key[Order])
    assert_type(notes.key("ada", "n1"), adorm.Key[Note])
    assert_type(orders.parse_key("CUSTOMER#ada", "ORDER#000001"), adorm.Key[Order])
    assert_type(Order.key("ada", 1).model, type[Order])


def tables() -> None:
    keyed: adorm.KeyedTable[Customer, [str]] = customers
    assert_type(notes, adorm.Table[Note])
    assert_type(projects, adorm.Table[Project])
    name_of(orders)
    name_of(notes)
    plain: adorm.Table[Order] = orders
    print(keyed, plain, shop.models)


def name_of(table: adorm.Table[Any]) -> str:
    return table.name


async def first_of(table: adorm.Table[M]) -> M | None:
    async for item in table.scan().limit(1):
        return item
    return None


async def items(order: Order) -> None:
    assert_type(await orders.get("ada", 1), Order)
    assert_type(await orders.get(number=1, user_name="ada"), Order)
    assert_type(await orders.get(Order.key("ada", 1)), Order)
    assert_type(await orders.get_or_none("ada", 1), Order | None)
    assert_type(await orders.exists("ada", 1), bool)
    assert_type(await notes.get("ada", "n1"), Note)
    assert_type(await projects.get("o", "p"), Project)
    assert_type(await users.get("ada"), User)
    assert_type(await readings.get("d1", Status.OPEN, taken_at=now), Reading)
    assert_type(await first_of(orders), Order | None)
    assert_type((await orders.batch_get([Order.key("ada", 1)])).items, list[Order])
    await orders.update("ada", 1).add(Order.total, 5)
    await orders.update(Order.key("ada", 1)).set(Order.status, Status.PAID)
    assert_type(await orders.update("ada", 1).add(Order.total, 5).returning("new"), Order)
    await orders.delete("ada", 1)
    await orders.delete(order)
    await orders.delete(Order.key("ada", 1))
    async with db.transaction() as tx:
        tx.update(Order.key("ada", 1)).add(Order.total, 5)
        tx.delete(Order.key(user_name="ada", number=2))
        tx.check(Customer.key("ada")).when(Customer.points > 5)
    assert_type(
        await db.transact_get(Order.key("ada", 1), Customer.key("ada")),
        tuple[Order | None, Customer | None],
    )


async def updates(order: Order) -> None:
    update = orders.update("ada", 1).set(Order.status, Status.PAID)
    assert_type(update.given(Order.placed_at == order.placed_at), adorm.Update[Order, None])
    assert_type(update.reading(), adorm.Update[Order, None])
    async with db.transaction() as tx:
        tx.update(Order.key("ada", 1)).set(Order.status, Status.PAID).given(Order.placed_at == now)


async def lifecycle(order: Order, customer: Customer) -> None:
    assert_type(await customers.get_by(Customer.email == "ada@x.org"), Customer)
    assert_type(await orders.get_or_create(order), tuple[Order, bool])
    assert_type(await orders.update_or_create(order, only=[Order.total]), tuple[Order, bool])
    assert_type(await orders.move(order, order), Order)
    assert_type(await orders.move(Order.key("ada", 1), order), Order)
    assert_type(await orders.restore("ada", 1), Order)
    assert_type(await orders.restore(order), Order)
    assert_type(await orders.restore(Order.key("ada", 1)), Order)
    await orders.purge("ada", number=1)
    await orders.purge(order)
    assert_type(await orders.repair().segments(4).dry_run(), adorm.RepairResult[Order])
    print(customer)


async def queries() -> None:
    assert_type(await orders.query("ada"), list[Order])
    assert_type(await orders.query("ada").where(Order.number >= 5), list[Order])
    assert_type(await orders.query("ada").index(Order.by_status), list[Order])
    found: Sequence[Order] = await orders.query().where(
        Order.user_name == "ada", Order.status == Status.PAID, Order.placed_at > now
    )
    print(found, Account)


async def collections(item: dict[str, Any]) -> None:
    both = db.query(Customer, Order).where(Customer.user_name == "ada")
    assert_type(both, adorm.CollectionQuery[tuple[list[Customer], list[Order]], Customer | Order])
    assert_type(await both, tuple[list[Customer], list[Order]])
    assert_type(await both.descending().limit(5).page(), adorm.Page[Customer | Order])
    assert_type(await both.count(), int)
    found, latest = await both.filter(Order.status == Status.OPEN).consistent()
    assert_type(found, list[Customer])
    assert_type(latest, list[Order])
    async for each in both:
        assert_type(each, Customer | Order)
    async with both.stream() as rows:
        assert_type(rows, adorm.ItemStream[Customer | Order])
    (alone,) = await db.query(Customer).where(Customer.user_name == "ada")
    assert_type(alone, list[Customer])
    assert_type(
        await db.query(Customer, Order, Reading, Note, User),
        tuple[list[Customer], list[Order], list[Reading], list[Note], list[User]],
    )
    assert_type(await db.scan(User, Order).segments(8), tuple[list[User], list[Order]])
    assert_type(db.scan(shop), adorm.Scan[Any])
    assert_type(await db.create_table(shop), adorm.TableDescription)
    assert_type(adorm.from_attribute_map(shop, item), object)
    assert_type(
        db.query(Account, Order),
        adorm.CollectionQuery[tuple[list[Account], list[Order]], Account | Order],
    )


async def deletions() -> None:
    assert_type(await orders.get("ada", 1).with_deleted(), Order)
    assert_type(await orders.get_or_none("ada", 1).with_deleted(), Order | None)
    assert_type(await orders.query("ada").with_deleted(), list[Order])
    assert_type(await db.query(Customer, Order).with_deleted(), tuple[list[Customer], list[Order]])


def hooks() -> None:
    class Hooked:
        @adorm.before_save
        def normalise(self) -> None: ...

        @adorm.after_save
        async def publish(self) -> None: ...

        @adorm.after_load
        def show(self) -> str:
            return ""

    assert_type(Hooked().show(), str)
    Hooked().normalise()
    print(Hooked().publish())
