"""What both checkers have to reject of keys that are made of parts: each marked line, and no other.

The marks are those of rejected.py. Not checked here, because no checker can: field names in a text or in `only=`, and the parts of
a key that is declared as text. Those are a ModelError when the class is made, and a UsageError before a request is sent. Nor that
`unique="A#{a}"` is one text where several are expected: to checkers a text is a sequence of texts.
"""

from __future__ import annotations

from datetime import UTC, datetime

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
from typing_tests.models import Event

db = adorm.connect("memory")
customers = db.table(Customer)
orders = db.table(Order)
readings = db.table(Reading)
notes = db.table(Note)
projects = db.table(Project)
accounts = db.table(Account)
users = db.table(User)
now = datetime.now(UTC)


# ---- declarations


def declarations() -> None:
    adorm.key()  # E: neither a text nor a function
    adorm.key(5)  # E: a number is no text of a key
    adorm.key("A#{a}", 5)  # E: a number is no text of a sort key
    adorm.key("A#{a}", "B", "C")  # E: three texts of a key
    adorm.key("A#{a}", "B", only={"a": 1})  # E: conditions for the key of a table
    adorm.key("A#{a}", index=5)  # E: an index of a key goes by its name
    adorm.key("A#{a}", index="GSI1", only=["a"])  # E: conditions are a mapping
    adorm.key(sort="B")  # E: the sort key of no index
    adorm.SingleTable()  # E: a single table without a name
    adorm.SingleTable("t", partition=5)  # E: the name of a key attribute is text
    adorm.SingleTable("t", partition="PK", sorts="SK")  # E: no such option of a single table
    adorm.SingleTable("t", indexes=["GSI1"])  # E: an index of a single table is not its name
    adorm.SingleTable("t", type_attribute=False)  # E: the type attribute is a name or None
    adorm.model(table=shop, entity=5)  # E: an entity is text
    adorm.model(table=shop, abstract="yes")  # E: a model is abstract or not
    adorm.partition_key(template=5)  # E: a template is text
    adorm.sort_key(template=["A#{a}"])  # E: a list is no template


class Undecorated:
    name: str

    @adorm.key  # E: a key function gives texts, not a number
    def key(self, name: str) -> int:
        return 5


# ---- the maker of keys


def keys() -> None:
    Order.key("ada")  # E: key: a part is missing
    Order.key()  # E: key: all parts are missing
    Order.key("ada", 1, 2)  # E: key: one part too many
    Order.key(1, "ada")  # E: key: parts in the wrong order
    Order.key("ada", "1")  # E: key: text for a number
    Order.key(b"ada", 1)  # E: key: bytes for text
    Order.key(user_name="ada", num=1)  # E: key: a part by a wrong name
    Order.key(user_name="ada")  # E: key: a part by name is missing
    Order.key(user_name="ada", number="1")  # E: key: a part by name of the wrong type
    Order.key("ada", user_name="ada", number=1)  # E: key: a part is given twice
    Order.key("ada", None)  # E: key: None is no part
    Order.key(user_name="ada", number=1, status=Status.OPEN)  # E: key: a field that is no part
    Order.key(("ada", 1))  # E: key: a tuple in place of the parts
    Reading.key("d1", "open", now)  # E: key: text for an enum
    Reading.key("d1", Status.OPEN, "2026-01-01")  # E: key: text for a time
    Reading.key("d1", now, Status.OPEN)  # E: key: an enum and a time exchanged
    User.key(1)  # E: key: an inherited key with a part of the wrong type
    User.key(nam="ada")  # E: key: an inherited key with a part by a wrong name
    Order.key("ada", 1).totals  # E: a key has no such attribute
    Order.by_status("ada")  # E: the key of an index makes no keys
    wrong: adorm.Key[Customer] = Order.key("ada", 1)  # E: a key of another model by its parts
    text: str = Order.key("ada", 1)  # E: a key is no text
    noted: adorm.Key[Order] = Note.key("ada", "n1")  # E: a key of another model by its text
    print(wrong, text, noted)


