"""Every way to write one item: what is stored before, and what a lost answer leads to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs

import adorm
from adorm import attr
from adorm.dynamodb.values import AttributeMap
from adorm.items.key_encoding import encode_key
from tests.faults.bench import Ticket, World
from tests.support.shop import Bare, Counter, Line, Order, Receipt

Promise = Literal["repeats", "proves", "tells", "stops"]
"""What adorm does when the write may have been applied already.

`"repeats"`: sent again, and applied twice it is what it was applied once. `"proves"`: sent again,
its condition fails on its own item, which it recognises. `"tells"`: sent again, its condition
fails, and nothing proves whose work it sees: `maybe_applied`. `"stops"`: not sent again:
`maybe_applied`.
"""

TICKET_ID = UUID("0197c4f0-0000-7000-8000-000000000001")


@attrs.frozen(eq=False)
class WriteCase:
    """A write, and the item that it meets."""

    name: str
    promise: Promise
    model: type[Any]
    act: Callable[[adorm.Database, Any], Awaitable[Any]]
    """Writes by this database; takes what `given` left, the instance that was read or is to be
    stored."""
    given: Callable[[adorm.Database], Awaitable[Any]]
    operation: Literal["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"]
    versions_skip: bool = False
    """adorm's own version may be higher than after one application: it does not make an update
    non-idempotent."""

    @property
    def key(self) -> tuple[Any, ...]:
        return (
            ("c1", "o1")
            if self.model is Order
            else (TICKET_ID,)
            if self.model is Ticket
            else ("a",)
        )

    @property
    def subject(self) -> str:
        """The item as error messages name it."""
        return f"{self.model.__name__} {'/'.join(str(value) for value in self.key)}"


def copy_of(item: Any, **changes: Any) -> Any:
    """A copy of the item, with these changes."""
    return attrs.evolve(item, **changes)


def _order() -> Order:
    return Order(
        customer_id="c1",
        order_id="o1",
        total=Decimal(10),
        lines=[Line(sku="a")],
        tags={"x"},
        labels={"k": "v"},
    )


async def fresh_order(_db: adorm.Database) -> Order:
    return _order()


async def read_order(db: adorm.Database) -> Order:
    """An order at version 2, changed by the caller since it was read."""
    orders = db.table(Order)
    await orders.save(await orders.create(_order()))
    order = await orders.get("c1", "o1")
    order.status = "paid"
    return order


async def old_order(db: adorm.Database) -> Order:
    """An order stored before the model had a version."""
    key = {"customer_id": {"S": "c1"}, "order_id": {"S": "o1"}}
    made = {"created_at": {"S": "2025-01-01T00:00:00.000000Z"}}
    await db.call(
        "PutItem",
        {
            "TableName": "orders",
            "Item": {**key, **made, "status": {"S": "old"}, "of_tomorrow": {"S": "kept"}},
        },
    )
    return await db.table(Order).get("c1", "o1")


async def a_counter(db: adorm.Database) -> Counter:
    counter = await db.table(Counter).put(Counter(name="a", value=10, history=[1], seen={1}))
    counter.value = 11
    return counter


async def fresh_counter(_db: adorm.Database) -> Counter:
    return Counter(name="a", value=11)


async def fresh_receipt(_db: adorm.Database) -> Receipt:
    return Receipt(receipt_id="a", amount=5)


async def a_receipt(db: adorm.Database) -> Receipt:
    receipt: Receipt = copy_of(
        await db.table(Receipt).create(Receipt(receipt_id="a", amount=5)), amount=6
    )
    return receipt


async def fresh_ticket(_db: adorm.Database) -> Ticket:
    return Ticket(ticket_id=TICKET_ID, title="broken")


async def fresh_bare(_db: adorm.Database) -> Bare:
    return Bare(name="a")


def _orders(db: adorm.Database) -> adorm.Table[Order]:
    return db.table(Order)


def _counters(db: adorm.Database) -> adorm.Table[Counter]:
    return db.table(Counter)


def _update(db: adorm.Database) -> adorm.Update[Order, None]:
    return db.table(Order).update("c1", "o1")


def _count(db: adorm.Database) -> adorm.Update[Counter, None]:
    return db.table(Counter).update("a")


CREATES: Sequence[WriteCase] = (
    WriteCase(
        "create", "proves", Order, lambda db, item: _orders(db).create(item), fresh_order, "PutItem"
    ),
    WriteCase(
        "create with a generated id",
        "proves",
        Ticket,
        lambda db, item: db.table(Ticket).create(item),
        fresh_ticket,
        "PutItem",
    ),
    WriteCase(
        "create without proof",
        "tells",
        Counter,
        lambda db, item: _counters(db).create(item),
        fresh_counter,
        "PutItem",
    ),
    WriteCase(
        "create a frozen item",
        "tells",
        Receipt,
        lambda db, item: db.table(Receipt).create(item),
        fresh_receipt,
        "PutItem",
    ),
    WriteCase(
        "create nothing but a key",
        "tells",
        Bare,
        lambda db, item: db.table(Bare).create(item),
        fresh_bare,
        "PutItem",
    ),
)

PUTS: Sequence[WriteCase] = (
    WriteCase(
        "put fresh",
        "repeats",
        Order,
        lambda db, item: _orders(db).put(item),
        fresh_order,
        "PutItem",
    ),
    WriteCase(
        "put what was read",
        "proves",
        Order,
        lambda db, item: _orders(db).put(item),
        read_order,
        "PutItem",
    ),
    WriteCase(
        "put unchecked",
        "repeats",
        Order,
        lambda db, item: _orders(db).put(item).unchecked(),
        read_order,
        "PutItem",
    ),
    WriteCase(
        "put when",
        "proves",
        Order,
        lambda db, item: _orders(db).put(item).when(Order.status == "open"),
        read_order,
        "PutItem",
    ),
    WriteCase(
        "put for the old item",
        "stops",
        Order,
        lambda db, item: _orders(db).put(item).returning("old"),
        read_order,
        "PutItem",
    ),
    WriteCase(
        "put without a version",
        "repeats",
        Counter,
        lambda db, item: _counters(db).put(item),
        a_counter,
        "PutItem",
    ),
    WriteCase(
        "put without proof when",
        "tells",
        Counter,
        lambda db, item: _counters(db).put(item).when(Counter.value == 10),
        a_counter,
        "PutItem",
    ),
    WriteCase(
        "put a frozen item",
        "tells",
        Receipt,
        lambda db, item: db.table(Receipt).put(item),
        a_receipt,
        "PutItem",
    ),
)

SAVES: Sequence[WriteCase] = (
    WriteCase(
        "save fresh",
        "proves",
        Order,
        lambda db, item: _orders(db).save(item),
        fresh_order,
        "UpdateItem",
    ),
    WriteCase(
        "save what was read",
        "proves",
        Order,
        lambda db, item: _orders(db).save(item),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "save an item older than the version",
        "proves",
        Order,
        lambda db, item: _orders(db).save(item),
        old_order,
        "UpdateItem",
    ),
    WriteCase(
        "save unchecked",
        "repeats",
        Order,
        lambda db, item: _orders(db).save(item).unchecked(),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "save only",
        "proves",
        Order,
        lambda db, item: _orders(db).save(item, only=[Order.status]),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "save for the old item",
        "stops",
        Order,
        lambda db, item: _orders(db).save(item).returning("old"),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "save without a version",
        "repeats",
        Counter,
        lambda db, item: _counters(db).save(item),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "save only without a version",
        "repeats",
        Counter,
        lambda db, item: _counters(db).save(item, only=[Counter.value]),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "save a frozen item",
        "tells",
        Receipt,
        lambda db, item: db.table(Receipt).save(item),
        a_receipt,
        "UpdateItem",
    ),
    WriteCase(
        "save a fresh frozen item",
        "tells",
        Receipt,
        lambda db, item: db.table(Receipt).save(item),
        fresh_receipt,
        "UpdateItem",
    ),
)

DELETES: Sequence[WriteCase] = (
    WriteCase(
        "delete by key",
        "repeats",
        Order,
        lambda db, _: _orders(db).delete("c1", "o1"),
        read_order,
        "DeleteItem",
    ),
    WriteCase(
        "delete what is not there",
        "repeats",
        Order,
        lambda db, _: _orders(db).delete("c1", "o1"),
        fresh_order,
        "DeleteItem",
    ),
    WriteCase(
        "delete an instance",
        "tells",
        Order,
        lambda db, item: _orders(db).delete(item),
        read_order,
        "DeleteItem",
    ),
    WriteCase(
        "delete an instance unchecked",
        "repeats",
        Order,
        lambda db, item: _orders(db).delete(item).unchecked(),
        read_order,
        "DeleteItem",
    ),
    WriteCase(
        "delete when",
        "tells",
        Order,
        lambda db, _: _orders(db).delete("c1", "o1").when(Order.status == "open"),
        read_order,
        "DeleteItem",
    ),
    WriteCase(
        "delete for the old item",
        "stops",
        Order,
        lambda db, _: _orders(db).delete("c1", "o1").returning("old"),
        read_order,
        "DeleteItem",
    ),
    WriteCase(
        "delete an instance without a version",
        "repeats",
        Counter,
        lambda db, item: _counters(db).delete(item),
        a_counter,
        "DeleteItem",
    ),
    WriteCase(
        "delete a frozen instance",
        "tells",
        Receipt,
        lambda db, item: db.table(Receipt).delete(item),
        a_receipt,
        "DeleteItem",
    ),
)

UPDATES: Sequence[WriteCase] = (
    WriteCase(
        "set",
        "repeats",
        Order,
        lambda db, _: _update(db).set(Order.status, "sent"),
        read_order,
        "UpdateItem",
        versions_skip=True,
    ),
    WriteCase(
        "set and return the new item",
        "repeats",
        Order,
        lambda db, _: (
            _update(db).set(Order.status, "sent").remove(Order.labels["k"]).returning("new")
        ),
        read_order,
        "UpdateItem",
        versions_skip=True,
    ),
    WriteCase(
        "set and return what is new",
        "repeats",
        Order,
        lambda db, _: _update(db).set(Order.status, "sent").returning("updated_new"),
        read_order,
        "UpdateItem",
        versions_skip=True,
    ),
    WriteCase(
        "set and return the old item",
        "stops",
        Order,
        lambda db, _: _update(db).set(Order.status, "sent").returning("old"),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "set and return what was old",
        "stops",
        Order,
        lambda db, _: _update(db).set(Order.status, "sent").returning("updated_old"),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "set when the version is",
        "proves",
        Order,
        lambda db, _: _update(db).set(Order.status, "sent").when(Order.version == 2),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "set when, and return the new item",
        "proves",
        Order,
        lambda db, _: (
            _update(db).set(Order.status, "sent").when(Order.status == "open").returning("new")
        ),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "set when, and return what is new",
        "tells",
        Order,
        lambda db, _: (
            _update(db)
            .set(Order.status, "sent")
            .when(Order.status == "open")
            .returning("updated_new")
        ),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "upsert",
        "repeats",
        Order,
        lambda db, _: _update(db).set(Order.status, "sent").upsert(),
        fresh_order,
        "UpdateItem",
        versions_skip=True,
    ),
    WriteCase(
        "set without proof",
        "repeats",
        Counter,
        lambda db, _: _count(db).set(Counter.value, 5),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "set without proof when",
        "tells",
        Counter,
        lambda db, _: _count(db).set(Counter.value, 5).when(Counter.value == 10),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "set if absent",
        "repeats",
        Counter,
        lambda db, _: _count(db).apply(attr(Counter.value).set_if_absent(5)).upsert(),
        fresh_counter,
        "UpdateItem",
    ),
    WriteCase(
        "add members",
        "repeats",
        Counter,
        lambda db, _: _count(db).add(Counter.seen, {7, 8}),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "delete members",
        "repeats",
        Counter,
        lambda db, _: _count(db).apply(attr(Counter.seen).delete({1})),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "add",
        "stops",
        Counter,
        lambda db, _: _count(db).add(Counter.value, 5),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "add and return the new item",
        "stops",
        Counter,
        lambda db, _: _count(db).add(Counter.value, 5).returning("new"),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "add by upsert",
        "stops",
        Counter,
        lambda db, _: _count(db).add(Counter.value, 5).upsert(),
        fresh_counter,
        "UpdateItem",
    ),
    WriteCase(
        "add when",
        "stops",
        Order,
        lambda db, _: _update(db).add(Order.total, 5).when(Order.version == 2),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "append",
        "stops",
        Counter,
        lambda db, _: _count(db).append(Counter.history, [2]),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "prepend",
        "stops",
        Counter,
        lambda db, _: _count(db).prepend(Counter.history, [2]),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "arithmetic",
        "stops",
        Counter,
        lambda db, _: _count(db).set(Counter.value, Counter.value + 1),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "copy",
        "stops",
        Order,
        lambda db, _: _update(db).set(Order.paid, Order.total),
        read_order,
        "UpdateItem",
    ),
    WriteCase(
        "remove an element",
        "stops",
        Counter,
        lambda db, _: _count(db).remove(Counter.history[0]),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "set an element",
        "stops",
        Counter,
        lambda db, _: _count(db).set(Counter.history[9], 2),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "set an element if absent",
        "stops",
        Counter,
        lambda db, _: _count(db).apply(attr(Counter.history[9]).set_if_absent(2)),
        a_counter,
        "UpdateItem",
    ),
    WriteCase(
        "set in an element",
        "repeats",
        Order,
        lambda db, _: _update(db).set(Order.lines[0].sku, "b"),
        read_order,
        "UpdateItem",
        versions_skip=True,
    ),
)

ONCE: Sequence[WriteCase] = (
    WriteCase(
        "add exactly once",
        "repeats",
        Counter,
        lambda db, _: _count(db).add(Counter.value, 5).exactly_once(),
        a_counter,
        "TransactWriteItems",
    ),
    WriteCase(
        "append exactly once",
        "repeats",
        Counter,
        lambda db, _: _count(db).append(Counter.history, [2]).exactly_once(),
        a_counter,
        "TransactWriteItems",
    ),
    WriteCase(
        "add exactly once when",
        "repeats",
        Order,
        lambda db, _: _update(db).add(Order.total, 5).when(Order.version == 2).exactly_once(),
        read_order,
        "TransactWriteItems",
    ),
    WriteCase(
        "upsert exactly once",
        "repeats",
        Counter,
        lambda db, _: _count(db).add(Counter.value, 5).upsert().exactly_once(),
        fresh_counter,
        "TransactWriteItems",
    ),
)

CASES: Sequence[WriteCase] = (*CREATES, *PUTS, *SAVES, *DELETES, *UPDATES, *ONCE)
CASE = {case.name: case for case in CASES}


@attrs.frozen(eq=False)
class Trial:
    """One case in one world; `again()` sets it up anew."""

    case: WriteCase
    world: World
    item: Any
    """The instance that the case writes."""
    unharmed: Any
    """A copy of the instance before the write."""
    key: adorm.Key[Any]
    before: AttributeMap | None
    """The item that is stored before the write."""

    @property
    def stored(self) -> AttributeMap | None:
        return self.world.stored(self.key)

    async def act(self) -> Any:
        return await self.case.act(self.world.db, self.item)

    async def again(self) -> Trial:
        """Set the case up anew, with a copy of the instance."""
        name = str(self.key.info.table)
        if self.before is None:
            await self.world.direct.call(
                "DeleteItem",
                {"TableName": name, "Key": encode_key(self.key, self.world.direct.codec)},
            )
        else:
            await self.world.direct.call("PutItem", {"TableName": name, "Item": self.before})
        self.world.restart()
        self.world.clock.advance(1)
        return attrs.evolve(self, item=copy_of(self.unharmed))


async def trial(world: World, case: WriteCase) -> Trial:
    """Store what the write meets, a second before it."""
    item = await case.given(world.direct)
    table: adorm.Table[Any] = world.direct.table(case.model)
    key = table.key(*case.key)
    world.restart()
    world.clock.advance(1)
    return Trial(case, world, item, copy_of(item), key, world.stored(key))