# ---- items


async def reads() -> None:
    await orders.get("ada")  # E: get: a part is missing
    await orders.get()  # E: get: all parts are missing
    await orders.get("ada", 1, 2)  # E: get: one part too many
    await orders.get("ada", "1")  # E: get: text for a number
    await orders.get(1, "ada")  # E: get: parts in the wrong order
    await orders.get(user_name="ada", num=1)  # E: get: a part by a wrong name
    await orders.get(user_name="ada")  # E: get: a part by name is missing
    await orders.get(user_name=5, number=1)  # E: get: a part by name of the wrong type
    await orders.get(("ada", 1))  # E: get: a tuple in place of the parts
    await orders.get(Customer.key("ada"))  # E: get: a key of another model
    await orders.get(Order(user_name="ada", number=1))  # E: get: an instance is no key to read by
    await orders.get("CUSTOMER#ada", "ORDER#000001")  # E: get: the texts in place of the parts
    await readings.get("d1", "open", now)  # E: get: text for an enum
    await users.get(5)  # E: get: an inherited key with a part of the wrong type
    await accounts.get(nam="ada")  # E: get: a part of a base by a wrong name
    (await orders.get("ada", 1)).totl  # E: get: no such field of what was read by its parts
    customer: Customer = await orders.get("ada", 1)  # E: get: an item of another model by its parts
    await orders.get_or_none("ada")  # E: get_or_none: a part is missing
    await orders.get_or_none("ada", "1")  # E: get_or_none: text for a number
    await orders.get_or_none(user_name="ada", num=1)  # E: get_or_none: a part by a wrong name
    await orders.get_or_none(Note.key("ada", "n1"))  # E: get_or_none: a key of another model
    (await orders.get_or_none("ada", 1)).total  # E: get_or_none: there may be no item
    await orders.exists("ada", 1, 2)  # E: exists: one part too many
    await orders.exists(number=1)  # E: exists: a part by name is missing
    await orders.exists("ada", None)  # E: exists: None is no part
    await orders.exists(Customer.key("ada"))  # E: exists: a key of another model
    orders.key("ada")  # E: the key of a table: a part is missing
    orders.key(user_name="ada", num=1)  # E: the key of a table: a part by a wrong name
    orders.key(Customer(user_name="ada"))  # E: the key of a table: an instance of another model
    await orders.batch_get([("ada", 1)])  # E: batch_get: a tuple does not name the parts
    await orders.batch_get([Customer.key("ada")])  # E: batch_get: a key of another model
    await orders.batch_get(["ada"])  # E: batch_get: a bare value for a key of two parts
    await orders.batch_get(Order.key("ada", 1))  # E: batch_get: one key for many
    (await orders.batch_get([Order.key("ada", 1)])).items[0].email  # E: batch_get: a field of another model
    orders.parse_key(["CUSTOMER#ada"], 5).part  # E: parse_key: no such attribute of a key
    print(customer)


async def writes() -> None:
    orders.update("ada")  # E: update: a part is missing
    orders.update("ada", "1")  # E: update: text for a number
    orders.update("ada", 1, 2)  # E: update: one part too many
    orders.update(user_name="ada", num=1)  # E: update: a part by a wrong name
    orders.update(Customer.key("ada"))  # E: update: a key of another model
    orders.update(Order(user_name="ada", number=1))  # E: update: an instance is no key
    orders.update("ada", 1).set(Order.total, "5")  # E: update: text set for a number, by parts
    orders.update("ada", 1).given("placed_at")  # E: given: a name is no condition
    orders.update("ada", 1).given(Order.status == 5)  # E: given: an operand of the wrong type
    orders.update("ada", 1).given(Order.placed == now)  # E: given: no such field
    orders.update("ada", 1).reading(True)  # E: reading: it takes nothing
    await orders.delete("ada")  # E: delete: a part is missing
    await orders.delete("ada", "1")  # E: delete: text for a number
    await orders.delete(user_name="ada", num=1)  # E: delete: a part by a wrong name
    await orders.delete(Customer.key("ada"))  # E: delete: a key of another model
    await orders.delete(Customer(user_name="ada"))  # E: delete: an instance of another model
    await orders.create(Customer(user_name="ada"))  # E: create: an instance of another model of the table
    await orders.batch_write(puts=[Customer(user_name="ada")])  # E: batch_write: a put of another model of the table
    await orders.batch_write(deletes=[Customer.key("ada")])  # E: batch_write: a delete by a key of another model
    async with orders.batch() as batch:
        await batch.put(Customer(user_name="ada"))  # E: batch: a put of another model of the table
        await batch.delete(Customer.key("ada"))  # E: batch: a delete by a key of another model
    async with orders.loader() as loader:
        await loader.load(Customer.key("ada"))  # E: loader: a key of another model
    Order(user_name="ada", number=1, key="x")  # E: a key is not in the constructor
    Order(user_name="ada", number=1, by_status="x")  # E: the key of an index is not in the constructor
    Project(org_id="o", project_id="p", title="x")  # E: no such field beside a key to look at


async def transactions() -> None:
    async with db.transaction() as tx:
        tx.update(Order.key("ada"))  # E: tx.update: a part is missing
        tx.update(Order.key("ada", "1"))  # E: tx.update: text for a number
        tx.update(Order.key(user_name="ada", num=1))  # E: tx.update: a part by a wrong name
        tx.update(Order.key("ada", 1)).set(Order.total, "5")  # E: tx.update: text set for a number, by a key
        tx.update(Order.key("ada", 1)).given("x")  # E: tx.update: a name is no condition of given
        tx.update(Order, Customer.key("ada"))  # E: tx.update: a key of another model
        tx.delete(Order.key("ada", 1, 2))  # E: tx.delete: one part too many
        tx.delete(Order.key(number=1))  # E: tx.delete: a part by name is missing
        tx.delete(Order, Customer.key("ada"))  # E: tx.delete: a key of another model
        tx.check(Order.key("ada"))  # E: tx.check: a part is missing
        tx.check(Order.key("ada", None))  # E: tx.check: None is no part
        tx.check(Order.key("ada", 1)).when(Order.total > "5")  # E: tx.check: an operand of the wrong type, by a key
    await db.transact_get(Order.key("ada"), Customer.key("ada"))  # E: transact_get: a part is missing
    await db.transact_get(Order.key("ada", 1), Customer.key(5))  # E: transact_get: a number for text
    (await db.transact_get(Order.key("ada", 1), Customer.key("ada")))[0].email  # E: transact_get: a field of another model
    order, customer = await db.transact_get(Order.key("ada", 1), Customer.key("ada"))
    if order and customer:
        order.email  # E: transact_get: the first item is of the first key
        customer.total  # E: transact_get: the second item is of the second key


# ---- tables by their types


def total_of(table: adorm.KeyedTable[Order, [str, int]]) -> str:
    return table.name


def by_one_text(table: adorm.KeyedTable[Customer, [str]]) -> str:
    return table.name


def any_order(table: adorm.Table[Order]) -> str:
    return table.name


def tables() -> None:
    any_order(customers)  # E: a table of another keyed model
    total_of(customers)  # E: a keyed table of another model
    by_one_text(orders)  # E: a keyed table with other parts
    total_of(db.table(Event))  # E: a plain table for a keyed one
    db.table(Order(user_name="ada", number=1))  # E: an instance in place of a keyed model
    db.table(shop)  # E: a single table is no model
    wide: adorm.KeyedTable[Event, [str]] = db.table(Event)  # E: a plain table by the type of a keyed one
    other: adorm.Table[Customer] = db.table(Order)  # E: a keyed table by the type of another model
    print(wide, other)


# ---- values that are unique, other keys, soft deletion


async def lifecycle(order: Order, customer: Customer) -> None:
    await customers.get_by("ada@x.org")  # E: get_by: a value does not say its field
    await customers.get_by(Customer.email)  # E: get_by: a path is no condition
    await customers.get_by(Customer.email == 5)  # E: get_by: an operand of the wrong type
    await customers.get_by(Customer.mail == "ada@x.org")  # E: get_by: no such field
    (await customers.get_by(Customer.email == "ada@x.org")).total  # E: get_by: a field of another model
    _item: Order = await orders.get_or_create(order)  # E: get_or_create: a pair, not the item
    await orders.get_or_create(customer)  # E: get_or_create: an instance of another model
    await orders.get_or_create("ada", 1)  # E: get_or_create: a key is no item
    await orders.update_or_create(order)  # E: update_or_create: the fields are not named
    await orders.update_or_create(order, only=Order.total)  # E: update_or_create: the fields are a list
    await orders.update_or_create(customer, only=[Order.total])  # E: update_or_create: an instance of another model
    await orders.move(order, customer)  # E: move: into another model
    await orders.move(Customer.key("ada"), order)  # E: move: a key of another model
    await orders.move(order)  # E: move: no new item
    await orders.move("ada", order)  # E: move: a part is no key
    _moved: Customer = await orders.move(order, order)  # E: move: gives an item of its own model
    await orders.restore("ada")  # E: restore: a part is missing
    await orders.restore(Customer.key("ada"))  # E: restore: a key of another model
    await orders.restore(customer)  # E: restore: an instance of another model
    await orders.purge("ada", "1")  # E: purge: text for a number
    await orders.purge(Customer.key("ada"))  # E: purge: a key of another model
    await orders.repair().segments("many")  # E: repair: segments by a word other than auto
    await orders.repair().dry_run(True)  # E: repair: a dry run takes nothing
    (await orders.repair()).items  # E: repair: no items, only how many
    adorm.deleted_at(keep=30)  # E: deleted_at: a time is no number
    adorm.attribute(unique="casefold")  # E: unique: the name of a function
    adorm.attribute(unique=len)  # E: unique: a function that gives no text
    adorm.attribute(immutable="yes")  # E: immutable: text for a bool
    adorm.model(table=shop, unique=[5])  # E: unique: a number is no text of a guard


# ---- queries


async def queries() -> None:
    orders.query(None)  # E: query: None is no part
    orders.query("ada").where(Order.number == "1")  # E: query: text for a number part
    orders.query("ada").where(Order.number > Status.OPEN)  # E: query: an enum against a number part
    orders.query("ada").where(Order.placed > now)  # E: query: no such part
    orders.query("ada").where(Order.key)  # E: query: a key is no condition
    orders.query("ada").where(Order.by_status)  # E: query: the key of an index is no condition
    orders.query().index(Order.key)  # E: query: the key of a table is no index
    orders.scan().index(5)  # E: scan: a number is no index
    customer: list[Customer] = await orders.query("ada")  # E: query: items of another model of the table
    print(customer)


# ---- several models


async def collections() -> None:
    both = db.query(Customer, Order)
    both.limit("5")  # E: collection: text for a number
    both.index(5)  # E: collection: no name
    both.select(Order.number)  # E: collection: parts are selected of one model
    both.where("ada")  # E: collection: no condition
    _, _, _ = await both  # E: collection: two lists
    (_,) = await both  # E: collection: one list for two models
    print(len(both))  # E: collection: counted before it is awaited
    db.query("Customer")  # E: collection: a name in place of the model
    db.query(shop)  # E: collection: scan() reads a whole table
    db.scan(shop, Order)  # E: collection: a table and a model
    db.scan(Customer, Order).page()  # E: collection: pages are of queries
    adorm.from_attribute_map(shop, "text")  # E: collection: no attribute map
    adorm.from_attribute_map("shop", {})  # E: collection: a name in place of the table


# ---- deleted items, and hooks


def deletions(order: Order) -> None:
    orders.delete(order).with_deleted()  # E: delete: only reads show deleted items
    adorm.deleted_at(keep=30)  # E: deleted_at: a number for a time
    adorm.before_save(5)  # E: before_save: no method
